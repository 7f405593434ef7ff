// @module-tag long
import { describe, expect, it } from 'vitest';
import { commandFor, QUESTION_NAMES } from '../../console/questions.ts';
import { aConsole } from '../support/console.ts';
import { GROUP, people, user } from '../support/ids.ts';
import { withNotices } from '../support/notices.ts';
import { linesOf } from '../support/operator.ts';

const SUBSCRIPTION = {
  provider: 'kiro',
  plan: 'Q_DEVELOPER_STANDALONE_PRO',
  region: 'us-east-1',
  mode: 'report',
} as const;

const { operator, ask } = aConsole({
  people: 6,
  members: 5,
  entitlement: { subscription: SUBSCRIPTION },
  entitlements: withNotices,
});

/** Questions with parameters, next to all questions without. */
const ASKED = [
  ...QUESTION_NAMES,
  'people?entitlement=amazon-q-developer&status=held',
  `why?user=${user(1)}`,
  'why?user=nobody',
  'executions?limit=2&ticks=true',
  'execution?name=execution-1',
  'execution?name=execution-1&by=true',
  'steps?name=execution-1&after=5',
  'groups?entitlement=kiro&count=true',
  'settings?entitlement=kiro',
  'held?by=true',
  `audit?since=30d&user=${user(1)}&entitlement=amazon-q-developer&type=assigned`,
  'audit?since=1h&until=now',
  `history?of=${user(1)}&by=true`,
  'history?of=amazon-q-developer&at=2026-11-30&changes=true',
  'report?month=2026-11',
  'report?month=never',
  'doctor?section=identity-center',
  'notices?since=1h',
];

/** Without the times of the clock, which passes on with each call. */
const timeless = (out: string) =>
  out.replaceAll(/"(?:at|asOf|until)":"2026-11-30T[^"]+"/g, '"at":"now"').replaceAll(/\d+ (?:s|min) ago/g, 'just now');

describe('a question of the page', () => {
  it('is answered with the bytes that its command prints with --json, whatever happened', async () => {
    await operator.run('start', '--all', '--wait');
    for (const one of people(1, 4)) await operator.run('local', 'trigger', 'leave', user(one), GROUP);
    await operator.run('start', '--all', '--wait');
    expect(linesOf((await operator.run('held', '--json')).out)[0]).toMatchObject({ type: 'hold' });
    for (const asked of ASKED) {
      const answer = await ask(`/api/ask/${asked}`);
      const args = commandFor(asked) ?? [];
      const { out } = await operator.run(...args, '--json');
      expect({ asked, status: answer.status, text: timeless(answer.text) }).toEqual({
        asked,
        status: 200,
        text: timeless(out),
      });
      expect(answer.command.replaceAll("'", '')).toBe(['usher', '--local', ...args].join(' '));
    }
  });

  it('has its parameters whole, also with a question mark in one', async () => {
    const { status, command } = await ask('/api/ask/why?user=a?b');
    expect({ status, command }).toEqual({ status: 200, command: "usher --local why 'a?b'" });
  });

  it('shows names nowhere', async () => {
    for (const asked of ASKED) expect((await ask(`/api/ask/${asked}`)).text).not.toContain('SECRET');
  });

  it.each(['nothing', 'status?x=1', 'constructor', 'people?__proto__=1', `why?user=${'x'.repeat(3000)}`])(
    'is refused if it is %s',
    async (asked) => {
      expect((await ask(`/api/ask/${asked}`)).status).toBe(400);
      expect((await ask(`/api/live?ask=status&${new URLSearchParams({ ask: asked })}`)).status).toBe(400);
    },
  );
});

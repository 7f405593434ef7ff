import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../../cli/ui/json-lines.ts';
import { Terminal } from '../../../cli/ui/terminal.ts';
import { play } from '../../../emulator/scenario/player.ts';
import { readScenario } from '../../../emulator/scenario/reader.ts';
import { APPLICATION, user } from '../../support/ids.ts';
import { aScenario } from '../../support/scenario.ts';
import { SECRET } from '../../support/secret.ts';

type Line = Readonly<Record<string, unknown>>;

/** A reader that takes a chunk only when everything else has had its turn. */
class SlowReader extends Writable {
  text = '';
  longestQueue = 0;

  constructor() {
    super({ highWaterMark: 512, decodeStrings: false });
  }

  override async _write(chunk: string, _encoding: BufferEncoding, done: () => void) {
    this.longestQueue = Math.max(this.longestQueue, this.writableLength);
    await setImmediate();
    await setImmediate();
    this.text += chunk;
    done();
  }
}

async function linesOf(...actions: readonly object[]) {
  const reader = new SlowReader();
  const script = readScenario(aScenario(actions), 'scenario.yml');
  const stream = reader as unknown as WriteStream;
  const terminal = await Terminal.open({ stdout: stream, stderr: stream, stdin: {}, env: {} });
  await play(script, jsonLines(terminal));
  await new Promise((resolve) => {
    reader.end(resolve);
  });
  const lines = reader.text.trimEnd().split('\n');
  return { text: reader.text, lines: lines.map((line): Line => JSON.parse(line)), reader };
}

const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:usher-local-onboarding:${name}`;

const ACTIONS = [
  { at: '+0s', assign: { user: 'Dan', application: 'Q' } },
  { at: '+1s', say: 'A person is started by e-mail', start: { email: `${SECRET}-1@example.com` } },
  { at: '+10m', event: { 'detail-type': 'x', source: 'aws.other' } },
  { at: '+20m', start: { unknown: `${SECRET}` }, expect: 'failed' },
];

describe('JSON Lines', () => {
  it('show states, ends and audit events as they come, and the summary last', async () => {
    const { lines } = await linesOf(...ACTIONS);
    expect(lines.filter(({ type }) => type === 'state').slice(0, 2)).toEqual([
      { type: 'state', execution: arnOf('execution-1'), state: 'NormalizeRequest', at: '2026-11-01T10:00:01.000Z' },
      { type: 'state', execution: arnOf('execution-1'), state: 'IsForUs', at: '2026-11-01T10:00:01.000Z' },
    ]);
    expect(lines.filter(({ type }) => type === 'execution')).toEqual([
      {
        type: 'execution',
        execution: arnOf('execution-1'),
        status: 'SUCCEEDED',
        outcome: 'converged',
        startedAt: '2026-11-01T10:00:01.000Z',
        endedAt: expect.stringMatching(/^2026-11-01T10:00:3\d\.\d{3}Z$/),
      },
      {
        type: 'execution',
        execution: arnOf('execution-2'),
        status: 'SUCCEEDED',
        outcome: 'ignored',
        reason: 'an event of another service',
        startedAt: '2026-11-01T10:10:00.000Z',
        endedAt: '2026-11-01T10:10:00.000Z',
      },
      expect.objectContaining({
        execution: arnOf('execution-3'),
        status: 'FAILED',
        outcome: 'failed',
        reason: expect.stringMatching(/^InvalidRequestError: input: /),
      }),
    ]);
    expect(lines.filter(({ type }) => type === 'audit-event')).toEqual([
      expect.objectContaining({
        source: 'usher',
        'detail-type': 'Seat Assigned',
        resources: [APPLICATION],
        detail: expect.objectContaining({ class_uid: 3005, user: { uid: user(1), type_id: 1 } }),
      }),
      expect.objectContaining({ 'detail-type': 'Onboarding Failed' }),
    ]);
    expect(lines.at(-1)).toEqual({
      type: 'summary',
      executions: { converged: 1, handedOver: 0, ignored: 1, held: 0, failed: 1 },
      seats: [{ entitlement: 'q', userId: user(1), status: 'confirmed' }],
      assignments: [
        { application: APPLICATION, principalId: user(1) },
        { application: APPLICATION, principalId: user(4) },
      ],
      subscriptions: [],
      notices: {},
      calls: expect.objectContaining({
        'SFN.StartExecution': 3,
        'SSOAdmin.CreateApplicationAssignment': 1,
        'EventBridge.PutEvents': 2,
        'IdentityStore.GetUserId': 1,
      }),
    });
  });

  it('sort the calls by name', async () => {
    const { lines } = await linesOf({ at: '+0s', start: { scope: 'everything' } });
    const calls = Object.keys(lines.at(-1)?.['calls'] ?? {});
    expect(calls).toEqual([...calls].sort());
  });

  it('contain no name and no address of the directory or the scenario', async () => {
    const { text } = await linesOf(...ACTIONS);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('Dan');
    expect(text).not.toContain('e-mail');
  });

  it('wait for a slow reader and lose nothing', async () => {
    const { lines, reader } = await linesOf(...ACTIONS);
    expect(lines.at(-1)?.['type']).toBe('summary');
    // Far less than the whole output: what one turn of the service writes.
    expect(reader.longestQueue).toBeLessThan(reader.text.length / 2);
  });
});

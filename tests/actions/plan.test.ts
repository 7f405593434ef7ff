// @module-tag long

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { user } from '../support/ids.ts';
import { anOperator, environment } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

const ACTION = join(import.meta.dirname, '../../.github/actions/plan');
const USHER = join(import.meta.dirname, '../../cli/usher.mjs');

/** What GitHub's documentation asks of a composite action. */
const ActionSchema = z.strictObject({
  name: z.string(),
  description: z.string(),
  inputs: z.record(z.string(), z.strictObject({ description: z.string(), default: z.string() })),
  outputs: z.record(z.string(), z.strictObject({ description: z.string(), value: z.string() })),
  runs: z.strictObject({
    using: z.literal('composite'),
    steps: z.array(
      z.strictObject({
        id: z.string(),
        shell: z.literal('bash'),
        run: z.string(),
        env: z.record(z.string(), z.string()),
      }),
    ),
  }),
});

/**
 * A `gh` that records each call, with the body that it would send, and answers a list with the comments of a file, as its
 * `--jq` would select them.
 */
const GH = `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const args = process.argv.slice(2);
const body = args.find((one) => one.startsWith('body=@'));
const call = { args, token: process.env.GH_TOKEN, ...(body ? { body: readFileSync(body.slice(6), 'utf8') } : {}) };
appendFileSync(process.env.CALLS, JSON.stringify(call) + '\\n');
if (args.includes('--jq')) {
  const comments = JSON.parse(readFileSync(process.env.COMMENTS, 'utf8'));
  const own = comments.filter(({ user, body }) => user.type === 'Bot' && body.startsWith(process.env.MARKER));
  process.stdout.write(own.map(({ id }) => id + '\\n').join(''));
}
`;

interface Call {
  args: string[];
  token: string;
  body?: string;
}

const action = ActionSchema.parse(parse(readFileSync(join(ACTION, 'action.yml'), 'utf8')));

describe('the action', () => {
  it('names no other action, and puts no input into a script', () => {
    const [step] = action.runs.steps;
    expect(step?.run).toBe('"$GITHUB_ACTION_PATH/plan.sh"');
    expect(JSON.stringify(action.runs)).not.toContain('uses');
    const used = [...JSON.stringify(step?.env).matchAll(/inputs\.(\w+)/g)].map(([, name]) => name);
    expect(used.toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    const outputs = Object.values(action.outputs).map(({ value }) => /steps\.plan\.outputs\.(\w+)/.exec(value)?.[1]);
    const script = readFileSync(join(ACTION, 'plan.sh'), 'utf8');
    for (const name of outputs) expect(script).toContain(`${name}=%s`);
    for (const name of Object.keys(step?.env ?? {})) if (name !== 'GH_TOKEN') expect(script).toContain(`$${name}`);
  });

  it('selects its comment by a filter that jq takes', ({ skip }) => {
    const [, filter = ''] = /own='(.+)'/.exec(readFileSync(join(ACTION, 'plan.sh'), 'utf8')) ?? [];
    const comments = [
      { id: 1, user: { type: 'User' }, body: '<!-- usher plan: prod -->' },
      { id: 2, user: { type: 'Bot' }, body: 'x <!-- usher plan: prod -->' },
      { id: 3, user: { type: 'Bot' }, body: '<!-- usher plan: prod -->\nx' },
    ];
    const env = { ...process.env, MARKER: '<!-- usher plan: prod -->' };
    const { error, stdout, stderr } = spawnSync('jq', [filter], {
      input: JSON.stringify(comments),
      env,
      encoding: 'utf8',
    });
    skip(error !== undefined, 'there is no jq here');
    expect([stdout, stderr]).toEqual(['3\n', '']);
  });
});

describe('its script', () => {
  const operator = anOperator({ people: 4, max: 2 });
  let scratch = '';

  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'usher-action-'));
    mkdirSync(join(scratch, 'bin'));
    writeFileSync(join(scratch, 'bin/gh'), GH);
    chmodSync(join(scratch, 'bin/gh'), 0o755);
    writeFileSync(join(scratch, 'comments.json'), '[]');
  });
  afterEach(() => rmSync(scratch, { recursive: true }));

  async function run(env: Record<string, string> = {}, comments: readonly object[] = []) {
    writeFileSync(join(scratch, 'comments.json'), JSON.stringify(comments));
    const child = spawn(join(ACTION, 'plan.sh'), {
      cwd: operator.folder,
      env: environment({
        PATH: `${join(scratch, 'bin')}:${process.env['PATH']}`,
        AWS_ENDPOINT_URL: operator.endpoint,
        CALLS: join(scratch, 'calls'),
        COMMENTS: join(scratch, 'comments.json'),
        RUNNER_TEMP: scratch,
        GITHUB_OUTPUT: join(scratch, 'output'),
        GITHUB_STEP_SUMMARY: join(scratch, 'summary'),
        GITHUB_REPOSITORY: 'acme/usher',
        GH_TOKEN: 'token',
        PLAN_FILE: 'entitlements.yml',
        PLAN_STAGE: 'local',
        PLAN_PRICE: '',
        PLAN_NAMES: 'false',
        PLAN_COMMAND: `${process.execPath} ${USHER} --local`,
        PULL_REQUEST: '7',
        ...env,
      }),
    });
    const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const read = (name: string) => (existsSync(join(scratch, name)) ? readFileSync(join(scratch, name), 'utf8') : '');
    const calls = read('calls')
      .split('\n')
      .filter(Boolean)
      .map((line): Call => JSON.parse(line));
    return { code, out, error, calls, output: read('output'), summary: read('summary') };
  }

  const comments = 'repos/acme/usher/issues/7/comments';
  const anotherStage = { id: 4, user: { type: 'Bot' }, body: '<!-- usher plan: prod -->' };
  const someoneElse = { id: 5, user: { type: 'User' }, body: '<!-- usher plan: local -->' };
  const own = { id: 6, user: { type: 'Bot' }, body: '<!-- usher plan: local -->\nold' };

  it('writes one comment, in ids only, and says that something changes', async () => {
    const { code, error, calls, output, summary } = await run({}, [anotherStage, someoneElse]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(calls.map(({ args }) => args.slice(0, 5))).toEqual([
      ['api', '--paginate', comments, '--jq', expect.any(String)],
      ['api', '--silent', '--method', 'POST', comments],
    ]);
    const body = calls[1]?.body ?? '';
    expect(body).toMatch(/^<!-- usher plan: local -->\n### Usher plan\n\n2 gain a seat, 2 join the waitlist\./);
    expect(body).toContain(user(3));
    expect(body).not.toContain(SECRET);
    expect(calls[1]?.token).toBe('token');
    expect(output).toMatch(/^changes=true\nfile=.*usher-plan-local\.json\n$/);
    expect(summary).toMatch(/^### Usher plan/);
  });

  it('updates the comment that it has written before', async () => {
    const { code, calls } = await run({}, [anotherStage, own, { ...own, id: 9 }]);
    expect(code).toBe(0);
    expect(calls[1]?.args.slice(0, 5)).toEqual([
      'api',
      '--silent',
      '--method',
      'PATCH',
      'repos/acme/usher/issues/comments/6',
    ]);
    expect(calls).toHaveLength(2);
  });

  it('has names where the workflow asks for them', async () => {
    const { calls } = await run({ PLAN_NAMES: 'true' });
    expect(calls[1]?.body).toContain(SECRET);
  });

  it('comments nothing where there is no pull request', async () => {
    const { code, calls, output } = await run({ PULL_REQUEST: '' });
    expect({ code, calls }).toEqual({ code: 0, calls: [] });
    expect(output).toMatch(/^changes=true/);
  });

  it('fails for a configuration that is not valid, and says in the comment that there is no plan', async () => {
    writeFileSync(join(operator.folder, 'bad file.yml'), 'entitlements: 7');
    const { code, error, calls, output } = await run({ PLAN_FILE: 'bad file.yml' }, [own]);
    expect(code).toBe(1);
    expect(error).toMatch(/bad file\.yml: identityCenter: missing/);
    expect(calls[1]?.body).toMatch(/There is no plan of `local` for the latest commit/);
    expect(output).toBe('');
  });

  it('fails if the comment cannot be written', async () => {
    writeFileSync(join(scratch, 'bin/gh'), '#!/bin/sh\nexit 4\n');
    expect((await run()).code).not.toBe(0);
  });
});

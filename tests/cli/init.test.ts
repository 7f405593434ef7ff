// @module-tag long

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { contextOf } from '../../cli/command/context.ts';
import { init, initCommand } from '../../cli/commands/init.ts';
import { type Questions, questionsIn } from '../../cli/init/questions.ts';
import type { Wish } from '../../cli/init/wishes.ts';
import { runWithin } from '../../cli/program.ts';
import { Terminal } from '../../cli/ui/terminal.ts';
import { readEntitlements, readGroupNames } from '../../input/entitlements-file.ts';
import { APPLICATION, application, GROUP, OTHER_APPLICATION, OTHER_GROUP } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';
import { around } from '../support/terminal.ts';

const OPEN = application(3);
const operator = anOperator({
  people: 5,
  members: 3,
  directory: (seed) => ({
    ...seed,
    applications: [
      ...seed.applications,
      { applicationArn: OPEN, name: 'open', assignmentRequired: false, status: 'DISABLED' },
    ],
  }),
});

const inFolder = (name: string) => join(operator.folder, name);
const read = (name: string) => readFileSync(inFolder(name), 'utf8');

/** A stream that is no terminal, and what was written to it. */
function aSink() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY: false }) as never, text: () => chunks.join('') };
}

/** An answer to each question in turn; a function sees the question. */
type Answer = string | boolean | ((choices: readonly { name: string; value: unknown }[]) => unknown);

/** Answers questions in their order, and notes what was asked. */
function answering(...answers: readonly Answer[]): Questions & { asked: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  const next = <T>(message: string, choices: readonly { name: string; value: T }[] = []): T => {
    asked.push(message);
    const answer = left.shift();
    if (answer === undefined) throw Object.assign(new Error('Ctrl-C'), { name: 'ExitPromptError' });
    const value = typeof answer === 'function' ? answer(choices) : answer;
    // The test says what each question gets.
    return value as T;
  };
  return {
    asked,
    async text({ message, validate }) {
      const answer = next<string>(message);
      const problem = validate(answer);
      if (problem !== true) throw new Error(`${answer}: ${problem}`);
      return answer;
    },
    choose: async (message, _flag, choices) => next(message, choices),
    chooseSome: async (message, _flag, choices) => [next(message, choices)],
    confirm: async (message) => next(message),
    mode: async (message) => next(message),
  };
}

/** Chooses what has a text in its name. */
const having = (text: string) => (choices: readonly { name: string; value: unknown }[]) => {
  const found = choices.find(({ name }) => name.includes(text));
  if (!found) throw new Error(`${text} is not among ${choices.map(({ name }) => name).join(', ')}`);
  return found.value;
};

/** Runs the command with these answers. @returns what standard error said */
async function initWith(ask: Questions, output: string, wishes: readonly Wish[] = [{}]): Promise<string> {
  const [out, error] = [aSink(), aSink()];
  const terminal = await Terminal.open({ stdout: out.stream, stderr: error.stream, stdin: {}, env: {} });
  const command = initCommand(() => async () => undefined);
  command.option('--local').parse(['--local'], { from: 'user' });
  const context = await contextOf(command, around(terminal), {
    env: { AWS_ENDPOINT_URL: operator.endpoint },
    runWithin,
  });
  await init({ output: inFolder(output), wishes }, context, ask);
  return error.text();
}

describe('usher init with answers', () => {
  it('asks for application, groups, name, seats and mode, and for further applications', async () => {
    const ask = answering(
      ...[having('QDev'), having('developers'), 'q', '2', 'observe', true],
      ...[having('Kiro'), having('designers'), 'kiro', '50', 'enforce', false],
    );
    const error = await initWith(ask, 'asked.yml');
    expect(ask.asked).toEqual([
      'Application',
      'Groups whose members get it',
      'Name of the entitlement, in logs and audit events',
      'Maximum number of seats (3 members now)',
      'What to do for q',
      'Add another application?',
      'Application',
      'Groups whose members get it',
      'Name of the entitlement, in logs and audit events',
      'Maximum number of seats (0 members now)',
      'What to do for kiro',
      'Add another application?',
    ]);
    expect(error).toMatch(/3 members and 2 seats: 1 will wait/);
    expect(error).toMatch(/designers has no members: while it is so, the brake holds every revocation/);
    const { entitlements } = readEntitlements(read('asked.yml'), 'asked.yml');
    expect(entitlements).toMatchObject([
      { name: 'q', application: APPLICATION, groups: [GROUP], seats: { max: 2 }, mode: 'observe' },
      { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 50 }, mode: 'enforce' },
    ]);
    expect(readGroupNames(read('asked.yml'), 'asked.yml')).toEqual(
      new Map([
        [GROUP, 'developers'],
        [OTHER_GROUP, 'designers'],
      ]),
    );
  });

  it('writes what usher plan and usher doctor accept', async () => {
    const { code, out } = await operator.run('plan', 'asked.yml', '--json');
    expect(code).toBe(0);
    expect(linesOf(out).filter(({ type }) => type === 'group-name')).toEqual([]);
    expect(linesOf(out)[0]).toMatchObject({ entitlement: 'q', mode: 'observe', gains: 2, waitlisted: 1 });
    const { out: found } = await operator.run('doctor', '--entitlements', 'asked.yml', '--json');
    expect(linesOf(found)).toContainEqual(expect.objectContaining({ check: `group name ${GROUP}`, verdict: 'ok' }));
  });

  it('writes each comment once, and names no schema that is not there', () => {
    const comments = read('asked.yml')
      .split('\n')
      .filter((line) => line.trim().startsWith('#'));
    expect(new Set(comments.map((line) => line.trim())).size).toBe(comments.length);
    expect(comments.join('\n')).not.toContain('$schema');
  });

  it('says at once why Usher would refuse an application, and offers the others', async () => {
    const ask = answering(having('open'), false, having('QDev'), having('developers'), 'q', '5', 'observe', false);
    const error = await initWith(ask, 'other.yml');
    expect(error).toMatch(/open is DISABLED/);
    expect(error).toMatch(/open does not require assignments: every user has access, and Usher refuses it/);
    expect(readEntitlements(read('other.yml'), 'other.yml').entitlements).toMatchObject([{ application: APPLICATION }]);
  });

  it('takes no name, and offers no application, a second time', async () => {
    const first = [having('QDev'), having('developers'), 'q', '5', 'observe', true];
    await expect(initWith(answering(...first, having('QDev')), 'twice.yml')).rejects.toThrow('QDev is not among');
    const again = answering(...first, having('Kiro'), having('developers'), 'q');
    await expect(initWith(again, 'twice.yml')).rejects.toThrow('q: another entitlement has this name');
    expect(existsSync(inFolder('twice.yml'))).toBe(false);
  });

  it.each([0, 1, 2, 3, 4, 5])('writes nothing after Ctrl-C in question %d', async (number) => {
    const answers = [having('QDev'), having('developers'), 'q', '5', 'observe'].slice(0, number);
    await expect(initWith(answering(...answers), 'interrupted.yml')).rejects.toThrow('Ctrl-C');
    expect(existsSync(inFolder('interrupted.yml'))).toBe(false);
  });

  it('replaces a file only if it may', async () => {
    writeFileSync(inFolder('mine.yml'), 'mine');
    await expect(initWith(answering(false), 'mine.yml')).rejects.toThrow(/mine\.yml exists/);
    expect(read('mine.yml')).toBe('mine');
    const answers = [true, having('QDev'), having('developers'), 'q', '5', 'observe', false] as const;
    await initWith(answering(...answers), 'mine.yml');
    expect(readEntitlements(read('mine.yml'), 'mine.yml').entitlements).toHaveLength(1);
  });

  it('does not replace a file that came to be there meanwhile', async () => {
    const appears = () => {
      writeFileSync(inFolder('late.yml'), 'mine');
      return 'observe';
    };
    const ask = answering(having('QDev'), having('developers'), 'q', '5', appears, false);
    await expect(initWith(ask, 'late.yml')).rejects.toThrow(/exists by now/);
    expect(read('late.yml')).toBe('mine');
  });
});

describe('usher init with options', () => {
  const two = [
    ...['--application', 'QDevProfile-us-east-1', '--group', 'developers', '--max', '2', '--mode', 'observe'],
    ...['--application', 'KiroProfile-us-east-1', '--group', GROUP, 'designers', '--max', '50', '--name', 'pilots'],
  ];

  it('takes several applications: the options after one are of it', async () => {
    const { code, error, out } = await operator.child('init', ...two, '--output', 'two.yml', '--json');
    expect({ code, out: linesOf(out) }).toMatchObject({
      code: 0,
      out: [
        { type: 'configuration', entitlement: 'qdevprofile-us-east-1', groups: [GROUP], max: 2, mode: 'observe' },
        { type: 'configuration', entitlement: 'pilots', groups: [GROUP, OTHER_GROUP], max: 50, mode: 'enforce' },
      ],
    });
    expect(error).toMatch(/3 members and 2 seats/);
    expect((await operator.run('plan', 'two.yml')).code).toBe(0);
    expect((await operator.child('init', ...two, '--output', 'two.yml')).code).toBe(2);
    expect((await operator.run('init', ...two, '--output', 'two.yml', '--force')).code).toBe(0);
  });

  it.each<[string, string[], RegExp]>([
    ['a folder that is not there', [...two, '--output', 'nosuch/e.yml'], /nosuch\/e\.yml cannot be written/],
    ['a number that is none', ['--application', APPLICATION, '--max', 'many'], /--max: /],
    [
      'an unknown mode',
      ['--application', APPLICATION, '--mode', 'obsrve'],
      /--mode: expected one of enforce, observe\. Did you mean observe\?/,
    ],
    [
      'one application twice',
      [...two, '--application', APPLICATION, '--group', GROUP, '--max', '1', '--name', 'x'],
      /the same application/,
    ],
    ['one name twice', [...two.slice(0, 8), '--name', 'a', ...two.slice(8, -1), 'a'], /the same name as/],
    ['a second application without seats', [...two, '--application', OPEN, '--group', GROUP], /give --max/],
  ])('ends with 2 for %s, and writes nothing', async (_what, args, message) => {
    const { code, error } = await operator.run('init', '--output', 'never.yml', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
    expect(existsSync(inFolder('never.yml'))).toBe(false);
  });
});

describe('the questions of usher init', () => {
  async function press(keys: string): Promise<{ answer: Promise<string>; shown(): string }> {
    const [input, output] = [new PassThrough(), aSink()];
    const questions = await questionsIn({ isInteractive: true }, { input, output: output.stream });
    const answer = questions.mode('What to do for q');
    setImmediate(() => input.write(keys));
    return { answer, shown: output.text };
  }

  it('offer to observe first', async () => {
    const { answer, shown } = await press('\r');
    expect(await answer).toBe('observe');
    expect(shown()).toMatch(/observe: record what would be done[\s\S]*enforce: grant and revoke seats/);
  });

  it('end with Ctrl-C', async () => {
    await expect((await press('\u0003')).answer).rejects.toMatchObject({ name: 'ExitPromptError' });
  });

  it('take suggestions without a terminal, and name the option of everything else', async () => {
    const silent = await questionsIn({ isInteractive: false });
    const about = { message: 'Name', flag: '--name', validate: (text: string) => text === 'a' || 'expected an a' };
    expect(await silent.text({ ...about, suggestion: 'a' })).toBe('a');
    await expect(silent.text({ ...about, suggestion: 'b' })).rejects.toThrow('--name: expected an a');
    await expect(silent.text(about)).rejects.toThrow('give --name');
    await expect(silent.choose('Instance', '--instance', [])).rejects.toThrow('give --instance');
    await expect(silent.chooseSome('Groups', '--group', [])).rejects.toThrow('give --group');
    expect([await silent.confirm('Replace it?'), await silent.mode('Mode')]).toEqual([false, 'enforce']);
  });
});

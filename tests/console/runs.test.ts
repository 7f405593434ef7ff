import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Runs } from '../../console/runs.ts';
import { LINES } from '../../operator/lines/all.ts';
import { aPause } from '../support/pauses.ts';

/** Commands that print a line as they begin, and end when a test says so. */
function commands() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const problems: string[] = [];
  const pauses = aPause();
  const runs = new Runs({
    pause: pauses.pause,
    onProblem: (problem) => problems.push(problem),
    command: {
      async *run([name = '']) {
        begun.push(name);
        yield `${name} begins`;
        await new Promise<void>((resolve) => ends.set(name, resolve));
        if (name.startsWith('bug')) throw new Error('a bug');
        yield `${name} ends`;
      },
    },
  });
  return {
    begun,
    problems,
    pauses,
    end: (name: string) => ends.get(name)?.(),
    run: (name: string, left = new AbortController().signal) => Array.fromAsync(runs.run([name], left)),
  };
}

/** Lets everything happen that waits for nothing. */
async function settle() {
  for (let turn = 0; turn < 5; turn += 1) await setImmediate();
}

describe('the runs of questions', () => {
  it('hand out the lines of a command', async () => {
    const { run, end } = commands();
    const lines = run('a');
    await settle();
    end('a');
    expect(await lines).toEqual(['a begins', 'a ends']);
  });

  it('are four at once; the others begin in their order', async () => {
    const { run, end, begun } = commands();
    const all = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => run(name));
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    end('c');
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (const name of ['a', 'b', 'd', 'e']) end(name);
    await settle();
    end('f');
    expect((await Promise.all(all)).flat()).toHaveLength(12);
  });

  it('do not begin for a reader who has left, and keep no place for them', async () => {
    const { run, end, begun } = commands();
    for (const name of ['a', 'b', 'c', 'd']) run(name).catch(() => undefined);
    const leaving = new AbortController();
    const left = run('gone', leaving.signal);
    const stays = run('stays');
    await settle();
    leaving.abort();
    expect(await left).toEqual([]);
    end('a');
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'stays']);
    end('stays');
    expect(await stays).toHaveLength(2);
  });

  it('go on to their end if their reader leaves, and then make room', async () => {
    const { run, end, begun } = commands();
    const leaving = new AbortController();
    const left = run('a', leaving.signal);
    for (const name of ['b', 'c', 'd', 'e']) run(name).catch(() => undefined);
    await settle();
    leaving.abort();
    expect(await left).toEqual(['a begins']);
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
    end('a');
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('end after five minutes with an error, and make room', async () => {
    const { run, begun, pauses } = commands();
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => run(name));
    await settle();
    pauses.end(300);
    const [lines = []] = await Promise.all(all.slice(0, 4));
    expect(lines).toHaveLength(2);
    const error = LINES.error.parse(JSON.parse(lines[1] ?? ''));
    expect(error.message).toBe('The command has not ended after 300 seconds');
    await settle();
    expect(begun).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(pauses.waiting()).toEqual([300]);
  });

  it('end with an error if their command has a bug', async () => {
    const { run, end, problems } = commands();
    const lines = run('bug');
    await settle();
    end('bug');
    expect((await lines).map((line) => line.slice(0, 15))).toEqual(['bug begins', '{"type":"error"']);
    expect(problems).toEqual([expect.stringContaining('a bug')]);
  });
});

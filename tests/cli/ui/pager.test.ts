import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pager, pagerIn } from '../../../cli/ui/pager.ts';

describe('the command of the pager', () => {
  it.each<[string, NodeJS.ProcessEnv, string | undefined]>([
    ['is less', {}, 'less'],
    ['is that of PAGER', { PAGER: 'more -s' }, 'more -s'],
    ['is that of USHER_PAGER before PAGER', { USHER_PAGER: 'bat', PAGER: 'more' }, 'bat'],
    ['is none with PAGER=cat', { PAGER: 'cat' }, undefined],
    ['is none with an empty PAGER', { PAGER: '' }, undefined],
    ['is none with USHER_PAGER=cat, whatever PAGER says', { USHER_PAGER: 'cat', PAGER: 'more' }, undefined],
  ])('%s', (_name, env, expected) => {
    expect(pagerIn(env)).toBe(expected);
  });
});

describe('a pager', () => {
  let folder: string;
  const plain: string[] = [];
  const aPager = (command: string, env: NodeJS.ProcessEnv = {}) =>
    new Pager(command, { ...process.env, OUT: join(folder, 'out'), ...env }, (text) => plain.push(text));
  const shown = () => readFileSync(join(folder, 'out'), 'utf8');
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'usher-pager-'));
    plain.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('gets all lines, in their order', async () => {
    const pager = aPager('cat > "$OUT"');
    pager.write(['one', 'two']);
    pager.write(['three']);
    await pager.end();
    expect(shown()).toBe('one\ntwo\nthree\n');
    expect(pager.wasLeft).toBe(false);
    expect(plain).toEqual([]);
  });

  it('has the options of git for less, unless LESS says others', async () => {
    const pager = aPager('printf "%s" "$LESS" > "$OUT"');
    await pager.end();
    expect(shown()).toBe('FRX');
    const own = aPager('printf "%s" "$LESS" > "$OUT"', { LESS: '-i' });
    await own.end();
    expect(shown()).toBe('-i');
  });

  it('takes lines only as fast as it reads, and none once its user has left it', async () => {
    let taken = 0;
    const endless = function* () {
      for (;;) {
        taken += 1;
        yield `${taken} ${'x'.repeat(100)}`;
      }
    };
    const pager = aPager('head -n 3 > "$OUT"');
    pager.write(endless());
    await pager.end();
    expect(pager.wasLeft).toBe(true);
    expect(shown().split('\n')).toHaveLength(4);
    // What a pipe and the buffer of a stream hold, at most.
    expect(taken).toBeLessThan(20_000);
  });

  it('shows a hundred thousand lines', async () => {
    const many = function* () {
      for (let line = 0; line < 100_000; line += 1) yield `line ${line}`;
    };
    const pager = aPager('wc -l > "$OUT"');
    pager.write(many());
    await pager.end();
    expect(shown().trim()).toBe('100000');
  });

  it.each(['no-such-pager-of-usher -R', 'no-such-pager-of-usher | cat >&2', '/dev/null'])(
    'that does not exist (%s) is no loss: the text comes without one',
    async (command) => {
      const pager = aPager(command.replace('| cat >&2', '2> /dev/null'));
      const many = Array.from({ length: 3000 }, (_, line) => `line ${line}`);
      pager.write(many);
      await pager.end();
      pager.write(['last']);
      await pager.end();
      expect(plain.join('')).toBe(`${many.join('\n')}\nlast\n`);
      expect(pager.wasLeft).toBe(false);
    },
  );

  it('stays after Ctrl-C until its user leaves it, and gets nothing more', async () => {
    const pager = aPager('trap "" INT; cat > "$OUT"; echo left >> "$OUT"');
    pager.write(['one']);
    await setImmediate();
    await pager.interrupt('SIGINT');
    pager.write(['two']);
    expect(shown()).toBe('one\nleft\n');
  });

  it('ends with the command on SIGTERM', async () => {
    const pager = aPager('sleep 1000');
    pager.write(['one']);
    await pager.interrupt('SIGTERM');
    await pager.end();
  });
});

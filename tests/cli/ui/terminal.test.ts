import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReaderLeft } from '../../../cli/ui/long-text.ts';
import { Terminal } from '../../../cli/ui/terminal.ts';

const ERASE_LINE = '\u001b[2K';
const HIDE_CURSOR = '\u001b[?25l';

interface Properties {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

const TERMINAL: Properties = { isTTY: true, columns: 80, rows: 24 };

/** A stream that says it is a terminal, or not, and keeps what is written. */
function aStream(properties: Properties) {
  const pass = new PassThrough();
  const stream: WriteStream = Object.assign(Object.create(WriteStream.prototype), {
    write: (text: string) => pass.write(text),
    on: () => stream,
    isTTY: undefined,
    ...properties,
  });
  return { stream, written: () => String(pass.read() ?? '') };
}

async function aTerminal(properties: Properties, env: NodeJS.ProcessEnv = {}) {
  const [out, error] = [aStream(properties), aStream(properties)];
  const terminal = await Terminal.open({ stdout: out.stream, stderr: error.stream, stdin: {}, env });
  return { terminal, out: out.written, error: error.written };
}

const PLAIN: [kind: string, properties: Properties, env: NodeJS.ProcessEnv][] = [
  ['a pipe', {}, {}],
  ['a terminal of no size', { isTTY: true, columns: 0, rows: 0 }, {}],
  ['a dumb terminal', TERMINAL, { TERM: 'dumb' }],
];

describe('the last line of a play', () => {
  it.each(PLAIN)('is not shown in %s', async (_kind, properties, env) => {
    const { terminal, out } = await aTerminal(properties, env);
    terminal.progress('under way');
    terminal.line('a line');
    terminal.close();
    expect(out()).toBe('a line\n');
    expect(terminal.behind()).toBeUndefined();
  });

  it('changes in a terminal, disappears at the end, and never hides the cursor', async () => {
    const { terminal, out } = await aTerminal(TERMINAL);
    terminal.progress('under way');
    expect(out()).toContain('under way');
    terminal.line('a line');
    terminal.progress('still');
    terminal.close();
    const after = out();
    expect(after).toContain('a line');
    expect(after.lastIndexOf(ERASE_LINE)).toBeGreaterThan(after.lastIndexOf('still'));
    expect(after).not.toContain(HIDE_CURSOR);
    terminal.line('the end');
    expect(out()).toBe('the end\n');
  });

  it('waits after each line in a terminal, so that people can follow', async () => {
    const { terminal } = await aTerminal(TERMINAL);
    terminal.line('a line');
    expect(terminal.behind()).toBeInstanceOf(Promise);
    expect(terminal.behind()).toBeUndefined();
  });

  it('does not wait after JSON', async () => {
    const { terminal } = await aTerminal(TERMINAL);
    terminal.json({ type: 'none', of: 'seat' });
    expect(terminal.behind()).toBeUndefined();
  });
});

describe('the bar', () => {
  it('is redrawn on one line of a terminal, and stays there with its last value', async () => {
    const { terminal, error } = await aTerminal(TERMINAL);
    const bar = terminal.bar('seats', 4);
    bar.update(0);
    bar.update(1);
    bar.update(4);
    bar.stop();
    const drawn = stripVTControlCharacters(error());
    expect(drawn).toMatch(/^seats ░{24} 0% 0 of 4 \(0\.0\/s, \? left\)/);
    expect(drawn).toMatch(/seats █{24} 100% 4 of 4 \([\d,.]+\/s, 0 s left\)\n$/);
    expect(drawn).not.toContain(' 1 of 4');
  });

  it.each(PLAIN)('is plain lines in %s, the first and the last value at least', async (_kind, properties, env) => {
    const { terminal, error } = await aTerminal(properties, env);
    const bar = terminal.bar('seats', 5000);
    bar.update(0);
    bar.update(1000);
    bar.update(5000);
    bar.stop();
    const lines = error().trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toBe('seats: 0 of 5,000 (0.0/s, ? left)');
    expect(lines[1]).toMatch(/^seats: 5,000 of 5,000 \([\d,.]+\/s, 0 s left\)$/);
  });
});

describe('a paragraph', () => {
  const TEXT = 'one two three four five six seven eight nine ten';

  it.each<[string, Properties, string]>([
    ['is broken between words in a terminal', { ...TERMINAL, columns: 20 }, '  one two three four'],
    ['stays one line in a pipe', {}, `  ${TEXT}`],
  ])('%s', async (_name, properties, first) => {
    const { terminal, out } = await aTerminal(properties);
    terminal.paragraph(TEXT, 2);
    expect(out().split('\n')[0]).toBe(first);
  });

  it('fills no more than 110 columns', async () => {
    expect((await aTerminal({ ...TERMINAL, columns: 300 })).terminal.width).toBe(110);
    expect((await aTerminal({})).terminal.width).toBe(100);
  });
});

describe('a time', () => {
  const NOW = new Date('2026-11-25T08:30:12.345Z');

  it.each<[string, Properties, string]>([
    ['is relative in a terminal', TERMINAL, '4 min ago'],
    ['is an ISO time in a pipe', {}, '2026-11-25T08:26:00Z'],
  ])('%s', async (_name, properties, expected) => {
    const { terminal } = await aTerminal(properties);
    expect(terminal.when('2026-11-25T08:26:00.500Z', NOW)).toBe(expected);
    expect(terminal.when(new Date('2026-11-25T08:26:00.500Z'), NOW)).toBe(expected);
    expect(terminal.when(undefined, NOW)).toBe('');
  });
});

describe('a long text', () => {
  const HEAD = ['USER', 'STATUS'];
  const ROWS = Array.from({ length: 30 }, (_, row) => [`user-${row}`, 'held']);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'usher-terminal-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  /** A pager that keeps what it shows. */
  const pager = () => ({ ...process.env, NO_COLOR: '1', PAGER: `cat > "${join(folder, 'paged')}"` });
  const paged = () => {
    try {
      return readFileSync(join(folder, 'paged'), 'utf8');
    } catch {
      return undefined;
    }
  };

  it('is a table that has tabs between its values in a pipe, and no pager', async () => {
    const { terminal, out } = await aTerminal({}, pager());
    terminal.table(HEAD, ROWS);
    expect(await terminal.finish()).toBe(false);
    expect(out().split('\n').slice(0, 2)).toEqual(['USER\tSTATUS', 'user-0\theld']);
    expect(paged()).toBeUndefined();
  });

  it('is a table that fits on the screen, and is written to it', async () => {
    const { terminal, out } = await aTerminal(TERMINAL, pager());
    terminal.table(HEAD, ROWS.slice(0, 20));
    await terminal.finish();
    expect(out().split('\n').slice(0, 2)).toEqual(['USER     STATUS', 'user-0   held']);
    expect(paged()).toBeUndefined();
  });

  it('is a table that is longer than the rest of the screen, and is in the pager, with all lines after it; notes come after the pager', async () => {
    const { terminal, out, error } = await aTerminal(TERMINAL, pager());
    terminal.line('before');
    terminal.table(HEAD, ROWS.slice(0, 22));
    terminal.line('after');
    terminal.note('a note');
    expect(error()).toBe('');
    expect(await terminal.finish()).toBe(false);
    expect(out()).toBe('before\n');
    expect(paged()?.split('\n')).toHaveLength(1 + 22 + 1 + 1);
    expect(paged()).toMatch(/user-21 {2}held\nafter\n$/);
    expect(error()).toBe('a note\n');
    terminal.line('more');
    expect(out()).toBe('more\n');
  });

  it('is in no pager where a line cannot be redrawn, or with PAGER=cat', async () => {
    const plain: [Properties, NodeJS.ProcessEnv][] = [
      [{ isTTY: true, columns: 0, rows: 0 }, pager()],
      [TERMINAL, { ...pager(), TERM: 'dumb' }],
      [TERMINAL, { ...pager(), PAGER: 'cat' }],
    ];
    for (const [properties, env] of plain) {
      const { terminal, out } = await aTerminal(properties, env);
      terminal.table(HEAD, ROWS);
      await terminal.finish();
      expect(out().split('\n')).toHaveLength(32);
    }
    expect(paged()).toBeUndefined();
  });

  it('leaves nothing to say once its reader has left the pager early', async () => {
    const { terminal, error } = await aTerminal(TERMINAL, { ...process.env, PAGER: 'head -n 1 > /dev/null; exit 0' });
    terminal.table(
      HEAD,
      Array.from({ length: 20_000 }, (_, row) => [`user-${row}`, 'held']),
    );
    terminal.note('a note');
    expect(await terminal.finish()).toBe(true);
    expect(error()).toBe('');
  });

  it('is left before the next question', async () => {
    const { terminal, out } = await aTerminal(TERMINAL, pager());
    terminal.table(HEAD, ROWS);
    expect(await terminal.confirm('Sure?', true)).toBe(true);
    expect(paged()?.split('\n')).toHaveLength(32);
    terminal.line('done');
    expect(out()).toBe('done\n');
  });

  it('comes line by line, and is held back until it is known whether it fits on the screen', async () => {
    const { terminal, out, error } = await aTerminal(TERMINAL, pager());
    terminal.page();
    terminal.line('one');
    expect(out()).toBe('');
    terminal.note('a note');
    expect([out(), error()]).toEqual(['one\n', 'a note\n']);
    terminal.line('two');
    await terminal.drained();
    expect(await terminal.finish()).toBe(false);
    expect(out()).toBe('two\n');
    expect(paged()).toBeUndefined();
  });

  it('comes line by line, and ends when its reader leaves the pager', async () => {
    const { terminal, out } = await aTerminal(TERMINAL, { ...process.env, PAGER: 'head -n 1 > /dev/null; exit 0' });
    terminal.page();
    const endless = async () => {
      for (;;) {
        for (let line = 0; line < 1000; line += 1) terminal.line(`line ${line}`);
        await terminal.drained();
      }
    };
    await expect(endless()).rejects.toThrow(ReaderLeft);
    expect(await terminal.finish()).toBe(true);
    expect(out()).toBe('');
  });

  it('comes line by line, and is not held back in a pipe', async () => {
    const { terminal, out } = await aTerminal({}, pager());
    terminal.page();
    terminal.line('one');
    expect(out()).toBe('one\n');
  });

  it('is a table that fits a terminal of 40 columns', async () => {
    const { terminal, out } = await aTerminal({ ...TERMINAL, columns: 40 }, { NO_COLOR: '1' });
    terminal.table(['USER', 'EXECUTION'], [['44f834e8-0081-7055-1d60-2eb4f1bb0f7b', 'manual-1234']]);
    expect(out()).toBe('USER\n  44f834e8-0081-7055-1d60-2eb4f1bb0f7b\nEXECUTION  manual-1234\n');
  });
});

describe('colors', () => {
  it.each<[string, Properties, NodeJS.ProcessEnv, boolean]>([
    ['a terminal', TERMINAL, {}, true],
    ['a pipe', {}, {}, false],
    ['a pipe in CI', {}, { CI: 'true' }, false],
    ['a terminal with NO_COLOR', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', TERMINAL, { NO_COLOR: '' }, true],
    ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
    ['a dumb terminal', TERMINAL, { TERM: 'dumb' }, false],
  ])('%s has colors or not', async (_kind, properties, env, colored) => {
    const { terminal } = await aTerminal(properties, env);
    expect(terminal.colors.red('text')).toBe(colored ? '\u001b[31mtext\u001b[39m' : 'text');
  });
});

describe('a frame', () => {
  const draw = (terminal: Terminal, lines: readonly string[]) =>
    terminal.frame(async () => {
      for (const line of lines) terminal.line(line);
    });

  it('keeps what would be written, and gives it back', async () => {
    const { terminal, out } = await aTerminal({});
    const lines = await terminal.frame(async () => {
      terminal.line('one\ntwo');
      terminal.table(['A', 'B'], [['1', '2']]);
      terminal.json({ type: 'none', of: 'seat' });
    });
    expect(lines).toEqual(['one', 'two', 'A\tB', '1\t2', '{"type":"none","of":"seat"}']);
    expect(out()).toBe('');
    terminal.line('after');
    expect(out()).toBe('after\n');
  });

  it('has its tables in a terminal, however long, without a pager', async () => {
    const { terminal, out } = await aTerminal({ ...TERMINAL, rows: 3 });
    const rows = Array.from({ length: 9 }, (_, row) => [String(row), 'x']);
    const lines = await terminal.frame(async () => terminal.table(['A', 'B'], rows));
    expect(lines.map((line) => stripVTControlCharacters(line)).at(-1)).toBe('8  x');
    expect(lines).toHaveLength(10);
    expect(out()).toBe('');
  });

  it('ends with what draws it, also if that fails', async () => {
    const { terminal, out } = await aTerminal({});
    await expect(terminal.frame(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    terminal.line('after');
    expect(out()).toBe('after\n');
  });

  it('is shown in the place of the one before, and stays when it is kept', async () => {
    const { terminal, out } = await aTerminal(TERMINAL);
    expect(terminal.redraw(await draw(terminal, ['first', 'second']))).toBe(true);
    expect(terminal.redraw(await draw(terminal, ['first', 'third']))).toBe(true);
    const shown = out();
    expect(shown.indexOf('third')).toBeGreaterThan(shown.lastIndexOf(ERASE_LINE));
    expect(shown.match(/first/g)).toHaveLength(1);
    expect(shown).not.toContain(HIDE_CURSOR);
    terminal.keep();
    terminal.line('after');
    expect(out()).toBe('after\n');
  });

  it.each(PLAIN)('is not shown in %s', async (_kind, properties, env) => {
    const { terminal, out } = await aTerminal(properties, env);
    expect(terminal.redraw(['first'])).toBe(false);
    terminal.keep();
    expect(out()).toBe('');
  });
});

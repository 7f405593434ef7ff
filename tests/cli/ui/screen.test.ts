import { PassThrough } from 'node:stream';
import { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { screenOf } from '../../../cli/ui/screen.ts';

const ERASE_LINE = '\u001b[2K';
const HIDE_CURSOR = '\u001b[?25l';

/** A stream that says it is a terminal, or not, and keeps what is written. */
function aStream(properties: { isTTY?: boolean; columns?: number; rows?: number }) {
  const pass = new PassThrough();
  const stream: WriteStream = Object.assign(Object.create(WriteStream.prototype), {
    write: (text: string) => pass.write(text),
    on: () => stream,
    isTTY: undefined,
    ...properties,
  });
  return { stream, written: () => String(pass.read() ?? '') };
}

const TERMINAL = { isTTY: true, columns: 80, rows: 24 };

describe('a screen', () => {
  it('writes plain lines when it is no terminal', () => {
    const { stream, written } = aStream({});
    const screen = screenOf(stream, {});
    screen.progress('under way');
    screen.line(screen.colors.red('a line'));
    screen.close();
    expect(written()).toBe('a line\n');
    expect(screen.behind()).toBeUndefined();
  });

  it.each([
    ['of no size', { isTTY: true, columns: 0, rows: 0 }, {}],
    ['that is dumb', TERMINAL, { TERM: 'dumb' }],
  ])('writes plain lines to a terminal %s', (_kind, terminal, environment) => {
    const { stream, written } = aStream(terminal);
    const screen = screenOf(stream, environment);
    screen.progress('under way');
    screen.line('a line');
    screen.close();
    expect(written()).toBe('a line\n');
  });

  it('shows progress in a terminal, takes it away again, and never hides the cursor', () => {
    const { stream, written } = aStream(TERMINAL);
    const screen = screenOf(stream, {});
    screen.progress('under way');
    expect(written()).toContain('under way');
    screen.line('a line');
    screen.progress('still');
    screen.close();
    const after = written();
    expect(after).toContain('a line');
    expect(after.lastIndexOf(ERASE_LINE)).toBeGreaterThan(after.lastIndexOf('still'));
    expect(after).not.toContain(HIDE_CURSOR);
  });

  it('pauses after each line in a terminal, so that people can follow', () => {
    const screen = screenOf(aStream(TERMINAL).stream, {});
    screen.line('a line');
    expect(screen.behind()).toBeInstanceOf(Promise);
    expect(screen.behind()).toBeUndefined();
  });

  it.each<[string, Parameters<typeof aStream>[0], NodeJS.ProcessEnv, boolean]>([
    ['a terminal', TERMINAL, {}, true],
    ['a pipe', {}, {}, false],
    ['a pipe in CI', {}, { CI: 'true' }, false],
    ['a terminal with NO_COLOR', TERMINAL, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    ['a terminal with an empty NO_COLOR', TERMINAL, { NO_COLOR: '' }, true],
    ['a pipe with FORCE_COLOR', {}, { FORCE_COLOR: '1' }, true],
    ['a terminal with FORCE_COLOR=0', TERMINAL, { FORCE_COLOR: '0' }, false],
    ['a dumb terminal', TERMINAL, { TERM: 'dumb' }, false],
  ])('has colours or not: %s', (_kind, properties, environment, colored) => {
    const { colors } = screenOf(aStream(properties).stream, environment);
    expect(colors.red('text') !== 'text').toBe(colored);
  });
});

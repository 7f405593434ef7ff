import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';

/** Functions that color a text, or return it as it is. */
export type Colors = ReturnType<typeof colorsOf>;

/** Returns the colors of a stream; those of one without colors change nothing. */
export function colorsFor(stream: Partial<Pick<WriteStream, 'isTTY'>>, env: NodeJS.ProcessEnv): Colors {
  return colorsOf(hasColors(stream, env));
}

/**
 * Whether a stream gets colors: if it is a terminal, or if the environment asks for them.
 *
 * @see https://no-color.org
 * @see https://force-color.org
 */
function hasColors(stream: Partial<Pick<WriteStream, 'isTTY'>>, env: NodeJS.ProcessEnv): boolean {
  if (env['NO_COLOR']) return false;
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  // Node leaves `isTTY` out of streams that are no terminal.
  return stream.isTTY === true && env['TERM'] !== 'dumb';
}

function colorsOf(enabled: boolean) {
  const style = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    enabled ? styleText(format, text, { validateStream: false }) : text;
  return {
    bold: style('bold'),
    dim: style('dim'),
    red: style('red'),
    green: style('green'),
    yellow: style('yellow'),
    magenta: style('magenta'),
    cyan: style('cyan'),
  };
}

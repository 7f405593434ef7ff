import type { WriteStream } from 'node:tty';
import pc from 'picocolors';

/** Functions that colour a text, or leave it as it is. */
export type Colors = ReturnType<typeof pc.createColors>;

/** The colours of a stream, none unless people look at it or the environment asks for them. */
export function colorsOf(stream: Pick<WriteStream, 'isTTY'>, environment: NodeJS.ProcessEnv): Colors {
  return pc.createColors(hasColors(stream, environment));
}

/**
 * @see https://no-color.org
 * @see https://force-color.org
 */
function hasColors(stream: Pick<WriteStream, 'isTTY'>, environment: NodeJS.ProcessEnv): boolean {
  if (environment['NO_COLOR']) return false;
  const forced = environment['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  // Node leaves `isTTY` out of streams that are no terminal.
  return stream.isTTY === true && environment['TERM'] !== 'dumb';
}

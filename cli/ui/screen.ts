import { setTimeout as sleep } from 'node:timers/promises';
import { createLogUpdate } from 'log-update';
import { type Colors, colorsOf } from './colors.ts';
import { Output } from './output.ts';

/** Where people read: lines, and in a terminal a last line that changes. */
export interface Screen {
  colors: Colors;
  /** Columns. */
  width: number;
  line(text: string): void;
  /** Shows what is under way, in place of what it showed before; only a terminal does. */
  progress(text: string): void;
  /** Takes the progress away. */
  close(): void;
  /** What to wait for before the next line; undefined when nothing. */
  behind(): Promise<unknown> | undefined;
}

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_COLUMNS = 110;
const DEFAULT_COLUMNS = 100;
/** Between two lines in a terminal: virtual time would let a day pass before anybody has read a word. */
const PACE_MILLISECONDS = 25;

/** The screen of a stream: a live one if it is a terminal, plain lines if not. */
export function screenOf(stream: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Screen {
  // A terminal that nobody looks at may have no columns and no rows.
  const width = Math.min(stream.columns || DEFAULT_COLUMNS, WIDEST_COLUMNS);
  const colors = colorsOf(stream, environment);
  const output = new Output(stream);
  if (!(stream.isTTY && stream.columns && stream.rows) || environment['TERM'] === 'dumb') {
    return {
      colors,
      width,
      line: (text) => output.write(`${text}\n`),
      progress: () => undefined,
      close: () => undefined,
      behind: () => output.behind(),
    };
  }
  // A cursor that was never hidden needs nobody to restore it, however this ends.
  const live = createLogUpdate(stream, { showCursor: true });
  let fresh = false;
  return {
    colors,
    width,
    line(text) {
      live.persist(text);
      fresh = true;
    },
    progress: live,
    close() {
      live.clear();
      live.done();
    },
    behind() {
      const pause = fresh ? sleep(PACE_MILLISECONDS) : undefined;
      fresh = false;
      return pause;
    },
  };
}

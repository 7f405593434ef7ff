import { stripVTControlCharacters } from 'node:util';
import { secondsBetween } from '../../domain/shared/time.ts';
import { wrap } from '../../operator/text.ts';
import type { Screen } from './terminal.ts';

/** Wide enough for a day; later moments are longer. */
const MOMENT_COLUMNS = 9;
/** A narrow screen gets longer lines than it has columns, rather than one word per line. */
const LEAST_COLUMNS = 20;
const BAR_COLUMNS = 20;

/** Changes how a line looks, and not its width. */
export type Style = (line: string) => string;

const plain: Style = (line) => line;

/** Writes lines that begin with the time since a start, as wide as the screen. */
export class TimedLines {
  readonly #screen: Screen;
  readonly #start: Date;

  constructor(screen: Screen, start = new Date(0)) {
    this.#screen = screen;
    this.#start = start;
  }

  /** Returns the time since the start, such as `+0:12:30`. */
  moment(at: Date): string {
    return `+${elapsed(this.#start, at)}`;
  }

  /** Writes a text without a moment. */
  paragraph(text: string, style: Style = plain): void {
    for (const line of wrap(text, this.#screen.width)) this.#screen.line(style(line));
  }

  /** Writes the lines of a text, each behind a bar. Each keeps its indentation. */
  quote(text: string): void {
    const bar = '  |';
    for (const line of text.split('\n')) {
      const [indent = ''] = /^ */.exec(line) ?? [];
      const width = this.#screen.width - bar.length - indent.length - 1;
      for (const part of wrap(line.trimStart(), Math.max(LEAST_COLUMNS, width)))
        this.#screen.line(`${this.#screen.colors.dim(bar)} ${indent}${part}`.trimEnd());
    }
  }

  /** Writes a moment, who acts, and what happens; breaks a long text between words. */
  write(at: Date, who: string, text: string, style: Style = plain): void {
    const moment = this.moment(at).padStart(MOMENT_COLUMNS);
    const whoColumns = stripVTControlCharacters(who).length;
    const lines = wrap(text, Math.max(LEAST_COLUMNS, this.#screen.width - MOMENT_COLUMNS - whoColumns - 3));
    for (const [index, line] of lines.entries()) {
      const head =
        index === 0 ? `${this.#screen.colors.dim(moment)}  ${who}` : ' '.repeat(MOMENT_COLUMNS + 2 + whoColumns);
      this.#screen.line(`${head} ${style(line)}`);
    }
  }

  /** Shows how much has ended, and a text about what runs. */
  progress(at: Date, { ended, of, running }: { ended: number; of: number; running: string }): void {
    const done = Math.round((BAR_COLUMNS * ended) / Math.max(1, of));
    const bar = '#'.repeat(done).padEnd(BAR_COLUMNS, '.');
    this.#screen.progress(`[${bar}] ${ended} of ${of}, ${this.moment(at)}  ${running}`);
  }
}

/** Returns the time between two moments as `h:mm:ss`, after `Nd ` from a day on. */
export function elapsed(from: Date, to: Date): string {
  const seconds = Math.max(0, Math.floor(secondsBetween(from, to)));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const rest = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  return `${days > 0 ? `${days}d ` : ''}${[hours, ...rest].join(':')}`;
}

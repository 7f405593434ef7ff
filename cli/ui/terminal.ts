import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import { styleText } from 'node:util';
import type Table from 'cli-table3';
import type { createLogUpdate } from 'log-update';
import { UsageError } from '../../operator/failures.ts';
import type { Line } from '../../operator/lines/all.ts';
import { durationOf, isoTimeOf, jsonLine, numberOf, relative, wrap } from '../../operator/text.ts';
import { fitLines } from './fit-lines.ts';

/** Work that takes less than this shows no progress. */
const PATIENCE_MILLISECONDS = 2000;
/** The time between two progress lines where a line cannot be redrawn. */
const PLAIN_EVERY_MILLISECONDS = 10_000;
const REDRAW_EVERY_MILLISECONDS = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const BAR_WIDTH = 24;
/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_COLUMNS = 110;
const DEFAULT_COLUMNS = 100;
/** The pause after each line of a play: in virtual time, a day would pass before anyone has read a word. */
const PACE_MILLISECONDS = 25;

/** Functions that color a text, or return it as it is. */
export type Colors = ReturnType<typeof colorsOf>;

/** The part of a terminal that shows a play: lines, and a last line that changes. */
export type Screen = Pick<Terminal, 'colors' | 'width' | 'line' | 'progress' | 'close' | 'behind'>;

/** The progress of counted work. */
export interface Bar {
  update(done: number): void;
  stop(): void;
}

/** The streams and the environment of a process. */
export interface Surroundings {
  stdout: WriteStream;
  stderr: WriteStream;
  stdin: { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
}

/** The packages that draw; a missing one is not needed. */
interface Drawing {
  /** Where standard output is a terminal. */
  table?: typeof Table;
  /** Where a stream can redraw its last line. */
  live?: typeof createLogUpdate;
}

/** Where all text of the CLI goes: results to standard output, everything about them to standard error. */
export class Terminal {
  readonly colors: Colors;
  /** Colors for {@link note}. */
  readonly noteColors: Colors;
  readonly #surroundings: Surroundings;
  readonly #drawing: Drawing;
  /** The last line of standard output, once there is one that changes. */
  #lastLine: ReturnType<typeof createLogUpdate> | undefined;
  /** Whether a line has been written since {@link behind} was last asked. */
  #isFresh = false;
  /** What {@link working} is doing. */
  #detail = '';
  /** Where {@link frame} keeps what would go to standard output. */
  #frame: string[] | undefined;

  private constructor(surroundings: Surroundings, drawing: Drawing) {
    const { stdout, stderr, env } = surroundings;
    this.#surroundings = surroundings;
    this.#drawing = drawing;
    this.colors = colorsOf(hasColors(stdout, env));
    this.noteColors = colorsOf(hasColors(stderr, env));
  }

  /** Loads what draws, which takes a while, only if a stream is a terminal. */
  static async open(surroundings: Surroundings): Promise<Terminal> {
    const { stdout, stderr, env } = surroundings;
    const redraws = canRedraw(stdout, env) || canRedraw(stderr, env);
    return new Terminal(surroundings, {
      ...(stdout.isTTY ? { table: (await import('cli-table3')).default } : {}),
      ...(redraws ? { live: (await import('log-update')).createLogUpdate } : {}),
    });
  }

  /** Whether standard output is a terminal. */
  get isLive(): boolean {
    return this.#surroundings.stdout.isTTY === true;
  }

  /** Whether the terminal can ask its user. */
  get isInteractive(): boolean {
    return this.#surroundings.stdin.isTTY === true && this.#surroundings.stderr.isTTY === true;
  }

  /** The columns of standard output that text should fill at most. A terminal may report none. */
  get width(): number {
    return Math.min(this.#surroundings.stdout.columns || DEFAULT_COLUMNS, WIDEST_COLUMNS);
  }

  line(text = ''): void {
    if (this.#frame) this.#frame.push(...text.split('\n'));
    else if (this.#lastLine) this.#lastLine.persist(text);
    else this.#surroundings.stdout.write(`${text}\n`);
    this.#isFresh = true;
  }

  /** Writes text of several words; in a terminal, breaks it between words. */
  paragraph(text: string, indent = 0, colored: (line: string) => string = (line) => line): void {
    const margin = ' '.repeat(indent);
    const lines = this.isLive ? wrap(text, this.width - indent) : [text];
    for (const line of lines) this.line(margin + colored(line));
  }

  /** Returns a time for a table: how long ago it was in a terminal, elsewhere an ISO time, which stays true. */
  when(time: Date | string | undefined, now: Date): string {
    if (time === undefined) return '';
    return this.isLive ? relative(time, now) : isoTimeOf(time);
  }

  /** Writes a result for a program. */
  json(line: Line): void {
    this.untypedJson(line);
  }

  untypedJson(value: unknown): void {
    const line = jsonLine(value);
    if (this.#frame) this.#frame.push(line);
    else this.#surroundings.stdout.write(`${line}\n`);
  }

  /** Returns the lines that `draw` writes to standard output, which does not get them. */
  async frame(draw: () => Promise<void>): Promise<string[]> {
    const lines: string[] = [];
    this.#frame = lines;
    try {
      await draw();
    } finally {
      this.#frame = undefined;
    }
    return lines;
  }

  /**
   * Shows lines in the place of those before, as many as the terminal has room for.
   *
   * @returns false where nothing can be redrawn
   */
  redraw(lines: readonly string[]): boolean {
    this.#lastLine ??= this.#liveOn(this.#surroundings.stdout);
    this.#lastLine?.(fitLines(lines, this.#surroundings.stdout).join('\n'));
    return this.#lastLine !== undefined;
  }

  /** Leaves the lines of {@link redraw} as they are: what comes next is written below them. */
  keep(): void {
    this.#lastLine?.done();
    this.#lastLine = undefined;
  }

  /** Writes something that is not a result. */
  note(text: string): void {
    this.#surroundings.stderr.write(`${text}\n`);
  }

  /** Shows what is under way in the last line of standard output, if the terminal can redraw it. */
  progress(text: string): void {
    this.#lastLine ??= this.#liveOn(this.#surroundings.stdout);
    this.#lastLine?.(text);
  }

  /** Removes the line of {@link progress}. */
  close(): void {
    this.#lastLine?.clear();
    this.#lastLine?.done();
    this.#lastLine = undefined;
  }

  /** What to wait for before the next line: a slow reader or, in a terminal, a moment to read. Undefined if nothing. */
  behind(): Promise<unknown> | undefined {
    const { stdout, env } = this.#surroundings;
    const isFresh = this.#isFresh;
    this.#isFresh = false;
    if (isFresh && canRedraw(stdout, env)) return sleep(PACE_MILLISECONDS);
    return this.#drain();
  }

  /** Resolves when the reader of standard output has caught up. */
  async drained(): Promise<void> {
    await this.#drain();
  }

  /** Writes a table for people; without a terminal, tabs separate the values. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const { table: Drawn } = this.#drawing;
    if (!Drawn) {
      for (const row of [head, ...rows]) this.line(row.join('\t'));
      return;
    }
    const none = Object.fromEntries(BORDERS.map((border) => [border, '']));
    const drawn = new Drawn({
      head: head.map((title) => this.colors.bold(title)),
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
      chars: none,
    });
    drawn.push(...rows.map((row) => [...row]));
    for (const line of drawn.toString().split('\n')) this.line(line.trimEnd());
  }

  /**
   * Shows on standard error what is being done, as soon as it takes longer than people wait without a word.
   *
   * @param work calls `report` with a detail of what it is doing
   */
  async working<T>(label: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T> {
    const live = this.#liveOn(this.#surroundings.stderr);
    this.#detail = '';
    const start = performance.now();
    let frame = 0;
    let shownAt = start;
    const show = () => {
      const now = performance.now();
      if (now - start < PATIENCE_MILLISECONDS) return;
      const text = `${label}${this.#detail && `: ${this.#detail}`}`;
      if (live) live(`${FRAMES[frame++ % FRAMES.length]} ${text} (${durationOf((now - start) / 1000)})`);
      else if (shownAt === start || now - shownAt >= PLAIN_EVERY_MILLISECONDS) {
        shownAt = now;
        this.note(`${text} …`);
      }
    };
    const timer = setInterval(show, REDRAW_EVERY_MILLISECONDS);
    try {
      return await work((text) => this.detail(text));
    } finally {
      clearInterval(timer);
      live?.clear();
      live?.done();
    }
  }

  /** Says what {@link working} is doing at the moment. */
  detail(text: string): void {
    this.#detail = text;
  }

  /** Shows counted work on standard error: a bar, or plain lines where a line cannot be redrawn. */
  bar(label: string, total: number): Bar {
    const live = this.#liveOn(this.#surroundings.stderr);
    const every = live ? REDRAW_EVERY_MILLISECONDS : PATIENCE_MILLISECONDS;
    const pace = paceOf(total);
    let shownAt = Number.NEGATIVE_INFINITY;
    let pending: string | undefined;
    const show = () => {
      if (pending === undefined) return;
      if (live) live(pending);
      else this.note(pending);
      shownAt = performance.now();
      pending = undefined;
    };
    return {
      update: (done) => {
        pending = `${label}${live ? ` ${barOf(done, total)}` : ':'} ${pace(done)}`;
        if (performance.now() - shownAt >= every) show();
      },
      stop: () => {
        show();
        live?.done();
      },
    };
  }

  /**
   * Asks for confirmation.
   *
   * @param yes the value of `--yes`: then nothing is asked
   * @param signal ends the question
   * @throws UsageError without a terminal to ask in
   */
  async confirm(question: string, yes: boolean, signal?: AbortSignal): Promise<boolean> {
    if (yes) return true;
    if (!this.isInteractive)
      throw new UsageError('This command needs confirmation, and there is no terminal: add --yes');
    const { confirm } = await import('@inquirer/prompts');
    return confirm({ message: question, default: false }, this.#promptOn(signal));
  }

  /** Asks for a line of text. Only for an interactive terminal. @param signal ends the question */
  async text(question: string, signal?: AbortSignal): Promise<string> {
    const { input } = await import('@inquirer/prompts');
    return input({ message: question }, this.#promptOn(signal));
  }

  #promptOn(signal: AbortSignal | undefined) {
    return { output: this.#surroundings.stderr, ...(signal ? { signal } : {}) };
  }

  #drain(): Promise<unknown> | undefined {
    const { stdout } = this.#surroundings;
    return stdout.writableNeedDrain ? once(stdout, 'drain') : undefined;
  }

  /** A line that changes; undefined where none can. It never hides the cursor, so that nothing has to restore it. */
  #liveOn(stream: WriteStream) {
    if (!canRedraw(stream, this.#surroundings.env)) return undefined;
    return this.#drawing.live?.(stream, { showCursor: true });
  }
}

const BORDERS = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
];

/** A terminal without a size has no one in front of it; a dumb one cannot move its cursor. */
function canRedraw(stream: WriteStream, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && stream.columns > 0 && stream.rows > 0 && env['TERM'] !== 'dumb';
}

/**
 * Whether a stream gets colors: if it is a terminal, or if the environment asks for them.
 *
 * @see https://no-color.org
 * @see https://force-color.org
 */
function hasColors(stream: Pick<WriteStream, 'isTTY'>, env: NodeJS.ProcessEnv): boolean {
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

/** `███████░░░░░░░░░░░░░░░░░ 30%` */
function barOf(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const columns = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(columns)}${'░'.repeat(BAR_WIDTH - columns)} ${Math.floor(share * 100)}%`;
}

/** `1,533 of 5,000 (578/s, 6 s left)`: rate and time left, measured from the first call. */
function paceOf(total: number): (done: number) => string {
  const start = performance.now();
  let first: number | undefined;
  return (done) => {
    first ??= done;
    const seconds = (performance.now() - start) / 1000;
    const perSecond = seconds > 0 ? (done - first) / seconds : 0;
    const rate = perSecond >= 10 ? numberOf(Math.round(perSecond)) : perSecond.toFixed(1);
    const left = perSecond > 0 ? durationOf((total - done) / perSecond) : '?';
    return `${numberOf(done)} of ${numberOf(total)} (${rate}/s, ${left} left)`;
  };
}

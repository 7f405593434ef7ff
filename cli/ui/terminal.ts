import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WriteStream } from 'node:tty';
import type { createLogUpdate } from 'log-update';
import type { StandardInput } from '../../input/files.ts';
import { CommandFailed, UsageError } from '../../operator/failures.ts';
import type { Line } from '../../operator/lines/all.ts';
import { isoTimeOf, jsonLine, relative, wrap } from '../../operator/text.ts';
import { type Colors, colorsFor } from './colors.ts';
import type { drawTable, widthOf } from './columns.ts';
import type { fitLines } from './fit-lines.ts';
import type { LongText } from './long-text.ts';
import type { Pager, pagerIn } from './pager.ts';
import { type Bar, type Display, showBar, showWork } from './under-way.ts';

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST_COLUMNS = 110;
const DEFAULT_COLUMNS = 100;
/** The pause after each line of a play: in virtual time, a day would pass before anyone has read a word. */
const PACE_MILLISECONDS = 25;

/** The part of a terminal that shows a play: lines, and a last line that changes. */
export type Screen = Pick<Terminal, 'colors' | 'width' | 'line' | 'progress' | 'close' | 'behind'>;

/** A stream for text. Only a terminal has a size. */
type TextStream = Writable & Partial<Pick<WriteStream, 'isTTY' | 'columns' | 'rows'>>;

/** The streams and the environment of a process. */
export interface Surroundings {
  stdout: TextStream;
  stderr: TextStream;
  stdin: StandardInput;
  /** Nothing is confirmed, since there is no one to ask: a command shows what it would do, and does not do it. */
  declines?: boolean;
  env: NodeJS.ProcessEnv;
  /** Opens a file in the program that the system has for it. */
  openFile?(path: string): Promise<unknown>;
  /** Called when a pager gets the terminal, and with undefined when it has ended. */
  onPager?(pager: Pager | undefined): void;
}

/** What draws; what is missing is not needed. */
interface Drawing {
  /** Where standard output is a terminal. */
  tables?: {
    drawTable: typeof drawTable;
    widthOf: typeof widthOf;
    LongText: typeof LongText;
    Pager: typeof Pager;
    pagerIn: typeof pagerIn;
  };
  /** Where a stream can redraw its last line. */
  live?: typeof createLogUpdate;
  fitLines?: typeof fitLines;
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
  /** The lines of standard output; undefined where it is no terminal. */
  readonly #text: LongText | undefined;
  /** What comes after the pager on standard error. */
  #notes: string[] = [];
  /** Where {@link frame} keeps what would go to standard output. */
  #frame: string[] | undefined;

  private constructor(surroundings: Surroundings, drawing: Drawing) {
    const { stdout, stderr, env } = surroundings;
    this.#surroundings = surroundings;
    this.#drawing = drawing;
    this.colors = colorsFor(stdout, env);
    this.noteColors = colorsFor(stderr, env);
    const { LongText } = drawing.tables ?? {};
    this.#text = LongText && new LongText({ stdout, openPager: this.#opensPager() });
  }

  /** Loads what draws, which takes a while, only if a stream is a terminal. */
  static async open(surroundings: Surroundings): Promise<Terminal> {
    const { stdout, stderr, env } = surroundings;
    const redraws = canRedraw(stdout, env) || canRedraw(stderr, env);
    return new Terminal(surroundings, {
      ...(stdout.isTTY
        ? {
            tables: {
              ...(await import('./columns.ts')),
              ...(await import('./long-text.ts')),
              ...(await import('./pager.ts')),
            },
          }
        : {}),
      ...(redraws
        ? { live: (await import('log-update')).createLogUpdate, fitLines: (await import('./fit-lines.ts')).fitLines }
        : {}),
    });
  }

  /** Whether standard output is a terminal. */
  get isLive(): boolean {
    return this.#surroundings.stdout.isTTY === true;
  }

  /** Whether standard error is a terminal. */
  get isNoteLive(): boolean {
    return this.#surroundings.stderr.isTTY === true;
  }

  /** Whether the terminal can ask its user. */
  get isInteractive(): boolean {
    return this.#surroundings.stdin.isTTY === true && this.isNoteLive;
  }

  /** The columns of standard output that text should fill at most. A terminal may report none. */
  get width(): number {
    return Math.min(this.#surroundings.stdout.columns || DEFAULT_COLUMNS, WIDEST_COLUMNS);
  }

  line(text = ''): void {
    this.#isFresh = true;
    if (this.#frame) this.#frame.push(...text.split('\n'));
    else if (this.#lastLine) this.#lastLine.persist(text);
    else if (!this.#text?.takes(text)) this.#surroundings.stdout.write(`${text}\n`);
  }

  /** Writes text of several words; in a terminal, breaks it between words. */
  paragraph(text: string, indent = 0, colored: (line: string) => string = (line) => line): void {
    const margin = ' '.repeat(indent);
    const { tables } = this.#drawing;
    const lines = tables ? wrap(text, this.width - indent, tables.widthOf) : [text];
    for (const line of lines) this.line(margin + colored(line));
  }

  /** Returns a time for a table: how long ago it was in a terminal, elsewhere an ISO time, which stays true. */
  when(time: Date | string | undefined, now: Date): string {
    if (time === undefined) return '';
    return this.isLive ? relative(time, now) : isoTimeOf(time);
  }

  /** Writes a result for a program. */
  json(line: Line): void {
    const text = jsonLine(line);
    if (this.#frame) this.#frame.push(text);
    else this.#surroundings.stdout.write(`${text}\n`);
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
    const { fitLines: fitted } = this.#drawing;
    this.#lastLine?.(fitted?.(lines, sizeOf(this.#surroundings.stdout)).join('\n') ?? '');
    return this.#lastLine !== undefined;
  }

  /** Leaves the lines of {@link redraw} as they are: what comes next is written below them. */
  keep(): void {
    this.#lastLine?.done();
    this.#lastLine = undefined;
  }

  /** Writes something that is not a result. */
  note(text: string): void {
    if (this.#text?.isPaged) {
      this.#notes.push(text);
      return;
    }
    this.#text?.flush();
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

  /** Resolves when the reader of standard output has caught up. @throws ReaderLeft if they have left the pager */
  async drained(): Promise<void> {
    await this.#text?.drained();
    await this.#drain();
  }

  /**
   * Writes a table, as wide as the terminal and, if it is longer than the screen, in a pager, which then has the
   * rest of the output, too. Without a terminal, tabs separate the values.
   */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    const { stdout } = this.#surroundings;
    const { tables } = this.#drawing;
    if (!(tables && this.#text)) {
      for (const row of [head, ...rows]) this.line(row.join('\t'));
      return;
    }
    const lines = tables.drawTable(head, rows, {
      width: stdout.columns || Number.POSITIVE_INFINITY,
      bold: this.colors.bold,
    });
    if (this.#frame) this.#frame.push(...lines);
    else this.#text.write(lines);
  }

  /** From now on, the lines of standard output are one text, which is shown in a pager if it is longer than the screen. */
  page(): void {
    this.#text?.hold();
  }

  /** Waits until the user has left the pager, if there is one. @returns whether they left it early */
  async finish(): Promise<boolean> {
    const { onPager } = this.#surroundings;
    const wasLeft = (await this.#text?.end()) ?? false;
    onPager?.(undefined);
    const notes = this.#notes;
    this.#notes = [];
    if (!wasLeft) for (const text of notes) this.note(text);
    return wasLeft;
  }

  /**
   * Shows on standard error what is being done, once it takes so long that its user would wonder.
   *
   * @param work calls `report` with a detail of what it is doing
   */
  async working<T>(label: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T> {
    this.#detail = '';
    const textNow = () => (this.#text?.isPaged ? undefined : `${label}${this.#detail && `: ${this.#detail}`}`);
    const stop = showWork(textNow, this.#noted());
    try {
      return await work((text) => this.detail(text));
    } finally {
      stop();
    }
  }

  /** Says what {@link working} is doing at the moment. */
  detail(text: string): void {
    this.#detail = text;
  }

  /** Shows counted work on standard error: a bar, or plain lines where a line cannot be redrawn. */
  bar(label: string, total: number): Bar {
    return showBar(label, total, this.#noted());
  }

  /**
   * Asks for confirmation.
   *
   * @param yes the value of `--yes`: then nothing is asked
   * @param signal ends the question
   * @throws UsageError without a terminal to ask in
   */
  async confirm(question: string, yes: boolean, signal?: AbortSignal): Promise<boolean> {
    await this.finish();
    if (yes) return true;
    if (this.#surroundings.declines) return false;
    if (!this.isInteractive)
      throw new UsageError('This command needs confirmation, and there is no terminal: add --yes');
    const { confirm } = await import('@inquirer/prompts');
    return confirm({ message: question, default: false }, this.#promptOn(signal));
  }

  /** Asks for a line of text. Only for an interactive terminal. @param signal ends the question */
  async text(question: string, signal?: AbortSignal): Promise<string> {
    await this.finish();
    const { input } = await import('@inquirer/prompts');
    return input({ message: question }, this.#promptOn(signal));
  }

  /** Opens a file in the program that the system has for it. @throws CommandFailed if there is none */
  async openFile(path: string): Promise<void> {
    try {
      if (!this.#surroundings.openFile) throw new Error('nothing opens files');
      await this.#surroundings.openFile(path);
    } catch (cause) {
      throw new CommandFailed(`No program was found that opens ${path}. Open it by hand`, { cause });
    }
  }

  /** Returns what starts the pager; undefined where no text is paged. */
  #opensPager(): (() => Pager) | undefined {
    const { tables } = this.#drawing;
    const { stdout, env, onPager } = this.#surroundings;
    const command = canRedraw(stdout, env) ? tables?.pagerIn(env) : undefined;
    if (!tables || command === undefined) return undefined;
    return () => {
      const pager = new tables.Pager(command, env, (text) => stdout.write(text));
      onPager?.(pager);
      return pager;
    };
  }

  #promptOn(signal: AbortSignal | undefined) {
    return { output: this.#surroundings.stderr, ...(signal ? { signal } : {}) };
  }

  #drain(): Promise<unknown> | undefined {
    const { stdout } = this.#surroundings;
    return stdout.writableNeedDrain ? once(stdout, 'drain') : undefined;
  }

  #noted(): Display {
    return { live: this.#liveOn(this.#surroundings.stderr), note: (text) => this.note(text) };
  }

  /** A line that changes; undefined where none can. It never hides the cursor, so that nothing has to restore it. */
  #liveOn(stream: TextStream) {
    if (this.#text?.isPaged || !canRedraw(stream, this.#surroundings.env)) return undefined;
    return this.#drawing.live?.(stream, { showCursor: true });
  }
}

/** What is no terminal has no size, and what is drawn there has no end. */
function sizeOf({ columns = Number.POSITIVE_INFINITY, rows = Number.POSITIVE_INFINITY }: TextStream) {
  return { columns, rows };
}

/** A terminal without a size has no one in front of it; a dumb one cannot move its cursor. */
function canRedraw({ isTTY, columns = 0, rows = 0 }: TextStream, env: NodeJS.ProcessEnv): boolean {
  return isTTY === true && columns > 0 && rows > 0 && env['TERM'] !== 'dumb';
}

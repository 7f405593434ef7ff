import { once } from 'node:events';
import type { WriteStream } from 'node:tty';
import type CliProgress from 'cli-progress';
import type Table from 'cli-table3';
import { UsageError } from '../shared/failures.ts';
import { type Colors, colorsOf } from './colors.ts';
import { durationOf, jsonLine, numberOf, wrap } from './text.ts';

/** Nobody is told of work that takes less. */
const PATIENCE_MILLISECONDS = 2000;
/** Where nobody looks at a moving line, a further one so often. */
const PLAIN_EVERY_MILLISECONDS = 10_000;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** How far something is. */
export interface Bar {
  update(done: number): void;
  stop(): void;
}

/** The streams and what surrounds them. */
export interface Surroundings {
  stdout: WriteStream;
  stderr: WriteStream;
  stdin: { isTTY?: boolean };
  env: NodeJS.ProcessEnv;
}

interface Drawing {
  /** Where standard output is a terminal. */
  table?: typeof Table;
  /** Where standard error is one. */
  progress?: typeof CliProgress;
}

/** Where people and programs read: results on standard output, everything about them on standard error. */
export class Terminal {
  readonly colors: Colors;
  /** Colours for {@link note}. */
  readonly noteColors: Colors;
  readonly #surroundings: Surroundings;
  readonly #drawing: Drawing;

  private constructor(surroundings: Surroundings, drawing: Drawing) {
    this.#surroundings = surroundings;
    this.#drawing = drawing;
    this.colors = colorsOf(surroundings.stdout, surroundings.env);
    this.noteColors = colorsOf(surroundings.stderr, surroundings.env);
  }

  /** What draws is loaded only where somebody looks: it takes a while. */
  static async open(surroundings: Surroundings): Promise<Terminal> {
    const { stdout, stderr } = surroundings;
    return new Terminal(surroundings, {
      ...(stdout.isTTY ? { table: (await import('cli-table3')).default } : {}),
      ...(stderr.isTTY ? { progress: (await import('cli-progress')).default } : {}),
    });
  }

  /** Whether somebody looks at standard output. */
  get isLive(): boolean {
    return this.#surroundings.stdout.isTTY === true;
  }

  /** Whether somebody can be asked. */
  get isInteractive(): boolean {
    return this.#surroundings.stdin.isTTY === true && this.#surroundings.stderr.isTTY === true;
  }

  line(text = ''): void {
    this.#surroundings.stdout.write(`${text}\n`);
  }

  /** Text of several words; in a terminal broken between them. */
  paragraph(text: string, indent = 0, colored: (line: string) => string = (line) => line): void {
    const margin = ' '.repeat(indent);
    const { columns = 0 } = this.#surroundings.stdout;
    const lines = this.isLive && columns > indent ? wrap(text, columns - indent) : [text];
    for (const line of lines) this.line(margin + colored(line));
  }

  json(value: unknown): void {
    this.line(jsonLine(value));
  }

  /** Says something that is no result. */
  note(text: string): void {
    this.#surroundings.stderr.write(`${text}\n`);
  }

  /** Resolves when the reader of standard output has caught up. */
  async drained(): Promise<void> {
    const { stdout } = this.#surroundings;
    if (stdout.writableNeedDrain) await once(stdout, 'drain');
  }

  /** A table for people; values separated by tabs where none looks. */
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

  /** Says what is being done once it takes longer than people wait without a word. */
  async working<T>(label: string, work: (tell: (text: string) => void) => Promise<T>): Promise<T> {
    const { stderr } = this.#surroundings;
    const live = stderr.isTTY ? (await import('log-update')).createLogUpdate(stderr, { showCursor: true }) : undefined;
    const start = performance.now();
    let detail = '';
    let frame = 0;
    let told = start;
    const show = () => {
      const now = performance.now();
      if (now - start < PATIENCE_MILLISECONDS) return;
      const text = `${label}${detail && `: ${detail}`}`;
      if (live) live(`${FRAMES[frame++ % FRAMES.length]} ${text} (${durationOf((now - start) / 1000)})`);
      else if (told === start || now - told >= PLAIN_EVERY_MILLISECONDS) {
        told = now;
        this.note(`${text} …`);
      }
    };
    const timer = setInterval(show, 100);
    try {
      return await work((text) => {
        detail = text;
      });
    } finally {
      clearInterval(timer);
      live?.clear();
      live?.done();
    }
  }

  /** A bar on standard error; lines where nobody looks. */
  bar(label: string, total: number): Bar {
    const { progress } = this.#drawing;
    if (!progress) return this.#plainBar(label, total);
    const bar = new progress.SingleBar({
      format: `${label} {bar} {percentage}% {done} of {all} ({rate}/s, {left} left)`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: false,
      stream: this.#surroundings.stderr,
    });
    const pace = paceOf(total);
    bar.start(total, 0, { done: '0', all: numberOf(total), rate: '?', left: '?' });
    return {
      update: (done) => bar.update(done, pace(done)),
      stop: () => bar.stop(),
    };
  }

  #plainBar(label: string, total: number): Bar {
    const pace = paceOf(total);
    let told = Number.NEGATIVE_INFINITY;
    let last = '';
    return {
      update: (now) => {
        const { done, all, rate, left } = pace(now);
        last = `${label}: ${done} of ${all} (${rate}/s, ${left} left)`;
        if (performance.now() - told < PATIENCE_MILLISECONDS) return;
        told = performance.now();
        this.note(last);
        last = '';
      },
      stop: () => {
        if (last) this.note(last);
      },
    };
  }

  /**
   * Asks a person.
   *
   * @param yes what `--yes` says: then nobody is asked
   * @throws WrongUse when there is nobody to ask
   */
  async confirm(question: string, yes: boolean): Promise<boolean> {
    if (yes) return true;
    if (!this.isInteractive) throw new UsageError('This changes something, and nobody is there to ask: add --yes');
    const { confirm } = await import('@inquirer/prompts');
    return confirm({ message: question, default: false }, { output: this.#surroundings.stderr });
  }
}

const BORDERS = [
  ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
  ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
];

/** Rate and time left, from where it was first seen. */
function paceOf(total: number) {
  const start = performance.now();
  let first: number | undefined;
  return (done: number) => {
    first ??= done;
    const seconds = (performance.now() - start) / 1000;
    const perSecond = seconds > 0 ? (done - first) / seconds : 0;
    return {
      done: numberOf(done),
      all: numberOf(total),
      rate: perSecond >= 10 ? numberOf(Math.round(perSecond)) : perSecond.toFixed(1),
      left: perSecond > 0 ? durationOf((total - done) / perSecond) : '?',
    };
  };
}

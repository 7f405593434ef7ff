import type { WriteStream } from 'node:tty';
import type { Pager } from './pager.ts';

/** What a long text needs of its terminal. */
interface Place {
  stdout: Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'rows'>>;
  /** Starts the pager. Undefined where there is none: then no text is held back. */
  openPager: (() => Pager) | undefined;
}

/** A reader waits at most this long for the first lines, even if a screenful takes longer. */
const PATIENCE_MILLISECONDS = 2000;

/** The reader has left the pager: they want no more. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';
}

/** The lines of a command: on the screen or, once they are longer than it, in a pager, which then has the rest, too. */
export class LongText {
  readonly #place: Place;
  /** The number of lines on the screen. */
  #shown = 0;
  /** Lines that may fit on the screen, or not. */
  #held: string[] = [];
  #holds = false;
  #timer: NodeJS.Timeout | undefined;
  #pager: Pager | undefined;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Whether the pager has the terminal. */
  get isPaged(): boolean {
    return this.#pager !== undefined;
  }

  /** From now on, holds lines back until it is known whether they fit on the screen, or until {@link flush}. */
  hold(): void {
    if (!this.#place.openPager) return;
    this.#holds = true;
    this.#timer ??= setInterval(() => this.flush(), PATIENCE_MILLISECONDS).unref();
  }

  /** Takes a line, unless it may be shown at once. @returns whether it took it */
  takes(line: string): boolean {
    if (this.#holds || this.#pager) this.write([line]);
    else this.#shown += 1;
    return this.#holds || this.#pager !== undefined;
  }

  /** Shows lines; more than a screen of them is taken only as fast as the pager reads. */
  write(lines: Iterable<string>): void {
    const { stdout, openPager } = this.#place;
    const rest = lines[Symbol.iterator]();
    for (let next = rest.next(); !next.done; next = rest.next()) {
      this.#held.push(next.value);
      // Not to the last row: after the command, it has the prompt of the shell.
      if (!this.#pager && openPager && this.#shown + this.#held.length >= (stdout.rows ?? 0)) this.#pager = openPager();
      if (this.#pager) break;
    }
    if (this.#pager) {
      this.#pager.write(this.#held);
      this.#held = [];
      this.#pager.write({ [Symbol.iterator]: () => rest });
    } else if (!this.#holds) this.flush();
  }

  /** Shows what is held back. */
  flush(): void {
    for (const line of this.#held) this.#place.stdout.write(`${line}\n`);
    this.#shown += this.#held.length;
    this.#held = [];
  }

  /** Resolves when the pager has read everything so far. @throws ReaderLeft if it is no longer there */
  async drained(): Promise<void> {
    await this.#pager?.drained();
    if (this.#pager?.wasLeft) throw new ReaderLeft();
  }

  /** Waits until the reader has left the pager. @returns whether they left it before they could have seen everything */
  async end(): Promise<boolean> {
    this.#holds = false;
    clearInterval(this.#timer);
    this.flush();
    const pager = this.#pager;
    if (!pager) return false;
    await pager.end();
    this.#pager = undefined;
    this.#shown = 0;
    return pager.wasLeft;
  }
}

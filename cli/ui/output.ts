import { once } from 'node:events';

/** A stream that somebody reads, perhaps slowly. */
export class Output {
  readonly #stream: NodeJS.WritableStream;
  #behind: Promise<unknown> | undefined;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  /** Takes all of the text, however far the reader is behind. */
  write(text: string): void {
    if (this.#stream.write(text) || this.#behind) return;
    this.#behind = once(this.#stream, 'drain').finally(() => {
      this.#behind = undefined;
    });
  }

  /** Resolves when the reader has caught up; undefined when it has. */
  behind(): Promise<unknown> | undefined {
    return this.#behind;
  }
}

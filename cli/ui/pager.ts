import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/** Lines are written in pieces of about this size, for as long as the pager takes them. */
const CHUNK_CHARACTERS = 16_384;
/** Once a pager has taken this much, it exists: a pipe alone holds less. */
const SURE_CHARACTERS = 262_144;
/** What has a meaning in a shell. A command without it is started without one, so that a missing pager is known as such. */
const FOR_A_SHELL = /[|&;<>()$`\\"'*?[#~=%\n]/;
/** What a shell answers about a command that it cannot start. */
const CANNOT_START = [126, 127];

/**
 * Returns the command of the pager: USHER_PAGER, PAGER, or less.
 *
 * @returns undefined if no pager is wanted: the variable is empty, or `cat`
 */
export function pagerIn(env: NodeJS.ProcessEnv): string | undefined {
  const command = (env['USHER_PAGER'] ?? env['PAGER'] ?? 'less').trim();
  return command === '' || command === 'cat' ? undefined : command;
}

/** A program that shows a long text screen by screen, and has the terminal until its user leaves it. */
export class Pager {
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  readonly #queue: Iterable<string>[] = [];
  /** What was written, as long as it is not sure that the pager exists. */
  #unsure: string[] | undefined = [];
  #state: 'open' | 'closed' | 'missing' = 'open';
  #pumping: Promise<void> | undefined;
  /** Whether its user has left it before it had everything. */
  wasLeft = false;
  readonly #plain: (text: string) => void;

  /** @param plain writes a text without the pager, if there is no such command */
  constructor(command: string, env: NodeJS.ProcessEnv, plain: (text: string) => void) {
    this.#plain = plain;
    // Those of git: end if everything fits on one screen, show colors, and leave the text on the screen.
    const options: SpawnOptions = { env: { LESS: 'FRX', ...env }, stdio: ['pipe', 'inherit', 'inherit'] };
    const [program = '', ...args] = command.split(/\s+/);
    this.#child = FOR_A_SHELL.test(command)
      ? spawn(command, { ...options, shell: true })
      : spawn(program, args, options);
    this.#closed = new Promise((resolve) => {
      const ended = (isMissing: boolean) => {
        this.#close(isMissing);
        resolve();
      };
      this.#child.once('error', () => ended(true));
      this.#child.once('close', (code) => ended(CANNOT_START.includes(code ?? 0)));
    });
    // The pager may end before it has read everything.
    this.#child.stdin?.on('error', () => undefined);
  }

  /** Adds lines to the text. They are taken from `lines` only as fast as the pager reads. */
  write(lines: Iterable<string>): void {
    this.#queue.push(lines);
    this.#pumping ??= this.#pump();
  }

  /** Resolves when it has read all lines so far, or is left. */
  async drained(): Promise<void> {
    await this.#pumping;
    if (this.#state === 'closed') this.wasLeft = true;
  }

  /** Resolves when the pager has the whole text and its user has left it. */
  async end(): Promise<void> {
    await this.#pumping;
    this.#child.stdin?.end();
    await this.#closed;
  }

  /** Ends because of a signal, which the pager gets, too, if it comes from the terminal. Resolves when the pager has ended. */
  async interrupt(signal: NodeJS.Signals): Promise<void> {
    this.#queue.length = 0;
    this.#child.stdin?.end();
    // Ctrl-C does not end every pager: less stays until its user leaves it.
    if (signal !== 'SIGINT') this.#child.kill(signal);
    await this.#closed;
  }

  async #pump(): Promise<void> {
    // So that the first piece holds what follows at once.
    await Promise.resolve();
    for (const chunk of this.#chunks()) {
      if (this.#state === 'missing') this.#plain(chunk);
      else await this.#send(chunk);
      if (this.wasLeft) break;
    }
    this.#pumping = undefined;
  }

  async #send(chunk: string): Promise<void> {
    this.#unsure?.push(chunk);
    if ((this.#unsure?.length ?? 0) * CHUNK_CHARACTERS > SURE_CHARACTERS) this.#unsure = undefined;
    const { stdin } = this.#child;
    if (this.#state === 'open' && stdin?.write(chunk) === false) {
      const drained = new Promise((resolve) => {
        stdin.once('drain', resolve);
      });
      await Promise.race([drained, this.#closed]);
    }
    this.wasLeft = this.#state === 'closed';
  }

  #close(isMissing: boolean): void {
    const kept = this.#unsure;
    this.#unsure = undefined;
    if (this.#state !== 'open') return;
    this.#state = isMissing && kept ? 'missing' : 'closed';
    if (this.#state === 'missing') for (const chunk of kept ?? []) this.#plain(chunk);
  }

  *#chunks(): Generator<string> {
    let chunk = '';
    for (let lines = this.#queue.shift(); lines; lines = this.#queue.shift()) {
      for (const line of lines) {
        chunk += `${line}\n`;
        if (chunk.length < CHUNK_CHARACTERS) continue;
        yield chunk;
        chunk = '';
      }
    }
    if (chunk !== '') yield chunk;
  }
}

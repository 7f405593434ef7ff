import { UsageError } from '../../operator/failures.ts';
import type { Terminal } from '../ui/terminal.ts';

/** Something to choose. */
export interface Choice<T> {
  name: string;
  value: T;
}

/** What a text answers. */
export interface TextQuestion {
  message: string;
  /** The option that answers it. */
  flag: string;
  suggestion?: string;
  /** Returns what is wrong with an answer, or true. */
  validate(answer: string): string | true;
}

/** Questions to the operator. Without a terminal, an error names the missing option instead. */
export interface Questions {
  text(question: TextQuestion): Promise<string>;
  choose<T>(message: string, flag: string, choices: readonly Choice<T>[]): Promise<T>;
  chooseSome<T>(message: string, flag: string, choices: readonly Choice<T>[]): Promise<T[]>;
  /** Asks yes or no; no without a terminal. */
  confirm(message: string): Promise<boolean>;
  /** Returns the mode, where no option says it. */
  mode(message: string): Promise<'enforce' | 'observe'>;
}

const MODES: readonly Choice<'enforce' | 'observe'>[] = [
  { name: 'observe: record what would be done, and change nothing. Begin with it', value: 'observe' },
  { name: 'enforce: grant and revoke seats', value: 'enforce' },
];

/**
 * Returns how to ask in this terminal. Ctrl-C in a question is an `ExitPromptError`.
 *
 * @param where the streams of the terminal
 */
export async function questionsIn(
  terminal: Pick<Terminal, 'isInteractive'>,
  where: { input?: NodeJS.ReadableStream; output: NodeJS.WritableStream } = { output: process.stderr },
): Promise<Questions> {
  if (!terminal.isInteractive) return silentQuestions;
  const { checkbox, confirm, input, select } = await import('@inquirer/prompts');
  const choose = <T>(message: string, choices: readonly Choice<T>[]) =>
    select({ message, choices: [...choices] }, where);
  return {
    text: ({ message, suggestion, validate }) =>
      input({ message, required: true, validate, ...(suggestion === undefined ? {} : { default: suggestion }) }, where),
    choose: (message, _flag, choices) => choose(message, choices),
    chooseSome: (message, _flag, choices) => checkbox({ message, required: true, choices: [...choices] }, where),
    confirm: (message) => confirm({ message, default: false }, where),
    mode: (message) => choose(message, MODES),
  };
}

function refusal(flag: string): UsageError {
  return new UsageError(`There is no terminal to ask in: give ${flag}`);
}

/** Takes suggestions, and asks nothing. */
const silentQuestions: Questions = {
  async text({ flag, suggestion, validate }) {
    if (suggestion === undefined) throw refusal(flag);
    const problem = validate(suggestion);
    if (problem !== true) throw new UsageError(`${flag}: ${problem}`);
    return suggestion;
  },
  async choose(_message, flag) {
    throw refusal(flag);
  },
  async chooseSome(_message, flag) {
    throw refusal(flag);
  },
  async confirm() {
    return false;
  },
  async mode() {
    return 'enforce';
  },
};

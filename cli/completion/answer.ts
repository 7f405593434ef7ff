import type { Command } from 'commander';
import { type Context, contextOf } from '../command/context.ts';
import type { Terminal } from '../ui/terminal.ts';
import { optionsOf, targetOf } from './target.ts';
import { type Value, valuesOf } from './values.ts';

/** The user who presses Tab waits for it. */
const PATIENCE_MILLISECONDS = 1500;
/** The values that every shell takes as one word as they are. */
const PLAIN = /^[\w.:@%+,/=-]+$/;

/** What the completion scripts of @bomb.sh/tab take from the last line: whether the shell completes files. */
const DIRECTIVES = { files: ':0', noFiles: ':4' } as const;

interface Request {
  /** With the commands that the words may mean, and without their actions. */
  program: Command;
  /** The global options of the words before the last. */
  globals: Command;
  /** See {@link targetOf}. */
  words: readonly string[];
  terminal: Terminal;
  env: NodeJS.ProcessEnv;
}

/**
 * Answers a completion request of a shell: a line for each word that may be meant, and a directive. Whatever fails, fails
 * silently, and what takes too long is left out.
 */
export async function answer(request: Request): Promise<void> {
  const { terminal, words } = request;
  const current = words.at(-1) ?? '';
  const typed = current.startsWith('-') && current.includes('=') ? current.slice(current.indexOf('=') + 1) : current;
  const { values, files } = await candidates(request);
  const meant = new Map(values.map(({ value, description }) => [value, description]));
  for (const [value, description] of meant) {
    if (value.startsWith(typed) && PLAIN.test(value)) terminal.line(`${value}\t${description.split('\n')[0]}`);
  }
  terminal.line(files ? DIRECTIVES.files : DIRECTIVES.noFiles);
}

async function candidates(request: Request): Promise<{ values: readonly Value[]; files: boolean }> {
  const only = (values: readonly Value[]) => ({ values, files: false });
  const target = targetOf(request.program, request.words);
  switch (target.kind) {
    case 'command':
      return only(commandsOf(target.of));
    case 'flag':
      return only(flagsOf(target.of));
    case 'nothing':
      return only([]);
    case 'value': {
      const known = valuesOf(target.of);
      if (known === 'files') return { values: [], files: true };
      if (known === undefined) return only([]);
      if ('values' in known) return only(known.values);
      return only(await inTime(async () => known.read(await contextFor(request), request.env)));
    }
  }
}

function commandsOf(command: Command): Value[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), description: one.summary() || one.description() }));
}

function flagsOf(command: Command): Value[] {
  return [
    ...optionsOf(command).flatMap(({ short, long, description }) =>
      [long, short].flatMap((flag) => (flag === undefined ? [] : { value: flag, description })),
    ),
    { value: '--help', description: 'display help for command' },
  ];
}

/** @returns nothing if the values cannot be read, or not in time */
async function inTime(read: () => Promise<Value[]>): Promise<Value[]> {
  const { promise: late, resolve } = Promise.withResolvers<Value[]>();
  const timer = setTimeout(() => resolve([]), PATIENCE_MILLISECONDS);
  try {
    return await Promise.race([read(), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

function contextFor({ globals, terminal, env }: Request): Promise<Context> {
  const runWithin = () => {
    throw new Error('completion runs no command');
  };
  const around = {
    terminal,
    stdin: {},
    onInterrupt: () => undefined,
    onEnd: () => undefined,
    onStray: () => undefined,
    goOnAs: runWithin,
  };
  return contextOf(globals, around, { env, runWithin });
}

import { Command, type Option } from 'commander';
import { wrap } from '../../operator/text.ts';
import type { Context } from './context.ts';
import { EMULATOR_STARTERS } from './emulator-starters.ts';

/** The width of commander's help where a terminal reports none. */
const WIDTH = 80;

/** What a command does, once its command line is parsed. */
export type Action = (context: Context, command: Command) => Promise<void>;
/** Turns an action into the function that commander calls. */
export type Runner = (action: Action) => (...args: unknown[]) => Promise<void>;

/** The help of a command, with what commander has no place for. */
export interface Manual {
  /** An imperative verb and an object, without a period. */
  summary: string;
  /** Paragraphs that say more than the summary. */
  description?: string;
  examples: readonly (readonly [line: string, does: string])[];
  /** The IAM actions that the command needs, as in `docs/policies/`. Empty if it makes no AWS call. */
  permissions: readonly string[];
  /** With `--local`, it starts an emulator if none runs. */
  startsEmulator?: true;
}

/** The help of a sub-command: besides its own options, those of the program, and not those of the command above it. */
export const SUB_COMMAND_HELP = {
  showGlobalOptions: true,
  visibleGlobalOptions: ({ parent }: Command): Option[] => [...(parent?.parent?.options ?? [])],
};

const PERMISSIONS = new WeakMap<Command, readonly string[]>();

/** Returns the IAM actions that a command needs. */
export function permissionsOf(command: Command): readonly string[] {
  return PERMISSIONS.get(command) ?? [];
}

/** Makes a command with its help: what it does, examples, and the permissions that it needs. */
export function commandOf(
  name: string,
  { summary, description, examples, permissions, startsEmulator }: Manual,
): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  ${line.padEnd(width)}  # ${does}`);
  const needs = permissions.length === 0 ? 'none: it makes no AWS call' : permissions.join(', ');
  const command = new Command(name)
    .summary(summary)
    // Completion shows the description, too: on one line.
    .description(`${summary}.`)
    .addHelpText(
      'after',
      `${description === undefined ? '' : `\n${wrap(description, WIDTH).join('\n')}\n`}\nExamples:\n${lines.join('\n')}\n\n${wrap(`Permissions: ${needs}`, WIDTH).join('\n')}`,
    );
  PERMISSIONS.set(command, permissions);
  if (startsEmulator) EMULATOR_STARTERS.add(command);
  return command;
}

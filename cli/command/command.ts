import { Command } from 'commander';
import { wrap } from '../ui/text.ts';
import type { Context } from './context.ts';

/** As wide as commander writes where nobody tells how wide a terminal is. */
const WIDTH = 80;

/** What a command does, when its line has been read. */
export type Action = (context: Context, command: Command) => Promise<void>;
/** Makes of an action what commander calls. */
export type Runner = (action: Action) => (...args: unknown[]) => Promise<void>;

/** The part of a command's help that commander has no place for. */
export interface Manual {
  summary: string;
  /** More than the summary says; paragraphs. */
  description?: string;
  examples: readonly (readonly [line: string, does: string])[];
  /** IAM actions that it needs, as `docs/policies/` has them. Empty: it calls nobody. */
  permissions: readonly string[];
}

/** A command with its help: what it does, examples, and which permissions it takes. */
export function commandOf(name: string, { summary, description, examples, permissions }: Manual): Command {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, does]) => `  ${line.padEnd(width)}  # ${does}`);
  const needs = permissions.length === 0 ? 'none: it calls nobody' : permissions.join(', ');
  return (
    new Command(name)
      .summary(summary)
      // Completion shows it as well: on one line.
      .description(`${summary}.`)
      .addHelpText(
        'after',
        `${description === undefined ? '' : `\n${wrap(description, WIDTH).join('\n')}\n`}\nExamples:\n${lines.join('\n')}\n\n${wrap(`Permissions: ${needs}`, WIDTH).join('\n')}`,
      )
  );
}

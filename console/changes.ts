import * as z from 'zod/mini';
import { operand, option } from './questions.ts';

/** A change of the page: a command line that starts or redrives an execution, and another that says before what it would do. */
export interface Change {
  /** The command line, as one types it. */
  command: readonly string[];
  /** The same without a question. */
  confirmed: readonly string[];
  /** What it would do. The command itself says so if no one confirms it. */
  preview: readonly string[];
}

/** No half of a character: no address and no header has one. */
const Text = z.string().check(
  z.minLength(1),
  z.maxLength(2048),
  z.refine((text) => text.isWellFormed()),
);
const Confirmed = ['--yes'];

/** What the page can change, by name. None does without its values what it does with them. */
const CHANGES = {
  start: changeOf(
    z.union([
      z.strictObject({ user: Text }),
      z.strictObject({ group: Text }),
      z.strictObject({ all: z.literal('true') }),
    ]),
    (of) => {
      const command = ['start', ...('all' in of ? ['--all'] : option(of))];
      return { command, confirmed: command, preview: 'user' in of ? ['why', ...operand(of.user)] : ['plan'] };
    },
  ),
  release: changeOf(z.strictObject({ digest: Text }), ({ digest }) => asked(['release'], digest)),
  redrive: changeOf(z.strictObject({ execution: Text }), ({ execution }) => asked(['redrive'], execution)),
};

/** The name of a change. */
export type Action = keyof typeof CHANGES;

function changeOf<Values>(schema: z.ZodMiniType<Values>, make: (values: Values) => Change) {
  return (values: unknown): Change | undefined => {
    const { data } = schema.safeParse(values);
    return data === undefined ? undefined : make(data);
  };
}

/** A command that asks for confirmation. */
function asked(name: readonly string[], of: string): Change {
  const command = [...name, ...operand(of)];
  return { command, confirmed: [...name, ...Confirmed, ...operand(of)], preview: command };
}

/** Returns the command lines of a change. Undefined if there is no such change, or if it has no such values. */
export function changeFor(action: string, values: unknown): Change | undefined {
  return isAction(action) ? CHANGES[action](values) : undefined;
}

function isAction(name: string): name is Action {
  return Object.hasOwn(CHANGES, name);
}

import type { Argument, Command, Option } from 'commander';

/** What the last word of an unfinished command line is to be. */
export type Target =
  | { kind: 'command'; of: Command }
  | { kind: 'flag'; of: Command }
  | { kind: 'value'; of: Option | Argument }
  | { kind: 'nothing' };

/**
 * Finds what the last word of a command line is to be.
 *
 * @param program with the commands that may be meant
 * @param words without the name of the program; the last one is unfinished, and empty if nothing of it is typed
 */
export function targetOf(program: Command, words: readonly string[]): Target {
  const current = words.at(-1) ?? '';
  const { command, operands, option } = read(program, words.slice(0, -1));
  if (option) return { kind: 'value', of: option };
  if (current.startsWith('-')) {
    const named = current.includes('=') ? optionOf(command, current) : undefined;
    return named ? { kind: 'value', of: named } : { kind: 'flag', of: command };
  }
  const asksForHelp = command === program && operands === 1 && words.includes('help');
  if (asksForHelp || (command.commands.length > 0 && operands === 0)) return { kind: 'command', of: command };
  const { registeredArguments: declared } = command;
  const argument = declared[operands] ?? (declared.at(-1)?.variadic ? declared.at(-1) : undefined);
  return argument ? { kind: 'value', of: argument } : { kind: 'nothing' };
}

/** Reads finished words: the command that they name, how many arguments it has, and the option that lacks its value. */
function read(program: Command, words: readonly string[]) {
  let command = program;
  let operands = 0;
  let option: Option | undefined;
  for (const word of words) {
    if (option) option = undefined;
    else if (word.startsWith('-')) option = takesNext(optionOf(command, word), word);
    else {
      const sub = operands === 0 ? command.commands.find((one) => one.name() === word) : undefined;
      if (sub) command = sub;
      else operands += 1;
    }
  }
  return { command, operands, option };
}

/** Returns an option whose value is the next word. */
function takesNext(option: Option | undefined, word: string): Option | undefined {
  return option && !word.includes('=') && (option.required || option.optional) ? option : undefined;
}

/** Finds an option of a command, or of the program. */
function optionOf(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find(({ short, long }) => flag === short || flag.split('=', 1)[0] === long);
}

/** Lists the options of a command, then those of the program; those of a command between them are not its own. */
export function optionsOf(command: Command): readonly Option[] {
  const program = rootOf(command);
  return [...command.options, ...(program === command ? [] : program.options)].filter(({ hidden }) => !hidden);
}

function rootOf(command: Command): Command {
  return command.parent ? rootOf(command.parent) : command;
}

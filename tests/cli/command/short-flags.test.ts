import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { SHORT_FLAGS } from '../../../cli/command/short-flags.ts';
import { programOf } from '../../../cli/program.ts';

const program = await programOf();
const globals = program.options;

function commandsIn(command: Command): Command[] {
  return command.commands.flatMap((one) => [one, ...commandsIn(one)]);
}

describe('a short flag', () => {
  it('is in the table, with a letter of its own in its command and among the global ones', () => {
    for (const command of commandsIn(program)) {
      // An option may be repeated for a command, with the same meaning.
      const options = new Map([...globals, ...command.options].map(({ long, short }) => [long, short]));
      const shorts = ['-h', ...[...options.values()].filter((short) => short !== undefined)];
      expect({ command: command.name(), shorts: [...new Set(shorts)] }).toEqual({ command: command.name(), shorts });
      for (const { short, long } of command.options) expect(SHORT_FLAGS[long ?? ''], long).toBe(short);
    }
  });

  it('is that of an option that exists', () => {
    const all = new Set([program, ...commandsIn(program)].flatMap(({ options }) => options.map(({ long }) => long)));
    expect(Object.keys(SHORT_FLAGS).filter((long) => !all.has(long))).toEqual([]);
  });

  it('of a global option works before and after the command', async () => {
    for (const args of [
      ['-l', '-s', 'x', 'held', '-n'],
      ['held', '-n', '-l', '-s', 'x'],
    ]) {
      const fresh = await programOf();
      await fresh.parseAsync(args, { from: 'user' });
      expect(fresh.opts()).toMatchObject({ local: true, stage: 'x' });
      expect(fresh.commands.find((one) => one.name() === 'held')?.opts()).toEqual({ names: true });
    }
  });
});

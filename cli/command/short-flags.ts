import type { Command } from 'commander';

/** The short flags of options, which are the same in all commands. Those of the program are the first ones. */
export const SHORT_FLAGS: Readonly<Record<string, string>> = {
  '--entitlements': '-e',
  '--local': '-l',
  '--profile': '-p',
  '--region': '-r',
  '--stage': '-s',
  '--follow': '-f',
  '--limit': '-L',
  '--names': '-n',
  '--output': '-o',
  '--type': '-t',
  '--user': '-u',
  '--verbose': '-v',
  '--yes': '-y',
};

/** Gives the options of a command, and of the commands below it, their short flags. */
export function addShortFlags(command: Command): Command {
  for (const option of command.options) {
    const short = SHORT_FLAGS[option.long ?? ''];
    if (short === undefined || option.short !== undefined) continue;
    option.short = short;
    option.flags = `${short}, ${option.flags}`;
  }
  for (const sub of command.commands) addShortFlags(sub);
  return command;
}

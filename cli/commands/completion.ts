import { fileURLToPath } from 'node:url';
import tab from '@bomb.sh/tab';
import type { Command } from 'commander';
import { choiceArgument, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import type { Context } from '../command/context.ts';

const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
type Shell = (typeof SHELLS)[number];

/** What surrounds the script. A checkout is not on the PATH, so the shell first learns where the command is. */
const AROUND: Readonly<Record<Shell, (launcher: string) => { before: string; after: string }>> = {
  bash: (launcher) => ({
    // Sourced twice, it would define its constants again. It uses a function of bash-completion, which not all shells have.
    before: `usher() { ${quoted(launcher)} "$@"; }
if ! declare -F __usher_complete > /dev/null; then
if ! declare -F _get_comp_words_by_ref > /dev/null; then
_get_comp_words_by_ref() {
    cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
}
fi`,
    // For values that are files.
    after: 'complete -o default -F __usher_complete usher\nfi',
  }),
  zsh: (launcher) => ({ before: `#compdef usher\nusher() { ${quoted(launcher)} "$@" }`, after: '' }),
  fish: (launcher) => ({ before: `function usher; ${quoted(launcher)} $argv; end`, after: '' }),
  powershell: (launcher) => ({
    before: `function usher { node '${launcher.replaceAll("'", "''")}' @args }`,
    after: '',
  }),
};

export function completionCommand(run: Runner): Command {
  return commandOf('completion', {
    summary: 'Print the completion script of a shell',
    description:
      'The script also defines usher as a function, so that a checkout needs no entry in PATH. It completes commands, options and files, and values: statuses, entitlements of the configuration, digests of holds, names of executions. The last two are read from AWS or the emulator while you wait, for 1.5 seconds at most and without a question.',
    examples: [
      ['source <(usher completion bash)', 'in ~/.bashrc'],
      ['source <(usher completion zsh)', 'in ~/.zshrc'],
      ['usher completion fish | source', 'in ~/.config/fish/config.fish'],
      ['usher completion powershell | Out-String | Invoke-Expression', 'in $PROFILE'],
    ],
    permissions: [],
  })
    .addArgument(choiceArgument('<SHELL>', 'the shell that reads it', SHELLS))
    .action(run(completion));
}

async function completion(_context: Context, command: Command): Promise<void> {
  const shell = oneOf(SHELLS).parse(command.args[0]);
  const { before, after } = AROUND[shell](fileURLToPath(new URL('../usher.mjs', import.meta.url)));
  console.log(before);
  tab.setup('usher', 'usher', shell);
  if (after) console.log(after);
}

/** Quotes a text for bash, zsh and fish. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

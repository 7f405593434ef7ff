import { fileURLToPath } from 'node:url';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';

type Shell = 'bash' | 'zsh' | 'fish';
const SHELLS: readonly Shell[] = ['bash', 'zsh', 'fish'];

/** What surrounds the script. A checkout is not on the PATH, so the shell first learns where the command is. */
const AROUND: Readonly<Record<Shell, (launcher: string) => { before: string; after: string }>> = {
  bash: (launcher) => ({
    // Sourced twice, it would define its constants again. It uses a function of bash-completion, which not all shells have.
    before: `usher() { ${launcher} "$@"; }
if ! declare -F __usher_complete > /dev/null; then
if ! declare -F _get_comp_words_by_ref > /dev/null; then
_get_comp_words_by_ref() {
    cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD
}
fi`,
    after: 'fi',
  }),
  zsh: (launcher) => ({ before: `#compdef usher\nusher() { ${launcher} "$@" }`, after: '' }),
  fish: (launcher) => ({ before: `function usher; ${launcher} $argv; end`, after: '' }),
};

/** Adds the answers to a shell's completion requests, and the command that prints the completion script. */
export function addCompletion(program: Command): void {
  const completion = tab(program, { completionCommandName: 'completion' });
  const command = program.commands.find((one) => one.name() === 'completion');
  const [shell] = command?.registeredArguments ?? [];
  // In place, because the completion shares this list.
  shell?.argChoices?.splice(0, Number.POSITIVE_INFINITY, ...SHELLS);
  command
    ?.summary('Print the completion script of a shell')
    .description('Print the completion script of a shell. With it, you can also type usher instead of npx usher.')
    .addHelpText(
      'after',
      '\nExamples:\n  source <(npx usher completion bash)    # in ~/.bashrc\n  source <(npx usher completion zsh)     # in ~/.zshrc\n  npx usher completion fish | source     # in ~/.config/fish/config.fish\n\nPermissions: none: it makes no AWS call',
    )
    .action((name: Shell) => {
      const launcher = `'${fileURLToPath(new URL('../usher.mjs', import.meta.url)).replaceAll("'", "'\\''")}'`;
      const { before, after } = AROUND[name](launcher);
      console.log(before);
      completion.setup('usher', 'usher', name);
      if (after) console.log(after);
    });
}

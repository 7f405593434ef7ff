import { writeSync } from 'node:fs';
import { EXIT } from '../operator/failures.ts';
import { COMPLETE, runCommandLine } from './program.ts';
import type { Pager } from './ui/pager.ts';

let beforeEnd: (() => void) | undefined;
let ending: (() => void) | undefined;
/** Whether what still runs when the command has ended is left alone: calls to AWS would keep the process, and so a shell that completes, waiting. */
let isLeft = process.argv[2] === COMPLETE;
/** Has the terminal: until it has ended, this process must not end either, or the shell and the pager fight for the keyboard. */
let pager: Pager | undefined;

const { stdout, stderr, stdin, env } = process;
stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader went away: end quietly.
  if (error.code === 'EPIPE') process.exit(0);
  writeSync(2, `standard output: ${error.message}\n`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    await pager?.interrupt(signal);
    const end = ending;
    ending = undefined;
    if (end) return end();
    beforeEnd?.();
    process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
  });
}
process.exitCode = await runCommandLine(
  process.argv.slice(2),
  {
    ...{ stdout, stderr, stdin, env },
    async openFile(path) {
      const { default: open } = await import('open');
      await open(path);
    },
    onPager(started) {
      pager = started;
    },
  },
  {
    onInterrupt(say) {
      beforeEnd = say;
    },
    onEnd(end) {
      ending = end;
    },
    onStray(take) {
      isLeft = true;
      // Also of promises that no one awaits.
      process.on('uncaughtException', take);
    },
  },
);
if (isLeft) stdout.write('', () => process.exit());

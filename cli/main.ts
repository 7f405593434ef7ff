import { writeSync } from 'node:fs';
import { EXIT } from '../operator/failures.ts';
import { runCommandLine } from './program.ts';

let beforeEnd: (() => void) | undefined;
let ending: (() => void) | undefined;

const { stdout, stderr, stdin, env } = process;
stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader went away: end quietly.
  if (error.code === 'EPIPE') process.exit(0);
  writeSync(2, `standard output: ${error.message}\n`);
  process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    const end = ending;
    ending = undefined;
    if (end) return end();
    beforeEnd?.();
    process.exit(signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated);
  });
}
process.exitCode = await runCommandLine(
  process.argv.slice(2),
  { stdout, stderr, stdin, env },
  {
    onInterrupt(say) {
      beforeEnd = say;
    },
    onEnd(end) {
      ending = end;
    },
  },
);

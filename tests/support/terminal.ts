import { Writable } from 'node:stream';
import { Terminal } from '../../cli/ui/terminal.ts';

/** Opens a terminal that keeps what it writes, to both of its streams. */
export async function aTerminal(): Promise<{ terminal: Terminal; written: string[] }> {
  const written: string[] = [];
  const write = (chunk: unknown, _encoding: unknown, done: () => void) => {
    written.push(String(chunk));
    done();
  };
  const stream = new Writable({ write });
  return { terminal: await Terminal.open({ stdout: stream, stderr: stream, stdin: {}, env: {} }), written };
}

/** What is around a command that nothing interrupts, and that has no input. */
export function around(terminal: Terminal) {
  return {
    terminal,
    stdin: {},
    onInterrupt: () => undefined,
    onEnd: () => undefined,
    onStray: () => undefined,
    goOnAs: () => Promise.reject(new Error('no other command line')),
  };
}

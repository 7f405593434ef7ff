import type { Command } from 'commander';
import type { Entitlements } from '../../domain/entitlements.ts';
import { exampleDirectory } from '../../emulator/scenario/example-directory.ts';
import { type Listening, type ServeOptions, serve } from '../../emulator/server.ts';
import { escaped } from '../../operator/text.ts';
import { EMULATOR_PEOPLE } from '../shared/endpoint.ts';
import type { Terminal } from '../ui/terminal.ts';
import { templatesNextTo } from './notice-templates.ts';

/** An emulator of this process, which ends with it. */
export interface OwnEmulator extends Listening {
  end(): Promise<void>;
}

/** Starts an emulator in this process. */
export function startEmulator(options: Omit<ServeOptions, 'signal' | 'onListen'>): Promise<OwnEmulator> {
  const ending = new AbortController();
  return new Promise((resolve, reject) => {
    const served = serve({
      ...options,
      signal: ending.signal,
      onListen: (listening) =>
        resolve({
          ...listening,
          async end() {
            ending.abort();
            await served;
          },
        }),
    });
    served.catch(reject);
  });
}

/** Starts an emulator as `usher local` does, at a free port and with a generated directory. */
export async function startOwnEmulator(
  entitlements: Entitlements,
  command: Command,
  terminal: Terminal,
): Promise<OwnEmulator> {
  const own = await startEmulator({
    entitlements,
    directory: exampleDirectory(entitlements, EMULATOR_PEOPLE),
    templates: entitlements.notices && templatesNextTo(command, entitlements),
    port: 0,
    speed: 1,
    onProblem: (problem) => terminal.note(problem.split('\n').map(escaped).join('\n')),
    onNotice: () => undefined,
  });
  terminal.note(`No emulator was running: this process has started one at ${own.endpoint}, which ends with it.`);
  return own;
}

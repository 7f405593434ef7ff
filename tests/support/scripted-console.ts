import { setTimeout as sleep } from 'node:timers/promises';
import { readAssets } from '../../console/assets.ts';
import type { About } from '../../console/routes.ts';
import type { Line } from '../../operator/lines/all.ts';
import { once } from '../../operator/once.ts';
import { START } from './ids.ts';
import { problemsWithLine } from './line-schemas.ts';
import { aServedConsole } from './served.ts';

/** What a command prints, by its command line. */
export type Script = (command: string) => readonly Line[];

const assets = once(readAssets);
/** Between two rounds of what a page follows. */
const PAUSE_MILLISECONDS = 50;

/**
 * The console with its pages, over commands that print what a test says: for what is too large or too rare for the emulator.
 *
 * @returns the address, with the token
 */
export async function aScriptedConsole(script: Script, about: Partial<About> = {}): Promise<string> {
  const { url } = await aServedConsole({
    assets: await assets(),
    about: {
      stage: 'dev',
      region: 'us-east-1',
      local: true,
      allowChanges: false,
      has: { subscriptions: false, notices: false },
      ...about,
    },
    command: {
      prefix: ['usher'],
      now: async () => START,
      async *run(args) {
        for (const line of script(args.join(' '))) {
          const problems = problemsWithLine(line);
          if (problems.length > 0) throw new Error(`${JSON.stringify(line)}: ${problems.join('; ')}`);
          yield JSON.stringify(line);
        }
      },
    },
    pause: (_seconds, signal) => sleep(PAUSE_MILLISECONDS, undefined, { signal }).catch(() => undefined),
  });
  return url;
}

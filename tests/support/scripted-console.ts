import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { readAssets } from '../../console/assets.ts';
import type { About } from '../../console/routes.ts';
import { type ListeningConsole, serveConsole } from '../../console/server.ts';
import type { Line } from '../../operator/lines/all.ts';
import { START } from './ids.ts';
import { problemsWithLine } from './line-schemas.ts';

/** What a command prints, by its command line. */
export type Script = (command: string) => readonly Line[];

/** The console, over commands that print what a test says: for what is too large, too slow or too rare for the emulator. */
export function aScriptedConsole(about: Partial<About> = {}): {
  /** Address of the page, with the token. */
  readonly url: string;
  /** From now on, commands print this. */
  play(script: Script): void;
} {
  let served: ListeningConsole | undefined;
  let script: Script = () => [];
  beforeAll(async () => {
    served = await serveConsole({
      token: 'x'.repeat(43),
      about: {
        ...{ stage: 'dev', region: 'us-east-1', local: true, allowChanges: false },
        has: { subscriptions: false, notices: false },
        ...about,
      },
      names: async () => ({ users: {}, groups: {} }),
      assets: await readAssets(),
      command: {
        prefix: ['usher'],
        now: async () => START,
        async *run(args) {
          for (const line of script(args.join(' '))) yield JSON.stringify(line);
        },
      },
      pause: (_seconds, signal) => sleep(50, undefined, { signal }).catch(() => undefined),
      onProblem(problem) {
        throw new Error(problem);
      },
    });
  });
  afterAll(() => served?.close());
  return {
    get url() {
      if (!served) throw new Error('The console has not been started');
      return served.url;
    },
    play(next) {
      script = (command) => {
        const lines = next(command);
        for (const line of lines) {
          const problems = problemsWithLine(line);
          if (problems.length > 0) throw new Error(`${JSON.stringify(line)}: ${problems.join('; ')}`);
        }
        return lines;
      };
    },
  };
}

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packCommand } from '../build/command-package.ts';
import { atMost, rows } from './report.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 15;

/** Prints the CPU time of a process when it ends, in microseconds. */
const COUNTED = `data:text/javascript,process.on('exit', () => { const { user, system } = process.cpuUsage(); process._rawDebug('cpu ' + (user + system)); });`;

/** What is measured, with the most that each may take of the CPU time of an empty Node. */
const COMMANDS: readonly { args: readonly string[]; most: number }[] = [
  { args: ['--version'], most: 5 },
  { args: ['--local', 'seats'], most: 12 },
  { args: ['--local', 'held'], most: 12 },
  { args: ['--local', 'status'], most: 12 },
];

/** The CPU time that a command takes, as a multiple of that of an empty Node. */
export interface CommandStart {
  name: string;
  multiple: number;
  most: number;
}

/** Measures how much CPU time the operator's command takes, from the checkout and from the package. */
export async function commandStarts(): Promise<CommandStart[]> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'));
  const entitlements = join(ROOT, 'examples', 'entitlements.yml');
  const args = ['cli/usher.mjs', 'local', '--port', '0', '--json', '--entitlements', entitlements];
  const emulator = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = await once(createInterface(emulator.stdout), 'line');
    const env = {
      ...process.env,
      AWS_ENDPOINT_URL: JSON.parse(line).endpoint,
      NODE_COMPILE_CACHE: join(folder, 'cache'),
    };
    await packCommand(join(folder, 'pack'));
    const launchers = { checkout: join(ROOT, 'cli/usher.mjs'), package: join(folder, 'pack/package/lib/usher.mjs') };
    const cases = COMMANDS.flatMap(({ args: words, most }) =>
      Object.entries(launchers).map(([origin, launcher]) => ({
        name: `\`usher ${words.join(' ')}\`, ${origin}`,
        most,
        command: [launcher, ...words],
      })),
    );
    const [nothing = [], ...others] = inTurn([['-e', '0'], ...cases.map(({ command }) => command)], env);
    return cases.map(({ name, most }, index) => ({ name, most, multiple: median(others[index]) / median(nothing) }));
  } finally {
    emulator.kill();
    rmSync(folder, { recursive: true });
  }
}

/** Runs all commands in turn, so that what else the machine does concerns each of them. */
function inTurn(commands: readonly (readonly string[])[], env: NodeJS.ProcessEnv): number[][] {
  const times = commands.map((): number[] => []);
  // The first run fills the caches.
  for (let run = -1; run < RUNS; run += 1) {
    for (const [index, command] of commands.entries()) {
      const took = microsecondsOf(command, env);
      if (run >= 0) times[index]?.push(took);
    }
  }
  return times;
}

function microsecondsOf(command: readonly string[], env: NodeJS.ProcessEnv): number {
  const options = { cwd: ROOT, env, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(process.execPath, ['--import', COUNTED, ...command], options);
  const [, microseconds] = /^cpu (\d+)$/m.exec(stderr) ?? [];
  if (status !== 0 || microseconds === undefined)
    throw new Error(`${command.join(' ')} ended with ${status}: ${stderr}`);
  return Number(microseconds);
}

function median(values: readonly number[] = []): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Renders what {@link commandStarts} has measured. */
export function renderCommandStarts(all: readonly CommandStart[]): string {
  return rows(all.map(({ name, multiple, most }) => atMost(name, multiple, most, { digits: 1 })));
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename)
  console.log(renderCommandStarts(await commandStarts()));

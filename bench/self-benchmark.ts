import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { burst } from './burst.ts';
import { firstSweep } from './first-sweep.ts';
import { count, table } from './report.ts';

const ROOT = join(import.meta.dirname, '..');
const EXECUTIONS = 1000;
/** Many enough that loading is a small part. */
const HISTORIES = 400;
const SLOWEST = 8;

/** How fast the local stack is, and where the time of the tests goes. */
export interface SelfBenchmark {
  executionsPerSecond: number;
  callsPerSecond: number;
  historiesPerSecond: number;
  tests: { passed: number; seconds: number; files: { name: string; seconds: number }[] };
}

/** Measures alone: nothing else of the bench runs meanwhile. */
export async function selfBenchmark(): Promise<SelfBenchmark> {
  const executions = await secondsOf(() => burst(EXECUTIONS, 'api'));
  const calls = await secondsOf(() => firstSweep(EXECUTIONS, 10));
  const made = Object.values(calls.result.usage.calls).reduce((sum, one) => sum + one, 0);
  const histories = await secondsOf(async () => {
    const file = join(ROOT, 'tests/simulation/simulate.ts');
    const { status } = spawnSync(process.execPath, [file, '--runs', String(HISTORIES)], { cwd: ROOT, stdio: 'ignore' });
    if (status !== 0) throw new Error(`the simulation ended with ${status}`);
  });
  return {
    executionsPerSecond: EXECUTIONS / executions.seconds,
    callsPerSecond: made / calls.seconds,
    historiesPerSecond: HISTORIES / histories.seconds,
    tests: testTimes(),
  };
}

async function secondsOf<T>(work: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - start) / 1000 };
}

interface TestRun {
  numPassedTests: number;
  testResults: { name: string; startTime: number; endTime: number }[];
}

function testTimes(): SelfBenchmark['tests'] {
  const folder = mkdtempSync(join(tmpdir(), 'usher-bench-'));
  const outputFile = join(folder, 'tests.json');
  const start = performance.now();
  spawnSync('npm', ['test', '--', '--reporter=json', `--outputFile=${outputFile}`], { cwd: ROOT, stdio: 'ignore' });
  const seconds = (performance.now() - start) / 1000;
  const { numPassedTests: passed, testResults }: TestRun = JSON.parse(readFileSync(outputFile, 'utf8'));
  rmSync(folder, { recursive: true });
  const files = testResults
    .map(({ name, startTime, endTime }) => ({
      name: name.slice(ROOT.length + 1),
      seconds: (endTime - startTime) / 1000,
    }))
    .sort((a, b) => b.seconds - a.seconds);
  return { passed, seconds, files: files.slice(0, SLOWEST) };
}

/** What was measured here, in one run. */
export function renderSelfBenchmark({
  executionsPerSecond,
  callsPerSecond,
  historiesPerSecond,
  tests,
}: SelfBenchmark): string {
  return [
    table(
      ['what', 'in this run'],
      [
        ['executions a second of real time, in a burst of 1,000 single joins', count(executionsPerSecond)],
        ['calls a second of real time, in the first sweep of 1,000', count(callsPerSecond)],
        ['random histories a second, held to all invariants', count(historiesPerSecond, 1)],
        [`\`npm test\`, ${count(tests.passed)} tests, seconds`, count(tests.seconds)],
      ],
    ),
    table(
      ['test file', 'seconds', 'of the whole'],
      tests.files.map(({ name, seconds }) => [name, count(seconds, 1), `${count((100 * seconds) / tests.seconds)} %`]),
    ),
  ].join('\n\n');
}

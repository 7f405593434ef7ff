import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { burst } from './burst.ts';
import { firstSweep } from './first-sweep.ts';
import { count, table } from './report.ts';

const ROOT = join(import.meta.dirname, '..');
const EXECUTIONS = 1000;
/** Enough histories that loading the program takes a small part of the time. */
const HISTORIES = 400;
const SLOWEST = 8;

/** How fast the emulator is, and which tests take the most time. */
export interface SelfBenchmark {
  executionsPerSecond: number;
  callsPerSecond: number;
  historiesPerSecond: number;
  tests: { passed: number; seconds: number; files: { name: string; seconds: number }[] };
}

/** Measures the project itself. Nothing else of the bench may run meanwhile. */
export async function selfBenchmark(): Promise<SelfBenchmark> {
  const executions = await secondsOf(() => burst(EXECUTIONS, 'api'));
  const calls = await secondsOf(() => firstSweep(EXECUTIONS, 10));
  const callCount = Object.values(calls.result.usage.calls).reduce((sum, times) => sum + times, 0);
  const histories = await secondsOf(async () => {
    const file = join(ROOT, 'tests/simulation/simulate.ts');
    const { status } = spawnSync(process.execPath, [file, '--runs', String(HISTORIES)], { cwd: ROOT, stdio: 'ignore' });
    if (status !== 0) throw new Error(`the simulation ended with ${status}`);
  });
  return {
    executionsPerSecond: EXECUTIONS / executions.seconds,
    callsPerSecond: callCount / calls.seconds,
    historiesPerSecond: HISTORIES / histories.seconds,
    tests: testTimes(),
  };
}

async function secondsOf<T>(run: () => Promise<T>): Promise<{ result: T; seconds: number }> {
  const start = performance.now();
  const result = await run();
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

/** Renders what one run measured. */
export function renderSelfBenchmark({
  executionsPerSecond,
  callsPerSecond,
  historiesPerSecond,
  tests,
}: SelfBenchmark): string {
  return [
    table(
      ['measurement', 'in this run'],
      [
        ['executions per second of real time, in a burst of 1,000 single joins', count(executionsPerSecond)],
        ['calls per second of real time, in the first sweep of 1,000', count(callsPerSecond)],
        ['random histories per second, checked against all invariants', count(historiesPerSecond, 1)],
        [`\`npm test\`, ${count(tests.passed)} tests, seconds`, count(tests.seconds)],
      ],
    ),
    table(
      ['test file', 'seconds', 'share'],
      tests.files.map(({ name, seconds }) => [name, count(seconds, 1), `${count((100 * seconds) / tests.seconds)} %`]),
    ),
  ].join('\n\n');
}

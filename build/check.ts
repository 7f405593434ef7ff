/** `npm run check`: everything that must hold before a change is merged, one step after another, all of them. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { styleText } from 'node:util';
import * as z from 'zod/mini';
import { browser } from './browser.ts';

interface Step {
  name: string;
  command: string;
  args: string[];
  /** A tool that isn't a package of ours; without it the step is skipped, which the summary says. */
  optional?: true;
  /** The exit code by which the command says that it misses such a tool, or what it needs from others. */
  missing?: number;
  /** Where it writes how many tests have passed and failed. */
  report?: string;
}

interface Result {
  name: string;
  verdict: 'passed' | 'failed' | 'skipped';
  seconds: number;
  passed: number;
  failed: number;
}

const ROOT = join(import.meta.dirname, '..');
const TEMPLATE = '.serverless/cloudformation-template-update-stack.json';
/** Templates that are deployed as they are. */
const TEMPLATES = ['forwarder.yml', 'subscriber.yml', 'docs/operators-chat.yml'];

/** A run of vitest, whose tests are counted one by one. */
const tests = (name: string, command: string, args: string[]): Step => {
  const report = `coverage/${name}.json`;
  const flags = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return { name, command, args: [...args, ...flags], report };
};

const STEPS: Step[] = [
  tests('tests', 'npm', ['test', '--', '--coverage']),
  tests('long', 'vitest', ['run', '--tags-filter=long']),
  { name: 'types', command: 'tsc', args: [] },
  { name: 'page', command: 'tsc', args: ['--project', 'console/page'] },
  { name: 'lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'unused', command: 'knip', args: [] },
  { name: 'schemas', command: 'node', args: ['build/schemas.ts', '--check'] },
  { name: 'reference', command: 'node', args: ['build/reference.ts', '--check'] },
  { name: 'node', command: 'node', args: ['build/pinned-node.ts'], missing: 3 },
  { name: 'oldest', command: 'node', args: ['build/oldest-node.ts'], missing: 3 },
  { name: 'package', command: 'serverless', args: ['package'] },
  { name: 'template', command: 'cfn-lint', args: [TEMPLATE, ...TEMPLATES], optional: true },
  { name: 'terraform', command: 'terraform', args: ['fmt', '-check', 'docs/terraform'], optional: true },
  { name: 'moto', command: 'node', args: ['tests/moto/verify.ts'], missing: 3 },
];

/** Tools are found as in npm scripts, also when this file is run by hand. */
const env = {
  ...process.env,
  PATH: [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
};

const TestReport = z.object({ numPassedTests: z.int(), numFailedTests: z.int() });

function run({ name, command, args, optional, missing, report }: Step): Result {
  console.log(styleText('bold', `\n${name}: ${[command, ...args].join(' ')}`));
  if (report) rmSync(join(ROOT, report), { force: true });
  const start = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], env });
  const seconds = (performance.now() - start) / 1000;
  if (error) console.log(optional ? `${command} isn't on this machine` : error.message);
  if ((error && optional) || (status !== null && status === missing)) {
    return { name, verdict: 'skipped', seconds, passed: 0, failed: 0 };
  }
  const good = status === 0;
  return { name, verdict: good ? 'passed' : 'failed', seconds, ...(report ? countTests(report, good) : count(good)) };
}

const count = (good: boolean) => (good ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });

/** A run that failed without a failed test, for its coverage or before it began, counts as one. */
function countTests(file: string, good: boolean): Pick<Result, 'passed' | 'failed'> {
  try {
    const report = TestReport.parse(JSON.parse(readFileSync(join(ROOT, file), 'utf8')));
    return { passed: report.numPassedTests, failed: good ? 0 : Math.max(report.numFailedTests, 1) };
  } catch (error) {
    console.log(`no report of the tests: ${error instanceof Error ? error.message : error}`);
    return { passed: 0, failed: 1 };
  }
}

const results = STEPS.map(run);
console.log();
for (const { name, verdict, seconds } of results) {
  console.log(`${name.padEnd(10)}${verdict.padEnd(9)}${seconds.toFixed(1).padStart(6)} s`);
}
if (!browser) console.log('\nThe pages of the console were not tested: no Chromium is on this machine.');
const total = (key: 'passed' | 'failed') => results.reduce((sum, result) => sum + result[key], 0);
console.log(`\n${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = total('failed') > 0 ? 1 : 0;

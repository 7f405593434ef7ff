/**
 * `npm run mutants`: puts each fault of `mutants/` into a copy of the project, and has random histories find it. One that
 * only more users show than a history has names the test that finds it, in its first line.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { historyAt } from './histories.ts';
import { playHistory } from './play-history.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PATCHES = join(import.meta.dirname, 'mutants');
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
/** A fault that more histories than these don't show is one that they don't find. */
const HISTORIES = 2000;
const SEED = 1;

type Verdict = { found: string } | { problem: string };

/** @returns what found it, or why nothing did */
async function hunt(patch: string): Promise<Verdict> {
  const copy = mkdtempSync(join(tmpdir(), 'usher-mutant-'));
  try {
    for (const entry of readdirSync(ROOT, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || ['node_modules', 'coverage', 'failures'].includes(entry.name)) continue;
      cpSync(join(ROOT, entry.name), join(copy, entry.name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    const applied = spawnSync('git', ['apply', '-p1', join(PATCHES, patch)], { cwd: copy, encoding: 'utf8' });
    if (applied.status !== 0)
      return { problem: `the patch does not apply: ${applied.stderr || applied.error?.message}` };
    const [, file, name] = FOUND_BY.exec(readFileSync(join(PATCHES, patch), 'utf8')) ?? [];
    return file && name ? findByTest(copy, file, name) : await findByHistories(copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

async function findByHistories(copy: string): Promise<Verdict> {
  const flags = ['--runs', String(HISTORIES), '--seed', String(SEED), '--bail'];
  const run = spawnSync(process.execPath, [join(copy, 'tests', 'simulation', 'simulate.ts'), ...flags], {
    cwd: copy,
    encoding: 'utf8',
  });
  const [, played] = /^(\d+) histories, \d+ failures, seed \d+\n$/.exec(run.stdout) ?? [];
  if (played === undefined) return { problem: `the histories could not be played: ${run.stderr.slice(-2000)}` };
  const [, index] = /^History (\d+): /m.exec(run.stderr) ?? [];
  if (index === undefined) return { problem: `not found in ${played} histories` };
  const without = await playHistory(historyAt(SEED, Number(index)));
  return without.length > 0
    ? { problem: `history ${index} goes wrong without it, too` }
    : { found: `after ${Number(index) + 1} histories` };
}

/** The first line of a patch for which histories are too small. */
const FOUND_BY = /^Found by (\S+): (.+)\n/;

/** The test fails in the copy, and passes here. */
function findByTest(copy: string, file: string, name: string): Verdict {
  const [there, here] = [copy, ROOT].map((cwd) => {
    const report = join(copy, 'report.json');
    const flags = ['run', file, '--testNamePattern', name, '--reporter', 'json', '--outputFile', report];
    spawnSync(process.execPath, [VITEST, ...flags], { cwd });
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
    return `${numPassedTests} passed, ${numFailedTests} failed`;
  });
  if (here !== '1 passed, 0 failed') return { problem: `${file}, without it: ${here}` };
  return there === '0 passed, 1 failed' ? { found: `by ${file}` } : { problem: `${file}: ${there}` };
}

const [only] = new Command('mutants')
  .description('Shows that the random histories, or a named test, find seeded faults.')
  .argument('[name]', 'only this one')
  .parse().args;

const patches = readdirSync(PATCHES).filter((file) => only === undefined || file === `${only}.patch`);
let missed = 0;
for (const patch of patches) {
  const result = await hunt(patch);
  if ('problem' in result) missed += 1;
  const verdict = 'problem' in result ? `MISSED: ${result.problem}` : `found ${result.found}`;
  console.log(`${basename(patch, '.patch').padEnd(36)}${verdict}`);
}
console.log(`${patches.length} faults, ${missed} missed`);
process.exitCode = missed > 0 || patches.length === 0 ? 1 : 0;

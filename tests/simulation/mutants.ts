/** `npm run mutants`: puts each fault of `mutants/` into a copy of the project, and has random histories find it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { historyAt } from './histories.ts';
import { playHistory } from './play-history.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PATCHES = join(import.meta.dirname, 'mutants');
/** A fault that more histories than these don't show is one that they don't find. */
const HISTORIES = 2000;
const SEED = 1;

/** @returns after how many histories it was found, or why not */
async function hunt(patch: string): Promise<{ after: number } | { problem: string }> {
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
      : { after: Number(index) + 1 };
  } finally {
    rmSync(copy, { recursive: true });
  }
}

const [only] = new Command('mutants')
  .description('Shows that the random histories find seeded faults.')
  .argument('[name]', 'only this one')
  .parse().args;

const patches = readdirSync(PATCHES).filter((file) => only === undefined || file === `${only}.patch`);
let missed = 0;
for (const patch of patches) {
  const result = await hunt(patch);
  if ('problem' in result) missed += 1;
  const verdict = 'problem' in result ? `MISSED: ${result.problem}` : `found after ${result.after} histories`;
  console.log(`${basename(patch, '.patch').padEnd(36)}${verdict}`);
}
console.log(`${patches.length} faults, ${missed} missed`);
process.exitCode = missed > 0 || patches.length === 0 ? 1 : 0;

/**
 * `npm run bench`: measures what the service costs and writes docs/performance.md and its plots. `-- --check` measures only
 * what is the same in every run, and exits with 1 if the report differs.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { inParallel } from '../reconcile/concurrency.ts';
import type { Burst } from './burst.ts';
import { commandStarts } from './command-start.ts';
import { consolePage } from './console.ts';
import type { FirstSweep } from './first-sweep.ts';
import type { Heap } from './heap.ts';
import { type Figures, figuresIn, renderFigures, renderMeasured, renderReport } from './performance.ts';
import { growthPlot, wrongPlot } from './plots.ts';
import { selfBenchmark } from './self-benchmark.ts';
import { CONTENDERS, type Score } from './side-by-side.ts';
import { startUps } from './start-up.ts';
import { onThread } from './tasks.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');
const REPORT = join(DOCS, 'performance.md');
const PLOTS = { growth: join(DOCS, 'performance-growth.svg'), wrong: join(DOCS, 'performance-wrong.svg') };

/** Measurements at a time: the number of cores of the machine for which the time limits are set. */
const AT_ONCE = 2;
const SIZES = [100, 1000, 5000, 50_000, 200_000];
const RATES = [10, 18];
/** Where the ticks after a first sweep are played, and one join: at the lower rate, since they take as many calls at each. */
const STEADY_SIZES = [5000, 50_000];
const FEW_SEATS = 50;
const SLOW_SIZE = 50_000;
const MID_ROUND_SIZE = 50_000;
const HEAP_SIZES = [50_000, 200_000];
const BURST_JOINERS = 5000;
const FAULTS = [0, 1, 10];
const LAGS = [0, 20, 2400];

const { check } = new Command('bench')
  .description('Measure what the service costs, and write docs/performance.md')
  .option('--check', 'measure only what is the same in every run, and compare it with the report', false)
  .parse()
  .opts<{ check: boolean }>();

const begun = performance.now();
const heaps: Heap[] = [];
const figures = await measureFigures(check ? [] : [false, true]);
const drawings = { growth: await growthPlot(figures.sweeps), wrong: await wrongPlot(figures.scores) };
const figuresText = renderFigures(figures);
if (check) compare();
else await write();

/**
 * Measures everything that is the same in every run, the longest measurements first.
 *
 * @param seated for each value, also measures the heap: with seats of all members (`true`) or of none
 */
async function measureFigures(seated: readonly boolean[]): Promise<Figures> {
  const sweeps: FirstSweep[] = [];
  const bursts: Burst[] = [];
  const scores: Score[] = [];
  const others: Partial<Pick<Figures, 'single' | 'wait' | 'few' | 'midRound'>> = {};
  const jobs: (() => Promise<unknown>)[] = [];
  for (const members of SIZES.toReversed()) {
    for (const rate of RATES) {
      const steady = rate === RATES[0] && STEADY_SIZES.includes(members);
      jobs.push(async () => sweeps.push(await onThread('firstSweep', members, rate, { steady })));
      if (members !== SLOW_SIZE) continue;
      jobs.push(async () => sweeps.push(await onThread('firstSweep', members, rate, { answers: 'slow' })));
    }
    for (const isSeated of HEAP_SIZES.includes(members) ? seated : []) {
      jobs.push(async () => heaps.push(await onThread('heap', members, isSeated)));
    }
    if (members !== MID_ROUND_SIZE) continue;
    jobs.push(async () => {
      others.midRound = await onThread('midRound', members, 10);
    });
  }
  for (const via of ['scim', 'api'] as const) {
    jobs.push(async () => bursts.push(await onThread('burst', BURST_JOINERS, via)));
  }
  for (const contender of CONTENDERS) {
    for (const lagSeconds of LAGS) {
      for (const faultPercent of FAULTS) {
        const conditions = { faultPercent, lagSeconds, via: 'console' } as const;
        jobs.push(async () => scores.push(await onThread('contend', contender, conditions)));
      }
    }
    const scim = { faultPercent: 0, lagSeconds: 0, via: 'scim' } as const;
    jobs.push(async () => scores.push(await onThread('contend', contender, scim)));
  }
  jobs.push(async () => {
    others.single = await onThread('singleJoin');
    others.wait = await onThread('longWait');
    others.few = await onThread('firstSweep', FEW_SEATS, 10, { steady: true });
  });
  let done = 0;
  await inParallel(jobs, AT_ONCE, async (job) => {
    await job();
    done += 1;
    process.stderr.write(
      `${done} of ${jobs.length} measured after ${Math.round((performance.now() - begun) / 1000)} s\n`,
    );
  });
  const { single, wait, few, midRound } = others;
  if (!(single && wait && few && midRound)) throw new Error('a join was not measured');
  sweeps.sort(
    (a, b) => a.members - b.members || (a.answers < b.answers ? 1 : a.answers > b.answers ? -1 : 0) || a.rate - b.rate,
  );
  bursts.sort((a, b) => (a.via > b.via ? -1 : 1));
  scores.sort(
    (a, b) =>
      (a.via > b.via ? 1 : b.via > a.via ? -1 : 0) ||
      a.lagSeconds - b.lagSeconds ||
      a.faultPercent - b.faultPercent ||
      CONTENDERS.indexOf(a.contender) - CONTENDERS.indexOf(b.contender),
  );
  heaps.sort((a, b) => a.members - b.members || Number(a.seated) - Number(b.seated));
  return { single, wait, few, sweeps, midRound, bursts, scores };
}

async function write(): Promise<void> {
  const measured = renderMeasured({
    heaps,
    startUps: await startUps(),
    commandStarts: await commandStarts(),
    consolePage: await consolePage(),
    selfBenchmark: await selfBenchmark(),
  });
  mkdirSync(DOCS, { recursive: true });
  writeFileSync(REPORT, renderReport(figuresText, measured));
  writeFileSync(PLOTS.growth, drawings.growth);
  writeFileSync(PLOTS.wrong, drawings.wrong);
  console.log(`Wrote docs/performance.md after ${Math.round((performance.now() - begun) / 1000)} s`);
}

function compare(): void {
  const before = figuresIn(readFileSync(REPORT, 'utf8')).split('\n');
  const now = figuresText.split('\n');
  const different = [
    ...before.filter((line) => !now.includes(line)).map((line) => `- ${line}`),
    ...now.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ...(readFileSync(PLOTS.growth, 'utf8') === drawings.growth ? [] : ['± docs/performance-growth.svg']),
    ...(readFileSync(PLOTS.wrong, 'utf8') === drawings.wrong ? [] : ['± docs/performance-wrong.svg']),
  ];
  const same = different.length === 0 && before.length === now.length;
  console.log(
    same
      ? 'docs/performance.md is up to date'
      : `docs/performance.md is out of date. Regenerate: npm run bench\n${different.join('\n')}`,
  );
  process.exitCode = same ? 0 : 1;
}

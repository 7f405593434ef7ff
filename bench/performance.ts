import { type Burst, renderBursts } from './burst.ts';
import { type FirstSweep, renderSteady, renderSweeps } from './first-sweep.ts';
import { type Heap, renderHeaps } from './heap.ts';
import { LATENCY_SECONDS } from './latencies.ts';
import { PRICES_AS_OF } from './prices.ts';
import { count, duration } from './report.ts';
import { renderSelfBenchmark, type SelfBenchmark } from './self-benchmark.ts';
import { renderScores, type Score } from './side-by-side.ts';
import { type LongWait, renderLongWait, renderPrices, renderSingleJoin, type SingleJoin } from './single.ts';
import { renderStartUps, type StartUp } from './start-up.ts';

/** All that is the same in every run. */
export interface Figures {
  single: SingleJoin;
  wait: LongWait;
  sweeps: readonly FirstSweep[];
  bursts: readonly Burst[];
  scores: readonly Score[];
}

/** What depends on the machine and the moment. */
export interface Measured {
  heaps: readonly Heap[];
  startUps: readonly StartUp[];
  selfBenchmark: SelfBenchmark;
}

const BEGIN = '<!-- The same in every run: npm run bench -- --check -->';
const END = '<!-- Measured on the machine that wrote this -->';

/** The part of the report that {@link Figures} make. */
export function renderFigures({ single, wait, sweeps, bursts, scores }: Figures): string {
  const clean = sweeps.find(({ members, rate }) => members === bursts[0]?.joiners && rate === bursts[0]?.rate);
  if (!clean) throw new Error('no sweep has as many members as a burst');
  const console = scores.filter(({ via }) => via === 'console');
  const scim = scores.filter(({ via }) => via === 'scim');
  const { change, read, ledger, bus } = LATENCY_SECONDS;
  return `## What was assumed

AWS allows 20 requests a second to SSO Admin, for all its operations and all callers together, and 20 to each operation of the
Identity Store. Changes of an assignment are taken to be answered after ${count(1000 * change)} ms, reads of Identity Center after
${count(1000 * read)} ms, DynamoDB after ${count(1000 * ledger)} ms, EventBridge after ${count(1000 * bus)} ms: AWS publishes none of these. The processor's time is
not counted. Prices are a snapshot of ${PRICES_AS_OF}, without free tier, to be checked against the pages named; calls of Identity
Center cost nothing. *The limit* is the time that the calls of SSO Admin take at the configured rate.

${renderPrices()}

## 1. A single join, already visible

${renderSingleJoin(single)}

A Lambda that waits by itself is cheaper as long as nothing goes wrong, and there is nothing to wait for. What Usher's price
buys is the plan from fresh reads, the ledger, the record on the audit stream, and the proof 30 s later.

## 2. A wait of 24 hours

Somebody is started by hand whom SCIM brings ${duration(wait.waitedSeconds)} later.

${renderLongWait(wait)}

## 3. The first sweep

![How the first sweep grows with the group](performance-growth.svg)

${renderSweeps(sweeps)}

Calls a seat, payload and history grow by rounds: a round takes what a payload holds, some 3,300 people, and each round reads
all assignments, members and users again ([0017](adr/0017-larger-rounds-lists-side-by-side.md)).

## 4. A burst

Within a minute everybody joins, each with an event of its own.

${renderBursts(bursts, clean)}

## 5. The steady state

Nothing changes; a tick every 5 minutes, a sweep every hour, everybody's status once a day.

${renderSteady(sweeps)}

## 6. Side by side

200 people have their seats; within an hour 200 join and 100 of the others leave. Everybody meets the same stand-in, with the
same answers' times, quotas and faults: throttles, server errors with and without effect, conflicts. The script is run once, when the
hour is over; it and the Lambda have the SDK's three attempts, and the Lambda is invoked up to three times. *Lost* are changes that
ended without effect and without anybody being told. Scores are taken 4 hours later.

![Who is wrong in the end](performance-wrong.svg)

${renderScores(console)}

The same changes, told by SCIM's PatchGroup, which names nobody:

${renderScores(scim)}`;
}

/** The part of the report that depends on the machine. */
export function renderMeasured({ heaps, startUps, selfBenchmark }: Measured): string {
  return `## Heap

The handlers in a process of their own, with V8 held to 128 MiB, against a stand-in in another; garbage is counted.

${renderHeaps(heaps)}

## 7. Start-up

Processes of their own, in turn; the fastest of each counts. *Its SDK clients*: the packages of the clients that a function has,
whole, bundled with the same settings of esbuild and nothing replaced. Usher's bundles leave out what the SDK brings for other
places than Lambda (\`build/bundle.ts\`), which pays for Powertools, middy, zod and Usher itself.

${renderStartUps(startUps)}

## 8. The self-benchmark

${renderSelfBenchmark(selfBenchmark)}`;
}

/** The whole report. */
export function renderReport(figures: string, measured: string): string {
  return `# What Usher costs

Written by \`npm run bench\`, never by hand. \`npm run bench -- --check\` measures again what is the same in every run, and ends with
1 when this says anything else. All of it is played by the local stack: the real state machine, functions and SDK clients, in
virtual time.

${BEGIN}

${figures}

${END}

${measured}
`;
}

/** What a report says of that which is the same in every run. */
export function figuresIn(report: string): string {
  const [, figures = ''] = report.split(BEGIN);
  return figures.split(END)[0]?.trim() ?? '';
}

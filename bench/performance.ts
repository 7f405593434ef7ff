import { type Burst, renderBursts } from './burst.ts';
import { type CommandStart, renderCommandStarts } from './command-start.ts';
import { CONSOLE_RUNS, type ConsolePage, renderConsolePage } from './console.ts';
import { type FirstSweep, renderSweeps } from './first-sweep.ts';
import { type Heap, renderHeaps } from './heap.ts';
import { LATENCY_SECONDS, SLOW_SECONDS } from './latencies.ts';
import { type MidRound, renderMidRound } from './mid-round.ts';
import { PRICES_AS_OF } from './prices.ts';
import { count, duration } from './report.ts';
import { renderSelfBenchmark, type SelfBenchmark } from './self-benchmark.ts';
import { renderScores, type Score } from './side-by-side.ts';
import { type LongWait, renderLongWait, renderPrices, renderSingleJoin, type SingleJoin } from './single.ts';
import { renderStartUps, type StartUp } from './start-up.ts';
import { renderNeighbours, renderSteady } from './steady.ts';

/** The results that are the same in every run. */
export interface Figures {
  single: SingleJoin;
  wait: LongWait;
  sweeps: readonly FirstSweep[];
  /** A sweep of few users, with which one join next to many is compared. */
  few: FirstSweep;
  midRound: MidRound;
  bursts: readonly Burst[];
  scores: readonly Score[];
}

/** The results that depend on the machine and the moment. */
export interface Measured {
  heaps: readonly Heap[];
  startUps: readonly StartUp[];
  commandStarts: readonly CommandStart[];
  consolePage: ConsolePage;
  selfBenchmark: SelfBenchmark;
}

const BEGIN = '<!-- The same in every run: npm run bench -- --check -->';
const END = '<!-- Measured on the machine that wrote this -->';

/** Renders the part of the report that {@link Figures} make. */
export function renderFigures({ single, wait, few, sweeps, midRound, bursts, scores }: Figures): string {
  const clean = sweeps.find(({ members, rate }) => members === bursts[0]?.joiners && rate === bursts[0]?.rate);
  if (!clean) throw new Error('no sweep has as many members as a burst');
  const console = scores.filter(({ via }) => via === 'console');
  const scim = scores.filter(({ via }) => via === 'scim');
  const { change, read, ledger, bus } = LATENCY_SECONDS;
  return `## Assumptions

AWS allows 20 requests per second to SSO Admin, for all its operations and all callers together.
It allows 20 per second to each operation of the Identity Store.
AWS publishes no answer times.
The assumed ones are ${count(1000 * change)} ms for changes of an assignment, ${count(1000 * read)} ms for reads of Identity Center, ${count(1000 * ledger)} ms for DynamoDB and ${count(1000 * bus)} ms for EventBridge.
The processor's time is not counted.
Prices are a snapshot of ${PRICES_AS_OF}, without free tier; check them on the pages named.
Calls of Identity Center cost nothing.
*The limit* is the time that the calls of SSO Admin take at the configured rate.
*The ideal* is the time of one write per seat at the configured rate.

${renderPrices()}

## 1. A single join, already visible

${renderSingleJoin(single)}

A Lambda that waits inside the function is cheaper as long as nothing goes wrong and there is nothing to wait for.
Usher's price pays for the plan from fresh reads, the ledger, the record on the audit stream, and the verification 30 s later.

The same join next to many seats reads no more than next to ${count(few.members)}:

${renderNeighbours(few, sweeps)}

## 2. A wait of 24 hours

An operator starts Usher for a user whom SCIM creates ${duration(wait.waitedSeconds)} later.

${renderLongWait(wait)}

## 3. The first sweep

A tick runs every 5 minutes during the sweep; what it takes is counted.
The script calls AWS once per seat, one call after another.

![How the first sweep grows with the group](performance-growth.svg)

${renderSweeps(sweeps)}

*Plans*, *batches* and *audit* are the seconds in which these functions ran.
With slow answers, each answer of Identity Center takes ${count(SLOW_SECONDS, 1)} s.
Then the lists limit the sweep: the answer to a page says where the next one begins, so that the 500 pages of 50,000 members take ${count((500 * SLOW_SECONDS) / 60, 1)} minutes in each round.
A round begins with reads of all assignments, members and users.
Its changes are stored in the ledger and made in batches of about 3 minutes.
No batch begins more than 30 minutes after the reads of its round: what is left is read and decided again.
Calls per seat and history grow with the number of rounds.

### A join during the first sweep

In the middle of a sweep, users join at different moments of a batch.
After the present batch, Usher serves them first, and then continues the stored round.
The console's event names the user.
SCIM's PatchGroup names the group alone: Usher acts on it after 10 s and reads the members of the group.
The target of a named user is one batch: 180 s of writes, and 10 s for its audit events, one plan and the grant.
That of a hint is 10 s, one batch, and one reading of the group.

${renderMidRound(midRound)}

## 4. A burst

All users join within one minute, each with an event of its own.

${renderBursts(bursts, clean)}

## 5. The steady state

Nothing changes.
A tick runs every 5 minutes and a sweep every hour; one sweep per day reads UserStatus of every user.

${renderSteady(sweeps)}

## 6. Side by side

200 users have seats.
Within one hour, 200 users join and 100 of the others leave.
All contenders meet the same emulator, with the same answer times, quotas and faults: throttling, server errors with and without effect, conflicts.
The script runs once, at the end of the hour.
Script and Lambda have the SDK's three attempts, and the Lambda is invoked up to three times.
*Lost* are changes that ended without effect and were reported to no one.
The scores are taken 4 hours later.

![Users with the wrong access at the end](performance-wrong.svg)

${renderScores(console)}

The same changes, recorded as SCIM's PatchGroup, which names no user:

${renderScores(scim)}`;
}

/** Renders the part of the report that depends on the machine. */
export function renderMeasured({ heaps, startUps, commandStarts, consolePage, selfBenchmark }: Measured): string {
  return `## Heap

The handlers run in a process of their own, with V8 limited to the target, against the emulator in another process.
Garbage is counted.
A process that needs more ends without a result.

${renderHeaps(heaps)}

## 7. Start-up

Each measurement is a process of its own; they run in turn, and the fastest of each counts.
*Its SDK clients* are the whole packages of the clients that a function has, bundled with the same settings of esbuild and nothing replaced.
Usher's bundles omit what the SDK has for other environments than Lambda (\`build/bundle.ts\`).
The saved time compensates for Powertools, middy, zod and Usher itself.

${renderStartUps(startUps)}

## 8. The operator's command

CPU time of the whole process, user and system, as a multiple of that of \`node -e 0\` in the same run: medians of runs in turn, with a filled compile cache, against the emulator.

${renderCommandStarts(commandStarts)}

## 9. The page of the console

CPU time of the main thread in Chromium, next to that of a loop of 50 million steps in the same page: medians of ${CONSOLE_RUNS} runs, each with a page of its own.
The answer is canned: reading 50,000 seats is the command's time, not the page's.

${renderConsolePage(consolePage)}

## 10. Self-benchmark

${renderSelfBenchmark(selfBenchmark)}`;
}

/** Renders the whole report. */
export function renderReport(figures: string, measured: string): string {
  return `# What Usher costs

This page shows the calls, the time and the money that Usher takes, next to simpler solutions.
It is for readers who estimate the costs of Usher or change its code.

\`npm run bench\` writes this page; do not edit it by hand.
\`npm run bench -- --check\` measures again what is the same in every run, and ends with exit code 1 if this page differs.
All measurements run in the emulator: the real state machine, functions and SDK clients, in virtual time.

${BEGIN}

${figures}

${END}

${measured}
`;
}

/** Returns the part of a report that is the same in every run. */
export function figuresIn(report: string): string {
  const [, figures = ''] = report.split(BEGIN);
  return figures.split(END)[0]?.trim() ?? '';
}

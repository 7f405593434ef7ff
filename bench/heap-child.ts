/** A process that runs one execution's handlers, one after another, against the emulator in another process. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { recordOf } from '../emulator/aws/cloudtrail/cloudtrail.ts';
import { NAMES } from '../emulator/aws/control-plane/control-plane.ts';
import { GROUP, REGION, STORE_ID, user } from '../emulator/scenario/example-ids.ts';
import { handler as applyChanges } from '../functions/apply-changes.ts';
import type { Platform } from '../functions/handler.ts';
import { handler as normalizeRequest } from '../functions/normalize-request.ts';
import { handler as planChanges } from '../functions/plan-changes.ts';
import { handler as recordAudit } from '../functions/record-audit.ts';
import { PER_SECOND, settingsFor } from './heap.ts';
import { entitlementsOf } from './world.ts';

const [endpoint = ''] = process.argv.slice(2);
const EXECUTION = 'arn:aws:states:us-east-1:000000000000:execution:usher-bench-onboarding:heap';
const SAMPLE_MILLISECONDS = 2;
/** SCIM's event of a join, which names no user. */
const HINT = recordOf(
  { change: 'join', groupId: GROUP, userId: user(1) },
  { via: 'scim', at: new Date('2026-11-02T12:00:00Z'), sequence: 1, identityStoreId: STORE_ID, region: REGION },
);

/** Pacing does not affect memory: a call that would sleep only moves the clock. */
let skipped = 0;
const clock = {
  now: () => new Date(Date.parse('2026-11-02T12:00:00Z') + performance.now() + skipped),
  sleep: async (seconds: number) => {
    skipped += seconds * 1000;
  },
};

const platform = (): Platform => ({
  environment: {
    entitlements: entitlementsOf(PER_SECOND),
    clock,
    aws: settingsFor(endpoint),
    ledgerTable: NAMES.ledger,
    auditBus: NAMES.auditBus,
    stateMachine: NAMES.machine,
    version: 'bench',
  },
  logger: new Logger({ serviceName: 'usher' }),
  metrics: new Metrics({ namespace: 'Usher', serviceName: 'usher' }),
});
const context = { awsRequestId: 'bench', functionName: 'bench' };

const peaks: Record<string, number> = {};

/** Runs a handler and records the most that the heap held meanwhile, garbage included. */
async function measurePeak(
  name: string,
  handler: { on(platform: () => Platform): (event: unknown, context: Context) => Promise<unknown> },
  event: object,
) {
  globalThis.gc?.();
  let peak = 0;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage().heapUsed);
  };
  const timer = setInterval(sample, SAMPLE_MILLISECONDS);
  const input = JSON.parse(JSON.stringify(event));
  const output = await handler.on(platform)(input, Object.assign(Object.create(null), context));
  sample();
  clearInterval(timer);
  peaks[name] = Math.max(peaks[name] ?? 0, peak / 2 ** 20);
  return JSON.parse(JSON.stringify(output));
}

/** Starts an execution with this input, up to its first plan. */
async function begin(input: unknown, execution: string) {
  const started = await measurePeak('NormalizeRequest', normalizeRequest, {
    input,
    execution,
    startedAt: clock.now().toISOString(),
    machine: 1,
  });
  const { request, propagation, plan } = started;
  const next = (progress: unknown) =>
    measurePeak('PlanChanges', planChanges, { request, propagation, progress, execution });
  return { next, planned: await next(plan.progress) };
}

const sweep = await begin({ scope: 'tick' }, EXECUTION);
if (sweep.planned.outcome === 'apply') {
  const { round, batch, term, progress } = sweep.planned;
  const made = await measurePeak('ApplyChanges', applyChanges, { round, batch, term, execution: EXECUTION });
  if (!(made.granted > 0)) throw new Error(`the batch has granted no seat: ${JSON.stringify(made)}`);
  await measurePeak('RecordAudit', recordAudit, { round, batch, execution: EXECUTION });
  // Who has joined is found next to the round: its group, all seats and all stored batches are read.
  await begin(HINT, `${EXECUTION}-hint`);
  await sweep.next(progress);
}
process.send?.({ peaks }, () => process.disconnect());

/** A process that runs one execution's handlers, one after another, against the emulator in another process. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { NAMES } from '../emulator/aws/control-plane/control-plane.ts';
import { handler as applyChanges } from '../functions/apply-changes.ts';
import type { Platform } from '../functions/handler.ts';
import { handler as normalizeRequest } from '../functions/normalize-request.ts';
import { handler as planChanges } from '../functions/plan-changes.ts';
import { handler as recordAudit } from '../functions/record-audit.ts';
import { settingsFor } from './heap.ts';
import { entitlementsOf } from './world.ts';

const [endpoint = ''] = process.argv.slice(2);
const EXECUTION = 'arn:aws:states:us-east-1:000000000000:execution:usher-bench-onboarding:heap';
const SAMPLE_MILLISECONDS = 2;

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
    entitlements: entitlementsOf(10),
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

const started = await measurePeak('NormalizeRequest', normalizeRequest, {
  input: { scope: 'tick' },
  execution: EXECUTION,
  startedAt: clock.now().toISOString(),
  machine: 1,
});
const { request, propagation, plan } = started;
const planned = await measurePeak('PlanChanges', planChanges, {
  request,
  propagation,
  progress: plan.progress,
  execution: EXECUTION,
});
const { batches = [], term, plannedAt } = planned;
for (const batch of batches.slice(0, 3)) {
  await measurePeak('ApplyChanges', applyChanges, { batch, term, plannedAt, execution: EXECUTION });
}
if (batches.length > 0) await measurePeak('RecordAudit', recordAudit, { batches, execution: EXECUTION });
process.send?.({ peaks }, () => process.disconnect());

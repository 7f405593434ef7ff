import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../adapters/ledger.ts';
import { acquireLease, LEASE_SECONDS } from '../../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../../domain/queue/work-queue.ts';
import { LeaseLostError, TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { openLease, updateQueue } from '../../reconcile/lease.ts';
import { ME, OTHER, START } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

/** A work queue that another execution writes first, this many times; as far as these tests use a ledger. */
function aRacedLedger(races: number) {
  let left = races;
  const saved: WorkQueue[] = [];
  const ledger: Pick<Ledger, 'queue' | 'saveQueue'> = {
    queue: async () => ({ ...emptyQueue(), revision: races - left }),
    saveQueue: async (queue) => {
      saved.push(queue);
      if (left === 0) return { ...queue, revision: queue.revision + 1 };
      left -= 1;
      return undefined;
    },
  };
  return { ledger: ledger as Ledger, saved };
}

const nextTerm = (queue: WorkQueue) => ({ queue: { ...queue, term: queue.term + 1 } });

describe('updateQueue', () => {
  it('starts again from what another execution wrote', async () => {
    const { ledger, saved } = aRacedLedger(2);
    expect(await updateQueue(ledger, nextTerm)).toEqual({ queue: { ...emptyQueue(), term: 1, revision: 3 } });
    expect(saved.map(({ revision }) => revision)).toEqual([0, 1, 2]);
  });

  it('fails with a retryable error if other executions keep writing first', async () => {
    const { ledger, saved } = aRacedLedger(100);
    await expect(updateQueue(ledger, nextTerm)).rejects.toThrow(TransientAwsError);
    expect(saved).toHaveLength(10);
  });

  it('writes nothing if nothing changes', async () => {
    const { ledger, saved } = aRacedLedger(0);
    await updateQueue(ledger, (queue) => ({ queue }));
    expect(saved).toEqual([]);
  });

  it('keeps the changes of all concurrent executions', async () => {
    const { services } = await openWorld();
    await Promise.all(Array.from({ length: 5 }, () => updateQueue(services.ledger, nextTerm)));
    expect(await services.ledger.queue()).toMatchObject({ term: 5, revision: 5 });
  });
});

describe('openLease', () => {
  async function held(holder = ME) {
    const { services, calls, clock } = await openWorld();
    const queue = acquireLease(emptyQueue(), holder, clock.now());
    if (!queue) throw new Error('the lease of an empty work queue is free');
    await services.ledger.saveQueue(queue);
    return { ledger: services.ledger, clock, calls };
  }

  const mine = { execution: ME, term: 1 };

  it('renews the lease at once, so that it outlasts the function', async () => {
    const { ledger, clock } = await held();
    clock.advance(10);
    await openLease(ledger, clock, mine);
    expect((await ledger.queue()).lease?.until).toBe(plusSeconds(START, 10 + LEASE_SECONDS));
  });

  it('renews the lease again after a minute, and not before', async () => {
    const { ledger, clock, calls } = await held();
    const { renewLease } = await openLease(ledger, clock, mine);
    const before = calls('DynamoDB.PutItem');
    clock.advance(59);
    await renewLease();
    expect(calls('DynamoDB.PutItem')).toBe(before);
    clock.advance(1);
    await renewLease();
    expect((await ledger.queue()).lease?.until).toBe(plusSeconds(START, 60 + LEASE_SECONDS));
  });

  it.each([
    ['the lease has expired', ME, 1, LEASE_SECONDS],
    ['another execution holds it', OTHER, 1, 0],
    ['it is of another term', ME, 2, 0],
  ])('is refused if %s, and writes nothing', async (_fact, holder, term, later) => {
    const { ledger, clock } = await held(holder);
    const before = await ledger.queue();
    clock.advance(later);
    await expect(openLease(ledger, clock, { execution: ME, term })).rejects.toThrow(LeaseLostError);
    expect(await ledger.queue()).toEqual(before);
  });

  it('continues from its last write, and reads again only after a foreign write', async () => {
    const { ledger, clock, calls } = await held();
    const lease = await openLease(ledger, clock, mine);
    const reads = calls('DynamoDB.GetItem');
    const noted = (lastSweepAt: string) => (queue: WorkQueue) => ({ queue: { ...queue, lastSweepAt } });
    await lease.change(noted('2026-01-01T00:00:00Z'));
    await lease.change(noted('2026-01-02T00:00:00Z'));
    expect(calls('DynamoDB.GetItem')).toBe(reads);
    await updateQueue(ledger, (queue) => ({ queue: { ...queue, userPages: 3 } }));
    await lease.change(noted('2026-01-03T00:00:00Z'));
    expect(await ledger.queue()).toMatchObject({ lastSweepAt: '2026-01-03T00:00:00Z', userPages: 3 });
    expect(lease.queue).toEqual(await ledger.queue());
  });

  it('is refused later if another execution has taken over', async () => {
    const { ledger, clock } = await held();
    const { renewLease } = await openLease(ledger, clock, mine);
    clock.advance(LEASE_SECONDS);
    const taken = acquireLease(await ledger.queue(), OTHER, clock.now());
    if (taken) await ledger.saveQueue(taken);
    await expect(renewLease()).rejects.toThrow(LeaseLostError);
    expect((await ledger.queue()).lease?.holder).toBe(OTHER);
  });
});

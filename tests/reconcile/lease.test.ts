import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../adapters/ledger.ts';
import { acquireLease, LEASE_SECONDS } from '../../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { LeaseLostError, TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { openLease, updateQueue, writersUnder } from '../../reconcile/lease.ts';
import { aSeat } from '../support/builders.ts';
import { APPLICATION, ME, OTHER, people, START } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

type TestClock = Clock & { advance(seconds: number): void };

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
    const noted = (time: string) => (queue: WorkQueue) => ({ queue: { ...queue, sweptAt: { [APPLICATION]: time } } });
    await lease.change(noted('2026-01-01T00:00:00Z'));
    await lease.change(noted('2026-01-02T00:00:00Z'));
    expect(calls('DynamoDB.GetItem')).toBe(reads);
    await updateQueue(ledger, (queue) => ({ queue: { ...queue, userPages: 3 } }));
    await lease.change(noted('2026-01-03T00:00:00Z'));
    expect(await ledger.queue()).toMatchObject({ sweptAt: { [APPLICATION]: '2026-01-03T00:00:00Z' }, userPages: 3 });
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

  it('is lost if the lease expired while the renewal was written', async () => {
    const { ledger, clock } = await held();
    const slow: Ledger = {
      ...ledger,
      saveQueue: async (queue) => {
        const saved = await ledger.saveQueue(queue);
        clock.advance(LEASE_SECONDS);
        return saved;
      },
    };
    await expect(openLease(slow, clock, mine)).rejects.toThrow(LeaseLostError);
  });

  it('is lost if the lease expires while a renewal is tried again and again', async () => {
    const { ledger, clock } = await held();
    const { ledger: raced, begin } = aSlowLedger(ledger);
    const lease = await openLease(raced, clock, mine);
    clock.advance(60);
    begin(async () => {
      // Another execution enqueues something each time.
      await updateQueue(ledger, (queue) => ({ queue: { ...queue, userPages: (queue.userPages ?? 0) + 1 } }));
      clock.advance(100);
    });
    await expect(lease.renewLease()).rejects.toThrow(LeaseLostError);
    expect((await ledger.queue()).userPages).toBe(3);
  });
});

/** A ledger in which something may happen before each write of the queue. */
function aSlowLedger(ledger: Ledger) {
  let before: (() => Promise<void>) | undefined;
  const slow: Ledger = {
    ...ledger,
    saveQueue: async (queue) => {
      await before?.();
      return ledger.saveQueue(queue);
    },
  };
  return {
    ledger: slow,
    begin: (happens: () => Promise<void>) => {
      before = happens;
    },
  };
}

describe('writers that share a lease', () => {
  /** A session of ME a minute after it was opened, whose renewal does what a test says before it is written. */
  async function sharing(renewal: (world: { ledger: Ledger; clock: TestClock }) => Promise<void>) {
    const { services, clock } = await openWorld();
    const queue = acquireLease(emptyQueue(), ME, clock.now());
    if (queue) await services.ledger.saveQueue(queue);
    const { ledger, begin } = aSlowLedger(services.ledger);
    const lease = await openLease(ledger, clock, { execution: ME, term: 1 });
    clock.advance(60);
    let renewed = 0;
    begin(async () => {
      renewed += 1;
      await renewal({ ledger: services.ledger, clock });
    });
    const written: number[] = [];
    const writers = writersUnder(lease, {
      ledger: {
        ...ledger,
        saveSeat: async ({ changeSeq }) => {
          written.push(changeSeq);
        },
      },
      applications: services.applications,
    });
    const write = (number: number) => writers.ledger.saveSeat(aSeat(number, { changeSeq: number }));
    return { lease, write, written, renewals: () => renewed };
  }

  const someoneElse = async ({ ledger, clock }: { ledger: Ledger; clock: TestClock }) => {
    const queue = await ledger.queue();
    await ledger.saveQueue({
      ...queue,
      term: 2,
      lease: { holder: OTHER, term: 2, until: plusSeconds(clock.now(), 300) },
    });
  };

  it('wait for the renewal that one of them began, and then write', async () => {
    const { write, written, renewals } = await sharing(async () => expect(written).toEqual([]));
    await Promise.all(people(1, 60).map(write));
    expect([written, renewals()]).toEqual([people(1, 60), 1]);
  });

  it('write nothing once the renewal has failed, now and later', async () => {
    const { lease, write, written, renewals } = await sharing(someoneElse);
    const tried = await Promise.allSettled(people(1, 60).map(write));
    for (const one of tried) expect(one).toMatchObject({ reason: { name: 'LeaseLostError' } });
    await expect(write(61)).rejects.toThrow(LeaseLostError);
    await expect(lease.change(nextTerm)).rejects.toThrow(LeaseLostError);
    expect([written, renewals()]).toEqual([[], 1]);
  });

  it('write nothing once AWS has failed the renewal: whether it was made is not known', async () => {
    const { write, written, renewals } = await sharing(async () => {
      throw new TransientAwsError('PutItem: no answer');
    });
    const tried = await Promise.allSettled(people(1, 5).map(write));
    for (const one of tried) expect(one).toMatchObject({ reason: { name: 'TransientAwsError' } });
    await expect(write(6)).rejects.toThrow(TransientAwsError);
    expect([written, renewals()]).toEqual([[], 1]);
  });
});

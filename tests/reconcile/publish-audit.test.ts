import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Changes } from '../../domain/decision/batches.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import { markPlanned } from '../../domain/queue/claim.ts';
import { enqueue } from '../../domain/queue/enqueue.ts';
import { acquireLease } from '../../domain/queue/lease.ts';
import { addRound } from '../../domain/queue/rounds.ts';
import { emptyQueue, type WorkQueue } from '../../domain/queue/work-queue.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { handler } from '../../functions/record-audit.ts';
import { publishAudit } from '../../reconcile/publish-audit.ts';
import {
  aBatch,
  aDigest,
  aFindingRecord,
  aHeldRecord,
  aHold,
  aMembershipRequest,
  anAuditRecord,
  anObservation,
  aSeat,
  aUserFindings,
} from '../support/builders.ts';
import { APPLICATION, BUS, ME, numberOf, OTHER, people, START, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { aPlatform } from '../support/platform.ts';
import { aRound } from '../support/rounds.ts';
import { openWorld } from '../support/world.ts';

/** The first batch of the first round. */
const BATCH = { round: 1, batch: 0 };

const pending = (number: number, ...audit: AuditRecord[]) => aSeat(number, { status: 'assigned', audit });

async function recording(seats: readonly Seat[] = [], queue: WorkQueue = emptyQueue()) {
  const world = await openWorld({ people: 1 });
  const { services, audit } = world;
  await services.ledger.saveQueue(queue);
  for (const seat of seats) await services.ledger.saveSeat(seat);
  const store = (changes: Changes[]) =>
    services.ledger.saveBatch(BATCH, { schemaVersion: 1, readAt: START.toISOString(), changes });
  const publish = () => publishAudit({ ...BATCH, execution: ME }, services);
  return {
    ...world,
    /** Records a batch with these changes; without any, the one that a round of the queue names. */
    record: async (
      changes = [
        aBatch(
          'grant',
          seats.map(({ userId }) => numberOf(userId)),
        ),
      ],
    ) => {
      await store(changes);
      return publish();
    },
    store,
    publish,
    sent: () => audit.map((entry) => `${entry.DetailType} ${detailOf(entry).user.uid?.slice(-1)}`),
    uids: () => audit.map((entry) => detailOf(entry).metadata.uid),
  };
}

describe('publishAudit', () => {
  it('sends pending events, those of a seat in order, and clears them', async () => {
    const revocation = anAuditRecord({ kind: 'revoked', changeSeq: 2, reason: 'group-leave' });
    const { record, sent, seat, audit } = await recording([
      pending(1, anAuditRecord(), revocation),
      pending(2, anAuditRecord()),
    ]);
    await record();
    expect(sent().filter((event) => event.endsWith('1'))).toEqual(['Seat Assigned 1', 'Seat Revoked 1']);
    expect(sent()).toHaveLength(3);
    expect(audit[0]).toMatchObject({ EventBusName: BUS, Source: 'usher', Time: START.toISOString() });
    expect(audit[0]?.Detail).toMatchObject({
      cloud: { region: 'us-east-1', account: { uid: '111122223333' } },
      metadata: { product: { version: '1.2.3' }, correlation_uid: ME },
    });
    expect([await seat(1), await seat(2)]).toMatchObject([
      { status: 'assigned', audit: [], revision: 2 },
      { audit: [], revision: 2 },
    ]);
  });

  it.each(['refuse', 'internal', 'partial'] as const)(
    'gives the lease back when the bus fails (%s), even if something else is due',
    async (kind) => {
      const { entitlements } = exampleEntitlements();
      const request = aMembershipRequest('member', 1);
      const due = enqueue(emptyQueue(), request, { me: ME, entitlements, now: START });
      const held = { ...(acquireLease(due, ME, START) ?? due), revision: 0 };
      const { record, faults, services } = await recording([pending(1, anAuditRecord())], held);
      faults.add({ operation: 'EventBridge.PutEvents', kind });
      await expect(record()).rejects.toThrow('PutEvents');
      const queue = await services.ledger.queue();
      expect(queue.lease).toBeUndefined();
      expect(Object.keys(queue.users)).toEqual([user(1)]);
    },
  );

  it('sends nothing a second time', async () => {
    const { record, sent } = await recording([pending(1, anAuditRecord())]);
    await record();
    await record();
    expect(sent()).toEqual(['Seat Assigned 1']);
  });

  it('sends the events of a seat once if two batches name it', async () => {
    const { record, sent } = await recording([pending(1, anAuditRecord())]);
    await record([aBatch('grant', [1]), aBatch('record', [1], { reason: 'reconciled' })]);
    expect(sent()).toEqual(['Seat Assigned 1']);
  });

  it('writes and sends nothing if nothing is pending', async () => {
    const { record, calls, seat } = await recording([aSeat(1)]);
    await record();
    expect(calls('EventBridge.PutEvents')).toBe(0);
    expect(await seat(1)).toEqual(aSeat(1));
  });

  it('sends ten events per call', async () => {
    const { record, calls, audit } = await recording(people(1, 21).map((number) => pending(number, anAuditRecord())));
    await record();
    expect(audit).toHaveLength(21);
    expect(calls('EventBridge.PutEvents')).toBe(3);
  });

  it('keeps the events that the bus did not accept, for a retry', async () => {
    const { record, sent, seat, faults } = await recording([pending(1, anAuditRecord()), pending(2, anAuditRecord())]);
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    await expect(record()).rejects.toMatchObject({
      name: 'TransientAwsError',
      message: 'PutEvents: the bus did not accept 1 audit events',
    });
    const left = [await seat(1), await seat(2)].map((one) => one?.audit.length);
    expect(left.sort()).toEqual([0, 1]);
    await record();
    expect(sent().sort()).toEqual(['Seat Assigned 1', 'Seat Assigned 2']);
    expect([await seat(1), await seat(2)]).toMatchObject([{ audit: [] }, { audit: [] }]);
  });

  it('keeps one of two events of a seat if only the other was accepted', async () => {
    const revocation = anAuditRecord({ kind: 'revoked', changeSeq: 2 });
    const { record, seat, faults } = await recording([pending(1, anAuditRecord(), revocation)]);
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    await expect(record()).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(await seat(1)).toMatchObject({ audit: [anAuditRecord()] });
  });

  it.each([
    ['the answer of the bus was lost', 'EventBridge.PutEvents'],
    ['clearing failed', 'DynamoDB.PutItem'],
  ])('sends the same id again if %s', async (_fact, operation) => {
    const { record, store, publish, uids, seat, faults } = await recording([pending(1, anAuditRecord())]);
    const kind = operation.startsWith('Event') ? 'internal-after' : 'internal';
    await store([aBatch('grant', [1])]);
    faults.add({ operation, kind });
    await expect(publish()).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(await seat(1)).toMatchObject({ audit: [anAuditRecord()] });
    await record();
    expect(uids()).toHaveLength(2);
    expect(new Set(uids()).size).toBe(1);
    expect(await seat(1)).toMatchObject({ audit: [] });
  });

  it('does not clear events that were written meanwhile', async () => {
    const { record, services, faults, seat, clock } = await recording([pending(1, anAuditRecord())]);
    // Somebody else writes the seat while the events are on their way.
    const bus = {
      publish: async (events: Parameters<typeof services.bus.publish>[0]) => {
        const [now] = await services.ledger.seats([{ applicationArn: APPLICATION, userId: user(1) }]);
        if (now) await services.ledger.saveSeat({ ...now, status: 'revoking', revision: now.revision + 1 });
        return services.bus.publish(events);
      },
    };
    faults.clear();
    clock.advance(1);
    const changes = [aBatch('grant', [1])];
    await services.ledger.saveBatch(BATCH, { schemaVersion: 1, readAt: START.toISOString(), changes });
    const racing = publishAudit({ ...BATCH, execution: ME }, { ...services, bus });
    await expect(racing).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(await seat(1)).toMatchObject({ status: 'revoking', audit: [anAuditRecord()] });
    await record();
    expect(await seat(1)).toMatchObject({ status: 'revoking', audit: [] });
  });
});

describe('the event of a hold', () => {
  const record = aHeldRecord({ at: START.toISOString(), execution: ME, count: 7 });
  const hold = aHold({ applicationArn: APPLICATION, entitlement: 'amazon-q-developer', audit: [record] });
  const batch = aBatch('hold', []);

  async function holding(parts: Partial<Hold> = {}) {
    const world = await recording();
    await world.services.ledger.saveHold({ ...hold, ...parts });
    return { ...world, hold: () => world.services.ledger.hold(APPLICATION) };
  }

  it('is sent once and cleared; the hold stays in force', async () => {
    const { record: send, audit, hold: found } = await holding();
    await send([batch]);
    await send([batch]);
    expect(audit.map(({ DetailType }) => DetailType)).toEqual(['Revocations Held']);
    expect(audit[0]?.Detail).toMatchObject({
      status_detail: 'brake',
      user: { account: { uid: '111122223333' } },
      unmapped: { held_revocations: 7, hold_digest: aDigest() },
    });
    expect(await found()).toEqual({ ...hold, revision: 2, audit: [] });
  });

  it('is sent in the same call as the events of seats', async () => {
    const { record: send, calls, services, audit } = await holding();
    await services.ledger.saveSeat(pending(1, anAuditRecord()));
    await send([aBatch('grant', [1]), batch]);
    expect(audit.map(({ DetailType }) => DetailType)).toEqual(['Seat Assigned', 'Revocations Held']);
    expect(calls('EventBridge.PutEvents')).toBe(1);
  });

  it('is kept if the bus did not accept it, and has the same id again', async () => {
    const { record: send, faults, uids, hold: found } = await holding();
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal-after' });
    await expect(send([batch])).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(await found()).toEqual(hold);
    await send([batch]);
    expect(new Set(uids()).size).toBe(1);
    expect(uids()).toHaveLength(2);
  });

  it.each([
    ['no hold', undefined],
    ['a hold whose event was sent', { audit: [] }],
  ])('does not exist for an application that has %s', async (_fact, parts) => {
    const { record: send, calls } = parts ? await holding(parts) : await recording();
    await send([batch]);
    expect(calls('EventBridge.PutEvents')).toBe(0);
  });
});

describe('an answer of an observing entitlement', () => {
  const told = anAuditRecord({ kind: 'observed', reason: 'would-assign' });

  it('is sent and cleared, also for a user who has a seat', async () => {
    const { record, services, audit } = await recording([aSeat(1)]);
    await services.ledger.saveObservation(anObservation({ userId: user(1), audit: [told] }));
    await record([aBatch('record', [1, 2])]);
    await record([aBatch('record', [1, 2])]);
    expect(audit.map(({ DetailType }) => DetailType)).toEqual(['Seat Observed']);
    expect(audit[0]?.Detail).toMatchObject({
      status_detail: 'would-assign',
      user: { uid: user(1) },
    });
    expect((await services.ledger.itemsOf(APPLICATION)).observations).toEqual([
      anObservation({ userId: user(1), revision: 2 }),
    ]);
  });

  it('has another id than a change of the seat of the same user', async () => {
    const { record, services, uids, sent } = await recording([aSeat(1, { audit: [anAuditRecord()] })]);
    await services.ledger.saveObservation(anObservation({ userId: user(1), audit: [told] }));
    await record([aBatch('record', [1])]);
    expect(sent()).toEqual(['Seat Assigned 1', 'Seat Observed 1']);
    expect(new Set(uids()).size).toBe(2);
  });

  it('is not read with changes, which belong to enforcing entitlements', async () => {
    const { record, calls } = await recording([aSeat(1)]);
    const before = calls('DynamoDB.BatchGetItem');
    await record([aBatch('grant', [1])]);
    expect(calls('DynamoDB.BatchGetItem') - before).toBe(1);
  });

  it('is kept if the bus did not accept it', async () => {
    const { record, services, faults } = await recording();
    await services.ledger.saveObservation(anObservation({ userId: user(1), audit: [told] }));
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    await expect(record([aBatch('record', [1])])).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect((await services.ledger.itemsOf(APPLICATION)).observations).toEqual([
      anObservation({ userId: user(1), audit: [told] }),
    ]);
  });
});

describe('what was found about a subscription', () => {
  const findings = aUserFindings({ audit: [aFindingRecord(), aFindingRecord({ state: 'ended', changeSeq: 2 })] });

  it('is sent in order and cleared, also for a user who has a seat', async () => {
    const { record, services, audit, uids } = await recording([aSeat(1)]);
    await services.ledger.saveFindings(findings);
    await record([aBatch('record', [1, 2])]);
    await record([aBatch('record', [1, 2])]);
    expect(audit.map(({ DetailType }) => DetailType)).toEqual(['Subscription Finding', 'Subscription Finding']);
    const states = audit.map(({ Detail }) => (Detail as { unmapped: { state: string } }).unmapped.state);
    expect(states).toEqual(['found', 'ended']);
    expect(audit[0]?.Detail).toMatchObject({ status_detail: 'missing', user: { uid: user(1) } });
    expect(new Set(uids()).size).toBe(2);
    expect(await services.ledger.findings([findings])).toEqual([aUserFindings({ revision: 2 })]);
  });

  it('is kept if the bus did not accept it', async () => {
    const { record, services, faults } = await recording();
    await services.ledger.saveFindings(findings);
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    await expect(record([aBatch('record', [1])])).rejects.toMatchObject({ name: 'TransientAwsError' });
    const [left] = await services.ledger.findings([findings]);
    expect(left?.audit.map(({ state }) => state)).toEqual(['found']);
  });
});

describe('the settle wait', () => {
  const { entitlements } = exampleEntitlements();
  const posted = (number: number, queue = emptyQueue()) =>
    enqueue(queue, aMembershipRequest('member', number), { me: ME, entitlements, now: START });

  /** ME holds the lease and has planned for the first user. */
  function planned(): WorkQueue {
    const held = acquireLease(posted(1), ME, START);
    if (!held) throw new Error('the lease of an empty work queue is free');
    const marked = markPlanned(held, { users: held.users, sweeps: {} }, { round: 1, me: ME, startedAt: START });
    return addRound(marked, aRound());
  }

  it('takes half a minute; the lease is free meanwhile', async () => {
    const { record, services, clock } = await recording([], planned());
    clock.advance(7);
    expect(await record([])).toEqual({ waitSeconds: 30 });
    const queue = await services.ledger.queue();
    expect(queue.lease).toBeUndefined();
    expect(queue.users[user(1)]).toMatchObject({ by: ME, dueAt: plusSeconds(START, 37) });
  });

  it('is skipped while something else is due, and the lease is kept', async () => {
    const { record, services } = await recording([], posted(2, planned()));
    expect(await record([])).toEqual({ waitSeconds: 0 });
    expect((await services.ledger.queue()).lease?.holder).toBe(ME);
  });

  it('may begin twice', async () => {
    const { record } = await recording([], planned());
    await record([]);
    expect(await record([])).toEqual({ waitSeconds: 30 });
  });

  it('does not touch the lease of another execution', async () => {
    const theirs = acquireLease(emptyQueue(), OTHER, START) ?? emptyQueue();
    const { record, services } = await recording([], theirs);
    expect(await record([])).toEqual({ waitSeconds: 0 });
    expect((await services.ledger.queue()).lease).toEqual(theirs.lease);
  });
});

describe('RecordAudit', () => {
  async function onPlatform() {
    const world = await recording([pending(1, anAuditRecord())]);
    const { platform, logged } = aPlatform(world);
    const on = handler.on(() => platform);
    return { ...world, logged, call: (event: unknown) => on(event, {} as Context) };
  }

  it('records a stored batch', async () => {
    const { call, sent, services } = await onPlatform();
    const changes = [aBatch('grant', [1])];
    await services.ledger.saveBatch(BATCH, { schemaVersion: 1, readAt: START.toISOString(), changes });
    expect(await call({ ...BATCH, execution: ME })).toEqual({ waitSeconds: 0 });
    expect(sent()).toEqual(['Seat Assigned 1']);
  });

  it.each([
    ['a failure that names no execution', { detail: { stopDate: START.getTime() } }],
    ['a batch that it is not to look up', { round: 1, batch: [aBatch('grant', [1])], execution: ME }],
    ['anything else', { hello: 'someone@example.com' }],
  ])('fails on %s', async (_fact, event) => {
    const { call, audit } = await onPlatform();
    await expect(call(event)).rejects.toMatchObject({ name: 'InvalidRequestError' });
    expect(audit).toEqual([]);
  });
});

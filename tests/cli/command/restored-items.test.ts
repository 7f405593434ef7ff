import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { type Item, seatIn, storedSeat } from '../../../adapters/ledger-items.ts';
import { auditedIn, restorationOf, restoredItems } from '../../../cli/command/restored-items.ts';
import { gapProblem, sourceProblem } from '../../../cli/commands/restore.ts';
import { auditEvent } from '../../../domain/audit/event.ts';
import type { AuditedChange } from '../../../domain/seat/audited-changes.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { aHold, anAuditRecord, anObservation, aSeat, at, aUserFindings } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, START, user } from '../../support/ids.ts';

const stored = (sk: string, content: object): Item =>
  marshall({ ...content, pk: APPLICATION, sk }, { removeUndefinedValues: true });
const SEAT = storedSeat(aSeat(1));
const OBSERVATION = stored(`~observed#${user(1)}`, anObservation());
const FINDING = stored(`~finding#${user(1)}`, aUserFindings());
const HOLD = stored('#hold', aHold());
const SLOTS = stored('#slots', { taken: 1 });
const QUEUE = marshall({ pk: '#work', sk: '#work', term: 7 });
const BATCH = marshall({ pk: '#batches', sk: '1#0' });

function audited(parts: Partial<AuditedChange>): AuditedChange {
  return {
    type: 'Seat Revoked',
    applicationArn: APPLICATION,
    userId: user(1),
    entitlement: ENTITLEMENT,
    changeSeq: 99,
    at: START,
    reason: 'group-leave',
    execution: ME,
    cause: ME,
    revokeAt: undefined,
    requestedAt: undefined,
    refused: undefined,
    plan: undefined,
    ...parts,
  };
}

async function* listed(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

describe('the items of a restored ledger', () => {
  it('are those of the applications, without bounds of slots, work queue and batches', async () => {
    const items = await restoredItems(listed([SEAT, OBSERVATION, FINDING, HOLD, SLOTS, QUEUE, BATCH]), []);
    expect([...items.values()]).toEqual([SEAT, OBSERVATION, FINDING, HOLD]);
  });

  it('have what was audited since: seats their state, others their number', async () => {
    const events = [
      audited({}),
      audited({ type: 'Seat Observed', changeSeq: 97 }),
      audited({ type: 'Subscription Finding', changeSeq: 98 }),
    ];
    const items = await restoredItems(listed([SEAT, OBSERVATION, FINDING]), events);
    const fields = [...items.values()].map(({ status, answer, changeSeq }) => [(status ?? answer)?.S, changeSeq?.N]);
    expect(fields[0]).toEqual(['revoked', '99']);
    expect(fields.slice(1).map(([, number]) => number)).toEqual(['97', '98']);
    expect(items.size).toBe(3);
  });

  it('do not begin with an observation or a finding', async () => {
    const events = [audited({ type: 'Seat Observed' }), audited({ type: 'Subscription Finding' })];
    expect((await restoredItems(listed([]), events)).size).toBe(0);
  });

  it('keep a number that is higher than those that were audited', async () => {
    const items = await restoredItems(listed([OBSERVATION]), [audited({ type: 'Seat Observed', changeSeq: 1 })]);
    expect([...items.values()]).toEqual([OBSERVATION]);
  });

  it('that this version cannot read, and about which an event speaks, are a refusal', async () => {
    const items = listed([{ ...SEAT, schemaVersion: { N: '2' } }]);
    await expect(restoredItems(items, [audited({})])).rejects.toThrow(
      /cannot read an item of the ledger: schemaVersion/,
    );
  });
});

describe('what a restore changes', () => {
  it('is what differs, by kind; the work queue and batches stay', async () => {
    const wanted = await restoredItems(listed([SEAT, storedSeat(aSeat(2)), HOLD]), []);
    const live = [storedSeat(aSeat(1, { status: 'held' })), storedSeat(aSeat(3)), HOLD, SLOTS, QUEUE, BATCH];
    const { puts, deletions, kinds } = await restorationOf(wanted, listed(live));
    expect(puts).toEqual([SEAT, storedSeat(aSeat(2))]);
    expect(deletions).toEqual([
      { pk: APPLICATION, sk: user(3) },
      { pk: APPLICATION, sk: '#slots' },
    ]);
    expect(Object.fromEntries(kinds)).toEqual({
      seats: { added: 1, changed: 1, removed: 1 },
      'bounds of slots': { added: 0, changed: 0, removed: 1 },
    });
  });

  it('is nothing after it was written', async () => {
    const wanted = await restoredItems(listed([SEAT, HOLD]), [audited({})]);
    expect(await restorationOf(wanted, listed(wanted.values()))).toMatchObject({ puts: [], deletions: [] });
  });
});

describe('what the ledger holds', () => {
  const live = aSeat(1, { status: 'held', hold: 2, changeSeq: 9, revision: 7, grantedAt: START.toISOString() });
  const compared = async (source: Item[], ledger: Item[], events: AuditedChange[] = []) =>
    restorationOf(await restoredItems(listed(source), events), listed(ledger));

  it.each<[string, Partial<Seat>]>([
    ['confirmed', { status: 'confirmed' }],
    ['leaving', { status: 'leaving', dueAt: START.toISOString() }],
    ['held before', { status: 'held', hold: 1 }],
  ])('stays held if its seat is %s in the restored table, and else is what it was', async (_status, parts) => {
    const source = [storedSeat(aSeat(1, { changeSeq: 9, revision: 4, access: 'foreign', ...parts }))];
    const { puts, deletions } = await compared(source, [storedSeat(live), HOLD]);
    expect(puts.map(seatIn)).toMatchObject([{ status: 'held', hold: 2, access: 'foreign' }]);
    expect([puts[0]?.['dueAt'], deletions]).toEqual([undefined, []]);
    expect(await compared(source, [...puts, HOLD])).toMatchObject({ puts: [], deletions: [] });
  });

  it.each<[string, Partial<Seat>, AuditedChange[]]>([
    ['has changed since', { changeSeq: 9 }, [audited({ changeSeq: 10 })]],
    ['has not changed so far', { changeSeq: 8 }, []],
    ['is being revoked', { changeSeq: 9, status: 'revoking' }, []],
  ])('is no longer held if its seat %s, as the events say', async (_fact, parts, events) => {
    const source = [storedSeat(aSeat(1, parts))];
    const { puts } = await compared(source, [storedSeat(live)], events);
    expect(puts).toEqual([...(await restoredItems(listed(source), events)).values()]);
  });

  it.each<[string, Item, number]>([
    ['is in force', HOLD, 0],
    ['is lifted', stored('#hold', aHold({ status: 'lifted' })), 1],
    ['cannot be read', stored('#hold', { status: 'held' }), 1],
  ])('is lost only with its hold: one that %s', async (_fact, hold, removed) => {
    expect((await compared([], [hold])).deletions).toHaveLength(removed);
  });
});

describe('what a ledger has and no event says', () => {
  const pending = (changeSeq: number) => storedSeat(aSeat(1, { changeSeq, audit: [anAuditRecord({ changeSeq })] }));

  it.each<[string, Item[], AuditedChange[], number]>([
    ['is counted: it is lost', [], [], 1],
    ['is counted if the restored table has an earlier change', [storedSeat(aSeat(1, { changeSeq: 98 }))], [], 1],
    ['is not lost if the restored table has it, too', [pending(99)], [], 0],
    ['is not lost if it was audited meanwhile', [], [audited({ type: 'Seat Assigned' })], 0],
  ])('%s', async (_fact, source, events, expected) => {
    const wanted = await restoredItems(listed(source), events);
    expect((await restorationOf(wanted, listed([pending(99), HOLD, QUEUE]))).unaudited).toBe(expected);
  });
});

describe('an entry of the log', () => {
  const { detailType, detail } = auditEvent(
    anAuditRecord({ at: START.toISOString() }),
    { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT },
    { productVersion: '1.2.3', region: 'us-east-1' },
  );
  const text = JSON.stringify({ source: 'usher', 'detail-type': detailType, detail });

  it('counts from the time of its change, however late it is in the log', () => {
    expect(auditedIn(text, START)).toMatchObject({ userId: user(1), at: START });
    expect(auditedIn(text, at(1))).toBeUndefined();
  });

  it('that is no JSON is no event', () => {
    expect(auditedIn('{', START)).toBeUndefined();
  });
});

describe('a restore point', () => {
  it.each([
    ['is right while the audit stream reaches it', 30, 29, undefined],
    ['is right if the audit stream is kept for ever', 0, 3000, undefined],
    ['is too old if events since it are gone', 30, 30, /kept for 30 days: what was audited right after .* is lost/],
  ])('%s', (_fact, days, age, expected) => {
    const problem = gapProblem(START, days, at(age * 24 * 3600));
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem?.message).toMatch(expected);
  });
});

describe('a table to restore from', () => {
  const RESTORED = { from: 'usher-prod-ledger', to: START, inProgress: false };

  it.each<[string, Parameters<typeof sourceProblem>[2], string | undefined]>([
    ['is taken', { status: 'ACTIVE', restored: RESTORED }, undefined],
    ['that does not exist is wrong use', undefined, 'UsageError: There is no table t'],
    ['that was not restored is wrong use', { status: 'ACTIVE', restored: undefined }, 'UsageError: t was not restored'],
    [
      'of another stage is wrong use',
      { status: 'ACTIVE', restored: { ...RESTORED, from: 'usher-try-ledger' } },
      'UsageError: t was restored from usher-try-ledger, not from usher-prod-ledger',
    ],
    [
      'of an unknown source is wrong use',
      { status: 'ACTIVE', restored: { ...RESTORED, from: undefined } },
      'UsageError: t was restored from a table of another account or Region',
    ],
    [
      'that is being created is not ready',
      { status: 'CREATING', restored: undefined },
      'MissingPrecondition: t is still',
    ],
    [
      'that is half restored is not ready',
      { status: 'ACTIVE', restored: { ...RESTORED, inProgress: true } },
      'MissingPrecondition: t is still being restored',
    ],
    [
      'that is being deleted is not ready',
      { status: 'DELETING', restored: RESTORED },
      'MissingPrecondition: t is DELETING',
    ],
  ])('%s', (_fact, state, expected) => {
    const problem = sourceProblem('t', 'usher-prod-ledger', state);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(String(problem)).toContain(expected);
  });
});

import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  DynamoDBClient,
  DynamoDBServiceException,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { DYNAMODB_ERRORS } from '../../adapters/dynamodb-errors.ts';
import { dynamoDbLedger } from '../../adapters/ledger.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import { emptyQueue } from '../../domain/queue/work-queue.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import {
  aBatch,
  aDigest,
  aFindingRecord,
  aHeldRecord,
  aHold,
  anAuditRecord,
  anObservation,
  aSeat,
  aUserFindings,
  iso,
} from '../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER_APPLICATION, people, START, TABLE, user } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

async function aLedger() {
  const { services, put, item, faults, calls } = await openWorld();
  return { ledger: services.ledger, put, item, faults, calls };
}

function aMockedLedger() {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  return { dynamoDb: mockClient(client), ledger: dynamoDbLedger(client, TABLE) };
}

const keyOf = (number: number) => ({ applicationArn: APPLICATION, userId: user(number) });
const itemOf = (number: number) => marshall({ ...aSeat(number), pk: APPLICATION, sk: user(number) });
const anyApplication = () => true;
const anAudit = anAuditRecord({ at: START.toISOString() });

const hold = (parts: Partial<Hold> = {}) => aHold({ applicationArn: APPLICATION, ...parts });
const observation = (number: number, parts: Partial<Observation> = {}) => anObservation({ ...keyOf(number), ...parts });

describe('the work queue in the ledger', () => {
  it('is empty before the first write', async () => {
    const { ledger } = await aLedger();
    expect(await ledger.queue()).toEqual(emptyQueue());
  });

  it('comes back as it was written, one revision later', async () => {
    const { ledger } = await aLedger();
    const lease = { holder: ME, term: 1, until: START.toISOString() };
    const saved = await ledger.saveQueue({ ...emptyQueue(), term: 1, lease });
    expect(saved).toEqual({ ...emptyQueue(), term: 1, lease, revision: 1 });
    expect(await ledger.queue()).toEqual(saved);
  });

  it.each([
    ['the first', 0],
    ['a later', 1],
  ])('is written by one of many concurrent writers of %s revision', async (_fact, before) => {
    const { ledger } = await aLedger();
    for (let revision = 0; revision < before; revision += 1) await ledger.saveQueue({ ...emptyQueue(), revision });
    const queue = await ledger.queue();
    const saved = await Promise.all(people(1, 20).map((term) => ledger.saveQueue({ ...queue, term })));
    expect(saved.filter(Boolean)).toEqual([await ledger.queue()]);
    expect(await ledger.queue()).toMatchObject({ revision: before + 1, term: saved.findIndex(Boolean) + 1 });
  });

  it('leaves out what is undefined', async () => {
    const { ledger } = await aLedger();
    await ledger.saveQueue({ ...emptyQueue(), lines: undefined } as never);
    expect(await ledger.queue()).toEqual({ ...emptyQueue(), revision: 1 });
  });

  it.each([
    ['of a newer schema', { schemaVersion: 2 }, 'schemaVersion'],
    ['that holds no terms', { term: 'many' }, 'term'],
  ])('fails on an item %s, and names the field', async (_fact, parts, place) => {
    const { ledger, put } = await aLedger();
    await put({ ...emptyQueue(), pk: '#work', sk: '#work', ...parts });
    await expect(ledger.queue()).rejects.toThrow(
      new RefusedError(
        'ledger-unreadable',
        `This version of Usher cannot read an item of the ledger: ${place} (the work queue)`,
      ),
    );
  });

  it('ignores fields that it does not know', async () => {
    const { ledger, put } = await aLedger();
    await put({ ...emptyQueue(), pk: '#work', sk: '#work', revision: 3, waitlist: ['x'] });
    expect(await ledger.queue()).toEqual({ ...emptyQueue(), revision: 3 });
  });
});

describe('a seat in the ledger', () => {
  it('comes back as it was written', async () => {
    const { ledger } = await aLedger();
    const seat = aSeat(1, { status: 'failed', audit: [{ ...anAudit, kind: 'refused', refused: 'grant' }] });
    await ledger.saveSeat(seat);
    expect(await ledger.seats([keyOf(1)])).toEqual([seat]);
  });

  it.each([
    ['a new one that exists already', 1],
    ['one that was written meanwhile', 2],
    ['one that no longer exists', 9],
  ])('fails for a retry when it replaces %s', async (_fact, revision) => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1));
    await ledger.saveSeat(aSeat(1, { revision: 2, status: 'revoking' }));
    const saving = ledger.saveSeat(aSeat(1, { revision }));
    await expect(saving).rejects.toThrow(
      new TransientAwsError(
        `PutItem: another execution changed the item meanwhile (application ${APPLICATION}, user ${user(1)})`,
      ),
    );
    expect(await ledger.seats([keyOf(1)])).toMatchObject([{ revision: 2, status: 'revoking' }]);
  });

  it('is written by one of many concurrent writers', async () => {
    const { ledger } = await aLedger();
    const races = await Promise.allSettled(people(1, 10).map((changeSeq) => ledger.saveSeat(aSeat(1, { changeSeq }))));
    const winners = races.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 1] : []));
    expect(winners).toHaveLength(1);
    expect(await ledger.seats([keyOf(1)])).toMatchObject([{ changeSeq: winners[0] }]);
  });

  it('expires as a tombstone, once its audit records are on the bus', async () => {
    const { ledger, item } = await aLedger();
    // DynamoDB counts whole seconds.
    const changedAt = new Date(START.getTime() - 500).toISOString();
    await ledger.saveSeat(aSeat(1, { status: 'revoked', changedAt }));
    await ledger.saveSeat(aSeat(2, { status: 'revoked', changedAt, audit: [{ ...anAudit, kind: 'revoked' }] }));
    await ledger.saveSeat(aSeat(3, { changedAt }));
    const expiries = await Promise.all(
      [1, 2, 3].map(async (one) => (await item(APPLICATION, user(one)))?.['expiresAt']),
    );
    expect(expiries).toEqual([START.getTime() / 1000 + 400 * 24 * 3600, undefined, undefined]);
  });

  it('loses its expiry when it is given again', async () => {
    const { ledger, item } = await aLedger();
    await ledger.saveSeat(aSeat(1, { status: 'revoked' }));
    await ledger.saveSeat(aSeat(1, { status: 'creating', revision: 2 }));
    expect(await item(APPLICATION, user(1))).not.toHaveProperty('expiresAt');
  });

  it.each([
    ['of a newer schema', { schemaVersion: 2 }, 'schemaVersion'],
    ['with a status of another version', { status: 'dreaming' }, 'status'],
    ['whose user is no id', { userId: 'someone@example.com' }, 'userId'],
  ])('fails on an item %s, and names the field and not the value', async (_fact, parts, place) => {
    const { ledger, put } = await aLedger();
    await put({ ...aSeat(1), pk: APPLICATION, sk: user(1), ...parts });
    for (const read of [() => ledger.seats([keyOf(1)]), () => ledger.holdings(APPLICATION)]) {
      const error: unknown = await read().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'RefusedError', reason: 'ledger-unreadable' });
      expect(String(error)).toContain(`${place} (application ${APPLICATION}, user ${user(1)})`);
      expect(String(error)).not.toMatch(/dreaming|someone@/);
    }
  });

  it('is read without fields of another version', async () => {
    const { ledger, put } = await aLedger();
    await put({ ...aSeat(1), pk: APPLICATION, sk: user(1), graceUntil: 'later' });
    expect(await ledger.seats([keyOf(1)])).toEqual([aSeat(1)]);
  });
});

describe('seats by their keys', () => {
  it('are those that exist', async () => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(2));
    await ledger.saveSeat(aSeat(2, { applicationArn: OTHER_APPLICATION }));
    expect(await ledger.seats([keyOf(1), keyOf(2), keyOf(3)])).toEqual([aSeat(2)]);
    expect(await ledger.seats([])).toEqual([]);
  });

  it('come in the order of their keys, whatever the order of the answer', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    dynamoDb.on(BatchGetItemCommand).resolves({ Responses: { [TABLE]: [3, 1, 2].map(itemOf) } });
    expect(await ledger.seats([2, 3, 9, 1].map(keyOf))).toEqual([2, 3, 1].map((number) => aSeat(number)));
  });

  it('are asked for 100 at a time', async () => {
    const { ledger, calls } = await aLedger();
    await Promise.all(people(1, 201).map((number) => ledger.saveSeat(aSeat(number))));
    expect(await ledger.seats(people(1, 201).map(keyOf))).toHaveLength(201);
    expect(calls('DynamoDB.BatchGetItem')).toBe(3);
  });

  it('are asked for again where DynamoDB left keys out, with consistent reads', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    const left = { Keys: [marshall({ pk: APPLICATION, sk: user(2) })] };
    dynamoDb
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { [TABLE]: [itemOf(1)] }, UnprocessedKeys: { [TABLE]: left } })
      .resolvesOnce({ Responses: { [TABLE]: [itemOf(2)] }, UnprocessedKeys: {} });
    expect(await ledger.seats([keyOf(1), keyOf(2)])).toEqual([aSeat(1), aSeat(2)]);
    const asked = dynamoDb
      .commandCalls(BatchGetItemCommand)
      .map(({ args: [{ input }] }) => input.RequestItems?.[TABLE]);
    expect(asked[1]).toEqual({ ...left, ConsistentRead: true });
  });

  it('fail for a retry when DynamoDB processes none of them', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    const keys = { Keys: [marshall({ pk: APPLICATION, sk: user(1) })] };
    dynamoDb.on(BatchGetItemCommand).resolves({ UnprocessedKeys: { [TABLE]: keys } });
    await expect(ledger.seats([keyOf(1)])).rejects.toThrow(TransientAwsError);
  });

  it('are none in an answer to BatchGetItem without a list', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    dynamoDb.on(BatchGetItemCommand).resolves({});
    expect(await ledger.seats([keyOf(1)])).toEqual([]);
  });

  it('are not none in an answer to Query without a list, which always returns a result set', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    dynamoDb.on(QueryCommand).resolves({});
    const malformed = { name: 'RefusedError', reason: 'malformed-answer', message: expect.stringContaining('Items') };
    await expect(ledger.holdings(APPLICATION)).rejects.toMatchObject(malformed);
    await expect(ledger.needAttention(START, anyApplication)).rejects.toMatchObject(malformed);
    dynamoDb.on(QueryCommand).resolves({ Items: [] });
    expect(await ledger.holdings(APPLICATION)).toEqual({ seats: [], hold: undefined });
    expect(await ledger.needAttention(START, anyApplication)).toEqual([]);
  });
});

describe('seats of an application', () => {
  it('are its own only, tombstones too, and no other item of it', async () => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1));
    await ledger.saveSeat(aSeat(2, { status: 'revoked' }));
    await ledger.saveSeat(aSeat(3, { applicationArn: OTHER_APPLICATION }));
    await ledger.saveHold(hold());
    await ledger.saveObservation(observation(4));
    await ledger.saveFindings(aUserFindings(keyOf(5)));
    expect(await ledger.holdings(APPLICATION)).toEqual({
      seats: [aSeat(1), aSeat(2, { status: 'revoked' })],
      hold: hold(),
    });
  });

  it('are read to the last page when they are more than a megabyte', async () => {
    const { ledger, calls } = await aLedger();
    const cause = 'c'.repeat(30_000);
    await Promise.all(people(1, 80).map((number) => ledger.saveSeat(aSeat(number, { cause }))));
    const { seats } = await ledger.holdings(APPLICATION);
    expect(seats.map(({ userId }) => userId)).toEqual(people(1, 80).map(user));
    expect(calls('DynamoDB.Query')).toBeGreaterThan(2);
  });

  it('fail as a whole when a later page fails', async () => {
    const { ledger, faults } = await aLedger();
    await Promise.all(people(1, 80).map((number) => ledger.saveSeat(aSeat(number, { cause: 'c'.repeat(30_000) }))));
    faults.add({ operation: 'DynamoDB.Query', kind: 'throttle', skip: 1 });
    await expect(ledger.holdings(APPLICATION)).rejects.toThrow(TransientAwsError);
  });
});

describe('the batch of a round', () => {
  const batch = { schemaVersion: 1 as const, readAt: START.toISOString(), changes: [aBatch('grant', [1, 2])] };

  it('comes back as it was written, by its name', async () => {
    const { ledger } = await aLedger();
    await ledger.saveBatch({ round: 7, batch: 0 }, batch);
    await ledger.saveBatch({ round: 7, batch: -1 }, { ...batch, changes: [aBatch('none', [3])] });
    expect(await ledger.batch({ round: 7, batch: 0 })).toEqual(batch);
    expect(await ledger.batch({ round: 7, batch: -1 })).toMatchObject({ changes: [{ kind: 'none' }] });
    expect(await ledger.batch({ round: 7, batch: 1 })).toBeUndefined();
    expect(await ledger.batch({ round: 8, batch: 0 })).toBeUndefined();
  });

  it('is none of an application’s items, and expires a day after its reads', async () => {
    const { ledger, item: itemAt } = await aLedger();
    await ledger.saveBatch({ round: 7, batch: 0 }, batch);
    expect(await ledger.itemsOf(APPLICATION)).toEqual({ seats: [], hold: undefined, observations: [], findings: [] });
    expect(await itemAt('#batches', '7#0')).toMatchObject({
      expiresAt: START.getTime() / 1000 + 86_400,
    });
  });

  it('is refused with its name, and no other value, if it has an unknown form', async () => {
    const { ledger, put } = await aLedger();
    await put({ pk: '#batches', sk: '7#0', schemaVersion: 2, secret: 'Ana' });
    const reading = ledger.batch({ round: 7, batch: 0 });
    await expect(reading).rejects.toMatchObject({ reason: 'ledger-unreadable' });
    await expect(reading).rejects.toThrow('schemaVersion (batch 0 of round 7)');
  });
});

describe('the sizes of groups', () => {
  const sizes = {
    schemaVersion: 1 as const,
    applicationArn: APPLICATION,
    revision: 1,
    groups: [{ groupId: GROUP, members: 0 }],
    falls: [{ groupId: GROUP, before: 40, after: 0, since: iso(), at: iso() }],
  };

  it('are read with the seats of their application', async () => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1));
    await ledger.saveGroupSizes(sizes);
    expect(await ledger.holdings(APPLICATION)).toEqual({ seats: [aSeat(1)], hold: undefined, groups: sizes });
    expect((await ledger.itemsOf(APPLICATION)).groups).toEqual(sizes);
  });

  it('are written on condition of the revision from before', async () => {
    const { ledger } = await aLedger();
    await ledger.saveGroupSizes(sizes);
    await expect(ledger.saveGroupSizes(sizes)).rejects.toMatchObject({
      name: 'TransientAwsError',
      message: expect.stringContaining('the sizes of its groups'),
    });
  });
});

describe('the bound of slots', () => {
  const slots = { schemaVersion: 1 as const, applicationArn: APPLICATION, revision: 1, taken: 3, waiting: false };

  it('is none until one is written, comes back as it was, and is read with the seats', async () => {
    const { ledger } = await aLedger();
    expect(await ledger.slots(APPLICATION)).toBeUndefined();
    await ledger.saveSlots(slots);
    await ledger.saveSeat(aSeat(1));
    expect(await ledger.slots(APPLICATION)).toEqual(slots);
    expect(await ledger.holdings(APPLICATION)).toEqual({ seats: [aSeat(1)], hold: undefined, slots });
  });

  it('is replaced by revision alone', async () => {
    const { ledger } = await aLedger();
    await ledger.saveSlots(slots);
    await ledger.saveSlots({ ...slots, revision: 2, taken: 4 });
    await expect(ledger.saveSlots({ ...slots, revision: 2, taken: 0 })).rejects.toMatchObject({
      name: 'TransientAwsError',
      message: expect.stringContaining('the bound of its slots'),
    });
    expect(await ledger.slots(APPLICATION)).toMatchObject({ taken: 4 });
  });
});

describe('the hold of an application', () => {
  it('is none until one is written, and comes back as it was', async () => {
    const { ledger } = await aLedger();
    expect(await ledger.hold(APPLICATION)).toBeUndefined();
    const written = hold({ released: 1, audit: [aHeldRecord()] });
    await ledger.saveHold(written);
    expect(await ledger.hold(APPLICATION)).toEqual(written);
    expect(await ledger.hold(OTHER_APPLICATION)).toBeUndefined();
  });

  it('is replaced by revision, and keeps nothing of the one before', async () => {
    const { ledger } = await aLedger();
    await ledger.saveHold(hold({ released: 1 }));
    await ledger.saveHold(hold({ revision: 2, status: 'lifted' }));
    expect(await ledger.hold(APPLICATION)).toEqual(hold({ revision: 2, status: 'lifted' }));
    for (const revision of [1, 2, 9]) {
      await expect(ledger.saveHold(hold({ revision }))).rejects.toThrow(
        new TransientAwsError(
          `PutItem: another execution changed the item meanwhile (application ${APPLICATION}, its hold)`,
        ),
      );
    }
  });

  it('needs attention as long as its event is not on the bus', async () => {
    const { ledger } = await aLedger();
    const event = aHeldRecord({ at: START.toISOString() });
    await ledger.saveHold(hold({ audit: [event] }));
    expect(await ledger.needAttention(new Date(plusSeconds(START, 899)), anyApplication)).toEqual([]);
    expect(await ledger.needAttention(new Date(plusSeconds(START, 900)), anyApplication)).toEqual([
      { applicationArn: APPLICATION },
    ]);
    await ledger.saveHold(hold({ revision: 2 }));
    expect(await ledger.needAttention(new Date(plusSeconds(START, 900)), anyApplication)).toEqual([]);
  });

  it.each([
    ['of a newer schema', { schemaVersion: 2 }, 'schemaVersion'],
    ['for a reason of another version', { reason: 'someone@example.com' }, 'reason'],
    ['with a digest that is none', { digests: [{ digest: 'someone@', generation: 1, count: 1 }] }, 'digests'],
  ])('is not read if it is %s, and names the field', async (_fact, parts, place) => {
    const { ledger, put } = await aLedger();
    await put({ ...hold(), pk: APPLICATION, sk: '#hold', ...parts });
    for (const read of [() => ledger.hold(APPLICATION), () => ledger.holdings(APPLICATION)]) {
      const error: unknown = await read().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'RefusedError', reason: 'ledger-unreadable' });
      expect(String(error)).toContain(`${place} (application ${APPLICATION}, its hold)`);
      expect(String(error)).not.toContain('someone@');
    }
  });

  it('is found among thousands of seats, on any page', async () => {
    const { ledger } = await aLedger();
    await ledger.saveHold(hold({ digests: [{ digest: aDigest(7), generation: 7, count: 80 }] }));
    await Promise.all(people(1, 80).map((number) => ledger.saveSeat(aSeat(number, { cause: 'c'.repeat(30_000) }))));
    const { hold: found, seats } = await ledger.holdings(APPLICATION);
    expect([found?.digests[0]?.generation, seats.length]).toEqual([7, 80]);
  });
});

describe('what was found about subscriptions', () => {
  it('comes back by its user, next to seat and observation, and with all of its application', async () => {
    const { ledger } = await aLedger();
    const found = (number: number) => aUserFindings(keyOf(number));
    for (const number of [1, 2]) await ledger.saveFindings(found(number));
    await ledger.saveSeat(aSeat(1));
    await ledger.saveObservation(observation(1));
    expect(await ledger.findings([keyOf(1), keyOf(3)])).toEqual([found(1)]);
    expect(await ledger.findingsIn(APPLICATION)).toEqual([found(1), found(2)]);
    expect(await ledger.findingsIn(OTHER_APPLICATION)).toEqual([]);
    expect(await ledger.itemsOf(APPLICATION)).toEqual({
      seats: [aSeat(1)],
      hold: undefined,
      observations: [observation(1)],
      findings: [found(1), found(2)],
    });
  });

  it('is replaced by revision alone, and a message about it has ids only', async () => {
    const { ledger, put } = await aLedger();
    await ledger.saveFindings(aUserFindings());
    const place = `application ${APPLICATION}, subscription of user ${user(1)}`;
    await expect(ledger.saveFindings(aUserFindings())).rejects.toThrow(
      new TransientAwsError(`PutItem: another execution changed the item meanwhile (${place})`),
    );
    await put({ ...aUserFindings(keyOf(2)), pk: APPLICATION, sk: `~finding#${user(2)}`, findings: 'Ana' });
    await expect(ledger.itemsOf(APPLICATION)).rejects.toMatchObject({
      reason: 'ledger-unreadable',
      message: expect.stringContaining(`findings (application ${APPLICATION}, subscription of user ${user(2)})`),
    });
  });

  it('has its application checked by a tick while it is not on the bus, observed or not', async () => {
    const { ledger } = await aLedger();
    await ledger.saveFindings(aUserFindings({ changedAt: START.toISOString(), audit: [aFindingRecord()] }));
    const inAQuarter = new Date(START.getTime() + 900_000);
    expect(await ledger.needAttention(START, () => false)).toEqual([]);
    expect(await ledger.needAttention(inAQuarter, () => false)).toEqual([{ applicationArn: APPLICATION }]);
    await ledger.saveFindings(aUserFindings({ revision: 2 }));
    expect(await ledger.needAttention(inAQuarter, () => true)).toEqual([]);
  });

  it('expires once it has ended and is audited', async () => {
    const { ledger, item: itemAt } = await aLedger();
    const expiryAt = async () => (await itemAt(APPLICATION, `~finding#${user(1)}`))?.['expiresAt'];
    await ledger.saveFindings(aUserFindings());
    expect(await expiryAt()).toBeUndefined();
    await ledger.saveFindings(
      aUserFindings({ revision: 2, findings: [], audit: [aFindingRecord({ state: 'ended' })] }),
    );
    expect(await expiryAt()).toBeUndefined();
    await ledger.saveFindings(aUserFindings({ revision: 3, findings: [], pendingSince: START.toISOString() }));
    expect(await expiryAt()).toBeUndefined();
    await ledger.saveFindings(aUserFindings({ revision: 4, findings: [] }));
    expect(await expiryAt()).toBe(Date.parse(aUserFindings().changedAt) / 1000 + 400 * 86_400);
  });
});

describe('observations', () => {
  it('are read by their keys, and with the seats of their application', async () => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1));
    await ledger.saveHold(hold());
    await ledger.saveObservation(observation(1));
    await ledger.saveObservation(observation(2, { answer: undefined }));
    await ledger.saveObservation(observation(1, { applicationArn: OTHER_APPLICATION }));
    const { answer: _, ...silent } = observation(2);
    expect(await ledger.observations([keyOf(1), keyOf(3)])).toEqual([observation(1)]);
    expect(await ledger.observations([])).toEqual([]);
    expect(await ledger.itemsOf(APPLICATION)).toEqual({
      seats: [aSeat(1)],
      hold: hold(),
      observations: [observation(1), silent],
      findings: [],
    });
    expect(await ledger.holdings(APPLICATION)).toEqual({ seats: [aSeat(1)], hold: hold() });
    expect(await ledger.seats([keyOf(1), keyOf(2)])).toEqual([aSeat(1)]);
  });

  it('are asked for 100 at a time', async () => {
    const { ledger, calls } = await aLedger();
    await Promise.all(people(1, 101).map((number) => ledger.saveObservation(observation(number))));
    expect(await ledger.observations(people(1, 101).map(keyOf))).toHaveLength(101);
    expect(calls('DynamoDB.BatchGetItem')).toBe(2);
  });

  it('fail with a retryable error after a concurrent write', async () => {
    const { ledger } = await aLedger();
    await ledger.saveObservation(observation(1));
    const place = `application ${APPLICATION}, observation of user ${user(1)}`;
    await expect(ledger.saveObservation(observation(1))).rejects.toThrow(
      new TransientAwsError(`PutItem: another execution changed the item meanwhile (${place})`),
    );
  });

  it('are not read with an answer of another version', async () => {
    const { ledger, put } = await aLedger();
    await put({ ...observation(1), pk: APPLICATION, sk: `~observed#${user(1)}`, answer: 'would-dance' });
    for (const read of [() => ledger.observations([keyOf(1)]), () => ledger.itemsOf(APPLICATION)]) {
      const error: unknown = await read().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'RefusedError', reason: 'ledger-unreadable' });
      expect(String(error)).not.toContain('dance');
    }
  });

  it('need attention, as their users, as long as an answer is not on the bus', async () => {
    const { ledger } = await aLedger();
    await ledger.saveObservation(observation(1, { changedAt: START.toISOString(), audit: [anAudit] }));
    expect(await ledger.needAttention(new Date(plusSeconds(START, 899)), anyApplication)).toEqual([]);
    expect(await ledger.needAttention(new Date(plusSeconds(START, 900)), anyApplication)).toEqual([keyOf(1)]);
    await ledger.saveObservation(observation(1, { revision: 2 }));
    expect(await ledger.needAttention(new Date(plusSeconds(START, 900)), anyApplication)).toEqual([]);
  });
});

describe('seats that need attention', () => {
  const LATER = new Date(plusSeconds(START, 15 * 60));

  it.each([
    ['a create that was left behind', { status: 'creating' }],
    ['an assignment that was not confirmed', { status: 'assigned', changedAt: plusSeconds(START, -1800) }],
    ['a revocation that was left behind', { status: 'revoking' }],
    ['an audit record that is not on the bus', { audit: [anAudit] }],
    ['a refusal whose next attempt is due', { status: 'failed', nextAttemptAt: LATER.toISOString() }],
    ['a seat whose grace period ends', { status: 'leaving', dueAt: LATER.toISOString() }],
  ] as const)('are %s', async (_fact, parts) => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1, { changedAt: START.toISOString(), ...parts } as Parameters<typeof aSeat>[1]));
    expect(await ledger.needAttention(new Date(LATER.getTime() - 1), anyApplication)).toEqual([]);
    expect(await ledger.needAttention(LATER, anyApplication)).toEqual([keyOf(1)]);
  });

  it.each(['confirmed', 'revoked', 'waitlisted', 'held'] as const)('are not those that are %s', async (status) => {
    const { ledger } = await aLedger();
    await ledger.saveSeat(aSeat(1, { status: 'creating' }));
    await ledger.saveSeat(aSeat(1, { status, revision: 2 }));
    expect(await ledger.needAttention(LATER, anyApplication)).toEqual([]);
  });

  it('are only pending audit events for applications that cannot be changed', async () => {
    const { ledger } = await aLedger();
    const changedAt = START.toISOString();
    await ledger.saveSeat(aSeat(1, { status: 'leaving', dueAt: changedAt }));
    await ledger.saveSeat(aSeat(2, { changedAt, audit: [{ ...anAudit, kind: 'assigned' }] }));
    expect(await ledger.needAttention(LATER, () => false)).toEqual([keyOf(2)]);
    expect(await ledger.needAttention(LATER, anyApplication)).toEqual([keyOf(1), keyOf(2)]);
  });

  it('are a hundred at most, the longest waiting first', async () => {
    const { ledger } = await aLedger();
    const seats = people(1, 110).map((number) =>
      aSeat(number, { status: 'creating', changedAt: plusSeconds(START, -number) }),
    );
    await Promise.all(seats.map((seat) => ledger.saveSeat(seat)));
    expect(await ledger.needAttention(LATER, anyApplication)).toEqual(people(11, 110).reverse().map(keyOf));
  });

  it('fail if the index answers without keys', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    dynamoDb.on(QueryCommand).resolves({ Items: [{ pk: { S: APPLICATION } }] });
    await expect(ledger.needAttention(START, anyApplication)).rejects.toThrow('Query: Items is missing or malformed');
  });
});

describe('errors of DynamoDB', () => {
  const SECRET = 'jane.doe@example.com';

  function refusing(name: string) {
    const { dynamoDb, ledger } = aMockedLedger();
    const error = new DynamoDBServiceException({
      name,
      $fault: 'client',
      message: SECRET,
      $metadata: { requestId: 'request-1', httpStatusCode: 400 },
    });
    for (const command of [GetItemCommand, PutItemCommand, BatchGetItemCommand, QueryCommand]) {
      dynamoDb.on(command as typeof GetItemCommand).rejects(error);
    }
    return ledger;
  }

  const operations = {
    GetItem: (ledger: ReturnType<typeof dynamoDbLedger>) => ledger.hold(APPLICATION),
    PutItem: (ledger: ReturnType<typeof dynamoDbLedger>) => ledger.saveSeat(aSeat(1)),
    BatchGetItem: (ledger: ReturnType<typeof dynamoDbLedger>) => ledger.seats([keyOf(1)]),
    Query: (ledger: ReturnType<typeof dynamoDbLedger>) => ledger.holdings(APPLICATION),
  };
  const cases = DYNAMODB_ERRORS.flatMap(({ exception, as }) =>
    Object.entries(operations).map(([operation, call]) => ({ exception, as, operation, call })),
  );

  it.each(cases)('$exception of $operation is $as', async ({ exception, as, operation, call }) => {
    const error: unknown = await call(refusing(exception)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(as === 'transient' ? TransientAwsError : RefusedError);
    if (error instanceof RefusedError) expect(error.reason).toBe(as);
    expect(String(error)).toContain(`${operation}: ${exception}`);
    expect(String(error)).toContain('request-1');
    expect(String(error)).not.toContain(SECRET);
  });

  it('are refusals with their name when no row fits', async () => {
    await expect(refusing('ItemCollectionSizeLimitExceededException').queue()).rejects.toMatchObject({
      reason: 'ItemCollectionSizeLimitExceededException',
    });
    await expect(refusing('ItemCollectionSizeLimitExceededException').saveQueue(emptyQueue())).rejects.toMatchObject({
      reason: 'ItemCollectionSizeLimitExceededException',
    });
  });

  it('report a lost race of the work queue without an exception', async () => {
    const { dynamoDb, ledger } = aMockedLedger();
    dynamoDb
      .on(PutItemCommand)
      .rejects(new ConditionalCheckFailedException({ message: 'The conditional request failed', $metadata: {} }));
    expect(await ledger.saveQueue(emptyQueue())).toBeUndefined();
  });

  it.each([
    ['throttled', 'throttle'],
    ['failing', 'internal'],
  ] as const)('are understood as the emulator sends them: %s', async (_fact, kind) => {
    const { ledger, faults } = await aLedger();
    faults.add({ operation: 'DynamoDB.GetItem', kind });
    await expect(ledger.queue()).rejects.toThrow(TransientAwsError);
    expect(await ledger.queue()).toEqual(emptyQueue());
  });
});

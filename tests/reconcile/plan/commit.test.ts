import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../../../domain/decision/application-state.ts';
import type { Observation } from '../../../domain/decision/observation.ts';
import { takesSlot } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { commitDecision, commitObservations } from '../../../reconcile/plan/commit.ts';
import {
  brakeOf,
  changesOf,
  decisionOf,
  joiner,
  leaver,
  seated,
  statusesAfter,
  sweptUsers,
} from '../../support/application-states.ts';
import { anObservation } from '../../support/builders.ts';
import { APPLICATION, numberOf, people, user } from '../../support/ids.ts';
import { openReaders } from '../../support/readers.ts';

/** A state in which the bound of slots is what its seats take. */
function bounded(state: ApplicationState): ApplicationState {
  const { holdings } = state.evidence;
  if (!holdings || holdings instanceof Error) throw new Error('The builder makes holdings');
  const taken = holdings.seats.filter(takesSlot).length;
  const slots = { schemaVersion: 1 as const, applicationArn: APPLICATION, revision: 1, taken, waiting: false };
  return { ...state, evidence: { ...state.evidence, holdings: { ...holdings, slots } } };
}

/** Opens a ledger that holds the seats, the hold and the bound of slots of a state. */
async function opened(state: ApplicationState) {
  const { holdings } = state.evidence;
  if (!holdings || holdings instanceof Error) throw new Error('The builder makes holdings');
  const { seats, hold, slots } = holdings;
  const world = await openReaders({ seats, ...(hold ? { hold } : {}) });
  const { ledger } = world.services;
  if (slots) await ledger.saveSlots(slots);
  world.forget();
  return {
    ...world,
    /** The seats as they stand in the ledger, by the number of the user. */
    statuses: async () =>
      Object.fromEntries(
        (await ledger.holdings(APPLICATION)).seats.map((seat) => [numberOf(seat.userId), seat.status]),
      ),
    hold: () => ledger.hold(APPLICATION),
    /** The state with what the ledger holds now. */
    async again(): Promise<ApplicationState> {
      const now = await ledger.holdings(APPLICATION);
      const stored = (userId: string) => now.seats.find((seat) => seat.userId === userId);
      const users = state.users.map((one) => ({ ...one, user: { ...one.user, seat: stored(one.user.userId) } }));
      return { ...state, users, evidence: { ...state.evidence, holdings: now } };
    },
  };
}

const seat = { revision: 1 };
const held = bounded(sweptUsers([seated(1, seat), leaver(2, seat), leaver(3, seat)]));

describe('the commit of a decision', () => {
  it('writes every seat, and renews the lease before each', async () => {
    const state = bounded(sweptUsers(people(1, 30).map((number) => seated(number, { ...seat, status: 'assigned' }))));
    const { readers, renewals, calls, statuses } = await opened(state);
    const decision = decisionOf(state);
    await commitDecision(decision, readers);
    expect(await statuses()).toEqual(statusesAfter(state, decision));
    expect(Object.values(await statuses())).toEqual(people(1, 30).map(() => 'confirmed'));
    expect([calls('DynamoDB.PutItem'), renewals()]).toEqual([30, 30]);
  });

  it('writes the seats before the hold: a try that gets no further is made good by the next', async () => {
    const { readers, faults, statuses, hold, again } = await opened(held);
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle', skip: 2 });
    await expect(commitDecision(decisionOf(held, brakeOf(1)), readers)).rejects.toThrow(TransientAwsError);
    expect([await statuses(), await hold()]).toEqual([{ 1: 'confirmed', 2: 'held', 3: 'held' }, undefined]);
    const next = decisionOf(await again(), brakeOf(1));
    expect([changesOf(next), next.seats.map(({ userId }) => numberOf(userId))]).toEqual([[], [2, 3]]);
    await commitDecision(next, readers);
    expect(await hold()).toMatchObject({ status: 'held', digests: [{ generation: 1, count: 2 }] });
  });

  it.each([
    ['a seat', 0, [{ 1: 'confirmed', 2: 'confirmed', 3: 'held' }, undefined]],
    ['the hold', 2, [{ 1: 'confirmed', 2: 'held', 3: 'held' }, undefined]],
  ])('fails for now if the write of %s fails for now', async (_fact, skip, expected) => {
    const { readers, faults, statuses, hold } = await opened(held);
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle', skip });
    await expect(commitDecision(decisionOf(held, brakeOf(1)), readers)).rejects.toThrow(TransientAwsError);
    expect([await statuses(), await hold()]).toEqual(expected);
  });

  it('writes nothing if nothing changes', async () => {
    const state = bounded(sweptUsers([seated(1, seat)]));
    const { readers, newCalls } = await opened(state);
    await commitDecision(decisionOf(state), readers);
    expect([...newCalls()]).toEqual([]);
  });

  it('writes the bound of slots first, and none of the seats if another plan has changed it since', async () => {
    const state = bounded(sweptUsers([joiner(1), seated(2, { ...seat, status: 'assigned' })]));
    const { readers, services, statuses } = await opened(state);
    await commitDecision(decisionOf(state), readers);
    expect(await services.ledger.slots(APPLICATION)).toMatchObject({ revision: 2, taken: 2, waiting: false });
    expect(await statuses()).toEqual({ 2: 'confirmed' });
    await expect(commitDecision(decisionOf(state), readers)).rejects.toThrow(TransientAwsError);
  });

  it('writes a new seat with its first revision, once the ledger answers', async () => {
    const state = sweptUsers([joiner(1)], { max: 0 });
    const { readers, faults, services } = await opened(state);
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle' });
    await expect(commitDecision(decisionOf(state), readers)).rejects.toThrow(TransientAwsError);
    await commitDecision(decisionOf(state), readers);
    const { seats } = await services.ledger.holdings(APPLICATION);
    expect(seats).toMatchObject([{ status: 'waitlisted', revision: 1 }]);
  });
});

describe('the commit of observations', () => {
  const many = people(1, 150).map((number): Observation => anObservation({ userId: user(number) }));

  it('writes hundreds of answers, and renews the lease before each', async () => {
    const { readers, renewals, calls, services } = await openReaders();
    await commitObservations(many, readers);
    expect((await services.ledger.itemsOf(APPLICATION)).observations).toEqual(many);
    expect([calls('DynamoDB.PutItem'), renewals()]).toEqual([150, 150]);
  });

  it('fails for now if a write fails for now', async () => {
    const { readers, faults } = await openReaders();
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle' });
    await expect(commitObservations(many.slice(0, 1), readers)).rejects.toThrow(TransientAwsError);
  });
});

// @module-tag long
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hold } from '../../../domain/decision/hold.ts';
import { CHANGE_KINDS } from '../../../domain/decision/user-changes.ts';
import type { Entitlement } from '../../../domain/entitlements.ts';
import type { Seat, SeatStatus } from '../../../domain/seat/seat.ts';
import { secondsBetween } from '../../../domain/shared/time.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import type { PlanLine, PlannedChangeLine } from '../../../operator/lines/plan.ts';
import { planConfiguration } from '../../../operator/plan/configuration-plan.ts';
import { planFileOf } from '../../../operator/plan/plan-lines.ts';
import { anAsker } from '../../support/asker.ts';
import {
  APPLICATION,
  ENTITLEMENT,
  GROUP,
  numberOf,
  OTHER_APPLICATION,
  OTHER_GROUP,
  people,
  user,
} from '../../support/ids.ts';
import { openWorld, type World } from '../../support/world.ts';

const PEOPLE = 9;
const HOUR_SECONDS = 3600;

/** A configuration of two applications, the second of which may be left out. */
const configurations = fc
  .record({
    first: entitlements(),
    second: fc.option(entitlements(), { nil: undefined, freq: 2 }),
    brake: fc.record({ percent: fc.constantFrom(0, 20, 50), atLeast: fc.integer({ min: 0, max: 4 }) }),
  })
  .map(({ first, second, brake }) => ({
    entitlements: [
      { name: ENTITLEMENT, application: APPLICATION, ...first },
      ...(second ? [{ name: 'kiro', application: OTHER_APPLICATION, ...second }] : []),
    ],
    brake,
    // Every notice is counted, and none is held up by a limit.
    notices: { backfill: true, dailyLimit: 1000, perSecond: 10 },
  }));

function entitlements(): fc.Arbitrary<Pick<Entitlement, 'groups' | 'seats' | 'onLeave' | 'mode'>> {
  return fc.record({
    groups: fc.constantFrom([GROUP], [OTHER_GROUP], [GROUP, OTHER_GROUP]),
    seats: fc.record({ max: fc.integer({ min: 0, max: PEOPLE }) }),
    onLeave: fc.record({ revokeAfterDays: fc.constantFrom(0, 0, 2) }),
    mode: fc.constantFrom('enforce' as const, 'enforce' as const, 'enforce' as const, 'observe' as const),
  });
}

/** Members by group. */
type Memberships = Readonly<Record<string, readonly number[]>>;

const members = fc.subarray(people(1, PEOPLE));
const directories: fc.Arbitrary<Memberships> = fc.record({ [GROUP]: members, [OTHER_GROUP]: members });

/** A world under one configuration, and what then changes in it before another one is planned. */
const histories = fc.record({
  before: configurations,
  after: configurations,
  directory: directories,
  /** With a sweep of the first configuration. */
  middle: directories,
  later: directories,
  foreign: fc.subarray(people(1, PEOPLE), { maxLength: 3 }),
  /** Assignments that someone removes or makes by hand. */
  removed: fc.subarray(people(1, PEOPLE), { maxLength: 4 }),
  made: fc.subarray(people(1, PEOPLE), { maxLength: 2 }),
  disabled: fc.subarray(people(1, PEOPLE), { maxLength: 2 }),
  deleted: fc.subarray(people(1, PEOPLE), { maxLength: 1 }),
  /** How long the first configuration is in force before the middle: only after a day is everyone's status read again. */
  hours: fc.constantFrom(2, 25, 60),
  /** Whether the seats of the first configuration were made. */
  isDeployed: fc.constantFrom(true, true, true, false),
});
type History = typeof histories extends fc.Arbitrary<infer Value> ? Value : never;

describe('usher plan', () => {
  it('says what the next full sweep then does, for each user of each entitlement, and how many notices are sent', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(histories, async (history) => {
        const world = await openHistory(history);
        const configuration = exampleEntitlements(history.after);
        const asker = anAsker(world, configuration);
        const file = planFileOf(await planConfiguration({ configuration, groupNames: new Map() }, asker), undefined);
        expect(asker.unread.isEmpty).toBe(true);
        const before = await Promise.all(configuration.entitlements.map((one) => heldIn(world, one.application)));
        const mails = () => world.stack.ses.outbox.mails().length;
        const sent = mails();
        world.deploy(history.after);
        await world.start({ scope: 'tick' });
        await world.play();
        expect(mails() - sent).toBe(file.total.notices);
        for (const [index, { application, mode }] of configuration.entitlements.entries()) {
          const [earlier, later] = [before[index], await heldIn(world, application)];
          if (!earlier) throw new Error('Every application was read before');
          const said = file.changes.filter((line) => line.application === application);
          const line = file.plans.find((one) => one.application === application);
          for (const { change } of said) seen.add(`${mode} ${change}`);
          if (mode === 'observe') expectObserved(said, earlier, later, history);
          else expectDone(said, line, earlier, later);
        }
        const isEmpty =
          file.changes.every(({ mode }) => mode === 'observe') &&
          file.plans.every((one) => one.configuration === 'known' && one.noticesChange === undefined);
        expect(file.total.hasChanges).toBe(!isEmpty);
      }),
      { numRuns: 120 },
    );
    // What is never said is not tested.
    expect(CHANGE_KINDS.filter((kind) => !seen.has(`enforce ${kind}`))).toEqual([]);
    expect(['gains', 'held', 'revoked', 'waitlisted'].filter((kind) => !seen.has(`observe ${kind}`))).toEqual([]);
  });
});

/** What was said of an enforcing entitlement is what the ledger shows. */
function expectDone(said: readonly PlannedChangeLine[], line: PlanLine | undefined, before: Held, after: Held): void {
  expect(inWords(said)).toEqual(
    people(1, PEOPLE)
      .flatMap((number) => differenceOf(number, before, after).map((change) => `${number} ${change}`))
      .toSorted(),
  );
  const having = (...statuses: SeatStatus[]) => after.seats.filter(({ status }) => statuses.includes(status)).length;
  expect(line).toMatchObject({
    seatsAfter: after.seats.filter(({ status }) => !TAKES_NO_SLOT.includes(status)).length,
    waitlistedAfter: having('waitlisted'),
  });
  expect(line?.hold?.held ?? 0).toBe(having('held'));
  for (const { userId, change, reason, dueAt, position } of said) {
    const seat = after.seats.find((one) => one.userId === userId);
    if (change === 'held') expect(reason).toBe(after.hold?.reason);
    if (change === 'waitlisted') expect(position).toBe(after.waitlist.indexOf(userId) + 1);
    if (change === 'leaving') expect(secondsBetween(dueAt ?? '', seat?.dueAt ?? '')).toBeLessThan(60);
  }
}

/** What was said of an observing entitlement is what it answers. */
function expectObserved(said: readonly PlannedChangeLine[], before: Held, after: Held, { disabled }: History): void {
  // A sweep that only verifies asks for no status of users with a seat, and takes back what it answered.
  const isUncertain = (number: number) => disabled.includes(number) && before.statuses.has(number);
  const answered = [...after.answers].flatMap(([number, answer]) =>
    answer && !isUncertain(number) ? `${number} ${ANSWERS[answer]}` : [],
  );
  expect(inWords(said.filter(({ userId }) => !isUncertain(numberOf(userId))))).toEqual(answered.toSorted());
  expect(after.seats.map(({ status }) => status)).toEqual(before.seats.map(({ status }) => status));
}

/** Opens a world to which this has happened. */
async function openHistory(history: History): Promise<World> {
  const world = await openWorld({
    ...(history.isDeployed ? history.before : history.after),
    people: PEOPLE,
    members: history.directory,
    directory: {
      applications: [
        { applicationArn: APPLICATION, assigned: history.foreign.map(user) },
        { applicationArn: OTHER_APPLICATION },
      ],
    },
  });
  if (history.isDeployed) await live(world, history);
  return world;
}

/** Lets a first configuration do its work, and then changes what it stands on, without an event. */
async function live(world: World, { directory, middle, later, hours, ...history }: History): Promise<void> {
  await world.start({ scope: 'tick' });
  await world.play();
  world.after(hours * HOUR_SECONDS, () => undefined);
  await world.play();
  moveUsers(world, directory, middle);
  await world.start({ scope: 'everything' });
  await world.play();
  world.after(1.5 * HOUR_SECONDS, () => undefined);
  await world.play();
  moveUsers(world, middle, later);
  for (const number of history.removed) world.center.unassignByHand(APPLICATION, user(number));
  for (const number of history.made) world.center.assignByHand(APPLICATION, user(number));
  // Only the daily sweep asks for the status of users whose seat stands.
  for (const number of hours < 24 ? [] : history.disabled) world.center.setStatus(user(number), 'DISABLED');
  for (const number of history.deleted) world.center.deleteUser(user(number));
}

function moveUsers(world: World, from: Memberships, to: Memberships): void {
  for (const group of [GROUP, OTHER_GROUP]) {
    for (const number of people(1, PEOPLE)) {
      const [was, is] = [from[group]?.includes(number), to[group]?.includes(number)];
      if (is && !was) world.center.join(group, user(number));
      if (was && !is) world.center.leave(group, user(number));
    }
  }
}

/** What ledger and account hold of an application, by number of the user. */
interface Held {
  seats: readonly Seat[];
  hold: Hold | undefined;
  /** User ids, in the order of their requests. */
  waitlist: string[];
  statuses: Map<number, SeatStatus>;
  assigned: Set<number>;
  answers: Map<number, string | undefined>;
}

async function heldIn(world: World, applicationArn: string): Promise<Held> {
  const { seats, hold, observations } = await world.services.ledger.itemsOf(applicationArn);
  const waiting = seats.filter(({ status }) => status === 'waitlisted');
  const orderOf = ({ requestedAt, userId }: Seat) => `${requestedAt} ${userId}`;
  return {
    seats,
    hold,
    waitlist: waiting.toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1)).map(({ userId }) => userId),
    statuses: new Map(seats.map(({ userId, status }) => [numberOf(userId), status])),
    assigned: new Set(world.assigned(applicationArn)),
    answers: new Map(observations.map(({ userId, answer }) => [numberOf(userId), answer])),
  };
}

const TAKES_NO_SLOT: readonly (SeatStatus | undefined)[] = [undefined, 'waitlisted', 'revoked', 'failed'];

/** What has become of a user, from what the ledger and the account held before and after. */
function differenceOf(number: number, before: Held, after: Held): PlannedChangeLine['change'][] {
  const [was, is] = [before.statuses.get(number), after.statuses.get(number)];
  const [had, has] = [!TAKES_NO_SLOT.includes(was), !TAKES_NO_SLOT.includes(is)];
  if (is === 'waitlisted') return was === 'waitlisted' ? [] : ['waitlisted'];
  if (was === 'waitlisted' && !has) return ['dropped'];
  if (has !== had) return [has ? 'gains' : 'revoked'];
  return has ? differenceOfSeat([was, is], after.assigned.has(number) && !before.assigned.has(number)) : [];
}

function differenceOfSeat(
  [was, is]: readonly [SeatStatus | undefined, SeatStatus | undefined],
  isMadeAgain: boolean,
): PlannedChangeLine['change'][] {
  if (was !== is && (is === 'leaving' || is === 'held')) return [is];
  if (was === 'leaving' || was === 'held') return is === was ? [] : ['kept'];
  return isMadeAgain ? ['repaired'] : [];
}

const ANSWERS: Readonly<Record<string, PlannedChangeLine['change']>> = {
  'would-assign': 'gains',
  'would-waitlist': 'waitlisted',
  'would-leave': 'leaving',
  'would-revoke': 'revoked',
  'would-hold': 'held',
};

function inWords(said: readonly PlannedChangeLine[]): string[] {
  return said.map(({ userId, change }) => `${numberOf(userId)} ${change}`).toSorted();
}

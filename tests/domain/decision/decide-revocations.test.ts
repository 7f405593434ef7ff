import { describe, expect, it } from 'vitest';
import type { ApplicationState, Evidence, UserState } from '../../../domain/decision/application-state.ts';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import { beginHold, growHold, type Hold, releaseHold } from '../../../domain/decision/hold.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  deleted,
  failuresOf,
  joiner,
  leaver,
  MOMENT,
  seated,
  statusesAfter,
  sweptUsers,
  unmanaged,
  writtenSeat,
} from '../../support/application-states.ts';
import { aDigest, aHold, aSeat, at, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, user } from '../../support/ids.ts';

const seatsOf = (...numbers: number[]) => numbers.map((number) => aSeat(number));
const allSeated = (...numbers: number[]) => numbers.map((number) => seated(number));

describe('the brake', () => {
  it('allows revocations within the budget', () => {
    const decision = decisionOf(sweptUsers([...allSeated(1, 2, 3, 4), leaver(5)]), brakeOf(1));
    expect(changesOf(decision)).toEqual(['revoke 5 group-leave']);
    expect([decision.held, decision.hold]).toEqual([0, undefined]);
  });

  it('holds all revocations of a plan that exceeds the budget, under one digest and with one event', () => {
    const state = sweptUsers([...allSeated(1, 2, 3), leaver(4), leaver(5)]);
    const decision = decisionOf(state, brakeOf(1));
    expect(decision).toMatchObject({ changes: [], announceHold: true, failures: [], held: 2 });
    expect(statusesAfter(state, decision)).toEqual({
      1: 'confirmed',
      2: 'confirmed',
      3: 'confirmed',
      4: 'held',
      5: 'held',
    });
    expect(writtenSeat(decision, 4)).toMatchObject({ hold: 1, audit: [] });
    const { hold } = decision;
    expect(hold).toMatchObject({
      status: 'held',
      reason: 'brake',
      since: iso(),
      digests: [{ generation: 1, count: 2 }],
    });
    expect(hold?.audit).toMatchObject([{ reason: 'brake', execution: ME, count: 2, digest: hold?.digests[0]?.digest }]);
  });

  it('begins a hold anew if an earlier try has written only the seats', () => {
    const left = [4, 5].map((number) => leaver(number, { status: 'held', hold: 1 }));
    const decision = decisionOf(sweptUsers([...allSeated(1, 2, 3), ...left]), brakeOf(1));
    expect(decision.changes).toEqual([]);
    expect(decision.hold).toMatchObject({ status: 'held', digests: [{ generation: 1, count: 2 }] });
  });

  it('lets a plan make its grants while it holds the revocations', () => {
    const users = [...allSeated(1, 2, 3), leaver(4), leaver(5), joiner(6)];
    expect(changesOf(decisionOf(sweptUsers(users), brakeOf(1)))).toEqual(['grant 6 group-join']);
  });

  it('counts all seats of the application if only one user is checked', () => {
    const others = [aSeat(2, { status: 'revoked', revocations: [iso(-120)] }), aSeat(3)];
    const state = checkedUsers([leaver(1)], { others });
    const decision = decisionOf(state, brakeOf(1));
    expect(changesOf(decision)).toEqual([]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'held', 2: 'revoked', 3: 'confirmed' });
  });

  const disabled = { ...leaver(1), ineligibility: 'user-disabled' } as const;

  it.each<[string, ApplicationState, string, Record<number, string>]>([
    [
      'a group is empty or missing',
      sweptUsers([leaver(1), leaver(2)], { whole: { emptyGroup: true } }),
      'group-empty',
      { 1: 'held', 2: 'held' },
    ],
    [
      'a group is empty and only one user is checked',
      checkedUsers([leaver(1)], { others: seatsOf(2), evidence: { remaining: 'group-empty' } }),
      'group-empty',
      { 1: 'held', 2: 'confirmed' },
    ],
    [
      'one of two groups is empty',
      sweptUsers([seated(1), leaver(2)], { whole: { emptyGroup: true } }),
      'group-empty',
      { 1: 'confirmed', 2: 'held' },
    ],
    [
      'no user is entitled any longer',
      sweptUsers([disabled, { ...leaver(2), ineligibility: 'user-disabled' }]),
      'nobody-entitled',
      { 1: 'held', 2: 'held' },
    ],
    [
      'an operator has given up the application and two seats are left',
      sweptUsers([1, 2].map((number) => ({ ...leaver(number), ineligibility: 'entitlement-removed' }))),
      'nobody-entitled',
      { 1: 'held', 2: 'held' },
    ],
  ])('holds every revocation, whatever the budget, if %s', (_fact, state, reason, statuses) => {
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual([]);
    expect(decision.hold).toMatchObject({ status: 'held', reason });
    expect(statusesAfter(state, decision)).toEqual(statuses);
  });

  it('lets the last seat go, although no user is left in its groups', () => {
    const whole = { emptyGroup: true, nobodyEntitled: true };
    expect(changesOf(decisionOf(sweptUsers([leaver(1)], { whole })))).toEqual(['revoke 1 group-leave']);
  });

  it('leaves seats alone that AWS has removed with their users: they are audited, and free their slots', () => {
    const state = sweptUsers([seated(1), deleted(2), deleted(3, { status: 'held', hold: 1 })]);
    const decision = decisionOf(state, brakeOf(0));
    expect(changesOf(decision)).toEqual(['record 2', 'record 3']);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'revoked', 3: 'revoked' });
    expect(decision.hold).toBeUndefined();
    expect(writtenSeat(decision, 2)).toMatchObject({ audit: [{ kind: 'revoked', reason: 'user-deleted' }] });
    expect(writtenSeat(decision, 2)).not.toHaveProperty('revocations');
  });

  it('holds the assignments that AWS has left of deleted users like any others', () => {
    const left = [2, 3].map((number) => ({ ...deleted(number), assigned: true }));
    const state = sweptUsers([seated(1), ...left]);
    const decision = decisionOf(state, brakeOf(1));
    expect(changesOf(decision)).toEqual([]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'held', 3: 'held' });
  });

  it('holds a seat whose assignment seems gone like any other: the reads may lag', () => {
    const drifted = { ...leaver(2), assigned: false };
    const state = sweptUsers([seated(1), drifted, leaver(3)]);
    const decision = decisionOf(state, brakeOf(1));
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'held', 3: 'held' });
    expect(decision.hold).toMatchObject({ digests: [{ count: 2 }] });
  });

  it('lets a revocation in progress complete, and holds the others', () => {
    const state = sweptUsers([seated(1), leaver(2, { status: 'revoking' }), leaver(3)]);
    const decision = decisionOf(state, brakeOf(1));
    expect(changesOf(decision)).toEqual(['revoke 2 group-leave']);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'revoking', 3: 'held' });
  });

  it('checks a seat again that it holds shortly after a write', () => {
    const decision = decisionOf(sweptUsers([seated(1), leaver(2), leaver(3)]), brakeOf(1));
    expect(decision).toMatchObject({ unverified: true, recheck: new Map([[APPLICATION, iso(30)]]) });
  });
});

describe('the hold of a seat whose create got no answer', () => {
  const swept = (assigned: boolean, seat = {}) =>
    sweptUsers([seated(1), unmanaged(2), unmanaged(3), { ...leaver(4, { status: 'creating', ...seat }), assigned }]);

  it('includes the seat if its assignment exists, and audits the grant', () => {
    const decision = decisionOf(swept(true), brakeOf(0));
    expect(changesOf(decision)).toEqual(['record 4']);
    expect(writtenSeat(decision, 4)).toMatchObject({
      status: 'held',
      hold: 1,
      revision: aSeat(4).revision + 1,
      audit: [{ kind: 'assigned', changeSeq: 1, reason: 'group-join' }],
    });
    expect(decision.hold).toMatchObject({ digests: [{ count: 1 }] });
  });

  it('does not begin if the assignment does not exist: the seat is dropped', () => {
    const decision = decisionOf(swept(false), brakeOf(0));
    expect(changesOf(decision)).toEqual([]);
    expect(writtenSeat(decision, 4)).toMatchObject({ status: 'revoked', audit: [] });
    expect(decision.hold).toBeUndefined();
  });

  it('does not begin if an assignment that was audited before does not exist: its end is audited', () => {
    const decision = decisionOf(swept(false, { grantedAt: iso(-86_400) }), brakeOf(0));
    expect(changesOf(decision)).toEqual(['record 4']);
    expect(writtenSeat(decision, 4)).toMatchObject({
      status: 'revoked',
      audit: [{ kind: 'revoked', reason: 'group-leave' }],
    });
    expect(decision.hold).toBeUndefined();
  });

  it('waits while it is too early to tell: a call follows within 15 minutes, and reads lag up to an hour', () => {
    const state = swept(false, { changedAt: iso(-10) });
    const decision = decisionOf(state, brakeOf(0));
    expect(changesOf(decision)).toEqual([]);
    expect(decision.recheck.get(APPLICATION)).toBe(iso(4490));
    expect([statusesAfter(state, decision)[4], decision.hold]).toEqual(['creating', undefined]);
  });
});

describe('a hold in force', () => {
  const what = { applicationArn: APPLICATION, entitlement: ENTITLEMENT };
  const holdOf = (...numbers: number[]): Hold => ({
    ...beginHold(undefined, { ...what, userIds: numbers.map(user) }, { now: at(-60), execution: 'e', reason: 'brake' }),
    audit: [],
  });
  const held = (number: number, hold = 1) => leaver(number, { status: 'held', hold });
  const digestOf = (hold: Hold, generation: number) =>
    hold.digests.find((one) => one.generation === generation)?.digest ?? '';
  const hold = holdOf(4);

  it('takes in a user who leaves with a digest of their own, which is not audited', () => {
    const others = [...seatsOf(1, 2, 3), aSeat(4, { status: 'held', hold: 1 })];
    const decision = decisionOf(checkedUsers([leaver(5)], { others, hold }));
    expect(decision).toMatchObject({ changes: [], announceHold: false });
    expect(writtenSeat(decision, 5)).toMatchObject({ status: 'held', hold: 2 });
    expect(decision.hold).toMatchObject({ audit: [], digests: [{ count: 1 }, { generation: 2, count: 2 }] });
  });

  it('is not written again if every revocation is in it already', () => {
    const decision = decisionOf(sweptUsers([...allSeated(1, 2, 3, 5), held(4)], { hold }));
    expect(decision).toMatchObject({ changes: [], seats: [], held: 1, report: { seats: 5, held: 1 } });
    expect(decision.hold).toBeUndefined();
  });

  it('is announced until its event is on the bus', () => {
    const record = { at: iso(-60), reason: 'brake', execution: 'e', digest: aDigest(), count: 1 } as const;
    const pending = sweptUsers([...allSeated(1, 2, 3), held(4), leaver(5)], { hold: { ...hold, audit: [record] } });
    expect(decisionOf(pending).announceHold).toBe(true);
  });

  it('lets a user who is back keep the seat; a check of that user does not lift the hold that covers no other', () => {
    const others = seatsOf(1, 2, 3, 5);
    const state = checkedUsers([seated(4, { status: 'held', hold: 1 })], { others, hold });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['record 4']);
    expect(decision.hold).toBeUndefined();
    expect(statusesAfter(state, decision)[4]).toBe('confirmed');
  });

  it('is lifted by a sweep once it covers no user', () => {
    const decision = decisionOf(sweptUsers(allSeated(1, 2, 3, 4, 5), { hold }));
    expect(decision.hold).toMatchObject({ status: 'lifted', revision: 2 });
  });

  it('is lifted by a sweep that allows the other revocations', () => {
    const users = [...allSeated(1, 2, 3), seated(4, { status: 'held', hold: 1 }), leaver(5)];
    const decision = decisionOf(sweptUsers(users, { hold }));
    expect(changesOf(decision)).toEqual(['revoke 5 group-leave', 'record 4']);
    expect(decision.hold).toMatchObject({ status: 'lifted' });
  });

  it('is replaced by a sweep that holds the other revocations', () => {
    const users = [...allSeated(1, 2, 3), seated(4, { status: 'held', hold: 1 }), leaver(5)];
    const decision = decisionOf(sweptUsers(users, { hold }), brakeOf(0));
    expect([changesOf(decision), decision.announceHold]).toEqual([['record 4'], true]);
    expect(decision.hold).toMatchObject({
      status: 'held',
      first: 2,
      since: iso(),
      digests: [{ generation: 2, count: 1 }],
    });
  });

  describe('that an operator has released', () => {
    const grown = growHold(hold, [user(5)]);
    const releasedTo = (generation: number): Hold =>
      releaseHold(grown, { digest: digestOf(grown, generation), execution: ME }) ?? aHold({ status: 'lifted' });

    it.each<[string, number, string[], number]>([
      ['the users of the older digest', 1, ['revoke 4 group-leave'], 1],
      ['all users with the newer digest', 2, ['revoke 4 group-leave', 'revoke 5 group-leave'], 0],
    ])('lets %s go, whatever the budget', (_fact, generation, changes, left) => {
      const state = sweptUsers([...allSeated(1, 2, 3), held(4), held(5, 2)], { hold: releasedTo(generation) });
      const decision = decisionOf(state, brakeOf(0));
      expect([changesOf(decision), decision.held]).toEqual([changes, left]);
    });

    it('lets a covered user who is entitled again keep the seat', () => {
      const users = [...allSeated(1, 2, 3), seated(4, { status: 'held', hold: 1 }), held(5, 2)];
      const state = sweptUsers(users, { hold: releasedTo(2) });
      const decision = decisionOf(state);
      expect(changesOf(decision)).toEqual(['revoke 5 group-leave', 'record 4']);
      expect(statusesAfter(state, decision)[4]).toBe('confirmed');
    });

    it('holds users who leave meanwhile without taking them in, until all revocations that it covers are made', () => {
      const released = releaseHold(hold, { digest: digestOf(hold, 1), execution: ME });
      const state = sweptUsers([...allSeated(1, 2, 3), held(4), leaver(5)], released ? { hold: released } : {});
      const decision = decisionOf(state);
      expect(changesOf(decision)).toEqual(['revoke 4 group-leave']);
      expect([statusesAfter(state, decision)[5], decision.hold, released?.digests.length]).toEqual([
        'confirmed',
        undefined,
        1,
      ]);
    });

    it('is lifted once no revocation that it covered is left, and the others are held anew', () => {
      const gone = { ...leaver(4, { status: 'revoked' }), assigned: false };
      const state = sweptUsers([...allSeated(1, 2, 3), gone, held(5, 2)], { hold: releasedTo(1) });
      const decision = decisionOf(state, brakeOf(0));
      expect(changesOf(decision)).toEqual([]);
      expect(decision.hold).toMatchObject({ status: 'held', first: 3, audit: [{ reason: 'brake', count: 1 }] });
      expect(decision.hold).not.toHaveProperty('released');
      expect(writtenSeat(decision, 5)).toMatchObject({ status: 'held', hold: 3 });
    });
  });
});

describe('a check of single users, before it revokes anything', () => {
  /** The state before it is read who is left in the groups. */
  function unread(users: readonly UserState[], others: readonly Seat[]): ApplicationState {
    const { evidence, ...state } = checkedUsers(users, { others });
    const { remaining: _, ...known } = evidence;
    return { ...state, evidence: known };
  }

  it.each<[string, readonly UserState[], readonly Seat[], number[]]>([
    ['users whose seats AWS has granted', [leaver(1)], [...seatsOf(2), aSeat(3, { status: 'assigned' })], [2, 3]],
    ['no user whose seat is held', [leaver(1)], [aSeat(2, { status: 'held' })], []],
    ['no user whom it has checked itself', [leaver(1), seated(2)], seatsOf(3), [3]],
    ['five users at most', [leaver(1)], seatsOf(2, 3, 4, 5, 6, 7, 8), [2, 3, 4, 5, 6]],
  ])('asks who is left in the groups, about %s', (_fact, users, others, numbers) => {
    expect(decideApplication(unread(users, others), brakeOf(10), MOMENT)).toEqual({
      needs: [{ read: 'remaining', userIds: numbers.map(user) }],
    });
  });

  it.each<[string, readonly UserState[], readonly Seat[], string[]]>([
    ['the last seat goes, although its group may be empty', [leaver(1)], [], ['revoke 1 group-leave']],
    ['the revocation is in progress', [leaver(1, { status: 'revoking' })], seatsOf(2), ['revoke 1 group-leave']],
    ['no user leaves', [joiner(1)], seatsOf(2), ['grant 1 group-join']],
    ['the brake holds the revocations anyway', [leaver(1), leaver(2)], seatsOf(3), []],
  ])('asks nothing if %s', (_fact, users, others, changes) => {
    expect(changesOf(decisionOf(unread(users, others), brakeOf(1)))).toEqual(changes);
  });

  const revoking = leaver(2, { status: 'revoking' });
  const remainingIs = (remaining: NonNullable<Evidence['remaining']>) =>
    checkedUsers([leaver(1), revoking, joiner(4)], { others: seatsOf(3), evidence: { remaining } });

  it('leaves it to a sweep if the first users whom it asks about are no longer entitled', () => {
    const state = remainingIs('none');
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['revoke 2 group-leave', 'grant 4 group-join']);
    expect(decision.sweepNeeded).toEqual({ withStatus: true });
    expect(decision.hold).toBeUndefined();
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'revoking', 3: 'confirmed' });
    // The sweep's lists may lag behind this check: it is repeated until they agree.
    expect(decision).toMatchObject({ recheck: new Map([[user(1), iso(30)]]), unverified: false, failures: [] });
  });

  it('fails the application, and revokes nobody anew, if AWS refuses to say who is left', () => {
    const state = remainingIs(new RefusedError('access-denied', 'AWS refuses'));
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['revoke 2 group-leave', 'grant 4 group-join']);
    expect(failuresOf(decision)).toEqual([[APPLICATION, 'access-denied']]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'revoking', 3: 'confirmed' });
    expect(decision.sweepNeeded).toBeUndefined();
  });

  it('needs a sweep for the waitlist and for the last seats only once, with every UserStatus', () => {
    const waiting = aSeat(5, { status: 'waitlisted', requestedAt: iso(-70) });
    const state = checkedUsers([leaver(1)], {
      max: 3,
      others: [aSeat(3), waiting],
      evidence: { remaining: 'none' },
    });
    expect(decisionOf(state).sweepNeeded).toEqual({ withStatus: true });
  });
});

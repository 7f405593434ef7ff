import { describe, expect, it } from 'vitest';
import type { ApplicationState, SubscriptionEvidence, UserState } from '../../../domain/decision/application-state.ts';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import { waitlistOf } from '../../../domain/decision/waitlist.ts';
import type { SubscriptionSettings } from '../../../domain/entitlements.ts';
import type { OwnSubscription, Seat } from '../../../domain/seat/seat.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  deleted,
  failuresOf,
  holdingsAfter,
  joiner,
  leaver,
  MOMENT,
  seated,
  statusesAfter,
  sweptUsers,
  unmanaged,
  writtenSeat,
} from '../../support/application-states.ts';
import { aSeat, at, iso } from '../../support/builders.ts';
import { APPLICATION, numberOf, user } from '../../support/ids.ts';
import { aSubscription, KIRO, PRO, Q_BUSINESS } from '../../support/subscriptions.ts';

/** A list that was read now. */
function listOf(...all: Subscription[]): SubscriptionEvidence {
  const byUser = Map.groupBy(all, ({ principal }) => ('user' in principal ? principal.user : ''));
  return { readAt: iso(), againAt: iso(301), byUser };
}

/** A subscription of Usher's that was asked for a day ago. */
function own(parts: Partial<OwnSubscription> = {}): { subscription: OwnSubscription } {
  return { subscription: { plan: PRO, askedAt: iso(-86_400), ...parts } };
}

function managed(
  state: ApplicationState,
  subscriptions?: SubscriptionEvidence,
  settings: SubscriptionSettings = KIRO,
): ApplicationState {
  const evidence = { ...state.evidence, ...(subscriptions === undefined ? {} : { subscriptions }) };
  return { ...state, entitlement: { ...state.entitlement, subscription: settings }, evidence };
}

/** What becomes of users who are checked by name. */
function planned(
  users: readonly UserState[],
  list?: SubscriptionEvidence,
  settings: SubscriptionSettings = KIRO,
): string[] {
  return made(managed(checkedUsers(users), list, settings));
}

function made(state: ApplicationState): string[] {
  return decisionOf(state, brakeOf(100)).changes.map(({ kind, userId, reason, part }) =>
    [kind, numberOf(userId), reason, ...(part ? [part] : [])].join(' '),
  );
}

function needsOf(state: ApplicationState): string[] {
  const decision = decideApplication(state, brakeOf(100), MOMENT);
  return 'needs' in decision ? decision.needs.map(({ read }) => read) : [];
}

describe('an entitled user whose subscription is managed', () => {
  it.each<[string, UserState, SubscriptionEvidence, string[]]>([
    ['gets both parts', joiner(1), listOf(), ['grant 1 group-join']],
    [
      'gets the subscription next to an assignment of another',
      unmanaged(1),
      listOf(),
      ['grant 1 group-join subscription'],
    ],
    [
      'gets the assignment next to a subscription of another',
      joiner(1),
      listOf(aSubscription(1)),
      ['grant 1 group-join access'],
    ],
    ['gets nothing who has both from others', unmanaged(1), listOf(aSubscription(1)), []],
    [
      'is not subscribed whose subscription comes from a group',
      joiner(1),
      listOf(aSubscription(1, { source: 'group' })),
      ['grant 1 group-join access'],
    ],
    [
      'is subscribed whose earlier subscription is cancelled',
      unmanaged(1),
      listOf(aSubscription(1, { status: 'cancelled' })),
      ['grant 1 group-join subscription'],
    ],
    [
      'is not subscribed again whose subscription has an unknown status',
      unmanaged(1),
      listOf(aSubscription(1, { status: 'unknown' })),
      [],
    ],
    ['keeps a pending subscription', unmanaged(1), listOf(aSubscription(1, { status: 'pending' })), []],
  ])('%s', (_fact, one, list, expected) => {
    expect(planned([one], list)).toEqual(expected);
  });

  it('is read from the list only if the decision depends on it', () => {
    expect(needsOf(managed(checkedUsers([joiner(1)])))).toEqual(['subscriptions']);
    expect(needsOf(managed(checkedUsers([seated(1, own())])))).toEqual([]);
    expect(needsOf(managed(checkedUsers([seated(1, { status: 'assigned', changedAt: iso(-10), ...own() })])))).toEqual(
      [],
    );
    expect(needsOf(managed(sweptUsers([seated(1, own())])))).toEqual(['subscriptions']);
    expect(needsOf(managed(checkedUsers([leaver(1, own())])))).toEqual([]);
    expect(needsOf(managed(checkedUsers([leaver(1, { status: 'revoking', ...own() })])))).toEqual(['subscriptions']);
  });

  it('waits until the list may be read', () => {
    const decision = decisionOf(managed(checkedUsers([joiner(1)]), { until: iso(120) }));
    expect([decision.changes, decision.recheck.get(user(1))]).toEqual([[], iso(120)]);
    expect(decision.unverified).toBe(true);
  });

  it('is confirmed only by a list that was read 30 s after the call', () => {
    const seat = { status: 'assigned' as const, changedAt: iso(-40) };
    const young = decisionOf(
      managed(checkedUsers([seated(1, { ...seat, ...own({ askedAt: iso(-20) }) })]), listOf(aSubscription(1))),
    );
    expect([young.seats, young.recheck.get(user(1))]).toEqual([[], iso(301)]);
    const old = decisionOf(
      managed(checkedUsers([seated(1, { ...seat, ...own({ askedAt: iso(-40) }) })]), listOf(aSubscription(1))),
    );
    expect(writtenSeat(old, 1)).toMatchObject({ status: 'confirmed', subscription: { plan: PRO } });
  });

  it.each(['assigned', 'revoked'] as const)('is not judged by a list from before its seat was %s', (status) => {
    const seat = { ...seated(1, { status, changedAt: iso(-20) }), assigned: status === 'assigned' };
    const byUser = new Map([[user(1), [aSubscription(1)]]]);
    const list = { readAt: iso(-19), againAt: iso(281), byUser };
    const decision = decisionOf(managed(checkedUsers([seat]), list), brakeOf(100), { readAt: at(60) });
    expect([decision.changes, decision.recheck.get(user(1))]).toEqual([[], iso(281)]);
  });

  it('keeps what is only pending in the list until the call is repeated', () => {
    const seat = seated(1, { status: 'assigned', changedAt: iso(-60), ...own({ askedAt: iso(-60) }) });
    const decision = decisionOf(managed(checkedUsers([seat]), listOf()));
    expect([decision.changes, decision.recheck.get(user(1))]).toEqual([[], iso(120)]);
    const late = seated(1, { status: 'assigned', changedAt: iso(-301), ...own({ askedAt: iso(-301) }) });
    expect(planned([late], listOf())).toEqual(['grant 1 group-join subscription']);
  });

  it('whose subscription turns out to come from a group owns none, once the list would show another', () => {
    const ofGroup = listOf(aSubscription(1, { source: 'group' }));
    const young = seated(1, { status: 'assigned', changedAt: iso(-60), ...own({ askedAt: iso(-60) }) });
    const confirmed = writtenSeat(decisionOf(managed(checkedUsers([young]), ofGroup)), 1);
    expect(confirmed).toMatchObject({ status: 'confirmed', subscription: { plan: PRO } });
    const old = decisionOf(managed(sweptUsers([seated(1, own({ askedAt: iso(-4501) }))]), ofGroup));
    expect(writtenSeat(old, 1)).toMatchObject({ status: 'confirmed' });
    expect(writtenSeat(old, 1)?.subscription).toBeUndefined();
  });

  it('whose seat says what the list shows is not written again', () => {
    const seat = seated(1, own({ id: 'sub-1' }));
    const decision = decisionOf(managed(sweptUsers([seat]), listOf(aSubscription(1, { id: 'sub-1' })), Q_BUSINESS));
    expect(decision.seats).toEqual([]);
  });

  it('whose subscription has an id keeps it', () => {
    const seat = seated(1, { status: 'assigned', changedAt: iso(-60), ...own({ askedAt: iso(-60) }) });
    const decision = decisionOf(managed(checkedUsers([seat]), listOf(aSubscription(1, { id: 'sub-1' })), Q_BUSINESS));
    expect(writtenSeat(decision, 1)?.subscription).toMatchObject({ id: 'sub-1' });
  });

  it('is subscribed by a sweep who has only the seat, and again who was cancelled by others', () => {
    expect(made(managed(sweptUsers([seated(1)]), listOf()))).toEqual(['grant 1 subscription-started subscription']);
    expect(made(managed(sweptUsers([seated(1, own())]), listOf()))).toEqual(['grant 1 drift-healed subscription']);
  });

  it('is subscribed again by a sweep whose cancelled subscription ends with the month', () => {
    const seat = seated(1, own({ cancelledAt: iso(-7200) }));
    const list = listOf(aSubscription(1, { status: 'unknown' }));
    expect(made(managed(sweptUsers([seat]), list))).toEqual(['grant 1 drift-healed subscription']);
  });

  it('fails only users who need it if the list is refused', () => {
    const refused = new RefusedError('access-denied', 'no');
    const users = [joiner(1), leaver(2, own()), seated(3, own())];
    const decision = decisionOf(managed(checkedUsers(users), refused), brakeOf(100));
    expect(decision.changes.map(({ kind, userId }) => [kind, numberOf(userId)])).toEqual([['revoke', 2]]);
    expect(failuresOf(decision)).toEqual([[APPLICATION, 'access-denied']]);
  });
});

describe('a plan', () => {
  const other = 'Q_DEVELOPER_STANDALONE_PRO_PLUS';

  it.each<[string, Partial<Subscription>, Partial<SubscriptionSettings>, string[]]>([
    [
      'that is cheaper than asked for is changed',
      { plan: 'Q_DEVELOPER_STANDALONE_FREE' },
      {},
      ['grant 1 plan-changed plan'],
    ],
    ['that is dearer than asked for is kept', { plan: other }, {}, []],
    [
      'that is dearer is changed where that is allowed',
      { plan: other },
      { allowDowngrade: true },
      ['grant 1 plan-changed plan'],
    ],
    ['that is unknown is kept', { plan: 'unknown' }, { allowDowngrade: true }, []],
    ['of unknown rank is kept', { plan: 'CREDIT_POOL' }, {}, []],
  ])('%s', (_fact, listed, settings, expected) => {
    const seat = seated(1, own({ plan: other }));
    const list = listOf(aSubscription(1, listed));
    expect(made(managed(sweptUsers([seat]), list, { ...KIRO, ...settings } as SubscriptionSettings))).toEqual(expected);
  });

  it('of a subscription that is not Usher’s is kept', () => {
    const list = listOf(aSubscription(1, { plan: 'Q_DEVELOPER_STANDALONE_FREE' }));
    expect(made(managed(sweptUsers([seated(1)]), list))).toEqual([]);
  });

  it('is asked for as one that starts if the list no longer shows another’s after the grant of access', () => {
    const seat = seated(1, { status: 'assigned', changedAt: iso(-301), grantedAt: iso(-301) });
    expect(planned([seat], listOf())).toEqual(['grant 1 subscription-started subscription']);
  });

  it('that was changed before the grant was verified is asked for as another one', () => {
    const seat = seated(1, { status: 'assigned', changedAt: iso(-301), ...own({ askedAt: iso(-301), plan: other }) });
    expect(planned([seat], listOf())).toEqual(['grant 1 plan-changed subscription']);
  });

  it('other than the one whose call had no answer is changed by the id that the list has', () => {
    const asked = own({ plan: 'Q_BUSINESS', askedAt: iso(-600) });
    const seat = seated(1, { status: 'creating', changedAt: iso(-600), ...asked });
    const listed = aSubscription(1, { plan: 'Q_LITE', id: 'sub-1' });
    const decision = decisionOf(managed(checkedUsers([seat]), listOf(listed), Q_BUSINESS));
    expect([decision.changes, writtenSeat(decision, 1)?.subscription?.id]).toMatchObject([[{ part: 'plan' }], 'sub-1']);
  });

  it('that was asked for within a day is not asked for again', () => {
    const list = listOf(aSubscription(1, { plan: 'Q_DEVELOPER_STANDALONE_FREE' }));
    const asked = (askedAt: string) => made(managed(sweptUsers([seated(1, own({ askedAt }))]), list));
    expect([asked(iso(-86_399)), asked(iso(-86_401))]).toEqual([[], ['grant 1 plan-changed plan']]);
  });
});

describe('a user who is no longer entitled', () => {
  const revoking: Partial<Seat> = { status: 'revoking', changedAt: iso(-600), removedAt: iso(-600) };
  const cancelled = own({ cancelledAt: iso(-600) });

  it.each<[string, UserState, SubscriptionEvidence | undefined, string[]]>([
    ['loses both parts without a list', leaver(1, own()), undefined, ['revoke 1 group-leave']],
    ['loses the assignment alone who has no subscription of Usher', leaver(1), undefined, ['revoke 1 group-leave']],
    [
      'is verified as cancelled by the list, and then by the assignment',
      leaver(1, { ...revoking, ...cancelled }),
      listOf(),
      ['revoke 1 group-leave access'],
    ],
    [
      'is verified by the list alone whose assignment is another’s',
      leaver(1, { ...revoking, ...cancelled, access: 'foreign' }),
      listOf(),
      ['revoke 1 group-leave nothing'],
    ],
    [
      'is cancelled again who is still listed',
      leaver(1, { ...revoking, ...cancelled }),
      listOf(aSubscription(1)),
      ['revoke 1 group-leave'],
    ],
    [
      'is cancelled whose subscription of an hour ago no list shows yet',
      leaver(1, { ...revoking, ...own({ askedAt: iso(-3000) }) }),
      listOf(),
      ['revoke 1 group-leave'],
    ],
    [
      'counts as cancelled whose subscription ends with the month',
      leaver(1, { ...revoking, ...cancelled }),
      listOf(aSubscription(1, { status: 'unknown' })),
      ['revoke 1 group-leave access'],
    ],
    [
      'loses nothing that is not Usher’s',
      { ...unmanaged(1), entitled: false, ineligibility: 'group-leave' },
      listOf(aSubscription(1)),
      [],
    ],
    [
      'is cancelled who is deleted, as long as the list shows the subscription',
      deleted(1, own()),
      listOf(aSubscription(1)),
      ['revoke 1 user-deleted'],
    ],
    ['is not cancelled who is deleted and not listed', deleted(1, own()), listOf(), ['record 1']],
  ])('%s', (_fact, one, list, expected) => {
    const changes = planned([one], list);
    expect(changes.map((change) => change.replace(/^record (\d) .*/, 'record $1'))).toEqual(expected);
  });

  it('whose call had no answer is audited before the revocation', () => {
    const seat = {
      ...leaver(1, { status: 'creating', changedAt: iso(-600), ...own({ askedAt: iso(-600) }) }),
      assigned: false,
    };
    const decision = decisionOf(managed(checkedUsers([seat]), listOf(aSubscription(1))));
    expect(decision.changes).toMatchObject([{ kind: 'revoke' }]);
    expect(writtenSeat(decision, 1)?.audit).toMatchObject([{ kind: 'assigned', plan: PRO }]);
  });

  it('whose call had no answer begins the grace in the plan that audits the grant', () => {
    const seat = leaver(1, { status: 'creating', changedAt: iso(-600), ...own({ askedAt: iso(-600) }) });
    const decision = decisionOf(managed(checkedUsers([seat], { graceDays: 7 }), listOf(aSubscription(1))));
    expect(writtenSeat(decision, 1)).toMatchObject({
      status: 'leaving',
      audit: [{ kind: 'assigned' }, { kind: 'leaving' }],
    });
  });

  it('whose call had no answer is cancelled by the id that the list has', () => {
    const seat = leaver(1, { status: 'creating', changedAt: iso(-600), ...own({ askedAt: iso(-600) }) });
    const decision = decisionOf(managed(checkedUsers([seat]), listOf(aSubscription(1, { id: 'sub-1' })), Q_BUSINESS));
    expect(decision.changes).toMatchObject([{ kind: 'revoke' }]);
    expect(writtenSeat(decision, 1)?.subscription?.id).toBe('sub-1');
  });

  it('has the list read first if only the list knows the id', () => {
    expect(needsOf(managed(checkedUsers([leaver(1, own())]), undefined, Q_BUSINESS))).toEqual(['subscriptions']);
    expect(needsOf(managed(checkedUsers([leaver(1, own({ id: 'sub-1' }))]), undefined, Q_BUSINESS))).toEqual([]);
    const decision = decisionOf(
      managed(checkedUsers([leaver(1, own())]), listOf(aSubscription(1, { id: 'sub-1' })), Q_BUSINESS),
    );
    expect(writtenSeat(decision, 1)?.subscription?.id).toBe('sub-1');
  });

  it('who comes back has the list read once a cancellation may have begun, and the subscription made again', () => {
    const back = (seat: Partial<Seat>) => seated(1, { changedAt: iso(-60), ...seat });
    expect(needsOf(managed(checkedUsers([back({ status: 'revoking', ...own() })])))).toEqual(['subscriptions']);
    const restored = back({ changedAt: iso(-600), ...own({ cancelledAt: iso(-600) }) });
    expect(needsOf(managed(checkedUsers([restored])))).toEqual(['subscriptions']);
    expect(planned([restored], listOf())).toEqual(['grant 1 drift-healed subscription']);
  });

  it('keeps what is left of a half revoked seat who comes back', () => {
    const back = seated(1, { ...revoking, ...cancelled });
    const decision = decisionOf(managed(checkedUsers([back]), listOf()));
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'confirmed', revocations: [iso()] });
    expect(decision.changes).toEqual([]);
  });
});

describe('a user who is no longer entitled while the list is refused', () => {
  const refused = new RefusedError('access-denied', 'no');
  const begun: Partial<Seat> = { status: 'revoking', changedAt: iso(-600), grantedAt: iso(-86_400) };
  const accepted: Partial<Seat> = { ...begun, removedAt: iso(-600), ...own({ cancelledAt: iso(-600) }) };
  const unanswered: Partial<Seat> = { status: 'creating', changedAt: iso(-600), ...own({ askedAt: iso(-600) }) };

  it.each<[string, UserState, string[]]>([
    ['is revoked again if AWS has accepted nothing', leaver(1, { ...begun, ...own() }), ['revoke 1 group-leave']],
    [
      'is revoked again if AWS has accepted the cancellation alone',
      leaver(1, { ...begun, ...own({ cancelledAt: iso(-600) }) }),
      ['revoke 1 group-leave'],
    ],
    [
      'is revoked again if AWS has accepted the removal alone',
      leaver(1, { ...begun, removedAt: iso(-600), ...own() }),
      ['revoke 1 group-leave'],
    ],
    ['waits for the list once AWS has accepted both', leaver(1, accepted), []],
    ['is revoked whose create got no answer and is assigned', leaver(1, unanswered), ['revoke 1 group-leave']],
    ['waits for the list whose create got no answer, unassigned', { ...leaver(1, unanswered), assigned: false }, []],
    [
      'waits for the list whose subscription got no answer next to the assignment of another',
      leaver(1, { ...unanswered, access: 'foreign' }),
      [],
    ],
    ['is revoked who is deleted', deleted(1, own()), ['revoke 1 user-deleted']],
  ])('%s', (_fact, one, expected) => {
    const state = managed(checkedUsers([one]), refused);
    expect(made(state)).toEqual(expected);
    expect(failuresOf(decisionOf(state, brakeOf(100)))).toEqual([[APPLICATION, 'access-denied']]);
  });

  it('is revoked whose id of the subscription only the list knows', () => {
    expect(planned([leaver(1, own())], refused, Q_BUSINESS)).toEqual(['revoke 1 group-leave']);
  });
});

describe('a user who has left while no list shows the subscription by whose id it is cancelled', () => {
  const unanswered: Partial<Seat> = { status: 'revoking', changedAt: iso(-600), ...own({ askedAt: iso(-600) }) };

  it('loses access', () => {
    expect(planned([leaver(1, unanswered)], listOf(), Q_BUSINESS)).toEqual(['revoke 1 group-leave access']);
  });

  it('waits for the next list without access', () => {
    const state = managed(checkedUsers([{ ...leaver(1, unanswered), assigned: false }]), listOf(), Q_BUSINESS);
    const { changes, unverified, recheck } = decisionOf(state);
    expect([changes, unverified, [...recheck.values()]]).toEqual([[], true, [iso(301)]]);
  });

  it('has none to cancel an hour later', () => {
    const late = { ...unanswered, ...own({ askedAt: iso(-4501) }) };
    const seat = { ...leaver(1, late), assigned: false };
    expect(planned([seat], listOf(), Q_BUSINESS)).toEqual(['revoke 1 group-leave access']);
  });
});

describe('a user who comes back while the revocation is under way', () => {
  it('keeps the subscription that is left after someone else has removed the assignment', () => {
    const seat = { status: 'revoking' as const, changedAt: iso(-600), grantedAt: iso(-86_400), ...own() };
    const decision = decisionOf(managed(checkedUsers([joiner(1, seat)]), listOf(aSubscription(1))));
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'confirmed', subscription: { plan: PRO } });
  });
});

describe('a user who is entitled again', () => {
  it('keeps a subscription whose end AWS has not accepted, although a list is too early to show it', () => {
    const asked = own({ askedAt: iso(-600) });
    const seat = {
      status: 'revoking' as const,
      changedAt: iso(-90),
      removedAt: iso(-90),
      grantedAt: iso(-900),
      ...asked,
    };
    const decision = decisionOf(managed(checkedUsers([joiner(1, seat)]), listOf()));
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'confirmed', ...asked });
  });
});

describe('an application that was read as a whole', () => {
  it('subscribes no user whose status was not read: it is read again, and reports nothing before', () => {
    const assumed = (number: number) => ({ ...seated(number, own()), statusAssumed: true as const });
    const decision = decisionOf(managed(sweptUsers([assumed(1), assumed(2)]), listOf(aSubscription(2))));
    expect([decision.changes, decision.sweepNeeded, decision.report]).toEqual([[], { withStatus: true }, undefined]);
  });

  it('adopts no subscription of an orphan who has become entitled', () => {
    const { whole, ...state } = managed(sweptUsers([joiner(1)]), listOf(aSubscription(1), aSubscription(2)));
    if (!whole) throw new Error('A sweep reads the whole application');
    const orphans = [user(1), user(2)];
    const decision = decisionOf({ ...state, whole: { ...whole, adoptSubscriptions: 'all', orphans } });
    expect(decision.seats.map(({ userId, audit }) => [userId, audit.map(({ kind }) => kind)])).toEqual([
      [user(2), ['adopted']],
    ]);
  });
});

/** A call may come 15 minutes after its intention, and a list lag an hour behind it. */
describe('a subscription that may have been made', () => {
  const unanswered = (minutes: number, listedAt: string) => {
    const askedAt = iso(-minutes * 60);
    const seat = { status: 'creating', changedAt: askedAt, subscription: { plan: PRO, askedAt } } as const;
    const list = { readAt: listedAt, againAt: iso(301), byUser: new Map() };
    return managed(sweptUsers([{ ...leaver(1, seat), assigned: false }]), list);
  };

  it.each([59, 61, 74])('is cancelled %i minutes after the intention', (minutes) => {
    expect(made(unanswered(minutes, iso()))).toEqual(['revoke 1 group-leave']);
  });

  it('is ruled out only by a list of 75 minutes after it', () => {
    const statusAfter = (state: ApplicationState) => statusesAfter(state, decisionOf(state, brakeOf(100)))[1];
    expect(statusAfter(unanswered(75, iso(-299)))).toBe('creating');
    expect(statusAfter(unanswered(75, iso()))).toBe('revoked');
  });
});

describe('an application to which AWS refuses new subscriptions', () => {
  const refused = (probe: boolean) => {
    const users = [joiner(1), joiner(2), leaver(3, own())];
    return decisionOf({ ...managed(checkedUsers(users), listOf()), stopped: { probe } }, brakeOf(100));
  };

  it('gets no grant, and its revocations are made', () => {
    const decision = refused(false);
    expect(decision.changes.map(({ kind, userId }) => [kind, numberOf(userId)])).toEqual([['revoke', 3]]);
    expect(decision.aside).toBe(2);
  });

  it('is probed with one user', () => {
    const decision = refused(true);
    expect(decision.changes.filter(({ kind }) => kind === 'grant').map(({ userId }) => numberOf(userId))).toEqual([1]);
    expect(decision.aside).toBe(1);
  });

  it.each([false, true])('lets who has no slot join the waitlist, where the probe waits as well: %s', (probe) => {
    const users = [seated(1, own()), joiner(2, { status: 'waitlisted', requestedAt: iso(-120) }), joiner(3)];
    const state = { ...managed(checkedUsers(users, { max: 1 }), listOf(aSubscription(1))), stopped: { probe } };
    const decision = decisionOf(state, brakeOf(100));
    expect(decision.changes.filter(({ kind }) => kind === 'grant')).toEqual([]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'waitlisted', 3: 'waitlisted' });
    expect(decision.aside).toBe(0);
  });

  it('is probed with a user who would get a slot, which lets the others wait', () => {
    const waiting = joiner(1, { status: 'waitlisted', requestedAt: iso(-600), nextAttemptAt: iso(60) });
    const users = [waiting, joiner(2), joiner(3)];
    const state = { ...managed(checkedUsers(users, { max: 1 }), listOf()), stopped: { probe: true } };
    expect(made(state)).toEqual(['grant 2 group-join', 'record 3 reconciled']);
    expect(statusesAfter(state, decisionOf(state, brakeOf(100)))[3]).toBe('waitlisted');
  });

  it('lets nobody wait as long as a slot is free, and records when they asked', () => {
    const users = [joiner(1), joiner(2), joiner(3)];
    const state = {
      ...managed(sweptUsers(users, { max: 2, item: { askedAt: iso(-90) } }), listOf()),
      stopped: { probe: false },
    };
    const decision = decisionOf(state, brakeOf(100));
    expect([decision.changes, decision.aside]).toEqual([[], 3]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'failed', 2: 'failed', 3: 'failed' });
    for (const seat of decision.seats) expect(seat).toMatchObject({ requestedAt: iso(-90), audit: [] });
    // Once.
    const later = {
      ...state,
      users: state.users.map((one, at) => ({ ...one, user: { ...one.user, seat: decision.seats[at] } })),
    };
    expect(
      decisionOf({ ...later, evidence: { ...later.evidence, holdings: holdingsAfter(state, decision) } }).seats,
    ).toEqual([]);
  });

  it('is probed with a user whose own changes do not fail, and by a change of plan only if a sweep finds no other', () => {
    const refusal = { reason: 'access-denied', since: iso(-3600), execution: 'another', reported: true };
    const failing = joiner(1, { status: 'failed', requestedAt: iso(-600), refusal, nextAttemptAt: iso(-1) });
    const changing = seated(2, own({ plan: 'Q_DEVELOPER_STANDALONE_PRO' }));
    const list = listOf({ ...aSubscription(2), plan: 'Q_DEVELOPER_STANDALONE_PRO' });
    const settings = { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_POWER' as const };
    const state = managed(checkedUsers([failing, changing, joiner(3)]), list, settings);
    expect(made({ ...state, stopped: { probe: true } })).toEqual(['grant 3 group-join']);
    const alone = (check: typeof checkedUsers) =>
      made({ ...managed(check([failing]), listOf()), stopped: { probe: true } });
    expect([alone(checkedUsers), alone(sweptUsers)]).toEqual([[], ['grant 1 group-join']]);
    // A list that does not show an assignment may lag: its user is checked alone, and may be tried then.
    const missing = { ...seated(2, own()), assigned: false };
    expect(made({ ...managed(sweptUsers([failing, missing]), listOf()), stopped: { probe: true } })).toEqual([]);
    expect(made({ ...managed(checkedUsers([missing]), listOf()), stopped: { probe: true } })).toEqual([
      'grant 2 drift-healed',
    ]);
    const failed = { ...missing, seat: missing.seat && { ...missing.seat, refusal } };
    expect(made({ ...managed(sweptUsers([failed]), listOf()), stopped: { probe: true } })).toEqual([
      'grant 2 drift-healed',
    ]);
    const withPlans = (check: typeof checkedUsers, ...others: UserState[]) =>
      made({ ...managed(check([changing, ...others]), list, settings), stopped: { probe: true } });
    expect(withPlans(checkedUsers)).toEqual([]);
    expect(withPlans(sweptUsers)).toEqual(['grant 2 plan-changed plan']);
    expect(withPlans(sweptUsers, joiner(3))).toEqual(['grant 3 group-join']);
    const plan = 'Q_DEVELOPER_STANDALONE_PRO' as const;
    const asked = { status: 'creating' as const, ...own({ plan: settings.plan }), refusal, nextAttemptAt: iso(-1) };
    const older = seated(2, { ...asked, requestedAt: iso(-9000) });
    const younger = seated(4, { ...own({ plan }), requestedAt: iso(-600) });
    const both = listOf(...[2, 4].map((one) => ({ ...aSubscription(one), plan })));
    const sound = managed(sweptUsers([older, younger]), both, settings);
    expect(made({ ...sound, stopped: { probe: true } })).toEqual(['grant 4 plan-changed plan']);
  });

  it('is probed above a cap that was lowered, with the first of those who have a slot', () => {
    const asked = { status: 'creating' as const, grantedAt: undefined, changedAt: iso(-86_400), ...own() };
    const [first, second] = [1, 2].map((one) => joiner(one, { ...asked, requestedAt: iso(one - 60) }));
    const state = managed(
      sweptUsers(
        [first, second].flatMap((one) => one ?? []),
        { max: 1 },
      ),
      listOf(),
    );
    expect(made({ ...state, stopped: { probe: true } })).toEqual(['grant 1 group-join']);
  });

  it('is swept for a user who needs no subscription, and whose slot is free', () => {
    const others = [1, 2].map((one) => aSeat(one, { status: 'waitlisted', requestedAt: iso(-600) }));
    const state = managed(checkedUsers([joiner(3)], { max: 2, others }), listOf(aSubscription(3)));
    const { sweepNeeded } = decisionOf({ ...state, stopped: { probe: false } }, brakeOf(100));
    expect(sweepNeeded).toEqual({ withStatus: false });
  });

  it('gives a slot to a user who needs no new subscription, before those whose subscriptions are not tried', () => {
    const users = [joiner(1), joiner(2), joiner(3)];
    const state = managed(checkedUsers(users, { max: 1 }), listOf(aSubscription(3)));
    const late = { ...state, users: state.users.map((one, index) => ({ ...one, askedAt: iso(index - 60) })) };
    const decision = decisionOf({ ...late, stopped: { probe: false } }, brakeOf(100));
    expect(changesOf(decision)).toEqual(['grant 3 group-join', 'record 1', 'record 2']);
    expect(waitlistOf(decision.seats).map(({ userId }) => numberOf(userId))).toEqual([1, 2]);
  });

  it('is not swept for the users who wait: they are not tried either', () => {
    const others = [aSeat(2, { status: 'waitlisted', requestedAt: iso(-600) })];
    const state = managed(checkedUsers([joiner(1)], { max: 1, others }), listOf());
    expect(decisionOf(state, brakeOf(100)).sweepNeeded).toEqual({ withStatus: false });
    for (const probe of [false, true]) {
      expect(decisionOf({ ...state, stopped: { probe } }, brakeOf(100)).sweepNeeded).toBeUndefined();
    }
  });

  it('keeps the slot of a stored grant while the user is not tried', () => {
    const stored = { grants: new Set([user(1)]), revocations: new Set<string>() };
    const users = [joiner(1), joiner(2)];
    const state = managed(
      checkedUsers(users, { max: 1, evidence: { holdings: { seats: [], hold: undefined, stored } } }),
      listOf(aSubscription(2)),
    );
    expect(made({ ...state, stopped: { probe: false } })).toEqual(['record 2 reconciled']);
  });
});

describe('a seat of a managed subscription above a cap that was lowered', () => {
  it.each<[string, number, SubscriptionEvidence, string]>([
    ['of which no read shows any part joins the waitlist', -86_400, listOf(), 'waitlisted'],
    ['whose subscription a list may be too early to show keeps its slot', -1800, listOf(), 'creating'],
    ['whose subscription a list shows keeps its slot', -86_400, listOf(aSubscription(2)), 'creating'],
  ])('%s', (_fact, askedAt, list, status) => {
    const creating = (one: number, at: number) =>
      joiner(one, {
        status: 'creating',
        grantedAt: undefined,
        changedAt: iso(-86_400),
        requestedAt: iso(one - 90_000),
        subscription: { plan: PRO, askedAt: iso(at) },
      });
    const state = managed(sweptUsers([creating(1, -86_400), creating(2, askedAt)], { max: 1 }), list);
    const decision = decisionOf(state, brakeOf(100));
    expect(changesOf(decision)[0]).toBe('grant 1 group-join');
    expect(statusesAfter(state, decision)[2]).toBe(status);
  });
});

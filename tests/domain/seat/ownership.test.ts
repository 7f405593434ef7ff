import { describe, expect, it } from 'vitest';
import { type Making, markCancelled, noteListed } from '../../../domain/seat/ownership.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import {
  dropSeat,
  markAssigned,
  markCreating,
  markRefused,
  markRevoked,
  markRevoking,
  recordLateGrant,
} from '../../../domain/seat/transitions.ts';
import { aChangeContext, aGrantedSeat, aSeat, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, START, user } from '../../support/ids.ts';
import { POWER, PRO } from '../../support/subscriptions.ts';

const OWN = { plan: PRO, askedAt: iso(-86_400) } as const;
const ASKED = { plan: PRO, askedAt: iso() } as const;
const TARGET = { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT, requestedAt: iso(-5) };

/** Whose the parts of a seat are, once its creation has begun. */
function owned(before: Seat | undefined, making: Making): Pick<Seat, 'access' | 'subscription'> {
  const { access, subscription } = markCreating(before, TARGET, aChangeContext(), making);
  return { ...(access ? { access } : {}), ...(subscription ? { subscription } : {}) };
}

describe('the parts of a seat', () => {
  it.each<[string, Seat | undefined, Making, Pick<Seat, 'access' | 'subscription'>]>([
    ['are Usher’s if it makes both', undefined, { plan: PRO }, { subscription: ASKED }],
    ['are the assignment alone without a plan', undefined, {}, {}],
    [
      'are the subscription alone next to an assignment of another',
      undefined,
      { plan: PRO, part: 'subscription' },
      { access: 'foreign', subscription: ASKED },
    ],
    ['are the assignment alone next to a subscription of another', undefined, { plan: PRO, part: 'access' }, {}],
    [
      'stay Usher’s if the subscription is made again',
      aGrantedSeat({ subscription: OWN }),
      { plan: PRO, part: 'subscription' },
      { subscription: ASKED },
    ],
    [
      'keep the assignment of another if the subscription is made again',
      aGrantedSeat({ access: 'foreign', subscription: OWN }),
      { plan: PRO, part: 'subscription' },
      { access: 'foreign', subscription: ASKED },
    ],
    [
      'keep the subscription if the assignment is made again',
      aGrantedSeat({ access: 'foreign', subscription: OWN }),
      { plan: PRO, part: 'access' },
      { subscription: OWN },
    ],
    [
      'keep the assignment of another, and the id, under another plan',
      aGrantedSeat({ access: 'foreign', subscription: { ...OWN, id: 'sub-1' } }),
      { plan: POWER, part: 'plan' },
      {
        access: 'foreign',
        subscription: { plan: POWER, askedAt: iso(), id: 'sub-1' },
      },
    ],
    [
      'stay as they are if only the answer was lost',
      aSeat(1, { status: 'creating', access: 'foreign', subscription: OWN }),
      { plan: PRO, part: 'nothing' },
      { access: 'foreign', subscription: OWN },
    ],
    [
      'of a seat that is gone are another’s',
      aGrantedSeat({ status: 'revoked' }),
      { plan: PRO, part: 'subscription' },
      { access: 'foreign', subscription: ASKED },
    ],
  ])('%s', (_fact, before, making, expected) => {
    expect(owned(before, making)).toEqual(expected);
  });

  it('are no longer Usher’s once the seat is gone', () => {
    const revoking = markRevoking(aGrantedSeat({ access: 'foreign', subscription: OWN }), aChangeContext());
    for (const gone of [markRevoked(revoking, aChangeContext()), dropSeat(revoking, START)]) {
      expect(gone).toMatchObject({ status: 'revoked' });
      expect([gone.access, gone.subscription]).toEqual([undefined, undefined]);
    }
  });

  it('leave the time of the cancellation, until the next seat', () => {
    const cancelled = markCancelled(aGrantedSeat({ status: 'revoking', subscription: OWN }), START);
    const gone = markRevoked(cancelled, aChangeContext());
    expect([gone.subscription, gone.cancelledAt]).toEqual([undefined, iso()]);
    expect(markCreating(gone, TARGET, aChangeContext()).cancelledAt).toBeUndefined();
  });

  it('are in the audit record of its end', () => {
    const revoking = markRevoking(aGrantedSeat({ subscription: OWN }), aChangeContext());
    expect(markRevoked(revoking, aChangeContext()).audit).toMatchObject([{ kind: 'revoked', plan: PRO }]);
  });

  it('are not Usher’s after a refusal that had no effect, and stay with what is there', () => {
    const seat = aSeat(1, { status: 'creating', access: 'foreign', subscription: ASKED });
    const refused = (ambiguous: boolean) =>
      markRefused(seat, 'access-denied', { ...aChangeContext(), reportAgain: false, ambiguous });
    expect([refused(false).status, refused(false).subscription]).toEqual(['failed', undefined]);
    expect(refused(true)).toMatchObject({ status: 'creating', subscription: ASKED });
  });
});

describe('a subscription of another plan', () => {
  it.each(['assigned', 'creating'] as const)('is a change of its own although the seat is only %s', (status) => {
    const seat = aGrantedSeat({ status, changeSeq: 4, subscription: OWN });
    const creating = markCreating(seat, TARGET, aChangeContext(), { part: 'subscription', plan: POWER });
    expect(creating).toMatchObject({ changeSeq: 5, subscription: { plan: POWER } });
    expect(markAssigned(creating, aChangeContext()).audit).toMatchObject([
      { kind: 'assigned', changeSeq: 5, plan: POWER },
    ]);
  });
});

describe('a first subscription', () => {
  it('is a change of its own if the grant of access alone is audited', () => {
    const seat = aGrantedSeat({ status: 'assigned', changeSeq: 4 });
    const creating = markCreating(seat, TARGET, aChangeContext(), { part: 'subscription', plan: PRO });
    expect(markAssigned(creating, aChangeContext()).audit).toMatchObject([
      { kind: 'assigned', changeSeq: 5, plan: PRO },
    ]);
  });
});

describe('a repeated create', () => {
  const seat = aGrantedSeat({ status: 'assigned', subscription: OWN });
  const repeated = markCreating(seat, TARGET, aChangeContext(), { part: 'subscription', plan: PRO });

  it('is not audited again once it shows', () => {
    expect(recordLateGrant(repeated, aChangeContext()).audit).toEqual([]);
  });

  it('is audited once it shows after AWS has refused it, which was audited', () => {
    const refused = markRefused(repeated, 'account-not-eligible', {
      ...aChangeContext(),
      reportAgain: false,
      ambiguous: true,
    });
    expect(recordLateGrant(refused, aChangeContext()).audit).toMatchObject([{ kind: 'refused' }, { kind: 'assigned' }]);
  });
});

describe('a subscription', () => {
  it('that was cancelled keeps when its provider accepted it', () => {
    const seat = markCancelled(aGrantedSeat({ status: 'revoking', subscription: OWN }), START);
    expect(seat).toMatchObject({ revision: 2, subscription: { ...OWN, cancelledAt: iso() } });
  });

  it('takes the id of the list', () => {
    expect(noteListed(aGrantedSeat({ subscription: OWN }), { id: 'sub-2' }).subscription).toEqual({
      ...OWN,
      id: 'sub-2',
    });
    expect(noteListed(aGrantedSeat({ subscription: { ...OWN, id: 'sub-1' } }), {}).subscription?.id).toBe('sub-1');
  });

  it('that the list does not show as the user’s own is not Usher’s', () => {
    expect(noteListed(aGrantedSeat({ subscription: OWN }), undefined).subscription).toBeUndefined();
  });
});

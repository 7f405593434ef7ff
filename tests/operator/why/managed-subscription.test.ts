import { describe, expect, it } from 'vitest';
import type { Seat } from '../../../domain/seat/seat.ts';
import { subscriptionInWords } from '../../../operator/why/managed-subscription.ts';
import { wordsOf as allWordsOf } from '../../../operator/why/words.ts';
import { anEntitlement, aQueue, aSeat, at, aUserState, iso } from '../../support/builders.ts';
import { KIRO } from '../../support/subscriptions.ts';

const entitlement = anEntitlement(1, { subscription: KIRO });
const stopped = aQueue({ stopped: { [entitlement.application]: { since: iso(-3600), probeAt: iso(23 * 3600) } } });
const STOP =
  'AWS has refused new subscriptions to the account since 1 h ago; Usher tries one again in 23 h. Until then, no seat begins.';

const wordsOf = (seat: Seat | undefined) =>
  subscriptionInWords({ entitlement, user: aUserState({ seat }), verdict: { do: 'nothing' } }, stopped, at(0));

describe('while AWS refuses new subscriptions, the words about an entitled user', () => {
  const subscription = { plan: KIRO.plan, askedAt: iso(-30) };

  it.each<[string, Seat | undefined]>([
    ['no seat', undefined],
    ['a seat without a subscription', aSeat(1)],
    ['a subscription that Usher has asked for and no list shows', aSeat(1, { status: 'creating', subscription })],
  ])('say so if there is %s', (_what, seat) => {
    expect(wordsOf(seat)).toContain(STOP);
  });

  it('say when a user first asked who was not tried so far', () => {
    const user = aUserState({ seat: aSeat(1, { status: 'failed', requestedAt: iso(-7200) }) });
    const finding = { entitlement, user, verdict: { do: 'nothing' as const }, hold: undefined, line: undefined };
    const words = allWordsOf(finding, stopped, at(0));
    expect(words).toContain('no seat yet: asked for 2 h ago, and not tried so far.');
    expect(words).toContain(STOP);
  });

  it('do not if the user has a subscription', () => {
    expect(wordsOf(aSeat(1, { status: 'confirmed', subscription }))).not.toContain(STOP);
  });
});

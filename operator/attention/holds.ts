import { budgetOf } from '../../domain/decision/brake.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { type ActiveHold, HOLD_REASONS } from '../held/holds.ts';
import type { Attention } from '../lines/attention.ts';
import { count } from '../text.ts';

/** Says what a hold needs of a person. */
export function heldAttention(
  { hold, members, seats }: ActiveHold,
  { brake }: Pick<Entitlements, 'brake'>,
  now: Date,
): Attention {
  const { entitlement, applicationArn: application, since, reason, released } = hold;
  const { nextFreeAt } = budgetOf(seats, brake, now);
  return {
    type: 'attention',
    kind: 'hold',
    title: `${entitlement}: ${count(members.length, 'revocation')} held`,
    count: members.length,
    since,
    ...(reason === 'brake' && nextFreeAt !== undefined ? { dueAt: nextFreeAt } : {}),
    entitlement,
    application,
    reason: HOLD_REASONS[reason],
    fix:
      released === undefined
        ? 'Undo or release them: usher held'
        : 'Released: the next sweep revokes the seats. Check: usher held',
  };
}

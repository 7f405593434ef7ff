import { createHash } from 'node:crypto';
import type { Plan } from '../subscription/plan.ts';
import type { Seat } from './seat.ts';

/**
 * Returns a token by which AWS knows a repeated request for the subscription of a seat. It is the same until AWS has
 * accepted it: `changeSeq` counts changes, and `repeats` the acceptances after which a list showed no effect.
 */
export function requestTokenOf({ applicationArn, userId, changeSeq, repeats = 0 }: Seat, plan: Plan): string {
  return createHash('sha256').update(`${applicationArn} ${userId} ${changeSeq} ${repeats} ${plan}`).digest('hex');
}

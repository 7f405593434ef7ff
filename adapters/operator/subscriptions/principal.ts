import { normalizeId, type ResourceKind } from '../../../domain/shared/ids.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { property } from '../../translate-error.ts';

/** Some answers put the identity store in front of an id: `d-1234567890.<UUID>`. */
const STORE = /^d-[0-9a-f]{10}\./i;

/** Returns whose a subscription is. What names nobody, or two, is unknown: one such entry must not hide all others. */
export function principalIn(value: unknown): Subscription['principal'] {
  const [user, group] = [idOf(value, 'user'), idOf(value, 'group')];
  if (user !== undefined && group === undefined) return { user };
  if (group !== undefined && user === undefined) return { group };
  return { unknown: true };
}

function idOf(principal: unknown, kind: Extract<ResourceKind, 'user' | 'group'>): string | undefined {
  const id = property(principal, kind);
  return normalizeId(typeof id === 'string' ? id.replace(STORE, '') : id, kind);
}

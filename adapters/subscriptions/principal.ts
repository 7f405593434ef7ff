import { normalizeId, type ResourceKind, withoutStore } from '../../domain/shared/ids.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { property } from '../translate-error.ts';

/** Returns the user or group of a subscription. An entry that names neither, or both, is unknown: it must not hide all others. */
export function principalIn(value: unknown): Subscription['principal'] {
  const [user, group] = [idOf(value, 'user'), idOf(value, 'group')];
  if (user !== undefined && group === undefined) return { user };
  if (group !== undefined && user === undefined) return { group };
  return { unknown: true };
}

function idOf(principal: unknown, kind: Extract<ResourceKind, 'user' | 'group'>): string | undefined {
  const id = property(principal, kind);
  return normalizeId(typeof id === 'string' ? withoutStore(id) : id, kind);
}

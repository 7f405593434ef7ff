import { escaped } from '../../operator/text.ts';
import { nearest } from './choices.ts';

/** A longer list helps nobody to find a name. */
const MOST_LISTED = 10;

/**
 * Returns what to add to an error about a name that names nothing: ` Did you mean kiro?`, or all names that exist, if none is
 * near and they are few.
 */
export function didYouMean(text: string, existing: readonly string[]): string {
  const near = nearest(text, existing).map(escaped);
  const last = near.pop();
  if (last !== undefined) return ` Did you mean ${[...(near.length > 0 ? [near.join(', ')] : []), last].join(' or ')}?`;
  if (existing.length === 0 || existing.length > MOST_LISTED) return '';
  return ` Existing: ${existing.map(escaped).join(', ')}`;
}

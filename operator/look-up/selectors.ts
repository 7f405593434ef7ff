import { type Selector, SelectorSchema } from '../../domain/request/request.ts';
import { UsageError } from '../failures.ts';
import { escaped } from '../text.ts';

/** Returns what a text may select, the likeliest first. @throws UsageError */
export function selectorsOf(text: string, issuer: string | undefined): readonly Selector[] {
  const [, kind, value = ''] = /^(userName|email|externalId):(.+)$/s.exec(text) ?? [];
  const valid = (candidates: readonly unknown[]): Selector[] => {
    const found = candidates.flatMap((candidate) => SelectorSchema.safeParse(candidate).data ?? []);
    if (found.length === 0)
      throw new UsageError(`${escaped(text)} is neither a user's id, a userName nor an e-mail address`);
    return found;
  };
  if (kind === 'externalId') {
    if (issuer === undefined) throw new UsageError('externalId:… needs --issuer, the name of the identity provider');
    return valid([{ externalId: { issuer, id: value } }]);
  }
  if (kind !== undefined) return valid([{ [kind]: value }]);
  return valid([{ userName: text }, ...(text.includes('@') ? [{ email: text }] : [])]);
}

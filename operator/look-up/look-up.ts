import type { People } from '../../adapters/operator/people.ts';
import { idNamedBy, type Misnamed } from '../../domain/shared/ids.ts';
import { UsageError } from '../failures.ts';
import { escaped } from '../text.ts';
import { isReadFailure } from '../unread.ts';

/** Where a look-up says what it does, for someone who waits. */
export interface Feedback {
  note(text: string): void;
  /** Says what is being done as soon as it takes long. @param work calls `report` with a detail of it */
  working<T>(label: string, work: (report: (detail: string) => void) => Promise<T>): Promise<T>;
}

const MISNAMED: Readonly<Record<Misnamed, string>> = {
  'a-group': 'is a group',
  'a-membership': 'is a membership',
  'a-store': 'is an identity store',
  'a-user': 'is a user',
  'another-store': 'is of another identity store',
};

/** Returns the id that a text has in one of the forms in which AWS prints it; undefined for a name. @throws UsageError */
export function idIn(text: string, kind: 'user' | 'group', { identityStoreId }: People): string | undefined {
  const named = idNamedBy(text.trim(), kind, identityStoreId);
  if (named?.problem === undefined) return named?.id;
  throw new UsageError(
    `${escaped(text)} ${MISNAMED[named.problem]}: expected a ${kind} of ${identityStoreId}, as entitlements.yml has it`,
  );
}

/**
 * Looks something up by name, or in a list if the identity store refuses that.
 *
 * @param search searches the list; undefined if the list does not have what is looked up
 */
export async function orInsteadOf(
  find: () => Promise<string | undefined>,
  search: (() => Promise<string[]>) | undefined,
  feedback: Feedback,
): Promise<string[]> {
  try {
    const id = await find();
    return id === undefined ? [] : [id];
  } catch (error) {
    if (!(search && isReadFailure(error))) throw error;
    feedback.note(`${escaped(error.message)}. Searching the list instead`);
    return search();
  }
}

import { normalizeId, withoutStore } from '../domain/shared/ids.ts';
import { InputError } from './input-error.ts';

/**
 * Reads ids of users, one per line. What follows a `#` is a comment.
 *
 * @throws InputError with all lines that hold no id
 */
export function readUserIds(text: string, file: string): Set<string> {
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const id = line.replace(/#.*/, '').trim();
    return id === '' ? [] : [{ id: normalizeId(withoutStore(id), 'user'), path: `line ${index + 1}` }];
  });
  const issues = lines.flatMap(({ id, path }) =>
    id === undefined ? [{ path, problem: 'expected the id of a user: a UUID or <10 hex>-<UUID>' }] : [],
  );
  if (issues.length > 0) throw new InputError(file, issues);
  return new Set(lines.flatMap(({ id }) => id ?? []));
}

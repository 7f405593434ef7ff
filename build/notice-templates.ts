import { join } from 'node:path';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Templates } from '../domain/notices/message.ts';
import { readTemplates } from '../input/notice-templates.ts';

/**
 * Returns the templates that a package gets: those shipped, with a company's own in their place.
 *
 * @param root folder of the service
 * @throws InputError with all errors of all templates at once, each with file and line
 */
export function packagedTemplates(root: string, entitlements: Entitlements): Templates {
  const shipped = join(root, 'notices');
  return readTemplates({ shipped, own: join(shipped, 'own') }, entitlements);
}

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Templates } from '../../domain/notices/message.ts';
import { readTemplates } from '../../input/notice-templates.ts';

/** In the checkout and in the package of the command. */
const SHIPPED = fileURLToPath(new URL('../../notices', import.meta.url));

/**
 * Returns the templates that notices are made of: those shipped with the command, and one's own next to the entitlements.
 *
 * @param file of the entitlements
 * @throws InputError with all errors of all templates at once
 */
export function templatesNextTo(file: string, entitlements: Entitlements): Templates {
  return readTemplates({ shipped: SHIPPED, own: join(dirname(file), 'notices', 'own') }, entitlements);
}

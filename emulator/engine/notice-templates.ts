import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Templates } from '../../domain/notices/message.ts';
import { readTemplates } from '../../input/notice-templates.ts';

const SHIPPED = fileURLToPath(new URL('../../notices', import.meta.url));

const read = new WeakMap<Entitlements, Templates>();

/**
 * Returns the templates that are packaged with a configuration: in the checkout also those of one's own, which the package of
 * the command does not have.
 *
 * @throws InputError if a template of one's own is broken
 */
export function noticeTemplates(entitlements: Entitlements): Templates {
  const templates =
    read.get(entitlements) ?? readTemplates({ shipped: SHIPPED, own: join(SHIPPED, 'own') }, entitlements);
  read.set(entitlements, templates);
  return templates;
}

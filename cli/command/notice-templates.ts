import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Templates } from '../../domain/notices/message.ts';
import { readTemplates } from '../../input/notice-templates.ts';

/** In the checkout and in the package of the command. */
const SHIPPED = fileURLToPath(new URL('../../notices', import.meta.url));

const Globals = z.object({ entitlements: z._default(z.string(), 'entitlements.yml') });

/**
 * Returns the templates that notices are made of: those shipped with the command, and one's own next to the entitlements.
 *
 * @param command whose options name the file of the entitlements
 * @throws InputError with all errors of all templates at once
 */
export function templatesNextTo(command: Command, entitlements: Entitlements): Templates {
  const { entitlements: file } = Globals.parse(command.optsWithGlobals());
  return readTemplates({ shipped: SHIPPED, own: join(dirname(file), 'notices', 'own') }, entitlements);
}

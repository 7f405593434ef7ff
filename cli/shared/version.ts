import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';

/** Usher's own version, of `package.json`. */
export const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

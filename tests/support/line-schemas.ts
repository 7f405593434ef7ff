import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import * as z from 'zod/mini';
import { LINES } from '../../operator/lines/all.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'schemas', 'lines');
const ajv = new Ajv({ strict: true });
const validators = new Map<string, ValidateFunction | undefined>();

/** The published JSON Schema of a type; undefined if there is none. */
function validatorOf(type: string): ValidateFunction | undefined {
  if (!validators.has(type)) {
    const file = join(FOLDER, `${type}.schema.json`);
    validators.set(type, existsSync(file) ? ajv.compile(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return validators.get(type);
}

/**
 * Returns what is wrong with a line of `--json`, by the published JSON Schema of its type, which allows fields that a later
 * version adds, and by the schema of this version, which allows none.
 */
export function problemsWithLine(line: Readonly<Record<string, unknown>>): string[] {
  const type = String(line['type']);
  const validate = validatorOf(type);
  const schema = Object.entries(LINES).find(([name]) => name === type)?.[1];
  if (!validate || !schema) return [`there is no schema of ${type}`];
  const published = validate(line) ? [] : [ajv.errorsText(validate.errors)];
  const own = z.safeParse(schema, line).error?.issues ?? [];
  return [...published, ...own.map((issue) => JSON.stringify(issue))];
}

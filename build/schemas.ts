import { existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { DETAIL_TYPES } from '../domain/audit/parse.ts';
import { auditEventSchema, type DetailType } from '../domain/audit/schema.ts';
import { EntitlementsSchema } from '../domain/entitlements.ts';
import { DirectorySeedSchema } from '../emulator/aws/identity-center/directory-seed.ts';
import { ScenarioSchema } from '../emulator/scenario/schema.ts';
import { LINES } from '../operator/lines/all.ts';

const DIRECTORY = join(import.meta.dirname, '..', 'schemas');

/** The meaning of each audit event; `description` of its schema. */
export const EVENT_MEANINGS = {
  'Seat Assigned': 'Usher assigned a user to the application',
  'Seat Revoked': 'The assignment was revoked',
  'Seat Waitlisted': 'All seats are taken; the user is on the waitlist',
  'Seat Refused': 'AWS refused to assign a user or to remove the assignment, until someone fixes the cause',
  'Seat Leaving': 'The user left, and keeps the seat for the days of grace, until `unmapped.revoke_at`',
  'Seat Kept': 'A user whose seat was leaving or held is entitled again',
  'Seat Adopted': 'From now on, Usher manages an assignment that it did not make',
  'Seat Observed': 'What an entitlement in `mode: observe` would do; nothing was done',
  'Subscription Finding':
    'A subscription is not as its entitlement says, says something else than before, or is right again. Once per change; `status_detail` is the kind of finding',
  'Revocations Held':
    'The brake holds revocations until an operator releases them. When a hold begins, and when it has grown',
  'Onboarding Failed': 'An execution failed, timed out or was stopped',
} as const satisfies Record<DetailType, string>;

/**
 * Generates the JSON Schemas, as text by file name. Draft 7, because the language servers of editors and most validators
 * know no newer one.
 */
export function generatedSchemas(): Map<string, string> {
  return new Map([
    schemaFile('entitlements', 'entitlements.yml of Usher', EntitlementsSchema),
    schemaFile('directory', "Directory file of Usher's emulator", DirectorySeedSchema),
    schemaFile('scenario', "Scenario of Usher's emulator", ScenarioSchema),
    ...DETAIL_TYPES.map((detailType) =>
      schemaFile(
        schemaName(detailType),
        `EventBridge event "${detailType}" of Usher`,
        auditEventSchema(detailType).check(z.describe(EVENT_MEANINGS[detailType])),
      ),
    ),
    ...Object.entries(LINES).map(([type, schema]) => lineSchemaFile(type, schema)),
  ]);
}

/** Returns the name of a detail-type's schema and of its sample. */
export function schemaName(detailType: DetailType): string {
  return detailType.toLowerCase().replaceAll(' ', '-');
}

/** A later version may add fields, so a program must not refuse them: only the tests do. */
function lineSchemaFile(type: string, schema: z.ZodMiniType): [string, string] {
  return schemaFile(`lines/${type}`, `Line "${type}" of usher --json`, schema, ({ jsonSchema }) => {
    if (typeof jsonSchema.additionalProperties !== 'object' || isEmpty(jsonSchema.additionalProperties))
      delete jsonSchema.additionalProperties;
  });
}

const ListOfTypes = z.looseObject({ type: z.array(z.string()) });

/** A replacer for `JSON.stringify`: strict validators refuse a list of types. */
function splitTypes(_key: string, value: unknown): unknown {
  const { success, data } = z.safeParse(ListOfTypes, value);
  if (!success) return value;
  const { type: types, ...rest } = data;
  return { ...rest, anyOf: types.map((type) => ({ type })) };
}

/** The schema of any value says nothing. */
function isEmpty(schema: object): boolean {
  return Object.keys(schema).length === 0;
}

function schemaFile(
  id: string,
  title: string,
  schema: z.ZodMiniType,
  override?: NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override'],
): [string, string] {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-07',
    io: 'input',
    ...(override ? { override } : {}),
  });
  const json = { $schema, $id: `urn:usher:schema:${id.replace('/', ':')}`, title, ...rest };
  return [`${id}.schema.json`, `${JSON.stringify(json, splitTypes, 2)}\n`];
}

/** Writes what is missing or differs in `schemas/`; with `--check` only reports it and exits with 1. */
function main(): void {
  const stale = [...generatedSchemas()].filter(([name, text]) => {
    const path = join(DIRECTORY, name);
    return !existsSync(path) || readFileSync(path, 'utf8') !== text;
  });
  if (process.argv[2] !== '--check') {
    mkdirSync(join(DIRECTORY, 'lines'), { recursive: true });
    for (const [name, text] of stale) writeFileSync(join(DIRECTORY, name), text);
  } else if (stale.length > 0) {
    console.error(`Out of date: ${stale.map(([name]) => `schemas/${name}`).join(', ')}. Regenerate: npm run schemas`);
    process.exitCode = 1;
  }
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) main();

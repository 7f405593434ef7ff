import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { AuditEntry } from '../../emulator/stack/listener.ts';
import { problemsWithOcsf } from './ocsf/validator.ts';

const SCHEMAS = join(import.meta.dirname, '..', '..', 'schemas');
const ajv = new Ajv({ strict: true });
/** By detail-type. */
const VALIDATORS = new Map(
  readdirSync(SCHEMAS)
    .filter((file) => file.endsWith('.schema.json'))
    .map((file) => JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')))
    // The others are of files that people write.
    .filter((schema) => schema.properties['detail-type'])
    .map((schema) => [String(schema.properties['detail-type'].const), ajv.compile(schema)] as const),
);

/** What is wrong with an audit event as EventBridge hands it to a consumer. */
export function problemsWith({ Source, DetailType, Time, Resources, Detail }: AuditEntry): string[] {
  const validate = VALIDATORS.get(DetailType);
  if (!validate) return [`there is no schema of ${DetailType}`];
  const valid = validate({
    version: '0',
    id: '0a0a0a0a-1111-4222-8333-444455556666',
    'detail-type': DetailType,
    source: Source,
    account: '000000000000',
    time: Time,
    region: 'us-east-1',
    resources: Resources,
    detail: Detail,
  });
  return [
    ...(valid ? [] : [`${DetailType}: ${ajv.errorsText(validate.errors)}`]),
    ...problemsWithOcsf(Detail).map((problem) => `${DetailType}, by OCSF: ${problem}`),
  ];
}

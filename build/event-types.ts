import * as z from 'zod/mini';
import { DETAIL_TYPES } from '../domain/audit/parse.ts';
import type { DetailType } from '../domain/audit/schema.ts';
import { generatedSchemas, schemaName } from './schemas.ts';

/** The part of JSON Schema that the schemas of audit events use. */
const Schema = z.object({
  description: z.optional(z.string()),
  type: z.optional(z.enum(['object', 'array', 'string', 'number', 'integer'])),
  const: z.optional(z.union([z.string(), z.number()])),
  enum: z.optional(z.array(z.string())),
  required: z.optional(z.array(z.string())),
  maxItems: z.optional(z.number()),
  get properties() {
    return z.optional(z.record(z.string(), Schema));
  },
  get items() {
    return z.optional(z.union([z.array(Schema), Schema]));
  },
  get anyOf() {
    return z.optional(z.array(Schema));
  },
});
type Schema = z.infer<typeof Schema>;

const FUNCTIONS = `
/** An event of the audit bus, as EventBridge delivers it. \`detail-type\` names its kind. */
export type AuditEvent = EVENTS;
export type DetailType = AuditEvent['detail-type'];

/** Every detail-type of the audit bus. */
export declare const DETAIL_TYPES: readonly DetailType[];

/** What is wrong with an event. Its message quotes no value. */
export declare class InvalidAuditEvent extends Error {
  readonly issues: readonly { path: string; problem: string }[];
}

/**
 * Parses an event as a rule of the audit bus delivers it.
 *
 * @throws InvalidAuditEvent with all that is wrong
 */
export declare function parseAuditEvent(value: unknown): AuditEvent;
`;

/** Generates the declarations of \`domain/audit/parse.ts\` from the JSON Schemas: they import nothing. */
export function eventTypes(): string {
  const schemas = generatedSchemas();
  const events = DETAIL_TYPES.map((detailType) => {
    const schema = Schema.parse(JSON.parse(schemas.get(`${schemaName(detailType)}.schema.json`) ?? ''));
    return `${comment(schema, '')}export interface ${typeName(detailType)} ${typeOf(schema, '')}\n`;
  });
  return [...events, FUNCTIONS.replace('EVENTS', DETAIL_TYPES.map(typeName).join(' | ')).trimStart()].join('\n');
}

function typeName(detailType: DetailType): string {
  return detailType.replaceAll(' ', '');
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.anyOf) return schema.anyOf.map((one) => typeOf(one, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return arrayOf(schema, indent);
    case 'object':
      return objectOf(schema, indent);
    default:
      throw new Error('The schema of an audit event has a form that has no type here');
  }
}

function arrayOf({ items = [], maxItems }: Schema, indent: string): string {
  if (Array.isArray(items)) return `[${items.map((item) => typeOf(item, indent)).join(', ')}]`;
  return maxItems === 0 ? '[]' : `(${typeOf(items, indent)})[]`;
}

function objectOf({ properties = {}, required = [] }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([name, field]) => {
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    return `${comment(field, inner)}${inner}${key}${required.includes(name) ? '' : '?'}: ${typeOf(field, inner)};\n`;
  });
  return `{\n${fields.join('')}${indent}}`;
}

function comment({ description }: Schema, indent: string): string {
  return description === undefined ? '' : `${indent}/** ${description} */\n`;
}

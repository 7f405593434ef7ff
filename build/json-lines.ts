import * as z from 'zod/mini';
import { JSON_TYPES } from '../cli/command/json-types.ts';
import { LINES } from '../operator/lines/all.ts';
import { code, prose, tableOf } from './markdown.ts';

const Value = z.union([z.string(), z.number(), z.boolean()]);

/** The part of a JSON Schema that a table shows. */
const FieldSchema = z.object({
  type: z.optional(z.string()),
  description: z.optional(z.string()),
  const: z.optional(Value),
  enum: z.optional(z.array(Value)),
  required: z.optional(z.array(z.string())),
  get properties() {
    return z.optional(z.record(z.string(), FieldSchema));
  },
  get additionalProperties() {
    return z.optional(z.union([z.boolean(), FieldSchema]));
  },
  get items() {
    return z.optional(FieldSchema);
  },
});
type Field = z.infer<typeof FieldSchema>;

/** Which command prints which types. */
export function commandTypes(): string {
  const rows = Object.entries(JSON_TYPES).map(([command, types]) => [
    code(command),
    types.map((type) => `[${code(type)}](#${type})`).join(', '),
  ]);
  return tableOf(['command', 'types of its results'], rows);
}

/** The fields of each type, with a title for each. */
export function lineTypes(): string {
  const types = Object.entries(LINES).map(([type, schema]) => {
    const field = FieldSchema.parse(z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }));
    return `### ${type}\n\n${fieldsOf(field)}`;
  });
  return `\n${types.join('\n')}\n`;
}

function fieldsOf({ properties = {}, required = [] }: Field): string {
  const rows = Object.entries(properties)
    .filter(([name]) => name !== 'type')
    .map(([name, field]) => [
      code(name),
      shapeOf(field),
      required.includes(name) ? 'always' : 'if known',
      prose(field.description ?? ''),
    ]);
  return tableOf(['field', 'is', 'present', 'means'], rows);
}

/** Returns what a value is, in words. */
function shapeOf(field: Field): string {
  const { type, properties, items, additionalProperties } = field;
  const values = field.enum ?? (field.const === undefined ? undefined : [field.const]);
  if (values) return values.map((value) => code(String(value))).join(', ');
  if (type === 'array') return items ? `list of ${shapeOf(items)}` : 'list';
  if (properties) {
    const names = Object.keys(properties).map((name) => (field.required?.includes(name) ? name : `${name}?`));
    return code(`{ ${names.join(', ')} }`);
  }
  if (typeof additionalProperties === 'object') return `object; each value is ${shapeOf(additionalProperties)}`;
  return type ?? 'any value';
}

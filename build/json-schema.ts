import * as z from 'zod/mini';

const Value = z.union([z.string(), z.number(), z.boolean()]);

/** The part of a JSON Schema that the tables of the pages show. */
const FieldSchema = z.object({
  type: z.optional(z.union([z.string(), z.array(z.string())])),
  description: z.optional(z.string()),
  default: z.optional(z.unknown()),
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
/** See {@link FieldSchema}. */
export type Field = z.infer<typeof FieldSchema>;

/** Returns the JSON Schema of what a caller writes, before defaults are filled in. */
export function jsonSchemaOf(schema: z.ZodMiniType): Field {
  return FieldSchema.parse(z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }));
}

/** Lists the fields of an object. */
export function fieldsOf({ properties }: Field): [name: string, field: Field][] {
  return Object.entries(properties ?? {});
}

/** Writes the names of the fields of an object, with `?` after those that may be left out: `{ user, group? }`. */
export function shapeOf(object: Field): string {
  const names = fieldsOf(object).map(([name]) => (object.required?.includes(name) ? name : `${name}?`));
  return `{ ${names.join(', ') || '…'} }`;
}

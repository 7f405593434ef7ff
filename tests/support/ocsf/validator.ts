import { Ajv } from 'ajv';
import { own } from '../../../domain/shared/json.ts';
import { type Attribute, type Definition, OBJECTS, type ObjectName, USER_ACCESS } from './user-access.ts';

/** A JSON Schema. */
type Schema = Record<string, unknown>;

/** The value of an enumeration whose meaning only the sibling says. */
const OTHER = 99;
const VERSION = '1.6.0';
const CLASS_UID = 3005;

const SIMPLE: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  strings: { type: 'array', items: { type: 'string' } },
  json: { type: 'object' },
};

function isObjectName(name: string): name is ObjectName {
  return Object.hasOwn(OBJECTS, name);
}

function typeSchema(type: string): Schema {
  const simple = SIMPLE[type];
  if (simple) return simple;
  if (type.endsWith('[]')) return { type: 'array', items: typeSchema(type.slice(0, -2)) };
  if (!isObjectName(type)) throw new Error(`${type} is no object of the class`);
  return schemaOf(OBJECTS[type]);
}

function attributeSchema({ type, values }: Attribute): Schema {
  return values ? { ...typeSchema(type), enum: Object.keys(values).map(Number) } : typeSchema(type);
}

/** A rule for objects in which an attribute has this value. */
function whenIs(name: string, value: number, then: Schema): Schema {
  return {
    if: { type: 'object', properties: { [name]: { const: value } }, required: [name] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    then: { type: 'object', ...then },
  };
}

/** A value has its caption beside it, or none; "Other" has a text. */
function siblingRules([name, { values, sibling }]: [string, Attribute]): Schema[] {
  if (!(values && sibling)) return [];
  return Object.entries(values).map(([id, caption]) => {
    const rule =
      Number(id) === OTHER
        ? { required: [sibling], properties: { [sibling]: { not: { enum: Object.values(values) } } } }
        : { properties: { [sibling]: { const: caption } } };
    return whenIs(name, Number(id), rule);
  });
}

/** Says what OCSF says about a class or an object in the words of JSON Schema; an attribute that it does not know is wrong. */
function schemaOf({ anyOf, attributes }: Definition): Schema {
  const all = Object.entries(attributes);
  const rules = [
    ...all.flatMap(siblingRules),
    ...(anyOf ? [{ anyOf: anyOf.map((name) => ({ type: 'object', required: [name] })) }] : []),
  ];
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, attribute]) => [name, attributeSchema(attribute)])),
    additionalProperties: false,
    required: all.flatMap(([name, { required, profile }]) => (required && !profile ? [name] : [])),
    ...(rules.length > 0 ? { allOf: rules } : {}),
  };
}

/** `type_uid` follows from class and activity. */
function typeRules({ attributes: { activity_id: activity } }: Definition): Schema[] {
  return Object.keys(activity?.values ?? {}).map((id) =>
    whenIs('activity_id', Number(id), { properties: { type_uid: { const: CLASS_UID * 100 + Number(id) } } }),
  );
}

/** The attributes of a profile are those of events that name the profile. */
function profileRules({ attributes }: Definition): Schema[] {
  return Object.entries(attributes).flatMap(([name, { profile, required }]) => {
    if (!profile) return [];
    const profiles = { type: 'array', contains: { const: profile } };
    const metadata = { type: 'object', properties: { profiles }, required: ['profiles'] };
    return {
      if: { type: 'object', properties: { metadata }, required: ['metadata'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { type: 'object', required: required ? [name] : [] },
      else: { type: 'object', properties: { [name]: false } },
    };
  });
}

const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
const validate = ajv.compile({
  allOf: [schemaOf(USER_ACCESS), ...typeRules(USER_ACCESS), ...profileRules(USER_ACCESS)],
});

/** What OCSF finds wrong with the `detail` of an audit event. */
export function problemsWithOcsf(detail: unknown): string[] {
  const version = own(detail, 'metadata', 'version');
  return [
    ...(version === VERSION ? [] : [`/metadata/version is ${version}, not ${VERSION}`]),
    ...(validate(detail) ? [] : (validate.errors ?? [])).map(
      ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
    ),
  ];
}

import { Ajv } from 'ajv';
import { own } from '../../../domain/shared/json.ts';
import { once } from '../../../operator/once.ts';
import { type Attribute, type Definition, SIMPLE_TYPES, type Statement } from './statement.ts';
import { USER_ACCESS } from './user-access.ts';

/** A JSON Schema. */
type Schema = Record<string, unknown>;

/** The value of an enumeration whose meaning only the sibling says. */
const OTHER = 99;

function attributeSchema(attribute: Attribute): Schema {
  const { type, pattern, maxLength, range } = attribute;
  if (type.endsWith('[]')) {
    return { type: 'array', items: attributeSchema({ ...attribute, type: type.slice(0, -2) }) };
  }
  const simple = SIMPLE_TYPES[type];
  if (!simple) return { $ref: `#/definitions/${type}` };
  const values = valuesOf(attribute).map(([value]) => value);
  // What is undefined says nothing.
  return {
    ...simple,
    enum: values.length > 0 ? values : undefined,
    pattern,
    maxLength,
    minimum: range?.[0],
    maximum: range?.[1],
  };
}

/** The values of an enumeration with their captions; keys of JSON are texts. */
function valuesOf({ type, values = {} }: Attribute): [value: string | number, caption: string][] {
  const numbers = type.startsWith('integer');
  return Object.entries(values).map(([value, caption]) => [numbers ? Number(value) : value, caption]);
}

/** A rule for objects in which an attribute has this value. */
function whenIs(name: string, value: string | number, then: Schema): Schema {
  return {
    if: { type: 'object', properties: { [name]: { const: value } }, required: [name] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
    then: { type: 'object', ...then },
  };
}

/** A value has its caption beside it, or none; "Other" has a text. */
function siblingRules([name, attribute]: [string, Attribute]): Schema[] {
  const { sibling } = attribute;
  if (sibling === undefined) return [];
  const values = valuesOf(attribute);
  const captions = values.map(([, caption]) => caption);
  return values.map(([value, caption]) => {
    const rule =
      value === OTHER
        ? { required: [sibling], properties: { [sibling]: { not: { enum: captions } } } }
        : { properties: { [sibling]: { const: caption } } };
    return whenIs(name, value, rule);
  });
}

/** Says what OCSF says about a class or an object in the words of JSON Schema; an attribute that it does not know is wrong. */
function schemaOf({ anyOf, oneOf, attributes }: Definition): Schema {
  const all = Object.entries(attributes);
  const isThere = (name: string) => ({ type: 'object', required: [name] });
  const rules = [
    ...all.flatMap(siblingRules),
    ...(anyOf ? [{ anyOf: anyOf.map(isThere) }] : []),
    ...(oneOf ? [{ oneOf: oneOf.map(isThere) }] : []),
  ];
  return {
    type: 'object',
    properties: Object.fromEntries(all.map(([name, attribute]) => [name, attributeSchema(attribute)])),
    additionalProperties: false,
    required: all.flatMap(([name, { required }]) => (required ? [name] : [])),
    ...(rules.length > 0 ? { allOf: rules } : {}),
  };
}

/** `type_uid` follows from class and activity. */
function typeRules({ attributes: { activity_id: activity, class_uid: classUid } }: Definition): Schema[] {
  return Object.keys(classUid?.values ?? {}).flatMap((uid) =>
    Object.keys(activity?.values ?? {}).map((id) =>
      whenIs('activity_id', Number(id), { properties: { type_uid: { const: Number(uid) * 100 + Number(id) } } }),
    ),
  );
}

/** The attributes that an event has that does not name the profile. */
function withoutProfile({ attributes, ...constraints }: Definition): Definition {
  const kept = Object.entries(attributes).filter(([, { profile }]) => profile === undefined);
  return { ...constraints, attributes: Object.fromEntries(kept) };
}

function compile(event: Definition, objects: Readonly<Record<string, Definition>>) {
  const ajv = new Ajv({ strict: true, strictRequired: false, allErrors: true });
  return ajv.compile({
    definitions: Object.fromEntries(Object.entries(objects).map(([name, object]) => [name, schemaOf(object)])),
    allOf: [schemaOf(event), ...typeRules(event)],
  });
}

/** Returns what says what a statement about OCSF finds wrong with the `detail` of an audit event. */
export function ocsfValidator({ version, profile, event, objects }: Statement): (detail: unknown) => string[] {
  // Each is compiled when an event needs it, which takes longer than to validate hundreds of events.
  const withIt = once(() => compile(event, objects));
  const withoutIt = once(() =>
    compile(
      withoutProfile(event),
      Object.fromEntries(Object.entries(objects).map(([name, object]) => [name, withoutProfile(object)])),
    ),
  );
  return (detail) => {
    const said = own(detail, 'metadata', 'version');
    const profiles = own(detail, 'metadata', 'profiles');
    const validate = Array.isArray(profiles) && profiles.includes(profile) ? withIt() : withoutIt();
    return [
      ...(said === version ? [] : [`/metadata/version is ${said}, not ${version}`]),
      ...(validate(detail) ? [] : (validate.errors ?? [])).map(
        ({ instancePath, message, params }) => `${instancePath || '/'} ${message} ${JSON.stringify(params)}`,
      ),
    ];
  };
}

/** What our statement about OCSF finds wrong with the `detail` of an audit event. */
export const problemsWithOcsf = ocsfValidator(USER_ACCESS);

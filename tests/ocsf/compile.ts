/** Compiles a class of OCSF from the files of its repository into the form of our own statement. */
import { type Attribute, type Definition, SIMPLE_TYPES, type Statement } from '../support/ocsf/statement.ts';
import { type Attributes, lay, OcsfUnreadable, type Repository, type SourceDefinition } from './repository.ts';

/** A class as OCSF has it. */
export interface Compiled extends Statement {
  name: string;
  caption: string;
  /** What is deprecated, by path (a class or an object, its attribute, its value), and the version that said so first. */
  deprecated: ReadonlyMap<string, string>;
}

/** The types that narrow no other, by OCSF's names. */
const BASE_TYPES: Readonly<Record<string, string>> = {
  string_t: 'string',
  integer_t: 'integer',
  long_t: 'integer',
  float_t: 'number',
  boolean_t: 'boolean',
  json_t: 'json',
};

/** A class or an object with what it has of those that it extends. */
type Whole = Pick<SourceDefinition, 'name' | 'attributes' | 'constraints' | 'category' | '@deprecated'>;

type SourceAttribute = Attributes extends ReadonlyMap<string, infer A> ? A : never;

/**
 * Compiles the class with a `class_uid`, with one profile and without extensions, and every object that it may hold.
 *
 * The values of `observable.type_id` are those of its file only: OCSF's own compiler gathers the others from marks in all files.
 *
 * @throws OcsfUnreadable if there is no such class, or if a file names what does not exist
 */
export function compileClass(repository: Repository, classUid: number, profile: string): Compiled {
  const { source, identity } = findClass(repository, classUid);
  const deprecated = new Map<string, string>();
  const define = (whole: Whole): Definition => {
    const attributes = attributesOf(repository, whole, profile);
    for (const [path, since] of deprecatedIn(whole, attributes)) deprecated.set(path, since);
    return definitionOf(repository, whole, attributes);
  };
  const event = withValues(define(extended(repository.classes, source.name)), identity);
  const objects = new Map<string, Definition>();
  const open = [event];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const name of objectsIn(next)) {
      if (objects.has(name)) continue;
      const object = define(extended(repository.objects, name));
      objects.set(name, object);
      open.push(object);
    }
  }
  const { name, caption } = source;
  const { version } = repository;
  return { version, profile, name, caption, event, objects: Object.fromEntries(objects), deprecated };
}

/** Returns a class, and the values of the attributes that name it: they follow from its number and its category. */
function findClass({ classes, categories }: Repository, classUid: number) {
  for (const source of classes.values()) {
    if (source.uid === undefined) continue;
    const { category = '' } = extended(classes, source.name);
    const { uid, caption } = categories.get(category) ?? { uid: Number.NaN, caption: '' };
    if (uid * 1000 + source.uid === classUid) {
      return { source, identity: { category_uid: { [uid]: caption }, class_uid: { [classUid]: source.caption } } };
    }
  }
  throw new OcsfUnreadable(`events: no class has the number ${classUid}`);
}

/** Joins a class or an object with those that it extends. Its constraints take the place of theirs. */
function extended(files: ReadonlyMap<string, SourceDefinition>, name: string): Whole {
  const chain: SourceDefinition[] = [];
  for (let at: string | undefined = name; at !== undefined; at = chain[0]?.extends) {
    const path = [at, ...chain.map((file) => file.name)].toReversed().join(' extends ');
    const file = files.get(at);
    if (!file) throw new OcsfUnreadable(`${path}: there is no ${at}`);
    if (chain.includes(file)) throw new OcsfUnreadable(`${path}, which never ends`);
    chain.unshift(file);
  }
  const { constraints } = chain.findLast((file) => file.constraints) ?? {};
  const { category } = chain.findLast((file) => file.category) ?? {};
  return {
    name,
    attributes: chain.reduce<Attributes>((lower, file) => lay(lower, file.attributes), new Map()),
    constraints,
    category,
    '@deprecated': chain.at(-1)?.['@deprecated'],
  };
}

/** Returns the attributes without a profile and those of this profile, with what the dictionary says about them. */
function attributesOf({ dictionary }: Repository, { name, attributes }: Whole, profile: string): Attributes {
  const kept = new Map([...attributes].filter(([, attribute]) => (attribute.profile ?? profile) === profile));
  const unknown = [...kept.keys()].find((at) => !dictionary.has(at));
  if (unknown !== undefined) {
    throw new OcsfUnreadable(`${name}: the dictionary does not have the attribute ${JSON.stringify(unknown)}`);
  }
  const entries = new Map([...dictionary].filter(([at]) => kept.has(at)));
  return lay(entries, kept);
}

function definitionOf(repository: Repository, whole: Whole, attributes: Attributes): Definition {
  const { name, constraints } = whole;
  const compiled = [...attributes].map(
    ([at, attribute]) => [at, attributeOf(repository, `${name}.${at}`, attribute)] as const,
  );
  // Of other classes, a constraint may name an attribute of an attribute.
  const strange = Object.values(constraints ?? {})
    .flatMap((names) => names ?? [])
    .find((at) => !whole.attributes.has(at));
  if (strange !== undefined) {
    throw new OcsfUnreadable(`${name}: a constraint names ${JSON.stringify(strange)}, which is none of its attributes`);
  }
  return {
    ...(constraints?.at_least_one ? { anyOf: constraints.at_least_one } : {}),
    ...(constraints?.just_one ? { oneOf: constraints.just_one } : {}),
    attributes: Object.fromEntries(compiled),
  };
}

function attributeOf(repository: Repository, path: string, attribute: SourceAttribute): Attribute {
  const { is_array: isArray, requirement, profile, enum: values = {}, sibling } = attribute;
  const { type, ...limits } = typeOf(repository, path, attribute.type);
  const captions = Object.entries(values).map(([value, { caption }]) => [value, caption]);
  return {
    type: isArray ? `${type}[]` : type,
    ...limits,
    ...(requirement === 'required' ? { required: true } : {}),
    ...(profile ? { profile } : {}),
    ...(captions.length > 0 ? { values: Object.fromEntries(captions) } : {}),
    ...(sibling === undefined ? {} : { sibling }),
  };
}

/** Returns our name of a type, with the limits of the types that it goes through. */
function typeOf({ types, objects }: Repository, path: string, named: string | undefined): Omit<Attribute, 'required'> {
  const limits: Pick<Attribute, 'pattern' | 'maxLength' | 'range'> = {};
  const seen = new Set<string>();
  let at = named ?? '';
  for (let type = types.get(at); type?.type !== undefined; type = types.get(at)) {
    if (seen.has(at)) throw new OcsfUnreadable(`${path}: its type ${named} never ends`);
    seen.add(at);
    if (type.regex !== undefined) limits.pattern ??= type.regex;
    if (type.max_len !== undefined) limits.maxLength ??= type.max_len;
    if (type.range !== undefined) limits.range ??= type.range;
    at = type.type;
  }
  const base = types.has(at) ? BASE_TYPES[at] : objects.has(at) ? at : undefined;
  if (base === undefined)
    throw new OcsfUnreadable(`${path}: its type ${named} is neither one of the dictionary nor an object`);
  return { type: base, ...limits };
}

/** Names the objects that the attributes of a class or an object hold. */
function objectsIn({ attributes }: Definition): string[] {
  return Object.values(attributes)
    .map(({ type }) => type.replace('[]', ''))
    .filter((type) => !Object.hasOwn(SIMPLE_TYPES, type));
}

function withValues(definition: Definition, values: Readonly<Record<string, Attribute['values']>>): Definition {
  const attributes = Object.entries(definition.attributes).map(([name, attribute]) => {
    const only = values[name];
    return [name, only ? { ...attribute, values: only } : attribute] as const;
  });
  return { ...definition, attributes: Object.fromEntries(attributes) };
}

function deprecatedIn({ name, '@deprecated': mark }: Whole, attributes: Attributes): [path: string, since: string][] {
  const parts = [...attributes].flatMap(([at, { '@deprecated': own, enum: values = {} }]) => [
    [`${name}.${at}`, own] as const,
    ...Object.entries(values).map(([value, { '@deprecated': its }]) => [`${name}.${at}.${value}`, its] as const),
  ]);
  return [[name, mark] as const, ...parts].flatMap(([path, its]): [string, string][] =>
    its ? [[path, its.since]] : [],
  );
}

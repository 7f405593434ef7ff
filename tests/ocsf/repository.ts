/** What the files of OCSF's repository hold, as far as a class is compiled from it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as z from 'zod/mini';

/** A folder that is not a checkout of OCSF, or one that this code does not understand. */
export class OcsfUnreadable extends Error {
  override readonly name = 'OcsfUnreadable';
}

/** The largest file of 1.6.0, the dictionary, has 264 kB. */
const MOST_BYTES = 5_000_000;
/** 1.6.0 has 165 objects. */
const MOST_FILES = 2000;
/** Of one file; the first ones are enough to see what it is. */
const MOST_ISSUES = 3;

const Name = z.string().check(z.regex(/^\w+$/));
const Deprecated = z.object({ since: z.string() });
const SourceAttribute = z.object({
  type: z.optional(Name),
  is_array: z.optional(z.boolean()),
  requirement: z.optional(z.enum(['required', 'recommended', 'optional'])),
  /** Null where a class has an attribute of its own that one below it has from a profile. */
  profile: z.optional(z.nullable(z.string())),
  enum: z.optional(z.record(z.string(), z.object({ caption: z.string(), '@deprecated': z.optional(Deprecated) }))),
  sibling: z.optional(Name),
  '@deprecated': z.optional(Deprecated),
  // Not followed, like an include in a file that is included: OCSF has none of these.
  $include: z.optional(z.never()),
});
/** Attributes by name, or what one file adds to them. */
export type Attributes = ReadonlyMap<string, z.infer<typeof SourceAttribute>>;

const SourceAttributes = z.catchall(
  z.object({ $include: z.optional(z.union([z.string(), z.array(z.string())])) }),
  SourceAttribute,
);
const Included = z.object({
  meta: z.optional(z.string()),
  name: z.optional(z.string()),
  attributes: z.record(z.string(), SourceAttribute),
});
const SourceDefinition = z.object({
  name: Name,
  caption: z.string(),
  extends: z.optional(Name),
  category: z.optional(z.string()),
  uid: z.optional(z.int()),
  attributes: SourceAttributes,
  constraints: z.optional(
    z.strictObject({ at_least_one: z.optional(z.array(z.string())), just_one: z.optional(z.array(z.string())) }),
  ),
  '@deprecated': z.optional(Deprecated),
});
/** A class or an object, as its file has it: what it adds to the one that it extends. */
export interface SourceDefinition extends Omit<z.infer<typeof SourceDefinition>, 'attributes'> {
  /** With those of the files that it includes. */
  attributes: Attributes;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 'u') !== undefined;
  } catch {
    return false;
  }
}

const SourceType = z.object({
  type: z.optional(z.string()),
  regex: z.optional(z.string().check(z.refine(isPattern, 'expected a regular expression'))),
  max_len: z.optional(z.int()),
  range: z.optional(z.tuple([z.number(), z.number()])),
});
/** A type, which may narrow another one. */
export type SourceType = z.infer<typeof SourceType>;

const Version = z.object({ version: z.string() });
const Dictionary = z.object({
  attributes: z.record(Name, SourceAttribute),
  types: z.object({ attributes: z.record(Name, SourceType) }),
});
const Categories = z.object({ attributes: z.record(z.string(), z.object({ uid: z.int(), caption: z.string() })) });

/** OCSF without its extensions. */
export interface Repository {
  version: string;
  /** The dictionary: what an attribute is wherever nothing else is said. */
  dictionary: Attributes;
  types: ReadonlyMap<string, SourceType>;
  categories: ReadonlyMap<string, { uid: number; caption: string }>;
  /** By name, as are the objects. */
  classes: ReadonlyMap<string, SourceDefinition>;
  objects: ReadonlyMap<string, SourceDefinition>;
}

/** Returns the version of OCSF in a folder. @throws OcsfUnreadable */
export function readVersion(folder: string): string {
  return read(folder, 'version.json', Version).version;
}

/** Reads OCSF from a folder. @throws OcsfUnreadable */
export function readRepository(folder: string): Repository {
  const { attributes, types } = read(folder, 'dictionary.json', Dictionary);
  return {
    version: readVersion(folder),
    dictionary: new Map(Object.entries(attributes)),
    types: new Map(Object.entries(types.attributes)),
    categories: new Map(Object.entries(read(folder, 'categories.json', Categories).attributes)),
    classes: readDefinitions(folder, 'events'),
    objects: readDefinitions(folder, 'objects'),
  };
}

/** Lays attributes over others of the same names: what the upper ones say counts, and enumerations are joined. */
export function lay(lower: Attributes, upper: Attributes): Attributes {
  const both = new Map(lower);
  for (const [name, attribute] of upper) {
    const below = lower.get(name);
    both.set(name, { ...below, ...attribute, enum: { ...below?.enum, ...attribute.enum } });
  }
  return both;
}

function readDefinitions(folder: string, below: string): Map<string, SourceDefinition> {
  const definitions = listOf(folder, below).map((path) => {
    const { attributes, ...rest } = read(folder, path, SourceDefinition);
    return [rest.name, { ...rest, attributes: withIncluded(folder, path, attributes) }] as const;
  });
  const twice = definitions.find(([name], at) => definitions.findIndex(([other]) => other === name) !== at);
  if (twice) throw new OcsfUnreadable(`${below}: two files have the name ${twice[0]}`);
  return new Map(definitions);
}

/** Returns the attributes of a file with those that it includes; of two files that it includes, the first counts. */
function withIncluded(folder: string, path: string, { $include = [], ...own }: z.infer<typeof SourceAttributes>) {
  const included = [$include].flat().map((from) => {
    if (/^\w+(?:\/\w+)*\.json$/.test(from)) return readIncluded(folder, from);
    throw new OcsfUnreadable(`${path}: includes ${JSON.stringify(from)}, which is no file of the folder`);
  });
  return [...included.toReversed(), new Map(Object.entries(own))].reduce(lay, new Map());
}

/** The attributes of a profile say so. */
function readIncluded(folder: string, path: string): Attributes {
  const { meta, name, attributes } = read(folder, path, Included);
  const profile = meta === 'profile' && name !== undefined ? { profile: name } : {};
  return new Map(Object.entries(attributes).map(([at, attribute]) => [at, { ...attribute, ...profile }]));
}

/** Lists the JSON files below a folder of the checkout, from its root. */
function listOf(folder: string, below: string): string[] {
  const names = attempt(below, 'cannot be listed', () =>
    readdirSync(join(folder, below), { recursive: true, encoding: 'utf8' }),
  );
  const files = names
    .filter((name) => name.endsWith('.json'))
    .map((name) => posix.join(below, name))
    .sort();
  if (files.length > MOST_FILES)
    throw new OcsfUnreadable(`${below}: has ${files.length} files, more than ${MOST_FILES}`);
  return files;
}

function read<T extends z.ZodMiniType>(folder: string, path: string, schema: T): z.infer<T> {
  const text = attempt(path, 'cannot be read', () => {
    const file = join(folder, path);
    const stats = statSync(file);
    if (!stats.isFile()) throw new OcsfUnreadable(`${path}: is no file`);
    if (stats.size > MOST_BYTES) throw new OcsfUnreadable(`${path}: has ${stats.size} bytes, more than ${MOST_BYTES}`);
    return readFileSync(file, 'utf8');
  });
  const json: unknown = attempt(path, 'is no JSON', () => JSON.parse(text));
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const faults = error.issues
    .slice(0, MOST_ISSUES)
    .map((issue) => `${issue.path.map(String).join('/') || 'the file'}: ${issue.message}`);
  throw new OcsfUnreadable(`${path}: is not as OCSF writes it: ${faults.join('; ')}`);
}

function attempt<T>(path: string, fault: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof OcsfUnreadable) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    throw new OcsfUnreadable(`${path}: ${fault}${code}`, { cause: error });
  }
}

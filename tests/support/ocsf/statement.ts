/** What OCSF says about one class with one profile, and about the objects in it. */
export interface Statement {
  /** Of OCSF. */
  version: string;
  /** The profile; its attributes are the class's if an event names it. */
  profile: string;
  event: Definition;
  objects: Readonly<Record<string, Definition>>;
}

/** A class or an object. */
export interface Definition {
  /** At least one of these is there. */
  anyOf?: readonly string[];
  /** Exactly one of these is there. */
  oneOf?: readonly string[];
  attributes: Readonly<Record<string, Attribute>>;
}

/** An attribute. */
export interface Attribute {
  /** A key of `SIMPLE_TYPES`, or the name of an object; with `[]` after it, a list of these. */
  type: string;
  required?: true;
  /** The attribute is there only if an event names this profile. */
  profile?: string;
  /** The values, each with its caption; 99 is "Other". */
  values?: Readonly<Record<string, string>>;
  /** The attribute that says the value in words: its caption or, of "Other", a text of the source. */
  sibling?: string;
  /** A regular expression for texts. */
  pattern?: string;
  /** For texts. */
  maxLength?: number;
  /** The least and the largest number. */
  range?: readonly [number, number];
}

/** The types that are no objects, in JSON Schema. OCSF's own object without attributes takes any object. */
export const SIMPLE_TYPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  string: { type: 'string' },
  integer: { type: 'integer' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  json: {},
  object: { type: 'object' },
};

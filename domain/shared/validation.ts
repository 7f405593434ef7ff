import * as z from 'zod/mini';

/** One error in an input file: its path and what was expected there. It never quotes a value. */
export interface ValidationIssue {
  /** E.g. `entitlements[0].seats.max`; empty for the whole file. */
  path: string;
  problem: string;
}

/** Validates a value against a schema and reports all errors at once, in the order of the schema. */
export function validate<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
): { value: z.infer<Schema> } | { issues: ValidationIssue[] } {
  const result = z.safeParse(schema, value, { error: problemOf });
  return result.success ? { value: result.data } : { issues: result.error.issues.flatMap(issuesOf) };
}

function issuesOf(issue: z.core.$ZodIssue): ValidationIssue[] {
  const within = issue.code === 'invalid_union' ? issuesOfMember(issue) : undefined;
  if (within) return within.flatMap((one) => issuesOf({ ...one, path: [...issue.path, ...one.path] }));
  if (issue.code !== 'unrecognized_keys') return [{ path: pathOf(issue.path), problem: issue.message }];
  return issue.keys.map((key) =>
    isWord(key)
      ? { path: pathOf([...issue.path, key]), problem: issue.message }
      : { path: pathOf(issue.path), problem: `${issue.message} (not a plain word)` },
  );
}

/** The issues of the member of a union that a value is meant for: the only one whose type it has. */
function issuesOfMember({ errors = [] }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  const isOther = ({ code, path }: z.core.$ZodIssue) => code === 'invalid_type' && path.length === 0;
  const [meant, ...others] = errors.filter((issues) => !issues.some(isOther));
  return others.length === 0 ? meant : undefined;
}

function pathOf(keys: readonly PropertyKey[]): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    const word = isWord(key) ? key : '?';
    return path === '' ? word : `${path}.${word}`;
  }, '');
}

/** Other keys are not repeated: if key and value were swapped, the key may be a name, an address or a secret. */
function isWord(key: PropertyKey): key is string {
  return typeof key === 'string' && /^[A-Za-z_][\w-]{0,39}$/.test(key);
}

const TYPE_NAMES: Partial<Record<string, string>> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  string: 'a text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

/** Makes the message where a schema has none of its own: zod/mini has no messages. */
function problemOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type': {
      const expected = `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
      return issue.input === undefined ? `missing: ${expected}` : expected;
    }
    case 'invalid_value': {
      const expected = `expected ${issue.values.map(String).join(' or ')}`;
      return issue.input === undefined ? `missing: ${expected}` : expected;
    }
    // A union whose member is named by one field: that field says none that there is.
    case 'invalid_union': {
      const options = 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
      return options.length > 0 ? `expected ${options.join(' or ')}` : 'not in an expected form';
    }
    case 'too_small':
      return `expected at least ${issue.minimum}${SIZE_UNITS[issue.origin] ?? ''}`;
    case 'too_big':
      return `expected at most ${issue.maximum}${SIZE_UNITS[issue.origin] ?? ''}`;
    case 'unrecognized_keys':
      return 'unknown key';
    default:
      return 'not in an expected form';
  }
}

const SIZE_UNITS: Partial<Record<string, string>> = { array: ' in the list', string: ' characters' };

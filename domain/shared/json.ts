/** A JSON object with unchecked content. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads a nested field through own data properties of objects only: neither a prototype nor an array counts. */
export function own(value: unknown, ...keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) found = isObject(found) ? Object.getOwnPropertyDescriptor(found, key)?.value : undefined;
  return found;
}

/** Whether a value is a JSON object: neither an array nor null. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is neither missing nor null: CloudTrail writes null for a missing field. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Parses a text from outside; returns undefined if it is not JSON. */
export function jsonIn(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

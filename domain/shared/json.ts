/** An object of JSON whose content nobody has checked. */
export type Fields = Readonly<Record<string, unknown>>;

/** Follows own data properties of objects, so that neither a prototype nor an array answers for a field. */
export function own(value: unknown, ...keys: readonly string[]): unknown {
  let found = value;
  for (const key of keys) found = isObject(found) ? Object.getOwnPropertyDescriptor(found, key)?.value : undefined;
  return found;
}

/** An object of JSON: no array, no null. */
export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Neither missing nor null: CloudTrail writes null for what a call hasn't. */
export function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/**
 * Returns a function that makes something at its first call and returns the same at every later one.
 *
 * A promise that is rejected is forgotten: a login that has ended may be renewed, and a file may be corrected.
 */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    if (made) return made.value;
    const own = { value: make() };
    made = own;
    if (own.value instanceof Promise) {
      own.value.catch(() => {
        made = undefined;
      });
    }
    return own.value;
  };
}

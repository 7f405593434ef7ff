/**
 * Returns a function that makes something at its first call and returns the same at every later one.
 *
 * What could not be made is made anew: the credentials may have come back.
 */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    if (made) return made.value;
    const making = { value: make() };
    made = making;
    if (making.value instanceof Promise) {
      making.value.catch(() => {
        if (made === making) made = undefined;
      });
    }
    return making.value;
  };
}

/**
 * Processes items in order, at most `atOnce` at a time. The first error stops the rest. It is thrown once all started work
 * has ended: nothing continues after the call returns.
 */
export async function inParallel<T>(
  items: readonly T[],
  atOnce: number,
  serve: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const errors: unknown[] = [];
  const worker = async () => {
    for (const item of queue) {
      await serve(item).catch((error: unknown) => errors.push(error));
      if (errors.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  if (errors.length > 0) throw errors[0];
}

/** Waits for all promises and returns their results. The first error is thrown once all of them have ended. */
export async function allSettled<const Promises extends readonly unknown[]>(promises: Promises) {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

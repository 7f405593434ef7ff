import type { Hold } from '../../domain/decision/hold.ts';

/** The digits of a digest that identify it on a command line. */
const SHORT_DIGEST = 12;

/** Returns the digest that covers all of a hold. */
export function digestOf({ digests }: Hold): string {
  return digests.at(-1)?.digest ?? '';
}

/** Returns the beginning of a digest, as a command takes it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, SHORT_DIGEST);
}

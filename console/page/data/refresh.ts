import { useEffect } from 'preact/hooks';
import type { Answer } from './answers.ts';
import { about } from './session.ts';

/** Between two times that a heavy question is asked by itself, in seconds. The emulator is not AWS, which others need, too. */
const SECONDS = 15;
const LOCAL_SECONDS = 1;
/** Of what version the answer to each command is, and since when it is there. */
const versions = new Map<string, { version: string; at: number }>();

/**
 * Asks a question again that is too heavy to be followed, when what it depends on has changed.
 *
 * @param version a text that is another one then; undefined while it is not known
 */
export function useRefresh({ command, isLoading, isStale, again }: Answer, version: string | undefined): void {
  const isAsking = isLoading || isStale;
  useEffect(() => {
    if (command === undefined || version === undefined || isAsking) return undefined;
    const now = performance.now();
    const known = versions.get(command);
    if (!known) versions.set(command, { version, at: now });
    if (!known || known.version === version) return undefined;
    const pause = (about.value?.local ? LOCAL_SECONDS : SECONDS) * 1000;
    const timer = setTimeout(
      () => {
        versions.set(command, { version, at: performance.now() });
        again();
      },
      Math.max(0, known.at + pause - now),
    );
    return () => clearTimeout(timer);
  }, [command, version, isAsking]);
}

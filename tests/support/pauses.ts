/** A time that passes only when a test says so. */
export interface Pauses {
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** The seconds of the pauses that have not ended. */
  waiting(): number[];
  /** Ends the pauses of so many seconds. */
  end(seconds: number): void;
}

/** Returns pauses that end by their signal or by a test. */
export function aPause(): Pauses {
  const open = new Set<{ seconds: number; end: () => void }>();
  return {
    pause: (seconds, signal) =>
      new Promise((resolve) => {
        const pausing = {
          seconds,
          end() {
            open.delete(pausing);
            resolve();
          },
        };
        if (signal.aborted) return resolve();
        open.add(pausing);
        signal.addEventListener('abort', pausing.end);
      }),
    waiting: () => [...open].map(({ seconds }) => seconds),
    end(seconds) {
      for (const pausing of [...open]) if (pausing.seconds === seconds) pausing.end();
    },
  };
}

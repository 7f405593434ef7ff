import { latencyOf } from '../emulator/stack/latency.ts';

/**
 * Seconds that one call takes. AWS publishes none of these. They are assumptions, of the size that callers of these APIs see
 * within a Region, and the same for Usher and its baselines.
 */
export const LATENCY_SECONDS = { change: 0.15, read: 0.05, ledger: 0.01, bus: 0.02 } as const;

/** Seconds of each answer of Identity Center, where Usher is measured with slow answers. */
export const SLOW_SECONDS = 0.5;

/** Returns the {@link LATENCY_SECONDS} of a call, for the emulator. */
export const latency = latencyOf(LATENCY_SECONDS);

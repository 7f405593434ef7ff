/** AWS's limit of a state's input and output, and of an execution's input. */
export const PAYLOAD_LIMIT_BYTES = 256 * 1024;

/** AWS's limit of entries in one call of PutEvents. */
export const PUT_EVENTS_ENTRIES = 10;

/** The settle wait: reads verify a write only this long after it, because AWS is eventually consistent. */
export const SETTLE_SECONDS = 30;

/** How long an expectation is awaited. Then what the reads show counts: a later change superseded the event. */
export const EXPECTATION_SECONDS = 15 * 60;

/** Most items that one tick checks. */
export const MOST_PENDING = 100;

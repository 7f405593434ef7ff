/** AWS's limit of a state's input and output, and of an execution's input. */
export const PAYLOAD_LIMIT_BYTES = 256 * 1024;

/** AWS's limit of entries in one call of PutEvents. */
export const PUT_EVENTS_ENTRIES = 10;

/** A plan is a proof only this long after the last write: reads of AWS lag. */
export const SETTLE_SECONDS = 30;

/** What an event led to expect is waited for this long, then the truth stands: the change was superseded. */
export const EXPECTATION_SECONDS = 15 * 60;

import { Buffer } from 'node:buffer';
import { isObject, own } from '../domain/shared/json.ts';
import { PAYLOAD_LIMIT_BYTES } from '../domain/shared/limits.ts';

/** Describes an input in a few words. Of its values, only the names of operations and event types appear. */
export function titleOf(input: object): string {
  const record = own(input, 'detail') ?? input;
  const [name, source, type] = [own(record, 'eventName'), own(record, 'eventSource'), own(input, 'detail-type')];
  if (typeof name === 'string') {
    const service = typeof source === 'string' ? ` of ${source.replace(/\.amazonaws\.com$/, '')}` : '';
    return printable(`event ${name}${service}`);
  }
  if (typeof type === 'string') return printable(`event "${type}"`);
  const event = ['detail-type', 'source', 'eventSource', 'eventName'].some((key) => Object.hasOwn(input, key));
  return event ? 'event' : 'manual start';
}

/** The event is untrusted: its text may move the cursor of a terminal. */
function printable(text: string): string {
  return text.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}

/** Deeper than any event of AWS. Everything that an event passes through can process this depth. */
export const DEEPEST_LEVELS = 1000;

/** Returns why a value cannot be the input of an execution, or undefined if it can. */
export function problemWith(value: unknown): string | undefined {
  if (!isObject(value)) return 'expected an object';
  if (isDeeperThan(value, DEEPEST_LEVELS)) return `nested more than ${DEEPEST_LEVELS} levels deep`;
  if (Buffer.byteLength(JSON.stringify(value)) <= PAYLOAD_LIMIT_BYTES) return undefined;
  return `larger than ${PAYLOAD_LIMIT_BYTES / 1024} KiB, which is AWS's limit of an event`;
}

/** Whether a value has more levels. Counts level by level: deep nesting would overflow the stack of a recursion. */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
  return false;
}

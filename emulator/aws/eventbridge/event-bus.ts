import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { jsonService, type Operation, operation, parseJson, type Service, ServiceError } from '../json-service.ts';

/** An event that a bus accepted. */
export interface BusEntry {
  EventId: string;
  /** The bus's name; that of the default bus is `default`. */
  EventBusName: string;
  Source: string;
  DetailType: string;
  /** JSON, as received. */
  Detail: string;
  /** ISO 8601. The time of the call if the entry has none. */
  Time: string;
  Resources: string[];
}

/** 256 KiB per event: the limit in the older text of the API reference, which is stricter than the newer one. */
const ENTRY_LIMIT_BYTES = 256 * 1024;

/** Of all entries together: "less than 1 MB". */
const TOTAL_LIMIT_BYTES = 1_000_000;

const EntrySchema = z.object({
  /** Seconds since the epoch, within the bounds of Date. */
  Time: z.optional(z.number().check(z.minimum(-8.64e12), z.maximum(8.64e12))),
  Source: z.optional(z.string()),
  Resources: z.optional(z.array(z.string().check(z.maxLength(2048)))),
  DetailType: z.optional(z.string()),
  Detail: z.optional(z.string()),
  EventBusName: z.optional(
    z
      .string()
      .check(
        z.regex(
          /^(?:arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:\d{12}:event-bus\/)?[.\-_A-Za-z0-9]{1,256}$/,
          'expected a bus',
        ),
      ),
  ),
});
type PutEventsEntry = z.infer<typeof EntrySchema>;

const PutEventsInput = z.object({ Entries: z.array(EntrySchema).check(z.minLength(1), z.maxLength(10)) });

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
function sizeOf({ Time, Source = '', DetailType = '', Detail = '', Resources = [] }: PutEventsEntry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : 14);
}

/** Returns the error of an invalid entry, in the form of its part of the answer. */
function refusalOf({
  Source,
  DetailType,
  Detail,
}: PutEventsEntry): { ErrorCode: string; ErrorMessage: string } | undefined {
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (value) continue;
    const message = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return { ErrorCode: 'InvalidArgument', ErrorMessage: message };
  }
  if (Source?.startsWith('aws.')) {
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  }
  const detail = parseJson(Buffer.from(Detail ?? ''));
  if (typeof detail === 'object' && detail !== null && !Array.isArray(detail)) return undefined;
  return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

/**
 * Returns EventBridge with PutEvents. Its rate limit, thousands of requests per second, is not modelled.
 *
 * As on AWS, an entry for a bus that does not exist gets an id and is dropped.
 *
 * @param options `buses`: names of the buses that exist; `onEntry`: called for each accepted entry, in order; `others`:
 *   operations other than PutEvents
 * @see https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
 */
export function eventBus(options: {
  buses: readonly string[];
  clock: Clock;
  onEntry(entry: BusEntry): void;
  others?: ReadonlyMap<string, Operation>;
}): Service {
  const { buses, clock, onEntry, others = new Map() } = options;
  let events = 0;

  const put = (entry: PutEventsEntry): object => {
    const refusal = refusalOf(entry);
    if (refusal) return refusal;
    events += 1;
    const EventId = `00000000-0000-4000-8000-${events.toString(16).padStart(12, '0')}`;
    const { Source = '', DetailType = '', Detail = '', Resources = [], EventBusName: bus = 'default' } = entry;
    const EventBusName = bus.slice(bus.lastIndexOf('/') + 1);
    const time = entry.Time === undefined ? clock.now() : new Date(entry.Time * 1000);
    if (buses.includes(EventBusName)) {
      onEntry({ EventId, EventBusName, Source, DetailType, Detail, Time: time.toISOString(), Resources });
    }
    return { EventId };
  };

  const putEvents = operation(PutEventsInput, ({ Entries }) => {
    if (Entries.some((entry) => sizeOf(entry) > ENTRY_LIMIT_BYTES)) {
      throw new ServiceError('ValidationException', 'An entry is over the limit of 256 KiB.');
    }
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) >= TOTAL_LIMIT_BYTES)
      throw new ServiceError('ValidationException', 'The entries together are over the limit of 1 MB.');
    const results = Entries.map(put);
    return { FailedEntryCount: results.filter((result) => 'ErrorCode' in result).length, Entries: results };
  });
  return jsonService('EventBridge', new Map([['PutEvents', putEvents], ...others]));
}

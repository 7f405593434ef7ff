import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PUT_EVENTS_ENTRIES } from '../domain/shared/limits.ts';
import { EVENT_BRIDGE_ERRORS } from './aws-errors.ts';
import { askWith, listIn, malformedAnswer } from './requests.ts';

/** One entry of PutEvents. */
export interface BusEntry {
  source: string;
  detailType: string;
  /** ISO 8601; without it, EventBridge uses the time of the call. */
  time?: string;
  resources: readonly string[];
  detail: unknown;
}

/**
 * Puts entries on a bus in one call.
 *
 * PutEvents answers with success, and drops the events, if the bus does not exist; the answer does not show it.
 *
 * @returns per entry, in the same order: undefined if the bus accepted it, else the code of its error
 * @throws RangeError for more entries than one call takes · TransientAwsError worth a retry · RefusedError not
 */
export async function putEvents(
  client: EventBridgeClient,
  bus: string,
  entries: readonly BusEntry[],
): Promise<readonly (string | undefined)[]> {
  const operation = 'PutEvents';
  if (entries.length > PUT_EVENTS_ENTRIES)
    throw new RangeError(`${entries.length} entries, PutEvents takes ${PUT_EVENTS_ENTRIES}`);
  if (entries.length === 0) return [];
  const ask = askWith(EVENT_BRIDGE_ERRORS);
  const answer = await ask(operation, [`bus ${bus}`], () =>
    client.send(
      new PutEventsCommand({
        Entries: entries.map(({ source, detailType, time, resources, detail }) => ({
          EventBusName: bus,
          Source: source,
          DetailType: detailType,
          ...(time === undefined ? {} : { Time: new Date(time) }),
          Resources: [...resources],
          Detail: JSON.stringify(detail),
        })),
      }),
    ),
  );
  const results = listIn(answer.Entries, operation, 'Entries');
  if (results.length !== entries.length) throw malformedAnswer(operation, 'Entries');
  // "The index of the response element is the same as the index in the request array."
  const refused = results.map(({ EventId, ErrorCode }) => ErrorCode || (EventId ? undefined : 'without EventId'));
  const failed = refused.filter((code) => code !== undefined).length;
  if (answer.FailedEntryCount !== failed) throw malformedAnswer(operation, 'FailedEntryCount');
  return refused;
}

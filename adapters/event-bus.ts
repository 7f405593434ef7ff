import { EventBridgeClient, PutEventsCommand, type PutEventsResultEntry } from '@aws-sdk/client-eventbridge';
import type { BusEvent } from '../domain/audit/event.ts';
import { PUT_EVENTS_ENTRIES } from '../domain/shared/limits.ts';
import { EVENT_BRIDGE_ERRORS } from './aws-errors.ts';
import { type ClientSettings, clientFactory } from './clients.ts';
import { askWith, listIn, malformedAnswer } from './requests.ts';

/**
 * The audit bus.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface EventBus {
  /**
   * Publishes at most 10 entries (the limit of PutEvents) with the source `usher`.
   *
   * PutEvents answers with success, and drops the events, if the bus does not exist; the answer does not show it.
   *
   * @returns the uids of the entries that the bus accepted. The call succeeds even if some entries failed
   * @throws RangeError for more entries than one call takes
   */
  publish(events: readonly BusEvent[]): Promise<ReadonlySet<string>>;
}

/** Creates the audit bus on top of the SDK. */
export function eventBridgeBus(client: EventBridgeClient, busName: string): EventBus {
  const operation = 'PutEvents';
  const ask = askWith(EVENT_BRIDGE_ERRORS);
  return {
    async publish(events) {
      if (events.length > PUT_EVENTS_ENTRIES)
        throw new RangeError(`${events.length} entries, PutEvents takes ${PUT_EVENTS_ENTRIES}`);
      if (events.length === 0) return new Set();
      const Entries = events.map(({ detailType, time, resources, detail }) => ({
        EventBusName: busName,
        Source: 'usher',
        DetailType: detailType,
        Time: new Date(time),
        Resources: [...resources],
        Detail: JSON.stringify(detail),
      }));
      const answer = await ask(operation, [`bus ${busName}`], () => client.send(new PutEventsCommand({ Entries })));
      const results = listIn(answer.Entries, operation, 'Entries');
      if (results.length !== events.length) throw malformedAnswer(operation, 'Entries');
      // "The index of the response element is the same as the index in the request array."
      const accepted = events.filter((_event, index) => isAccepted(results[index]));
      if (answer.FailedEntryCount !== events.length - accepted.length)
        throw malformedAnswer(operation, 'FailedEntryCount');
      return new Set(accepted.map(({ uid }) => uid));
    },
  };
}

function isAccepted(result: PutEventsResultEntry | undefined): boolean {
  return Boolean(result?.EventId) && !result?.ErrorCode;
}

const eventBridgeClient = clientFactory(EventBridgeClient);

/** Connects to the audit bus with the client of these settings. */
export function connectEventBus(settings: ClientSettings, busName: string): EventBus {
  return eventBridgeBus(eventBridgeClient(settings), busName);
}

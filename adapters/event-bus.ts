import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { BusEvent } from '../domain/audit/event.ts';
import { EVENT_BRIDGE_ERRORS } from './aws-errors.ts';
import { type ClientSettings, shared } from './clients.ts';
import { asking, listIn, malformed } from './requests.ts';

/**
 * The audit bus.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface EventBus {
  /**
   * Sends at most 10 entries (PutEvents' own limit), source `usher`.
   *
   * @returns the uids that the bus took; an entry counted in FailedEntryCount is left out, the call itself succeeds
   */
  publish(events: readonly BusEvent[]): Promise<ReadonlySet<string>>;
}

/** The limit of PutEvents. */
const MAX_ENTRIES = 10;

/**
 * The audit bus, over the SDK.
 *
 * PutEvents answers with success, and drops the events, when the bus doesn't exist: no answer can tell.
 */
export function eventBridgeBus(client: EventBridgeClient, busName: string): EventBus {
  const ask = asking(EVENT_BRIDGE_ERRORS);

  return {
    async publish(events) {
      if (events.length > MAX_ENTRIES) throw new RangeError(`${events.length} entries, PutEvents takes ${MAX_ENTRIES}`);
      if (events.length === 0) return new Set();
      const answer = await ask('PutEvents', [], () =>
        client.send(
          new PutEventsCommand({
            Entries: events.map(({ detailType, time, resources, detail }) => ({
              EventBusName: busName,
              Source: 'usher',
              DetailType: detailType,
              Time: new Date(time),
              Resources: [...resources],
              Detail: JSON.stringify(detail),
            })),
          }),
        ),
      );
      const results = listIn(answer.Entries, 'PutEvents', 'Entries');
      if (results.length !== events.length) throw malformed('PutEvents', 'Entries');
      // "The index of the response element is the same as the index in the request array."
      const taken = events.filter((_event, index) => results[index]?.EventId && !results[index].ErrorCode);
      if (answer.FailedEntryCount !== events.length - taken.length) throw malformed('PutEvents', 'FailedEntryCount');
      return new Set(taken.map(({ uid }) => uid));
    },
  };
}

const eventBridgeClient = shared(EventBridgeClient);

/** {@link eventBridgeBus} with the client of these settings. */
export function connectEventBus(settings: ClientSettings, busName: string): EventBus {
  return eventBridgeBus(eventBridgeClient(settings), busName);
}

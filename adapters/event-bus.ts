import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { BusEvent } from '../domain/audit/event.ts';
import { type ClientSettings, shared } from './clients.ts';
import { putEvents } from './put-events.ts';

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

/** The audit bus, over the SDK. */
export function eventBridgeBus(client: EventBridgeClient, busName: string): EventBus {
  return {
    async publish(events) {
      const refused = await putEvents(
        client,
        busName,
        events.map((event) => ({ ...event, source: 'usher' })),
      );
      return new Set(events.filter((_event, index) => refused[index] === undefined).map(({ uid }) => uid));
    },
  };
}

const eventBridgeClient = shared(EventBridgeClient);

/** {@link eventBridgeBus} with the client of these settings. */
export function connectEventBus(settings: ClientSettings, busName: string): EventBus {
  return eventBridgeBus(eventBridgeClient(settings), busName);
}

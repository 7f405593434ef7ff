import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { BusEvent } from '../domain/audit/event.ts';
import { type ClientSettings, clientFactory } from './clients.ts';
import { putEvents } from './put-events.ts';

/**
 * The audit bus.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface EventBus {
  /**
   * Publishes at most 10 entries (the limit of PutEvents) with the source `usher`.
   *
   * @returns the uids of the entries that the bus accepted. The call succeeds even if some entries failed
   */
  publish(events: readonly BusEvent[]): Promise<ReadonlySet<string>>;
}

/** Creates the audit bus on top of the SDK. */
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

const eventBridgeClient = clientFactory(EventBridgeClient);

/** Connects to the audit bus with the client of these settings. */
export function connectEventBus(settings: ClientSettings, busName: string): EventBus {
  return eventBridgeBus(eventBridgeClient(settings), busName);
}

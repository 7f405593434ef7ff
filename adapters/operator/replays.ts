import {
  DescribeReplayCommand,
  EventBridgeClient,
  PutEventsCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import { EVENT_BRIDGE_ERRORS } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { asking, listIn, malformed } from '../requests.ts';

/** An event as it was on a bus, or is to be put there. */
export interface PlainEvent {
  source: string;
  detailType: string;
  /** ISO 8601; that of the call when left out. */
  time?: string;
  resources: readonly string[];
  detail: object;
}

/**
 * Puts events on a bus once more: from an archive, or from a file.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Replays {
  /** From an archive to the bus that it archives, which AWS asks for. Returns at once. */
  start(replay: { name: string; archiveArn: string; busArn: string; from: Date; to: Date }): Promise<void>;
  /** `STARTING`, `RUNNING`, `COMPLETED`, `FAILED`, … and why. */
  state(name: string): Promise<{ state: string; reason: string | undefined }>;
  /** Puts at most 10 events on a bus. @returns why each was refused; undefined for one that was taken */
  put(bus: string, events: readonly PlainEvent[]): Promise<readonly (string | undefined)[]>;
}

/** The limit of PutEvents. */
export const MOST_ENTRIES = 10;

/** Replays of EventBridge, over the SDK. */
export function eventBridgeReplays(client: EventBridgeClient): Replays {
  const ask = asking(EVENT_BRIDGE_ERRORS);
  return {
    async start({ name, archiveArn, busArn, from, to }) {
      await ask('StartReplay', [`archive ${archiveArn}`], () =>
        client.send(
          new StartReplayCommand({
            ReplayName: name,
            EventSourceArn: archiveArn,
            EventStartTime: from,
            EventEndTime: to,
            Destination: { Arn: busArn },
          }),
        ),
      );
    },

    async state(name) {
      const { State, StateReason } = await ask('DescribeReplay', [`replay ${name}`], () =>
        client.send(new DescribeReplayCommand({ ReplayName: name })),
      );
      if (!State) throw malformed('DescribeReplay', 'State');
      return { state: State, reason: StateReason };
    },

    async put(bus, events) {
      const operation = 'PutEvents';
      const answer = await ask(operation, [`bus ${bus}`], () =>
        client.send(
          new PutEventsCommand({
            Entries: events.map(({ source, detailType, time, resources, detail }) => ({
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
      if (results.length !== events.length) throw malformed(operation, 'Entries');
      return results.map(({ ErrorCode }) => ErrorCode);
    },
  };
}

/** {@link eventBridgeReplays} with a client of its own. */
export function connectReplays(settings: ClientSettings): Replays {
  return eventBridgeReplays(new EventBridgeClient(settings));
}

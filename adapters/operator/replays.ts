import { DescribeReplayCommand, EventBridgeClient, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { EVENT_BRIDGE_ERRORS } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, malformedAnswer } from '../requests.ts';

/**
 * Puts events on a bus again, from its archive.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Replays {
  /**
   * StartReplay, from an archive to the bus that it archives: AWS accepts no other bus. Returns as soon as the replay
   * has started.
   */
  start(replay: { name: string; archiveArn: string; busArn: string; from: Date; to: Date }): Promise<void>;
  /** DescribeReplay: `STARTING`, `RUNNING`, `COMPLETED`, `FAILED`, … and the reason. */
  state(name: string): Promise<{ state: string; reason: string | undefined }>;
}

/** The replays of EventBridge, over the SDK. */
export function eventBridgeReplays(client: EventBridgeClient): Replays {
  const ask = askWith(EVENT_BRIDGE_ERRORS);
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
      if (!State) throw malformedAnswer('DescribeReplay', 'State');
      return { state: State, reason: StateReason };
    },
  };
}

/** {@link eventBridgeReplays} with a client of its own. */
export function connectReplays(settings: ClientSettings): Replays {
  return eventBridgeReplays(new EventBridgeClient(settings));
}

import { SFNServiceException } from '@aws-sdk/client-sfn';
import { NAMES } from '../aws/control-plane/control-plane.ts';
import type { Queues } from '../aws/sqs/queues.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import type { Target } from './deliveries.ts';
import type { Functions } from './functions.ts';

/** EventBridge tries for a day, 185 times; the pauses are not documented. */
const EVENT_RETRY_SECONDS = Array.from({ length: 185 }, (_, tries) => Math.min(2 ** tries, 480));
/** Lambda invokes a function that failed two more times: one minute later, and two minutes after that. */
const INVOCATION_RETRY_SECONDS = [60, 120];
/** The time limit of that function. */
const RECORD_AUDIT_SECONDS = 240;

/** What the targets are made of. */
interface Parts {
  time: VirtualTime;
  functions: Functions;
  queues: Queues;
  /** Takes an event into the queue of notices. */
  enqueueNotice(event: string): void;
  /** Starts an execution of `onboarding`. */
  start(input: unknown): Promise<unknown>;
}

/**
 * Returns the targets of the deployed rules: those on changes of the identity store, on failed executions, and on changes of
 * seats.
 */
export function ruleTargets(parts: Parts): Record<'onboarding' | 'recordAudit' | 'notices', Target> {
  const { time, functions, queues, enqueueNotice, start } = parts;
  return {
    onboarding: {
      async deliver(event) {
        const { end } = time.begin();
        try {
          await start(JSON.parse(event));
        } finally {
          end();
        }
      },
      refuses: (error) => error instanceof SFNServiceException,
      retrySeconds: EVENT_RETRY_SECONDS,
      giveUp: (event) => queues.add(NAMES.queues.events, event),
    },
    recordAudit: {
      deliver: (event) => functions.invoke('recordAudit', event, RECORD_AUDIT_SECONDS),
      refuses: () => true,
      retrySeconds: INVOCATION_RETRY_SECONDS,
    },
    notices: {
      deliver: async (event) => enqueueNotice(event),
      refuses: () => false,
      retrySeconds: [],
    },
  };
}

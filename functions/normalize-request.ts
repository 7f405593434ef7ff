import * as z from 'zod/mini';
import type { Environment } from '../adapters/environment.ts';
import { INITIAL_PROGRESS } from '../domain/decision/progress.ts';
import { normalize } from '../domain/request/normalize.ts';
import { StateMachineVersion } from '../domain/request/request.ts';
import { own } from '../domain/shared/json.ts';
import { Timestamp } from '../domain/shared/timestamp.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({
  input: z.unknown(),
  execution: z.string(),
  startedAt: Timestamp,
  machine: StateMachineVersion,
});

/** First state: makes a request of the execution's input, or gives the reason to ignore it. */
export const handler = defineHandler({
  input: Input,
  services: ({ entitlements }: Environment) => ({ entitlements }),
  async run({ input, execution, startedAt, machine }, { entitlements }) {
    const normalized = normalize(input, { entitlements, execution, startedAt: new Date(startedAt), machine });
    return 'ignored' in normalized ? normalized : { ...normalized, plan: { progress: INITIAL_PROGRESS } };
  },
  logFields: (output, { input }) => ({
    ...('ignored' in output ? { ignored: output.ignored } : { cause: output.request.cause }),
    ...accountField(input),
  }),
});

/** Returns the account in which an event was recorded: it shows whether a forwarder sent the event. */
function accountField(input: unknown): { eventAccount?: string } {
  const account = own(input, 'account');
  return typeof account === 'string' && /^\d{12}$/.test(account) ? { eventAccount: account } : {};
}

import * as z from 'zod/mini';
import { own } from '../domain/event-rules.ts';
import { normalize } from '../domain/normalize.ts';
import { INITIAL_PROGRESS } from '../domain/progress.ts';
import { MachineVersion, Timestamp } from '../domain/request.ts';
import type { Environment } from './environment.ts';
import { step } from './step.ts';

const Input = z.object({
  input: z.unknown(),
  execution: z.string(),
  startedAt: Timestamp,
  machine: z._default(MachineVersion, 1),
});

/** First state: what started the execution becomes a request, or a reason to do nothing. */
export const handler = step({
  input: Input,
  services: ({ entitlements }: Environment) => ({ entitlements }),
  async run({ input, execution, startedAt, machine }, { entitlements }) {
    const normalized = normalize(input, { entitlements, execution, startedAt: new Date(startedAt), machine });
    return 'ignored' in normalized ? normalized : { ...normalized, plan: { progress: INITIAL_PROGRESS } };
  },
  facts: (output, { input }) => ({
    ...('ignored' in output ? { ignored: output.ignored } : { cause: output.request.cause }),
    ...recordedIn(input),
  }),
});

/** The account in which an event was recorded: tells that of a forwarder from one of this account. */
function recordedIn(input: unknown): { eventAccount?: string } {
  const account = own(input, 'account');
  return typeof account === 'string' && /^\d{12}$/.test(account) ? { eventAccount: account } : {};
}

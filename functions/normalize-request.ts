import * as z from 'zod/mini';
import type { Environment } from '../adapters/environment.ts';
import { INITIAL_PROGRESS } from '../domain/decision/progress.ts';
import { countForeignIds, normalize } from '../domain/request/normalize.ts';
import { StateMachineVersion } from '../domain/request/request.ts';
import { InvalidRequestError } from '../domain/shared/errors.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { own } from '../domain/shared/json.ts';
import { Timestamp } from '../domain/shared/timestamp.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({
  input: z.unknown(),
  execution: z.string(),
  startedAt: Timestamp,
  machine: StateMachineVersion,
});

/**
 * First state: makes a request of the execution's input, or gives the reason to ignore it.
 *
 * The caller who starts an execution chooses its name, and may put an event on the bus with any text as its id. A name that may be
 * free text is refused here, before it is recorded; such an id of an event is replaced by the execution's ARN. Both are counted.
 */
export const handler = defineHandler({
  input: Input,
  services: ({ entitlements }: Environment) => ({ entitlements }),
  async run({ input, execution, startedAt, machine }, { entitlements, measure }) {
    const isNamedSafely = ExecutionArn.safeParse(execution).success;
    const foreign = countForeignIds(input) + (isNamedSafely ? 0 : 1);
    if (foreign > 0) measure('ForeignIds', foreign);
    if (!isNamedSafely) {
      throw new InvalidRequestError('execution', 'expected a name of letters, digits, hyphens and underscores only');
    }
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

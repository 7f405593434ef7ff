import * as z from 'zod/mini';
import { type AsksForAwaited, connectAwaited } from '../adapters/awaited-users.ts';
import { createPacer } from '../adapters/clients.ts';
import { type Environment, identityCenterSettings } from '../adapters/environment.ts';
import { connectDirectory, type Directory } from '../adapters/identity-store.ts';
import { type DirectoryCheck, expectationOf, isLongWait, propagationAfter } from '../domain/request/propagation.ts';
import { type Propagation, PropagationSchema, type Request, RequestSchema } from '../domain/request/request.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { isDue } from '../domain/shared/time.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({ request: RequestSchema, propagation: PropagationSchema, execution: ExecutionArn });
type Input = z.infer<typeof Input>;

interface Services {
  directory: Directory;
  mayShow: AsksForAwaited;
}

/** Second state: checks whether reads show what the request expects, and if not, decides when to check again. */
export const handler = defineHandler({
  input: Input,
  services: (environment: Environment) => {
    const { clock, entitlements } = environment;
    const settings = identityCenterSettings(environment);
    const { identityStoreId } = entitlements.identityCenter;
    const pacer = createPacer(entitlements.requestsPerSecond, clock);
    return {
      clock,
      directory: connectDirectory(settings, identityStoreId, pacer),
      mayShow: connectAwaited(settings, identityStoreId, pacer),
    };
  },
  async run({ request, propagation }: Input, { clock, measure, ...services }) {
    const now = clock.now();
    const check = await checkUnlessThrottled({ request, propagation }, services, now);
    const next = propagationAfter(request, propagation, check, clock.now());
    // One check per hour and execution: the sum of an hour is the number of executions that wait.
    if (!next.visible && isLongWait(request, now)) measure('StartsWaiting', 1);
    return next;
  },
  logFields: ({ visible, checkAfterSeconds }) => ({ visible, checkAfterSeconds }),
});

/**
 * Checks the directory. A manual start that waits takes a throttled check for one that shows nothing yet: its next check is the
 * retry. If thousands of them retried at once, most would fail. Only the last check must be answered.
 *
 * @throws TransientAwsError · RefusedError
 */
async function checkUnlessThrottled(
  { request, propagation }: Pick<Input, 'request' | 'propagation'>,
  services: Services,
  now: Date,
): Promise<DirectoryCheck> {
  try {
    return await checkDirectory(request, propagation, services);
  } catch (error) {
    const { deadline } = propagation;
    const isWaiting = request.trigger === 'manual' && deadline !== undefined && !isDue(deadline, now);
    if (isWaiting && error instanceof TransientAwsError && error.isThrottled) return { met: false };
    throw error;
  }
}

/** Checks the directory once for what the request expects. */
async function checkDirectory(
  request: Request,
  propagation: Propagation,
  { directory, mayShow }: Services,
): Promise<DirectoryCheck> {
  const { selector, groupId } = propagation;
  const userId = selector ? await directory.findUser(selector) : propagation.userId;
  if (selector && !userId) return { met: false };
  // Thousands of starts may wait for days. They ask for what revocations need only when it is likely to show the user.
  if (request.trigger === 'manual' && userId && !(await mayShow(userId, groupId))) return { met: false };
  const expected = expectationOf(request, propagation, userId);
  if (!expected) return { met: true, userId };
  try {
    const groups = await directory.groupsOf(expected.userId, expected.groupId ? [expected.groupId] : []);
    const member = expected.groupId ? (groups?.has(expected.groupId) ?? false) : groups !== undefined;
    return { met: member === (expected.membership === 'member'), userId };
  } catch (error) {
    // The execution may continue, since the plan reads again: hundreds of joins at once exceed AWS's quota for this call,
    // and what AWS refuses to show of one user is put aside there.
    const isAnswer = error instanceof TransientAwsError || error instanceof RefusedError;
    if (isAnswer && request.trigger === 'event') return { met: true, userId };
    throw error;
  }
}

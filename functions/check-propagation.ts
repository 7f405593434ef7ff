import * as z from 'zod/mini';
import { createPacer } from '../adapters/clients.ts';
import { type Environment, identityCenterSettings } from '../adapters/environment.ts';
import { connectDirectory, type Directory } from '../adapters/identity-store.ts';
import { type DirectoryCheck, expectationOf, propagationAfter } from '../domain/request/propagation.ts';
import { type Propagation, PropagationSchema, type Request, RequestSchema } from '../domain/request/request.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({ request: RequestSchema, propagation: PropagationSchema, execution: ExecutionArn });
type Input = z.infer<typeof Input>;

/** Second state: checks whether reads show what the request expects, and if not, decides when to check again. */
export const handler = defineHandler({
  input: Input,
  services: (environment: Environment) => ({
    clock: environment.clock,
    directory: connectDirectory(
      identityCenterSettings(environment),
      environment.entitlements.identityCenter.identityStoreId,
      createPacer(environment.entitlements.requestsPerSecond, environment.clock),
    ),
  }),
  async run({ request, propagation }: Input, { directory, clock }) {
    return propagationAfter(request, propagation, await checkDirectory(request, propagation, directory), clock.now());
  },
  logFields: ({ visible, checkAfterSeconds }) => ({ visible, checkAfterSeconds }),
});

/** Checks the directory once for what the request expects. */
async function checkDirectory(
  request: Request,
  propagation: Propagation,
  directory: Directory,
): Promise<DirectoryCheck> {
  const { selector } = propagation;
  const userId = selector ? await directory.findUser(selector) : propagation.userId;
  if (selector && !userId) return { met: false };
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

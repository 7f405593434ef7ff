import * as z from 'zod/mini';
import { paced } from '../adapters/clients.ts';
import { type Environment, identityCenterSettings } from '../adapters/environment.ts';
import { connectDirectory, type Directory } from '../adapters/identity-store.ts';
import { expectationOf, type Sight, sightOf } from '../domain/request/propagation.ts';
import { type Propagation, PropagationSchema, type Request, RequestSchema } from '../domain/request/request.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({ request: RequestSchema, propagation: PropagationSchema, execution: z.string() });
type Input = z.infer<typeof Input>;

/** Second state: is it visible what the request led to expect, and if not, when to look again. */
export const handler = defineHandler({
  input: Input,
  services: (environment: Environment) => ({
    clock: environment.clock,
    directory: connectDirectory(
      identityCenterSettings(environment),
      environment.entitlements.identityCenter.identityStoreId,
      paced(environment.entitlements.requestsPerSecond, environment.clock),
    ),
  }),
  async run({ request, propagation }: Input, { directory, clock }) {
    return sightOf(request, propagation, await look(request, propagation, directory), clock.now());
  },
  logFields: ({ visible, checkAfterSeconds }) => ({ visible, checkAfterSeconds }),
});

/** One look into the directory, for as much as there is to look for. */
async function look(request: Request, propagation: Propagation, directory: Directory): Promise<Sight> {
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
    // Hundreds of joins at once pass AWS's quota for this call. Nothing is lost by going on: the plan looks again.
    if (error instanceof TransientAwsError && request.trigger === 'event') return { met: true, userId };
    throw error;
  }
}

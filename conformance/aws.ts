import { IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { OrganizationsClient } from '@aws-sdk/client-organizations';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { paginateListInstances, SSOAdminClient } from '@aws-sdk/client-sso-admin';
import { StandardRetryStrategy } from '@smithy/core/retry';
import { type ClientSettings, createPacer } from '../adapters/clients.ts';
import { readIdentity } from '../adapters/operator/caller.ts';
import { connectSubscriptions } from '../adapters/subscriptions/connect.ts';
import { SUBSCRIPTIONS_PER_SECOND } from '../domain/pace.ts';
import { isObject, jsonIn } from '../domain/shared/json.ts';
import type { Targets, World } from './probes/world.ts';

/** Throttled calls are retried: the probes share the quotas with all other callers. */
const MOST_ATTEMPTS = 5;
/** Executions whose inputs are read, and how many per page. */
const MOST_EXECUTIONS = 300;
const PER_PAGE = 100;

/** Opens what the probes ask, for an account. @throws Error if the caller sees no instance of Identity Center */
export async function openWorld(
  settings: ClientSettings,
  { targets, clock, stop }: Pick<World, 'targets' | 'clock' | 'stop'>,
): Promise<World> {
  const retrying = { ...settings, retryStrategy: new StandardRetryStrategy({ maxAttempts: MOST_ATTEMPTS }) };
  const ssoAdmin = new SSOAdminClient(retrying);
  const sfn = new SFNClient(retrying);
  const { accountId } = await readIdentity(retrying);
  const pages = await Array.fromAsync(paginateListInstances({ client: ssoAdmin }, {}));
  const [instance] = pages.flatMap(({ Instances = [] }) => Instances);
  if (!instance?.InstanceArn || !instance.IdentityStoreId)
    throw new Error('This account sees no instance of IAM Identity Center in this Region. Name the right --region');
  return {
    targets: { ...targets, profileRegion: targets.profileRegion ?? settings.region },
    clock,
    stop,
    instanceArn: instance.InstanceArn,
    identityStoreId: instance.IdentityStoreId,
    account: accountId,
    owner: instance.OwnerAccountId,
    ssoAdmin,
    identityStore: new IdentitystoreClient(retrying),
    organizations: new OrganizationsClient(retrying),
    subscriptions: connectSubscriptions(settings, createPacer(SUBSCRIPTIONS_PER_SECOND, clock)),
    inputs: () => inputsOf(sfn, targets.machine, stop),
  };
}

/** Reads the inputs of the newest executions, with the time at which each was started. */
async function inputsOf(sfn: SFNClient, stateMachineArn: Targets['machine'], stop: AbortSignal): Promise<unknown[]> {
  const found: unknown[] = [];
  let nextToken: string | undefined;
  do {
    const page = await sfn.send(new ListExecutionsCommand({ stateMachineArn, maxResults: PER_PAGE, nextToken }));
    nextToken = page.nextToken;
    for (const { executionArn, startDate } of page.executions ?? []) {
      stop.throwIfAborted();
      const { input } = await sfn.send(new DescribeExecutionCommand({ executionArn }));
      const value = jsonIn(input);
      if (isObject(value)) found.push({ ...value, startedAt: startDate?.toISOString() });
    }
  } while (nextToken !== undefined && found.length < MOST_EXECUTIONS);
  return found;
}

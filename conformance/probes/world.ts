import type { IdentitystoreClient } from '@aws-sdk/client-identitystore';
import type { OrganizationsClient } from '@aws-sdk/client-organizations';
import type { SSOAdminClient } from '@aws-sdk/client-sso-admin';
import type { OpenSubscriptions } from '../../adapters/subscriptions/connect.ts';
import type { Clock } from '../../domain/shared/clock.ts';

/** What the probes may touch: nothing else of the account. */
export interface Targets {
  /** ARN of an application. */
  application?: string | undefined;
  /** Id of a user. */
  user?: string | undefined;
  /** Id of a group. */
  group?: string | undefined;
  /** Region of the profile of Kiro or Amazon Q Developer; by default that of Identity Center. */
  profileRegion?: string | undefined;
  /** Plan to subscribe the user to. */
  plan?: string | undefined;
  /** ARN of the state machine that gets the events. */
  machine?: string | undefined;
}

/** What a probe gets. */
export interface World {
  targets: Targets;
  instanceArn: string;
  identityStoreId: string;
  /** The account that calls. */
  account: string;
  /** The account that owns the instance. */
  owner: string | undefined;
  clock: Clock;
  /** Aborted if the person stops the probes. */
  stop: AbortSignal;
  ssoAdmin: SSOAdminClient;
  identityStore: IdentitystoreClient;
  organizations: OrganizationsClient;
  subscriptions: OpenSubscriptions;
  /** Inputs of executions, newest first, as far as a few pages go; `startedAt` is added. */
  inputs(): Promise<unknown[]>;
}

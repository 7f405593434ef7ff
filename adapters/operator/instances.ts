import {
  type Application,
  DescribeApplicationCommand,
  DescribeInstanceCommand,
  ListApplicationsCommand,
  ListInstancesCommand,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { SSO_ADMIN_ERRORS } from '../aws-errors.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';
import { isNotFound } from '../translate-error.ts';

/** An instance of Identity Center. */
export interface Instance {
  instanceArn: string;
  identityStoreId: string;
  /** The management account, or the account itself for an account instance. */
  ownerAccountId: string;
  /** `ACTIVE`, `CREATE_IN_PROGRESS`, … */
  status: string;
}

/** What Identity Center returns of an application. */
export interface ApplicationDescription {
  applicationArn: string;
  name: string | undefined;
  /** `ENABLED` or `DISABLED`. */
  status: string;
  /** The last part of the provider's ARN: `codewhisperer`, `custom`, … */
  provider: string | undefined;
  instanceArn: string | undefined;
}

/**
 * The instances and applications of Identity Center, for `usher init` and `usher doctor`.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Instances {
  /** ListInstances: those that this account can see, ten at most. */
  instances(): Promise<readonly Instance[]>;
  /** The kind of key that encrypts an instance; undefined if AWS doesn't return it. */
  keyType(instanceArn: string): Promise<string | undefined>;
  /** ListApplications: all applications of an instance, by pages. */
  applications(instanceArn: string): AsyncIterable<readonly ApplicationDescription[]>;
  /** DescribeApplication; undefined if there is no such application. */
  application(applicationArn: string): Promise<ApplicationDescription | undefined>;
}

function descriptionOf(found: Application, operation: string): ApplicationDescription {
  if (!found.ApplicationArn) throw malformedAnswer(operation, 'ApplicationArn');
  return {
    applicationArn: found.ApplicationArn,
    name: found.Name,
    status: found.Status ?? 'ENABLED',
    provider: found.ApplicationProviderArn?.split('/').at(-1),
    instanceArn: found.InstanceArn,
  };
}

/** The instances of SSO Admin, over the SDK. The pacer spaces all requests. */
export function ssoAdminInstances(client: SSOAdminClient, pacer: Pacer): Instances {
  const ask = askWith(SSO_ADMIN_ERRORS, pacer);
  return {
    async instances() {
      const operation = 'ListInstances';
      const found: Instance[] = [];
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListInstancesCommand({ NextToken }))),
      )) {
        for (const one of listIn(page.Instances ?? [], operation, 'Instances')) {
          if (!one.InstanceArn) throw malformedAnswer(operation, 'Instances.InstanceArn');
          found.push({
            instanceArn: one.InstanceArn,
            // AWS leaves out both while it creates an instance.
            identityStoreId: one.IdentityStoreId ?? '',
            ownerAccountId: one.OwnerAccountId ?? '',
            status: one.Status ?? 'ACTIVE',
          });
        }
      }
      return found;
    },

    async keyType(instanceArn) {
      const { EncryptionConfigurationDetails } = await ask('DescribeInstance', [`instance ${instanceArn}`], () =>
        client.send(new DescribeInstanceCommand({ InstanceArn: instanceArn })),
      );
      return EncryptionConfigurationDetails?.KeyType;
    },

    async *applications(instanceArn) {
      const operation = 'ListApplications';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [`instance ${instanceArn}`], () =>
          client.send(new ListApplicationsCommand({ InstanceArn: instanceArn, MaxResults: MAX_PER_PAGE, NextToken })),
        ),
      )) {
        yield listIn(page.Applications ?? [], operation, 'Applications').map((one) => descriptionOf(one, operation));
      }
    },

    async application(applicationArn) {
      const operation = 'DescribeApplication';
      const found = await ask(operation, [`application ${applicationArn}`], () =>
        undefinedIf(isNotFound, () => client.send(new DescribeApplicationCommand({ ApplicationArn: applicationArn }))),
      );
      return found && descriptionOf(found, operation);
    },
  };
}

/** {@link ssoAdminInstances} with a client of its own. */
export function connectInstances(settings: ClientSettings, pacer: Pacer): Instances {
  return ssoAdminInstances(new SSOAdminClient(settings), pacer);
}

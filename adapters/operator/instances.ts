import {
  type Application,
  DescribeApplicationCommand,
  DescribeInstanceCommand,
  ListApplicationsCommand,
  ListInstancesCommand,
  ResourceNotFoundException,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { SSO_ADMIN_ERRORS } from '../aws-errors.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { asking, listIn, malformed, pages } from '../requests.ts';

/** An instance of Identity Center. */
export interface Instance {
  instanceArn: string;
  identityStoreId: string;
  /** The management account, or for an account instance the account itself. */
  ownerAccountId: string;
  /** `ACTIVE`, `CREATE_IN_PROGRESS`, … */
  status: string;
}

/** An application as Identity Center describes it. */
export interface ApplicationDescription {
  applicationArn: string;
  name: string | undefined;
  /** `ENABLED` or `DISABLED`. */
  status: string;
  /** Last part of the provider's ARN: `codewhisperer`, `custom`, … */
  provider: string | undefined;
  instanceArn: string | undefined;
}

/**
 * What there is in Identity Center to choose from and to look after.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Instances {
  /** Those that this account sees; ten at most. */
  instances(): Promise<readonly Instance[]>;
  /** The kind of key that encrypts an instance; undefined when AWS doesn't tell. */
  keyType(instanceArn: string): Promise<string | undefined>;
  /** All applications of an instance, by pages. */
  applications(instanceArn: string): AsyncIterable<readonly ApplicationDescription[]>;
  /** Undefined when there is no such application. */
  application(applicationArn: string): Promise<ApplicationDescription | undefined>;
}

/** The limit of MaxResults. */
const MAX_PER_PAGE = 100;

function described(found: Application, operation: string): ApplicationDescription {
  if (!found.ApplicationArn) throw malformed(operation, 'ApplicationArn');
  return {
    applicationArn: found.ApplicationArn,
    name: found.Name,
    status: found.Status ?? 'ENABLED',
    provider: found.ApplicationProviderArn?.split('/').at(-1),
    instanceArn: found.InstanceArn,
  };
}

/** The instances of SSO Admin, over the SDK. Each request takes a turn of the pacer. */
export function ssoAdminInstances(client: SSOAdminClient, pacer: Pacer): Instances {
  const ask = asking(SSO_ADMIN_ERRORS, pacer);
  return {
    async instances() {
      const operation = 'ListInstances';
      const found: Instance[] = [];
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListInstancesCommand({ NextToken }))),
      )) {
        for (const one of listIn(page.Instances ?? [], operation, 'Instances')) {
          if (!one.InstanceArn) throw malformed(operation, 'Instances.InstanceArn');
          found.push({
            instanceArn: one.InstanceArn,
            // Both are left out while an instance is being created.
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
        yield listIn(page.Applications ?? [], operation, 'Applications').map((one) => described(one, operation));
      }
    },

    async application(applicationArn) {
      const operation = 'DescribeApplication';
      try {
        return described(
          await ask(operation, [`application ${applicationArn}`], () =>
            client.send(new DescribeApplicationCommand({ ApplicationArn: applicationArn })),
          ),
          operation,
        );
      } catch (error) {
        if (error instanceof ResourceNotFoundException && error.Reason === undefined) return undefined;
        throw error;
      }
    },
  };
}

/** {@link ssoAdminInstances} with a client of its own. */
export function connectInstances(settings: ClientSettings, pacer: Pacer): Instances {
  return ssoAdminInstances(new SSOAdminClient(settings), pacer);
}

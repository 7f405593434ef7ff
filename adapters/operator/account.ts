import {
  AccessDeniedException,
  AWSOrganizationsNotInUseException,
  DescribeOrganizationCommand,
  ListDelegatedAdministratorsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';
import { STS_ERRORS } from '../sts-errors.ts';

/** The caller of AWS. */
export interface Identity {
  accountId: string;
  /** ARN of the caller. */
  arn: string;
  /** `aws`, `aws-cn`, … */
  partition: string;
}

/** The organization of the account. */
export interface Organization {
  managementAccountId: string;
  /**
   * Accounts that administer Identity Center for the management account, one at most; undefined if this account may not
   * read them.
   */
  delegatedAdministrators: readonly string[] | undefined;
}

/**
 * The account of the caller.
 *
 * @throws TransientAwsError worth a retry · RefusedError not; `credentials` if they are missing, expired or wrong
 */
export interface Account {
  identity(): Promise<Identity>;
  /** Undefined for an account without one; `unknown` if the account may not read it. */
  organization(): Promise<Organization | 'unknown' | undefined>;
}

const ORGANIZATIONS_ERRORS: readonly ErrorRow[] = [
  {
    exception: 'TooManyRequestsException',
    as: 'transient',
    because: 'You have sent too many requests in too short a period of time.',
  },
  {
    exception: 'ServiceException',
    as: 'transient',
    because: 'AWS Organizations cannot complete your request because of an internal service error.',
  },
];

const isDenied = (error: unknown) => error instanceof AccessDeniedException;

/** The account, over the SDK. Organizations has one endpoint per partition; the SDK knows its Region. */
export function awsAccount(sts: STSClient, organizations: OrganizationsClient): Account {
  const askSts = askWith(STS_ERRORS);
  const ask = askWith(ORGANIZATIONS_ERRORS);

  async function delegatedAdministrators(): Promise<string[] | undefined> {
    const operation = 'ListDelegatedAdministrators';
    const found: string[] = [];
    for await (const { administrators, isHidden } of pages(operation, (NextToken) =>
      ask(operation, [], async () => {
        const list = { ServicePrincipal: 'sso.amazonaws.com', NextToken };
        const page = await undefinedIf(isDenied, () =>
          organizations.send(new ListDelegatedAdministratorsCommand(list)),
        );
        return {
          administrators: page?.DelegatedAdministrators,
          NextToken: page?.NextToken,
          isHidden: page === undefined,
        };
      }),
    )) {
      if (isHidden) return undefined;
      for (const { Id } of listIn(administrators ?? [], operation, 'DelegatedAdministrators')) if (Id) found.push(Id);
    }
    return found;
  }

  return {
    async identity() {
      const operation = 'GetCallerIdentity';
      const { Account, Arn } = await askSts(operation, [], () => sts.send(new GetCallerIdentityCommand()));
      const [, partition] = Arn?.split(':') ?? [];
      if (!(Account && Arn && partition)) throw malformedAnswer(operation, 'Arn');
      return { accountId: Account, arn: Arn, partition };
    },

    async organization() {
      const operation = 'DescribeOrganization';
      const answer = await ask(operation, [], async () => {
        try {
          return await organizations.send(new DescribeOrganizationCommand());
        } catch (error) {
          if (error instanceof AWSOrganizationsNotInUseException) return undefined;
          if (isDenied(error)) return 'unknown';
          throw error;
        }
      });
      if (answer === undefined || answer === 'unknown') return answer;
      const managementAccountId = answer.Organization?.MasterAccountId;
      if (!managementAccountId) throw malformedAnswer(operation, 'Organization');
      return { managementAccountId, delegatedAdministrators: await delegatedAdministrators() };
    },
  };
}

/** {@link awsAccount} with clients of its own. */
export function connectAccount(settings: ClientSettings): Account {
  return awsAccount(new STSClient(settings), new OrganizationsClient(settings));
}

/**
 * Returns the Region that the AWS CLI would use.
 *
 * @returns undefined if none is configured
 */
export async function configuredRegion(profile: string | undefined): Promise<string | undefined> {
  try {
    const region: Promise<string> = new STSClient(profile === undefined ? {} : { profile }).config.region();
    return await region;
  } catch (error) {
    // An empty AWS_REGION configures none.
    if (error instanceof Error && /Region is missing|region=""/.test(error.message)) return undefined;
    throw error;
  }
}

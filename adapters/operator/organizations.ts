import {
  AccessDeniedException,
  AWSOrganizationsNotInUseException,
  DescribeOrganizationCommand,
  ListDelegatedAdministratorsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';

/** The organization of the account. */
export interface Organization {
  managementAccountId: string;
  /**
   * Accounts that administer Identity Center for the management account, one at most; undefined if this account may not
   * read them.
   */
  delegatedAdministrators: readonly string[] | undefined;
}

/** What AWS Organizations says to the account of the caller. @throws TransientAwsError worth a retry */
export interface Organizations {
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

/** Organizations, over the SDK. It has one endpoint per partition; the SDK knows its Region. */
export function awsOrganizations(organizations: OrganizationsClient): Organizations {
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

/** {@link awsOrganizations} with a client of its own. */
export function connectOrganizations(settings: ClientSettings): Organizations {
  return awsOrganizations(new OrganizationsClient(settings));
}

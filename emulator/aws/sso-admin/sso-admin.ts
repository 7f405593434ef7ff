import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { Application, Assignment, IdentityCenter } from '../identity-center/identity-center.ts';
import { USUAL } from '../identity-center/quirks.ts';
import type { TemporalPage } from '../identity-center/temporal-map.ts';
import { jsonService, type Operation, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging } from '../paging.ts';
import { RateLimit } from '../rate-limit.ts';

const ApplicationArn = z
  .string()
  .check(
    z.regex(
      /^arn:aws(?:-[a-z]{1,5}){0,3}:sso::\d{12}:application\/(?:sso)?ins-[a-zA-Z0-9.-]{16}\/apl-[a-zA-Z0-9]{16}$/,
      'expected the ARN of an application',
    ),
  );
const PrincipalId = z
  .string()
  .check(
    z.regex(/^(?:[0-9a-f]{10}-)?[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}$/, 'expected an id'),
    z.toLowerCase(),
  );

const ApplicationInput = z.object({ ApplicationArn });
const AssignmentInput = z.object({ ApplicationArn, PrincipalId, PrincipalType: z.enum(['USER', 'GROUP']) });
const PagingInput = z.object({
  MaxResults: z._default(z.int().check(z.minimum(1), z.maximum(100)), 100),
  NextToken: z.optional(z.string().check(z.regex(/^[-a-zA-Z0-9+=/_]{0,2048}$/, 'expected a token'))),
});
const InstanceInput = z.object({ InstanceArn: z.string() });
const ForPrincipalInput = z.extend(PagingInput, {
  InstanceArn: z.string(),
  PrincipalId,
  PrincipalType: z.enum(['USER', 'GROUP']),
  Filter: z.optional(z.object({ ApplicationArn: z.optional(ApplicationArn) })),
});
const Filter = z.object({ ApplicationAccount: z.optional(z.string()), ApplicationProvider: z.optional(z.string()) });
const ApplicationsInput = z.extend(PagingInput, { InstanceArn: z.string(), Filter: z._default(Filter, {}) });
const ListInput = z.extend(PagingInput, { ApplicationArn });

function ssoResourceNotFound(what: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${what} not found.`);
}

function assignmentOf(input: z.infer<typeof AssignmentInput>): Assignment {
  return {
    applicationArn: input.ApplicationArn,
    principalId: input.PrincipalId,
    principalType: input.PrincipalType,
  };
}

function describeAssignment({ applicationArn, principalId, principalType }: Assignment): object {
  return { ApplicationArn: applicationArn, PrincipalId: principalId, PrincipalType: principalType };
}

/** Returns a function that reads pages of a list that is sorted by a property. */
function pageOf<Key extends string, T extends Record<Key, string>>(sorted: readonly T[], key: Key) {
  return (limit: number, after = ''): TemporalPage<T> => {
    const rest = sorted.filter((one) => one[key] > after);
    return { values: rest.slice(0, limit), next: rest.length > limit ? rest[limit - 1]?.[key] : undefined };
  };
}

function accountOf({ applicationArn }: Application): string {
  return applicationArn.split(':')[4] ?? '';
}

function providerArnOf({ provider }: Application): string | undefined {
  return provider === undefined ? undefined : `arn:aws:sso::aws:applicationProvider/${provider}`;
}

/** The management account of the organization that the instance belongs to. */
const DEFAULT_OWNER = '111122223333';

interface SsoAdminOptions {
  ownerAccountId?: string;
  memberAccountId?: string | undefined;
  othersPerSecond?: number | undefined;
}

/**
 * Returns SSO Admin with its operations on assignments, applications and instances, at 20 requests per second for all
 * operations together.
 *
 * @param options `ownerAccountId` is the account that owns the instance; `memberAccountId` the account that calls, if it is neither
 *   the management account nor the delegated administrator
 * @see https://docs.aws.amazon.com/singlesignon/latest/APIReference/API_Operations.html
 */
export function ssoAdmin(center: IdentityCenter, clock: Clock, options: SsoAdminOptions = {}): Service {
  const { ownerAccountId = DEFAULT_OWNER, memberAccountId, othersPerSecond } = options;
  const { quirks } = center;
  const paging = new Paging(clock, quirks);

  const existingApplication = (applicationArn: string): Application => {
    const application = center.application(applicationArn);
    if (application === undefined) throw ssoResourceNotFound('Application');
    return application;
  };

  /** JSON leaves out what is undefined. */
  const describeApplication = (application: Application): object => ({
    ApplicationArn: application.applicationArn,
    ApplicationAccount: accountOf(application),
    InstanceArn: center.instanceArn,
    Status: application.status,
    Name: application.name,
    ApplicationProviderArn: providerArnOf(application),
  });

  const groupsOf = (userId: string): string[] =>
    center.membershipsOf(userId, Number.POSITIVE_INFINITY).values.map(({ groupId }) => groupId);
  /** Of an organization's instance, a member account may list only its own applications. */
  const admitList = ({ ApplicationAccount }: z.infer<typeof Filter>): void => {
    if (memberAccountId === undefined || memberAccountId === ownerAccountId) return;
    if (ApplicationAccount === memberAccountId) return;
    const { unfilteredList = USUAL.unfilteredList } = quirks;
    throw new ServiceError(unfilteredList, 'A member account must filter by its own ApplicationAccount');
  };

  const isPrincipal = ({ principalId, principalType }: Assignment): boolean =>
    (principalType === 'USER' ? center.user(principalId) : center.group(principalId)) !== undefined;

  const operations = new Map<string, Operation>([
    [
      'CreateApplicationAssignment',
      operation(AssignmentInput, (input) => {
        const assignment = assignmentOf(input);
        existingApplication(assignment.applicationArn);
        if (!isPrincipal(assignment)) throw ssoResourceNotFound('Principal');
        if (center.isAssigned(assignment) && quirks.repeatedCreate === 'conflict') {
          throw new ServiceError('ConflictException', 'The assignment exists already.');
        }
        center.assignByHand(assignment.applicationArn, assignment.principalId, assignment.principalType);
        return {};
      }),
    ],
    [
      'DeleteApplicationAssignment',
      operation(AssignmentInput, (input) => {
        const assignment = assignmentOf(input);
        existingApplication(assignment.applicationArn);
        if (!center.isAssigned(assignment) && quirks.deleteMissing === 'not-found')
          throw ssoResourceNotFound('Assignment');
        center.unassignByHand(assignment.applicationArn, assignment.principalId, assignment.principalType);
        return {};
      }),
    ],
    [
      'DescribeApplicationAssignment',
      operation(AssignmentInput, (input) => {
        const assignment = assignmentOf(input);
        existingApplication(assignment.applicationArn);
        const moment = center.seenBy('SSOAdmin.DescribeApplicationAssignment');
        if (!center.isAssigned(assignment, moment)) throw ssoResourceNotFound('Assignment');
        return describeAssignment(assignment);
      }),
    ],
    [
      'ListApplicationAssignments',
      operation(ListInput, (input) => {
        const { ApplicationArn: applicationArn } = input;
        existingApplication(applicationArn);
        const moment = center.seenBy('SSOAdmin.ListApplicationAssignments');
        const { values, token } = paging.page(applicationArn, input, (limit, after) =>
          center.assigned(applicationArn, limit, after, moment),
        );
        return { ApplicationAssignments: values.map(describeAssignment), ...token };
      }),
    ],
    [
      'ListApplicationAssignmentsForPrincipal',
      operation(ForPrincipalInput, (input) => {
        if (input.InstanceArn !== center.instanceArn) throw ssoResourceNotFound('Instance');
        const { PrincipalId: principalId, PrincipalType: principalType, Filter: { ApplicationArn: only } = {} } = input;
        const groups = principalType === 'USER' ? groupsOf(principalId) : [];
        const all = center.applications().flatMap(({ applicationArn }) => {
          if (only !== undefined && applicationArn !== only) return [];
          const own: Assignment = { applicationArn, principalId, principalType };
          const ofGroups = groups.map(
            (group): Assignment => ({ applicationArn, principalId: group, principalType: 'GROUP' }),
          );
          return [own, ...ofGroups]
            .filter((one) => center.isAssigned(one))
            .map((one) => ({ ...one, key: `${applicationArn} ${one.principalId}` }));
        });
        const { values, token } = paging.page(
          principalId,
          input,
          pageOf(
            all.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
            'key',
          ),
        );
        return { ApplicationAssignments: values.map(describeAssignment), ...token };
      }),
    ],
    [
      'GetApplicationAssignmentConfiguration',
      operation(ApplicationInput, ({ ApplicationArn: applicationArn }) => ({
        AssignmentRequired: existingApplication(applicationArn).assignmentRequired,
      })),
    ],
    [
      'DescribeApplication',
      operation(ApplicationInput, (input) => describeApplication(existingApplication(input.ApplicationArn))),
    ],
    [
      'ListInstances',
      operation(PagingInput, (input) => {
        const { values, token } = paging.page('instances', input, pageOf([center], 'instanceArn'));
        const instances = values.map(({ instanceArn, identityStoreId }) => ({
          InstanceArn: instanceArn,
          IdentityStoreId: identityStoreId,
          OwnerAccountId: ownerAccountId,
          Status: 'ACTIVE',
        }));
        return { Instances: instances, ...token };
      }),
    ],
    [
      'DescribeInstance',
      operation(InstanceInput, ({ InstanceArn }) => {
        if (InstanceArn !== center.instanceArn) throw ssoResourceNotFound('Instance');
        return {
          InstanceArn,
          IdentityStoreId: center.identityStoreId,
          OwnerAccountId: ownerAccountId,
          Status: 'ACTIVE',
          EncryptionConfigurationDetails: { KeyType: 'AWS_OWNED_KMS_KEY', EncryptionStatus: 'ENABLED' },
        };
      }),
    ],
    [
      'ListApplications',
      operation(ApplicationsInput, (input) => {
        if (input.InstanceArn !== center.instanceArn) throw ssoResourceNotFound('Instance');
        const { ApplicationAccount, ApplicationProvider } = input.Filter;
        admitList(input.Filter);
        const all = center
          .applications()
          .filter((one) => ApplicationAccount === undefined || accountOf(one) === ApplicationAccount)
          .filter((one) => ApplicationProvider === undefined || providerArnOf(one) === ApplicationProvider);
        const list = `applications ${ApplicationAccount} ${ApplicationProvider}`;
        const { values, token } = paging.page(list, input, pageOf(all, 'applicationArn'));
        return { Applications: values.map(describeApplication), ...token };
      }),
    ],
  ]);

  const limit = new RateLimit(clock, othersPerSecond);
  return jsonService('SSOAdmin', operations, () => {
    if (limit.take() > 0) throw new ServiceError('ThrottlingException', 'Rate exceeded');
  });
}

import * as z from 'zod/mini';
import { jsonService, type Operation, operation, type Service, ServiceError } from '../json-service.ts';

/** The account of the emulator. It is the delegated administrator of Identity Center. */
export const ACCOUNT = '000000000000';
/** The management account of the organization, to which Identity Center belongs. */
export const MANAGEMENT_ACCOUNT = '111122223333';

/** Whether an account is neither of the two. */
export function isMember(account: string): boolean {
  return account !== ACCOUNT && account !== MANAGEMENT_ACCOUNT;
}

const Anything = z.object({});
const RoleInput = z.object({ RoleArn: z.string() });
/** The SDK compares it with real time, and the emulator has its own: credentials of a role do not expire here. */
const NEVER = '2099-12-31T23:59:59Z';

/**
 * Returns the services that describe the caller, the organization, and the trail that records its management events. Every
 * role can be assumed.
 *
 * @param lookUp answers LookupEvents
 * @param caller the account that calls
 */
export function accountServices(
  region: string,
  lookUp: Operation = () => ({ Events: [] }),
  caller: string = ACCOUNT,
): Record<'STS' | 'Organizations' | 'CloudTrail', Service> {
  const trailArn = `arn:aws:cloudtrail:${region}:${MANAGEMENT_ACCOUNT}:trail/organization`;
  const identity = operation(Anything, () => ({
    GetCallerIdentityResult: {
      Arn: `arn:aws:iam::${caller}:user/local`,
      UserId: 'AIDALOCAL',
      Account: caller,
    },
    ResponseMetadata: { RequestId: 'local' },
  }));
  const role = operation(RoleInput, () => ({
    AssumeRoleResult: {
      Credentials: {
        AccessKeyId: 'local',
        SecretAccessKey: 'local',
        SessionToken: 'local',
        Expiration: NEVER,
      },
    },
    ResponseMetadata: { RequestId: 'local' },
  }));
  const organization = operation(Anything, () => ({
    Organization: { Id: 'o-local00000', MasterAccountId: MANAGEMENT_ACCOUNT, FeatureSet: 'ALL' },
  }));
  const administrators = operation(Anything, () => {
    if (isMember(caller)) throw new ServiceError('AccessDeniedException', 'You do not have permission to do this.');
    return { DelegatedAdministrators: [{ Id: ACCOUNT, Status: 'ACTIVE' }] };
  });
  const trails = operation(Anything, () => ({
    trailList: [
      {
        Name: 'organization',
        TrailARN: trailArn,
        HomeRegion: region,
        IsMultiRegionTrail: true,
        IsOrganizationTrail: true,
      },
    ],
  }));
  const trailStatus = operation(Anything, () => ({ IsLogging: true }));
  const selectors = operation(Anything, () => ({
    TrailARN: trailArn,
    EventSelectors: [{ ReadWriteType: 'All', IncludeManagementEvents: true, DataResources: [] }],
  }));
  return {
    STS: jsonService(
      'STS',
      new Map([
        ['GetCallerIdentity', identity],
        ['AssumeRole', role],
      ]),
    ),
    Organizations: jsonService(
      'Organizations',
      new Map([
        ['DescribeOrganization', organization],
        ['ListDelegatedAdministrators', administrators],
      ]),
    ),
    CloudTrail: jsonService(
      'CloudTrail',
      new Map([
        ['DescribeTrails', trails],
        ['GetTrailStatus', trailStatus],
        ['GetEventSelectors', selectors],
        ['LookupEvents', lookUp],
      ]),
    ),
  };
}

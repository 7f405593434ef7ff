import { expect, it } from 'vitest';
import type { Schedule } from '../../../adapters/operator/deployment.ts';
import type { Organization } from '../../../adapters/operator/organizations.ts';
import { isForwarderSilent } from '../../../operator/attention/forwarder.ts';
import type { Services } from '../../../operator/services.ts';
import { START } from '../../support/ids.ts';

const DAY = 86_400_000;
const MEMBER = '222233334444';
const MANAGEMENT = '111122223333';
const ORGANIZATION: Organization = { managementAccountId: MANAGEMENT, delegatedAdministrators: [] };

/** A schedule that is as old as the deployment. */
function aged(days: number | undefined): Schedule {
  const createdAt = days === undefined ? undefined : new Date(START.getTime() - days * DAY);
  return {
    state: 'ENABLED',
    expression: '',
    target: { arn: '', deadLetterArn: undefined },
    input: undefined,
    createdAt,
  };
}

function theServices(organization: Organization | 'unknown' | undefined, seen: boolean | undefined): Services {
  return {
    identity: async () => ({ accountId: MEMBER, arn: '', partition: 'aws' }),
    organizations: async () => ({ organization: async () => organization }),
    functionLog: async () => ({ hasEventOf: async () => seen }),
  } as unknown as Services;
}

it.each<[string, Schedule | undefined, Organization | 'unknown' | undefined, boolean | undefined, string | undefined]>([
  ['is silent if no event came for a month', aged(31), ORGANIZATION, false, MANAGEMENT],
  ['is not silent if one came', aged(31), ORGANIZATION, true, undefined],
  ['may be silent in the first month of a deployment', aged(29), ORGANIZATION, false, undefined],
  ['may be silent if the age of the deployment is unknown', aged(undefined), ORGANIZATION, false, undefined],
  ['may be silent if nothing is deployed', undefined, ORGANIZATION, false, undefined],
  ['is not needed without an organization', aged(31), undefined, false, undefined],
  ['is not known to be needed if the organization cannot be read', aged(31), 'unknown', false, undefined],
  [
    'is not needed in the management account',
    aged(31),
    { ...ORGANIZATION, managementAccountId: MEMBER },
    false,
    undefined,
  ],
  ['is not known to be silent without a log', aged(31), ORGANIZATION, undefined, undefined],
])('the forwarder %s', async (_fact, schedule, organization, seen, expected) => {
  expect(await isForwarderSilent(schedule, theServices(organization, seen), START)).toBe(expected);
});

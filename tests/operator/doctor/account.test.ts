import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { accountFindings } from '../../../operator/doctor/account.ts';
import { anAsker } from '../../support/asker.ts';
import { INSTANCE_ARN, STORE_ID } from '../../support/ids.ts';
import { openWorld } from '../../support/world.ts';

const OTHER = '999988887777';

/** What usher doctor finds of the account if the instance has this owner. */
async function findingsWith(owner: string | 'the caller', isInOrganization: boolean) {
  const world = await openWorld();
  const asker = anAsker(world, exampleEntitlements());
  const services = await asker.services();
  const [{ accountId }, instances, organizations] = await Promise.all([
    services.identity(),
    services.instances(),
    services.organizations(),
  ]);
  const ownerAccountId = owner === 'the caller' ? accountId : owner;
  const instance = { instanceArn: INSTANCE_ARN, identityStoreId: STORE_ID, ownerAccountId, status: 'ACTIVE' };
  const asked = {
    ...services,
    instances: async () => ({ ...instances, instances: async () => [instance] }),
    organizations: async () => (isInOrganization ? organizations : { organization: async () => undefined }),
  };
  const found = await accountFindings({ ...asker, services: async () => asked });
  return Object.fromEntries(found.map(({ check, verdict, found: what }) => [check, `${verdict}: ${what}`]));
}

describe('usher doctor', () => {
  it.each([
    ['the calling account', 'the caller', false, 'ok: ACTIVE, owned by this account'],
    ['a member of an organization', 'the caller', true, 'ok: ACTIVE, owned by this account'],
    ['no account that it knows', OTHER, true, `ok: ACTIVE, an organization instance of ${OTHER}`],
  ])('takes an instance that belongs to %s', async (_whose, owner, isInOrganization, expected) => {
    const found = await findingsWith(owner, isInOrganization);
    expect(found['instance']).toBe(expected);
    expect(found['organization']).toMatch(/^ok: /);
  });
});

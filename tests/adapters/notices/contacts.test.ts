import { describe, expect, it } from 'vitest';
import { connectContacts } from '../../../adapters/notices/contacts.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import type { SeedUser } from '../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import { identityStore } from '../../../emulator/aws/identity-store/identity-store.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { ANNA, aSeed, CLEO } from '../../support/directory.ts';
import { START, STORE_ID } from '../../support/ids.ts';

/** The contacts of a store in which Anna is like this. */
function contacts(anna: Partial<SeedUser> = {}, quirks: Quirks = {}) {
  const seed = aSeed({ users: [{ userId: ANNA, userName: 'anna', ...anna }], groups: [], applications: [] });
  const { clock, center } = anIdentityCenter(seed, quirks);
  const faults = new Faults({ now: () => START });
  const { gateway, aws } = behindGateway({ IdentityStore: identityStore(center, clock) }, { faults });
  const asked = connectContacts(aws, STORE_ID, { pace: async () => undefined });
  return { faults, calls: gateway.calls, contactOf: (userId = ANNA) => asked.contactOf(userId) };
}

describe('the contact of a user', () => {
  it('comes from one call, with address, name and languages', async () => {
    const { calls, contactOf } = contacts({
      emails: [
        { value: 'anna@home.example', type: 'home' },
        { value: 'anna@example.com', type: 'work', primary: true },
      ],
      name: { givenName: 'Anna', familyName: 'Lima' },
      displayName: 'Anna Lima (Contractor)',
      preferredLanguage: 'pt-BR, en;q=0.5',
    });
    expect(await contactOf()).toEqual({ address: 'anna@example.com', name: 'Anna', languages: ['pt-BR', 'en'] });
    expect(Object.fromEntries(calls)).toEqual({ 'IdentityStore.DescribeUser': 1 });
  });

  it('has no address, no name and no language if the directory has none', async () => {
    expect(await contacts().contactOf()).toEqual({ address: { missing: 'no-address' }, languages: [] });
  });

  it('says that a user is disabled, and not how to reach them', async () => {
    expect(await contacts({ email: 'anna@example.com', status: 'DISABLED' }).contactOf()).toBe('disabled');
  });

  it('says that a user does not exist', async () => {
    expect(await contacts().contactOf(CLEO)).toBe('missing');
  });

  it.each([
    ['throttle', TransientAwsError],
    ['internal', TransientAwsError],
    ['refuse', RefusedError],
    ['lost', RefusedError],
  ] as const)('fails after "%s", as every read of the Identity Store', async (kind, error) => {
    const { faults, contactOf } = contacts({ email: 'anna@example.com' });
    faults.add({ operation: 'IdentityStore.DescribeUser', kind });
    await expect(contactOf()).rejects.toThrow(error);
  });

  it('is refused for a user whose status AWS does not list', async () => {
    const { contactOf } = contacts({ email: 'anna@example.com', status: 'DISABLED' }, { userStatus: 'new-value' });
    await expect(contactOf()).rejects.toThrow(/DescribeUser: UserStatus has an unknown value/);
  });
});

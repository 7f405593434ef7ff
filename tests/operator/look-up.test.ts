import { describe, expect, it } from 'vitest';
import { connectDirectory } from '../../adapters/identity-store.ts';
import { connectPeople } from '../../adapters/operator/people.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { Faults } from '../../emulator/aws/faults.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import { identityStore } from '../../emulator/aws/identity-store/identity-store.ts';
import { requireGroup } from '../../operator/look-up/find-group.ts';
import { findUser } from '../../operator/look-up/find-user.ts';
import { Unread } from '../../operator/unread.ts';
import { anIdentityCenter, behindGateway } from '../support/account.ts';
import { group, STORE_ID, user } from '../support/ids.ts';

const ANNA = user(1);
const ANNA_IN_CAPITALS = user(2);
const BEN = user(3);
const CLEO = user(4);

/** Ben and Cleo share an address; two users and two groups have one name in two cases. */
function aStore(quirks: Quirks = {}, rules: FaultRule[] = []) {
  const { center, clock } = anIdentityCenter(
    {
      identityStoreId: STORE_ID,
      users: [
        { userId: ANNA, userName: 'anna', email: 'anna@example.com' },
        { userId: ANNA_IN_CAPITALS, userName: 'ANNA' },
        { userId: BEN, userName: 'ben', email: 'team@example.com' },
        { userId: CLEO, userName: 'cleo', email: 'Team@example.com' },
      ],
      groups: [
        { groupId: group(1), displayName: 'Seats' },
        { groupId: group(2), displayName: 'seats' },
        { groupId: group(3), displayName: 'Others' },
      ],
      applications: [],
    },
    quirks,
  );
  const faults = new Faults(clock);
  for (const rule of rules) faults.add(rule);
  const { aws } = behindGateway({ IdentityStore: identityStore(center, clock) }, { faults });
  const pacer = { pace: async () => clock.sleep(0.1) };
  const people = connectPeople(aws, STORE_ID, pacer);
  const notes: string[] = [];
  const feedback = {
    note: (text: string) => notes.push(text),
    working: <T>(_label: string, work: (report: () => void) => Promise<T>) => work(() => undefined),
  };
  const directory = connectDirectory(aws, STORE_ID, pacer);
  const asker = {
    entitlements: async () => ({ identityCenter: { identityStoreId: STORE_ID } }),
    services: async () => ({ directory: async () => directory, people: async () => people }),
    unread: new Unread(),
  };
  // Of an asker, a look-up needs these.
  const find = (text: string) => findUser(text, { feedback }, asker as unknown as Parameters<typeof findUser>[2]);
  return { find, group: (text: string) => requireGroup(text, people, feedback), notes };
}

/** Every answer that AWS may give. */
const ANSWERS: readonly Required<Pick<Quirks, 'nameCase' | 'ambiguousName'>>[] = (
  ['insensitive', 'sensitive'] as const
).flatMap((nameCase) =>
  (['oldest', 'newest', 'not-found', 'refused'] as const).map((ambiguousName) => ({ nameCase, ambiguousName })),
);

describe.each(ANSWERS)(
  'a user whom an operator names, if names are $nameCase and AWS answers one of several as $ambiguousName,',
  (quirks) => {
    it('is the one of exactly this name', async () => {
      expect(await aStore(quirks).find('ben')).toBe(BEN);
      expect(await aStore(quirks).find('userName:cleo')).toBe(CLEO);
    });

    it('is found by a name in another case, and by an address', async () => {
      expect(await aStore(quirks).find('BEN')).toBe(BEN);
      expect(await aStore(quirks).find('ANNA@example.com')).toBe(ANNA);
    });

    it('has to be named by id if two have the address', async () => {
      for (const text of ['team@example.com', 'email:TEAM@example.com']) {
        const found = aStore(quirks).find(text);
        await expect(found).rejects.toThrow(`may mean 2 users: ben (${BEN}), cleo (${CLEO}). Name one by id`);
      }
    });

    it('is never another one of the same name in another case', async () => {
      await expect(aStore(quirks).find('Anna')).rejects.toThrow('may mean 2 users');
      const outcome = await aStore(quirks)
        .find('ANNA')
        .catch(({ message }: Error) => message);
      const expected =
        quirks.nameCase === 'sensitive' ? ANNA_IN_CAPITALS : `(${ANNA_IN_CAPITALS}|.* may mean 2 users.*)`;
      expect(outcome).toMatch(new RegExp(`^${expected}$`));
    });

    it('is none if no one has the name', async () => {
      expect(await aStore(quirks).find('dora')).toBeUndefined();
      expect(await aStore(quirks).find('dora@example.com')).toBeUndefined();
    });
  },
);

describe.each(ANSWERS)(
  'a group that an operator names, if names are $nameCase and AWS answers one of several as $ambiguousName,',
  (quirks) => {
    it('is found in any case', async () => {
      expect(await aStore(quirks).group('Others')).toBe(group(3));
      expect(await aStore(quirks).group('OTHERS')).toBe(group(3));
    });

    it('is the one of exactly this name, or has to be named by id', async () => {
      const found = aStore(quirks).group('seats');
      if (quirks.nameCase === 'sensitive') expect(await found).toBe(group(2));
      else
        await found.then(
          (id) => expect([group(1), group(2)]).toContain(id),
          ({ message }: Error) => expect(message).toMatch('may mean 2 groups'),
        );
      await expect(aStore(quirks).group('SEATS')).rejects.toThrow(`may mean 2 groups: ${group(1)}, ${group(2)}`);
    });
  },
);

describe('a name that the store does not find', () => {
  it('is no user if AWS also refuses the list, which is said', async () => {
    const { find, notes } = aStore({}, [{ operation: 'IdentityStore.ListUsers', kind: 'refuse', times: 9 }]);
    expect(await find('dora')).toBeUndefined();
    expect(notes).toEqual([
      expect.stringMatching(/^ListUsers: .*A user may have this name or address in another case$/),
    ]);
  });

  it('fails with the refusal of the list if a user was found who may be another one', async () => {
    const { find } = aStore({}, [{ operation: 'IdentityStore.ListUsers', kind: 'refuse', times: 9 }]);
    await expect(find('team@example.com')).rejects.toThrow('ListUsers');
  });
});

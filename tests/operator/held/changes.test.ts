import { describe, expect, it } from 'vitest';
import type { DirectoryCall } from '../../../adapters/operator/directory-changes.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import type { Asker } from '../../../operator/asker.ts';
import { changesBehind, timeOfCause } from '../../../operator/held/changes.ts';
import type { HoldLine } from '../../../operator/lines/holds.ts';
import { Unread } from '../../../operator/unread.ts';
import { iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, GROUP, group, START, user } from '../../support/ids.ts';

const FALL = { groupId: GROUP, before: 9, after: 0, since: iso(-600), at: iso(-60) };
const LEFT = { userId: user(1), since: iso(-60), reason: 'group-leave' };

function aLine(parts: Partial<HoldLine> = {}): HoldLine {
  return {
    type: 'hold',
    entitlement: ENTITLEMENT,
    application: APPLICATION,
    reason: 'brake',
    since: iso(-300),
    digest: 'd',
    released: false,
    cause: [FALL],
    budget: { allowed: 2, used: 2, left: 0, byHour: [] },
    users: [LEFT],
    undo: { steps: [], commands: [] },
    release: { steps: [], commands: [] },
    ...parts,
  };
}

/** Asks who is behind a hold, of a CloudTrail that has these pages of calls by operation. */
async function asked(pages: Readonly<Record<string, DirectoryCall[][]>>, hold = aLine()) {
  const unread = new Unread();
  const read: string[] = [];
  const directoryChanges = async () => ({
    async *between(call: string, from: Date, to: Date) {
      expect({ from, to }).toEqual(timeOfCause(hold));
      read.push(call);
      for (const page of pages[call] ?? []) {
        read.push('page');
        yield page;
      }
    },
  });
  const services = { directoryChanges };
  const asker = { unread, entitlements: async () => exampleEntitlements(), services: async () => services };
  const lines = await changesBehind(hold, { ...asker, progress: () => undefined } as unknown as Asker);
  return { lines, read, unread, directoryChanges };
}

const call = (seconds: number, parts: Partial<DirectoryCall> = {}): DirectoryCall => ({
  at: new Date(START.getTime() + seconds * 1000),
  call: 'RemoveMemberFromGroup',
  source: 'sso-directory',
  by: 'someone',
  groupId: GROUP,
  ...parts,
});

describe('the calls behind a hold', () => {
  it('may be as old as the sweep before the one that counted fewer members', () => {
    expect(timeOfCause(aLine())).toEqual({ from: new Date(iso(-600 - 3600)), to: new Date(iso(-60)) });
    expect(timeOfCause(aLine({ cause: [] }))).toEqual({ from: new Date(iso(-300 - 3600)), to: new Date(iso(-60)) });
    expect(timeOfCause({ since: iso(-300) })).toEqual({ from: new Date(iso(-300 - 3600)), to: new Date(iso(-300)) });
  });

  it('are counted by operation, caller and group, the newest first, with the users whom they name', async () => {
    const { lines } = await asked({
      RemoveMemberFromGroup: [
        [call(-70, { userId: user(2) }), call(-80, { userId: user(1) })],
        [call(-90, { userId: user(1), by: 'another' })],
      ],
      PatchGroup: [[call(-65, { call: 'PatchGroup', source: 'identitystore-scim' })]],
    });
    const about = { type: 'directory-change', entitlement: ENTITLEMENT, application: APPLICATION, groupId: GROUP };
    const byConsole = { ...about, call: 'RemoveMemberFromGroup', source: 'sso-directory' };
    expect(lines).toEqual([
      {
        ...about,
        call: 'PatchGroup',
        source: 'identitystore-scim',
        by: 'someone',
        count: 1,
        since: iso(-65),
        until: iso(-65),
      },
      { ...byConsole, by: 'someone', userIds: [user(2), user(1)], count: 2, since: iso(-80), until: iso(-70) },
      { ...byConsole, by: 'another', userIds: [user(1)], count: 1, since: iso(-90), until: iso(-90) },
    ]);
  });

  it('name a group that fell or a held user, or no one: a membership that was deleted by its id', async () => {
    const { by: _, groupId: _group, ...unnamed } = call(-70, { call: 'DeleteGroupMembership' });
    const { lines } = await asked({
      RemoveMemberFromGroup: [
        [
          call(-70, { groupId: group(7) }),
          call(-71, { groupId: group(8), userId: user(1) }),
          call(-72, { groupId: group(9), userId: user(5) }),
        ],
      ],
      DeleteGroupMembership: [[unnamed]],
    });
    expect(lines?.map((line) => [line.call, line.groupId, line.by])).toEqual([
      ['DeleteGroupMembership', undefined, undefined],
      ['RemoveMemberFromGroup', group(8), 'someone'],
    ]);
  });

  it.each<[string, Partial<HoldLine>, { groups: boolean; users: boolean }]>([
    ['groups, if they fell', {}, { groups: true, users: false }],
    ['groups, if users left them', { cause: [] }, { groups: true, users: false }],
    [
      'users, if they are disabled or deleted',
      { cause: [], users: [{ ...LEFT, reason: 'user-disabled' }] },
      { groups: false, users: true },
    ],
    ['both, if both may be', { users: [{ ...LEFT, reason: 'user-deleted' }] }, { groups: true, users: true }],
    [
      'groups, if no reason could be read',
      { users: [{ userId: user(1), since: iso() }] },
      { groups: true, users: false },
    ],
  ])('are those of %s', async (_what, parts, { groups, users }) => {
    const { read } = await asked({}, aLine(parts));
    expect(read.includes('PatchGroup')).toBe(groups);
    expect(read.includes('DisableUser')).toBe(users);
  });

  it('are read by ten pages of each operation, and it is said that there may be more', async () => {
    const { read, lines, unread } = await asked({ PatchGroup: Array(12).fill([call(-70, { call: 'PatchGroup' })]) });
    expect(read.filter((one) => one === 'page')).toHaveLength(10);
    expect(lines?.[0]?.count).toBe(10);
    expect(unread.report()).toMatchObject([
      { message: expect.stringContaining('Only the newest calls of PatchGroup') },
    ]);
  });

  it('are unknown if AWS refuses to show them', async () => {
    const unread = new Unread();
    const services = async () => {
      const between = () => {
        throw new RefusedError('access-denied', 'LookupEvents: no');
      };
      return { directoryChanges: async () => ({ between }) };
    };
    const asker = { unread, services, entitlements: async () => exampleEntitlements(), progress: () => undefined };
    expect(await changesBehind(aLine(), asker as unknown as Asker)).toBeUndefined();
    expect(unread.size).toBe(1);
  });
});

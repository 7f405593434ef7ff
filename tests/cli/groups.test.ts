// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, GROUP, group, OTHER_APPLICATION, OTHER_GROUP, STORE_ID } from '../support/ids.ts';
import { anOperator, configuration, linesOf } from '../support/operator.ts';

/** No such group exists. */
const GONE = group(9);
const operator = anOperator({
  people: 9,
  members: 8,
  others: [9],
  entitlements: ({ entitlements, ...rest }) => ({
    ...rest,
    entitlements: entitlements.map((one) => (one.name === 'kiro' ? { ...one, groups: [OTHER_GROUP, GONE] } : one)),
  }),
});
const FIRST = { type: 'group', entitlement: ENTITLEMENT, application: APPLICATION, groupId: GROUP };
const SECOND = { type: 'group', entitlement: 'kiro', application: OTHER_APPLICATION, groupId: OTHER_GROUP };
const THIRD = { ...SECOND, groupId: GONE };
const SWEPT = { sweptAt: expect.stringMatching(/Z$/) };

const groups = async (...args: readonly string[]) => {
  const { code, out } = await operator.run('seats', '--groups', '--json', ...args);
  expect(code).toBe(0);
  return linesOf(out);
};

/** Removes so many members from GROUP. */
async function shrink(number: number): Promise<void> {
  const input = { IdentityStoreId: STORE_ID, GroupId: GROUP };
  const list = await operator.call('AWSIdentityStore.ListGroupMemberships', input);
  for (const { MembershipId } of (list['GroupMemberships'] as { MembershipId: string }[]).slice(0, number))
    await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
}

// The tests of this file are one story.
describe('usher seats --groups', () => {
  it('has no numbers before the first sweep, unless it counts', async () => {
    expect(await groups()).toEqual([FIRST, SECOND, THIRD]);
    expect((await operator.run('seats', '--groups')).out).toContain(
      `${ENTITLEMENT}\t${GROUP}\tnot counted yet\t\t\t\n`,
    );
    expect(await groups('--count')).toEqual([
      { ...FIRST, members: 8 },
      { ...SECOND, members: 1 },
      { ...THIRD, members: 0, missing: true },
    ]);
  });

  it('shows what the last sweep has counted, and when, without listing members', async () => {
    await operator.run('start', '--all', '--wait');
    const before = await operator.calls();
    expect(await groups()).toEqual([
      { ...FIRST, ...SWEPT, members: 8 },
      { ...SECOND, ...SWEPT, members: 1 },
      { ...THIRD, ...SWEPT, members: 0 },
    ]);
    const after = await operator.calls();
    expect(after['IdentityStore.ListGroupMemberships']).toBe(before['IdentityStore.ListGroupMemberships']);
  });

  it('has names only if they are asked for', async () => {
    expect((await groups('--entitlement', ENTITLEMENT)).map(({ name }) => name)).toEqual([undefined]);
    expect(await groups('--entitlement', ENTITLEMENT, '--names')).toMatchObject([{ ...FIRST, name: 'developers' }]);
    expect((await operator.run('seats', '--groups', '--names')).out).toContain('\tdevelopers\t8\t');
  });

  it('shows which group has become smaller, and since when', async () => {
    await shrink(5);
    const fall = { before: 8, since: expect.any(String), at: expect.any(String) };
    expect((await groups('--count'))[0]).toEqual({ ...FIRST, ...fall, members: 3 });
    await operator.run('start', '--all', '--wait');
    expect((await groups())[0]).toEqual({ ...FIRST, ...SWEPT, ...fall, members: 3 });
    const { out } = await operator.run('seats', '--groups');
    expect(out).toMatch(new RegExp(`^${ENTITLEMENT}\t${GROUP}\t3\t8\t\\S+Z\t\\S+Z$`, 'm'));
  });

  it('says of a group that it does not exist, if it was looked for', async () => {
    expect((await groups('--entitlement', 'kiro', '--names'))[1]).toEqual({
      ...THIRD,
      ...SWEPT,
      members: 0,
      missing: true,
    });
    expect((await operator.run('seats', '--groups', '--count')).out).toContain(`${GONE}\tdoes not exist\t`);
  });

  it('shows a group that the entitlement no longer names', async () => {
    const next = configuration(200, { groups: [OTHER_GROUP] });
    writeFileSync(join(operator.folder, 'next.yml'), JSON.stringify(next));
    const lines = await groups('--entitlement', ENTITLEMENT, '--count', '--entitlements', 'next.yml');
    expect(lines).toEqual([
      { ...FIRST, groupId: OTHER_GROUP, members: 1 },
      { ...FIRST, before: 8, since: expect.any(String), at: expect.any(String), removed: true },
    ]);
  });

  it('leaves out what cannot be read, and says so', async () => {
    await operator.fault({ operation: 'IdentityStore.ListGroupMemberships', kind: 'refuse', principalId: GROUP });
    const { code, out } = await operator.run('seats', '--groups', '--count', '--json');
    await operator.clearFaults();
    expect(code).toBe(1);
    expect(linesOf(out).map(({ type }) => type)).toEqual(['group', 'group', 'unread', 'error']);
  });

  it.each([
    ['groups and users', ['--groups', '--people'], /--groups and --settings exclude/],
    ['a count of nothing', ['--count'], /--count goes with --groups/],
    ['the groups of an unknown entitlement', ['--groups', '--entitlement', 'q'], /No entitlement has the name q/],
  ])('ends with 2 for %s', async (_what, args, message) => {
    const { code, error } = await operator.run('seats', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});

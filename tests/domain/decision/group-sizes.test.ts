import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countGroups,
  type Fall,
  type GroupSize,
  type GroupSizes,
  GroupSizesSchema,
} from '../../../domain/decision/group-sizes.ts';
import { iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, group, OTHER_GROUP } from '../../support/ids.ts';

const DAY = 86_400;
const sizes = (members: number, other?: number): GroupSize[] => [
  { groupId: GROUP, members },
  ...(other === undefined ? [] : [{ groupId: OTHER_GROUP, members: other }]),
];
const aFall = (parts: Partial<Fall> = {}): Fall => ({
  groupId: GROUP,
  before: 40,
  after: 0,
  since: iso(60),
  at: iso(60),
  ...parts,
});
const { after: _, ...aRemovedGroup } = aFall();

/** Counts one read after the other, each at its own second. */
function counted(graceDays: number, ...reads: readonly (readonly [seconds: number, GroupSize[]])[]) {
  let known: GroupSizes | undefined;
  for (const [seconds, read] of reads) {
    known = countGroups(known, read, {
      applicationArn: APPLICATION,
      graceDays,
      held: false,
      now: new Date(iso(seconds)),
    });
  }
  return known;
}

describe('the sizes of groups', () => {
  it('begin with the first read, in which no group has fallen', () => {
    expect(counted(0, [0, sizes(40)])).toEqual({
      schemaVersion: 1,
      applicationArn: APPLICATION,
      revision: 1,
      groups: sizes(40),
      falls: [],
    });
  });

  it('are not written while they stay as they are', () => {
    const known = counted(0, [0, sizes(40)], [60, sizes(0)]);
    const again = { applicationArn: APPLICATION, graceDays: 0, held: false, now: new Date(iso(120)) };
    expect(countGroups(known, sizes(0), again)).toBe(known);
    expect(countGroups(undefined, [], again)).toBeUndefined();
  });

  it.each<[string, readonly (readonly [number, GroupSize[]])[], Fall[]]>([
    ['a group that becomes smaller', [[60, sizes(0)]], [aFall()]],
    ['a group that grows', [[60, sizes(41)]], []],
    ['a group that the entitlement no longer names', [[60, []]], [aRemovedGroup]],
    [
      'a group that becomes smaller step by step as one fall',
      [
        [60, sizes(30)],
        [120, sizes(10)],
      ],
      [aFall({ after: 10, at: iso(120) })],
    ],
    [
      'a group that gets some of its members back with its size now',
      [
        [60, sizes(0)],
        [120, sizes(5)],
      ],
      [aFall({ after: 5 })],
    ],
    [
      'no group that has its size again',
      [
        [60, sizes(0)],
        [120, sizes(40)],
      ],
      [],
    ],
    [
      'no group without members that the entitlement no longer names',
      [
        [60, sizes(40, 0)],
        [120, sizes(40)],
      ],
      [],
    ],
    [
      'a group that is named again with its size now',
      [
        [60, []],
        [120, sizes(7)],
      ],
      [aFall({ after: 7 })],
    ],
  ])('show %s', (_fact, reads, falls) => {
    expect(counted(0, [0, sizes(40)], ...reads)?.falls).toEqual(falls);
  });

  it.each([
    ['24 hours', 0, 60 + DAY],
    ['the days of grace and 24 hours', 7, 60 + 8 * DAY],
  ])('show a fall for %s', (_fact, graceDays, last) => {
    const falls = (at: number) => counted(graceDays, [0, sizes(40)], [60, sizes(0)], [at, sizes(0)])?.falls;
    expect(falls(last)).toEqual([aFall()]);
    expect(falls(last + 1)).toEqual([]);
  });

  it('show a fall for as long as revocations are held', () => {
    const known = counted(0, [0, sizes(40)], [60, sizes(0)]);
    const later = { applicationArn: APPLICATION, graceDays: 0, now: new Date(iso(10 * DAY)) };
    expect(countGroups(known, sizes(2), { ...later, held: true })?.falls).toEqual([aFall({ after: 2 })]);
    expect(countGroups(known, sizes(2), { ...later, held: false })?.falls).toEqual([]);
  });

  it('show what a group loses later as another fall', () => {
    const last = 61 + DAY;
    const falls = counted(0, [0, sizes(40)], [60, sizes(39)], [last - 60, sizes(38)], [last, sizes(8)])?.falls;
    expect(falls).toEqual([aFall({ before: 38, after: 8, since: iso(last), at: iso(last) })]);
  });

  it('stay readable and bounded, and a repeated read changes nothing', () => {
    const read = fc.array(fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 3 })), { maxLength: 100 });
    fc.assert(
      fc.property(fc.array(read, { maxLength: 6 }), (reads) => {
        let known: GroupSizes | undefined;
        for (const [index, some] of reads.entries()) {
          const groups = [...new Map(some)].map(([number, members]) => ({ groupId: group(number), members }));
          const when = { applicationArn: APPLICATION, graceDays: 0, held: false, now: new Date(iso(index * 3600)) };
          const next = countGroups(known, groups, when);
          expect(countGroups(next, groups, when)).toBe(next);
          if (next && next !== known) expect(next.revision).toBe((known?.revision ?? 0) + 1);
          known = next;
        }
        if (!known) return;
        expect(GroupSizesSchema.parse(known)).toEqual(known);
        expect(known.falls.length).toBeLessThanOrEqual(100);
        expect(known.falls.every(({ before, after = 0 }) => after < before)).toBe(true);
      }),
    );
  });
});

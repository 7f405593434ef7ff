import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { type Listed, paceFindings } from '../../../operator/doctor/pace.ts';
import { application } from '../../support/ids.ts';

/** How many users are assigned to an application and are members of its groups; `both`: how many are both. */
interface Size {
  assigned: number;
  members: number;
  both?: number;
  max?: number;
}

function ids(from: number, to: number): Set<string> {
  return new Set(Array.from({ length: to - from }, (_, index) => `user-${from + index}`));
}

/** Returns the findings about applications of these sizes, by check. */
function findingsOf(requestsPerSecond: number, sizes: readonly Size[], parts: Partial<Listed> = {}) {
  const entitlements = sizes.map(({ max = 60_000 }, index) => ({
    name: `app-${index}`,
    application: application(index + 1),
    seats: { max },
  }));
  const listed: Listed = {
    assigned: new Map(sizes.map(({ assigned }, index) => [`app-${index}`, ids(0, assigned)])),
    members: new Map(
      sizes.map(({ assigned, members, both = 0 }, index) => [
        `app-${index}`,
        ids(assigned - both, assigned - both + members),
      ]),
    ),
    ...parts,
  };
  const found = paceFindings(exampleEntitlements({ entitlements, requestsPerSecond }), listed);
  return new Map(found.map(({ check, ...finding }) => [check, finding]));
}

describe('the reading of an application', () => {
  it('fits, with everyone who may still get a seat, and counts each user once', () => {
    const [found] = findingsOf(1, [{ assigned: 300, members: 500, both: 200 }]).values();
    expect(found).toMatchObject({
      verdict: 'ok',
      found: '300 assignments and up to 300 to come: 6 s, of 600 s. 500 members: 1 s',
    });
  });

  it('does not fit once everyone has a seat: a warning, with the smallest pace that is enough', () => {
    expect(findingsOf(1, [{ assigned: 20_000, members: 60_000 }]).get('reading app-0')).toMatchObject({
      verdict: 'warning',
      found: '20,000 assignments and up to 60,000 to come: 800 s, of 600 s. 60,000 members: 34 s',
      fix: 'Set requestsPerSecond to at least 1.4',
    });
  });

  it('counts no more users to come than the cap lets in', () => {
    const found = findingsOf(1, [{ assigned: 20_000, members: 60_000, max: 40_000 }]);
    expect(found.get('reading app-0')).toMatchObject({ verdict: 'ok' });
  });

  it('does not fit now: a problem, although most assignments are not from Usher', () => {
    expect(findingsOf(1, [{ assigned: 60_001, members: 10, both: 10 }]).get('reading app-0')).toMatchObject({
      verdict: 'problem',
      fix: 'Set requestsPerSecond to at least 1.1',
    });
  });

  it('fits at no pace: the finding says what else to do', { tags: ['long'] }, () => {
    const { verdict, fix } = findingsOf(18, [{ assigned: 1_080_001, members: 0 }]).get('reading app-0') ?? {};
    expect([verdict, fix]).toEqual(['problem', expect.stringMatching(/^No pace is enough for app-0/)]);
  });

  it('is unknown while one of its lists cannot be read, and so is the sweep of all applications', () => {
    const found = findingsOf(1, [{ assigned: 1, members: 1 }], { members: new Map() });
    expect([...found].map(([check, { verdict }]) => [check, verdict])).toEqual([
      ['reading app-0', 'unknown'],
      ['sweep', 'unknown'],
      ['quota', 'ok'],
    ]);
  });
});

describe('the sweep of all applications', () => {
  const sizes = (count: number, assigned: number) => Array.from({ length: count }, () => ({ assigned, members: 0 }));

  it('takes less than an hour', () => {
    expect(findingsOf(1, sizes(6, 60_000)).get('sweep')).toMatchObject({
      verdict: 'ok',
      found: 'Listing all assignments takes 60 minutes at 1 per second',
    });
  });

  it('takes longer: a warning, with the pace that is enough for one sweep per hour', () => {
    expect(findingsOf(1, sizes(9, 50_000)).get('sweep')).toMatchObject({
      verdict: 'warning',
      found: 'Listing all assignments takes 75 minutes at 1 per second',
      fix: 'For one sweep per hour, set requestsPerSecond to at least 1.3',
    });
  });

  it('takes longer at any pace', { tags: ['long'] }, () => {
    const { fix } = findingsOf(18, sizes(66, 100_000)).get('sweep') ?? {};
    expect(fix).toMatch(/^No pace is enough/);
  });
});

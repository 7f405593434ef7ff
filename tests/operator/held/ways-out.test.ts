import { describe, expect, it } from 'vitest';
import type { CauseGroup } from '../../../operator/held/cause.ts';
import type { Standing } from '../../../operator/held/standings.ts';
import { releaseOf, undoOf } from '../../../operator/held/ways-out.ts';
import { aHold, aSeat, iso } from '../../support/builders.ts';
import { ENTITLEMENT, GROUP, people, user } from '../../support/ids.ts';

const LAST = /^Have everyone checked, or wait/;

function facts({ cause = [], standings = [], hold = {}, releasable = true }: Parts = {}) {
  const members = people(1, 3).map((number) => aSeat(number, { status: 'held', hold: 1 }));
  const active = { hold: aHold(hold), members, seats: members, groups: undefined };
  return { active, releasable, cause, standings: new Map(standings.map((one, index) => [user(index + 1), one])) };
}
interface Parts {
  cause?: CauseGroup[];
  standings?: Standing[];
  releasable?: boolean;
  hold?: Parameters<typeof aHold>[0];
}

const fall = { groupId: GROUP, before: 40, since: iso(-60), at: iso() };
const LEFT = { reason: 'group-leave' };

describe('the way to undo a hold', () => {
  it.each<[string, Parts, RegExp[]]>([
    ['a group that fell', { cause: [{ ...fall, after: 19 }] }, [/^Put 21 users back into group/]],
    ['a group that is gone', { cause: [{ ...fall, after: 0, missing: true }] }, [/^Make group .* again.*another id/]],
    ['a group that is no longer configured', { cause: [fall] }, [/^Name group .* in entitlements.yml again/]],
    ['users who left, without a known group', { standings: [LEFT, LEFT] }, [/^Put the users back into a group/]],
    [
      'an entitlement that was removed',
      { standings: [{ reason: 'entitlement-removed' }] },
      [/^Configure amazon-q-developer in entitlements.yml again/],
    ],
    [
      'users who were disabled or deleted',
      { standings: [{ reason: 'user-disabled' }, { reason: 'user-deleted' }] },
      [/^Enable 1 user/, /^1 user was deleted: .*another id/],
    ],
    [
      'disabled users, without a group that fell before',
      { cause: [{ ...fall, after: 19 }], standings: [{ reason: 'user-disabled' }] },
      [/^Enable 1 user/],
    ],
    [
      'disabled users, and the empty group for which the brake holds them',
      {
        cause: [{ ...fall, after: 0 }],
        standings: [{ reason: 'user-disabled' }],
        hold: { reason: 'group-empty' },
      },
      [/^Put 40 users back/, /^Enable 1 user/],
    ],
    ['users of whom nothing could be read', {}, []],
  ])('names %s', (_fact, parts, steps) => {
    expect(undoOf(facts(parts)).steps).toEqual([...steps, LAST].map((step) => expect.stringMatching(step)));
  });

  it('has the commands that show who did it, for the hour before the first count of fewer members', () => {
    const commands = undoOf(facts({ cause: [{ ...fall, after: 0 }] })).commands.map(({ command }) => command);
    expect(commands).toContain(`usher history ${ENTITLEMENT} --at ${iso(-3660)}`);
    const lookUps = commands.filter((one) => one.startsWith('aws cloudtrail lookup-events '));
    expect(lookUps).toHaveLength(3);
    expect(lookUps.every((one) => one.endsWith(`--start-time ${iso(-3660)} --end-time ${iso()}`))).toBe(true);
  });
});

describe('the way to release a hold', () => {
  it('says how many seats it revokes, without the users who are entitled again', () => {
    expect(releaseOf(facts({ standings: [LEFT, LEFT, { entitled: true }] }))).toEqual({
      steps: [expect.stringMatching(/^Revokes 2 seats, whatever the budget says/)],
      commands: [{ command: `usher release ${'0'.repeat(12)}`, does: expect.any(String) }],
    });
  });

  it('begins with the configuration if the application is no longer in it', () => {
    expect(releaseOf(facts({ releasable: false }))).toEqual({
      steps: [expect.stringMatching(/^amazon-q-developer is no longer configured: list arn:.* under retired/)],
      commands: [],
    });
  });

  it('is none any longer when an operator has released it', () => {
    expect(releaseOf(facts({ hold: { released: 1 } }))).toEqual({
      steps: [expect.stringMatching(/^An operator has released them/)],
      commands: [],
    });
  });
});

import { describe, expect, it } from 'vitest';
import {
  findingsAttentionAt,
  isOver,
  recordFindings,
  type UserFindings,
  UserFindingsSchema,
} from '../../../domain/findings/recorded-findings.ts';
import type { SubscriptionFinding } from '../../../domain/subscription/findings.ts';
import { aFindingRecord, at, aUserFindings, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, user } from '../../support/ids.ts';
import { POWER, PRO } from '../../support/subscriptions.ts';

const ABOUT = { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT };
const WRONG = {
  kind: 'wrong-plan',
  userId: user(1),
  entitlement: ENTITLEMENT,
  expected: PRO,
  plan: POWER,
  status: 'active',
  source: 'individual',
} as const satisfies SubscriptionFinding;
const PENDING = { ...WRONG, kind: 'pending', status: 'pending' } as const satisfies SubscriptionFinding;

function recorded(before: UserFindings | undefined, found: readonly SubscriptionFinding[], seconds = 0) {
  const isPending = found.some(({ kind }) => kind === 'pending');
  return recordFindings(before, { findings: found, isPending }, ABOUT, { now: at(seconds), execution: ME });
}

/** Records whether the subscription is pending, which is no finding for some time. */
function seen(before: UserFindings | undefined, isPending: boolean, seconds = 0) {
  return recordFindings(before, { findings: [], isPending }, ABOUT, { now: at(seconds), execution: ME });
}

const told = (item: UserFindings | undefined) => item?.audit.map(({ kind, state }) => `${kind} ${state}`);

describe('what a comparison finds about a user', () => {
  it('is recorded as it was found, with the time, and is readable', () => {
    const item = recorded(undefined, [WRONG, PENDING]);
    expect(UserFindingsSchema.parse(item)).toEqual(item);
    expect(item).toMatchObject({ ...ABOUT, revision: 1, changedAt: iso() });
    expect(item?.findings).toEqual([
      { kind: 'wrong-plan', plan: POWER, expected: PRO, status: 'active', source: 'individual', since: iso() },
      { kind: 'pending', plan: POWER, expected: PRO, status: 'pending', source: 'individual', since: iso() },
    ]);
    const [first, second] = item?.audit ?? [];
    expect(told(item)).toEqual(['wrong-plan found', 'pending found']);
    expect(second?.changeSeq).toBe((first?.changeSeq ?? 0) + 1);
    expect(item?.changeSeq).toBe(second?.changeSeq);
  });

  it('is not recorded again while it stays the same', () => {
    const item = recorded(undefined, [WRONG]);
    expect(recorded(item, [WRONG], 3600)).toBeUndefined();
    expect(recorded(undefined, [])).toBeUndefined();
  });

  it.each<[string, Partial<SubscriptionFinding>]>([
    ['plan', { plan: 'Q_DEVELOPER_STANDALONE_PRO_MAX' }],
    ['plan that is no longer known', { plan: 'unknown' }],
    ['plan of the entitlement', { expected: 'Q_DEVELOPER_STANDALONE_PRO_PLUS' }],
    ['status', { status: 'pending' }],
    ['source', { source: 'both' }],
  ])('has changed with another %s, and keeps its first time', (_what, parts) => {
    const first = recorded(undefined, [WRONG]);
    const second = recorded(first, [{ ...WRONG, ...parts }], 3600);
    expect(told(second)).toEqual(['wrong-plan found', 'wrong-plan changed']);
    expect(second).toMatchObject({ revision: 2, changeSeq: (first?.changeSeq ?? 0) + 1, changedAt: iso(3600) });
    expect(second?.findings).toMatchObject([{ since: iso() }]);
    expect(second?.audit[1]).toMatchObject({ since: iso(), at: iso(3600) });
  });

  it('ends with what it said last, and may begin anew with another number', () => {
    const first = recorded(undefined, [WRONG, PENDING]);
    const ended = recorded(first, [WRONG], 3600);
    expect([ended?.findings.length, told(ended)?.slice(2)]).toEqual([1, ['pending ended']]);
    expect(ended?.audit[2]).toMatchObject({ status: 'pending', since: iso(), at: iso(3600) });
    const again = recorded(ended, [WRONG, PENDING], 7200);
    expect(again?.findings[1]).toMatchObject({ kind: 'pending', since: iso(7200) });
    const numbers = again?.audit.map(({ changeSeq }) => changeSeq) ?? [];
    expect(new Set(numbers).size).toBe(4);
  });

  it('has greater numbers than one of the same user from long ago, which has expired', () => {
    const old = recorded(undefined, [WRONG]);
    const now = recorded(undefined, [WRONG], 400 * 86_400);
    expect(now?.changeSeq).toBeGreaterThan((old?.changeSeq ?? 0) + 1000);
  });

  it('may be that a subscription is pending: since when is recorded, once, and no one is told', () => {
    const first = seen(undefined, true);
    expect(first).toMatchObject({ revision: 1, findings: [], audit: [], pendingSince: iso() });
    expect(UserFindingsSchema.parse(first)).toEqual(first);
    expect(seen(first, true, 3600)).toBeUndefined();
    expect(seen(undefined, false)).toBeUndefined();
  });

  it('is a finding about a pending subscription since it was first seen so, and ends with its use', () => {
    const first = seen(undefined, true);
    const found = recorded(first, [PENDING], 14 * 86_400);
    expect(found?.findings).toMatchObject([{ kind: 'pending', since: iso() }]);
    expect(found?.audit).toMatchObject([{ state: 'found', since: iso(), at: iso(14 * 86_400) }]);
    const used = seen(found, false, 15 * 86_400);
    expect([told(used), used?.pendingSince]).toEqual([['pending found', 'pending ended'], undefined]);
  });

  it('forgets since when a subscription was pending once it is used or gone: then it begins anew', () => {
    const used = seen(seen(undefined, true), false, 3600);
    expect([used?.pendingSince, used?.audit]).toEqual([undefined, []]);
    expect(seen(used, true, 7200)).toMatchObject({ pendingSince: iso(7200), audit: [] });
  });

  it.each<[string, Partial<UserFindings>, boolean]>([
    ['nothing is left of it', {}, true],
    ['something is found', { findings: [{ kind: 'missing', since: iso() }] }, false],
    ['an event is not on the bus', { audit: [aFindingRecord()] }, false],
    ['the subscription is pending', { pendingSince: iso() }, false],
  ])('is over only if %s', (_fact, parts, over) => {
    expect(isOver(aUserFindings({ findings: [], ...parts }))).toBe(over);
  });

  it('needs attention a quarter of an hour later while it is not on the bus', () => {
    const item = recorded(undefined, [WRONG]);
    if (!item) throw new Error('it is new');
    expect(findingsAttentionAt(item)).toBe(iso(900));
    expect(findingsAttentionAt({ ...item, audit: [] })).toBeUndefined();
  });

  it('is of no plan that only a later version knows: the item stays readable', () => {
    const item = recorded(undefined, [WRONG]);
    const [finding] = item?.findings ?? [];
    const later = { ...item, findings: [{ ...finding, plan: 'KIRO_NEXT' }] };
    expect(UserFindingsSchema.safeParse(later).success).toBe(true);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  announceGrowth,
  beginHold,
  growHold,
  type Hold,
  HoldSchema,
  holdAttentionAt,
  isHeld,
  isMember,
  isReleasedBy,
  liftHold,
  nextGeneration,
  releaseHold,
} from '../../../domain/decision/hold.ts';
import { clearAudit } from '../../../domain/seat/audit-records.ts';
import { aDigest, aHeldRecord, aHold, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, OTHER, OTHER_APPLICATION, START, user } from '../../support/ids.ts';

const WHAT = { applicationArn: APPLICATION, entitlement: ENTITLEMENT, userIds: [user(1), user(2)] };
const CONTEXT = { now: START, execution: ME, reason: 'brake' as const };

const digestsOf = (hold: Hold) => hold.digests.map(({ digest }) => digest);
const released = (digest: string) => ({ digest, execution: ME });
const lastDigest = (hold: Hold) => digestsOf(hold).at(-1) ?? '';

describe('a hold', () => {
  it('begins with the held users and an audit record', () => {
    const hold = beginHold(undefined, WHAT, CONTEXT);
    const digest = lastDigest(hold);
    expect(hold).toEqual(
      aHold({ digests: [{ digest, generation: 1, count: 2 }], audit: [aHeldRecord({ digest, count: 2 })] }),
    );
    expect(isHeld(hold)).toBe(true);
  });

  it('is in force until it is lifted', () => {
    expect(isHeld(undefined)).toBe(false);
    expect(isHeld(aHold())).toBe(true);
    expect(isHeld(aHold({ released: 1 }))).toBe(true);
    expect(isHeld(liftHold(aHold()))).toBe(false);
  });

  it('continues an earlier hold, with higher generations and its pending audit records', () => {
    const before = liftHold(growHold(beginHold(undefined, WHAT, CONTEXT), [user(3)]));
    const hold = beginHold(before, WHAT, { ...CONTEXT, now: new Date(iso(60)), reason: 'group-empty' });
    expect(hold).toMatchObject({ status: 'held', revision: before.revision + 1, first: 3, reason: 'group-empty' });
    expect(hold.digests).toMatchObject([{ generation: 3, count: 2 }]);
    expect(hold.audit.map(({ reason }) => reason)).toEqual(['brake', 'group-empty']);
    expect(hold).not.toHaveProperty('released');
  });

  it('grows by a generation without an audit record', () => {
    const hold = beginHold(undefined, WHAT, CONTEXT);
    const more = growHold(hold, [user(3)]);
    expect(more).toEqual({
      ...hold,
      revision: 2,
      digests: [...hold.digests, { digest: lastDigest(more), generation: 2, count: 3 }],
    });
  });

  it('keeps the last 200 of its digests', () => {
    let hold = beginHold(undefined, WHAT, CONTEXT);
    const first = lastDigest(hold);
    for (let number = 3; number <= 201; number += 1) hold = growHold(hold, [user(number)]);
    expect(digestsOf(hold)).toHaveLength(200);
    expect(digestsOf(hold)[0]).toBe(first);
    const more = growHold(hold, [user(202)]);
    expect(digestsOf(more)).toEqual([...digestsOf(hold).slice(1), lastDigest(more)]);
    expect(more.digests.at(-1)).toMatchObject({ generation: 201, count: 202 });
    expect(releaseHold(more, released(first))).toBeUndefined();
    expect([more.first, isMember(more, 1)]).toEqual([1, true]);
  });

  it('stays far below the 400 KB of an item', () => {
    let hold = beginHold(undefined, WHAT, CONTEXT);
    for (let number = 0; number < 300; number += 1) hold = growHold(hold, [user(number)]);
    expect(JSON.stringify(hold).length).toBeLessThan(100_000);
  });
});

describe('a digest', () => {
  it('is the same for the same users in any order, and another for other users', () => {
    const digest = (...userIds: string[]) => lastDigest(beginHold(undefined, { ...WHAT, userIds }, CONTEXT));
    expect(digest(user(2), user(1))).toBe(digest(user(1), user(2)));
    expect(digest(user(1))).not.toBe(digest(user(1), user(2)));
  });

  it.each<[string, Partial<typeof WHAT>, Partial<typeof CONTEXT>]>([
    ['application', { applicationArn: OTHER_APPLICATION }, {}],
    ['beginning', {}, { now: new Date(iso(1)) }],
  ])('is another for another %s', (_fact, what, context) => {
    const hold = beginHold(undefined, { ...WHAT, ...what }, { ...CONTEXT, ...context });
    expect(lastDigest(hold)).not.toBe(lastDigest(beginHold(undefined, WHAT, CONTEXT)));
  });

  it('names a generation with all before it', () => {
    const [one, two] = [[user(1)], [user(2)]].map((userIds) => beginHold(undefined, { ...WHAT, userIds }, CONTEXT));
    if (!one || !two) throw new Error('there are two');
    expect(lastDigest(growHold(one, [user(3)]))).not.toBe(lastDigest(growHold(two, [user(3)])));
  });

  it('does not change the list of users that it is made of', () => {
    const userIds = Object.freeze([user(2), user(1)]);
    expect(() => beginHold(undefined, { ...WHAT, userIds }, CONTEXT)).not.toThrow();
  });
});

describe('a release', () => {
  const hold = aHold({
    digests: [1, 2, 3].map((number) => ({ digest: aDigest(number), generation: number, count: number })),
  });

  it.each([1, 2, 3])('covers the generations of its digest: %d', (number) => {
    expect(releaseHold(hold, released(aDigest(number)))).toEqual({
      ...hold,
      revision: 2,
      released: number,
      releases: [released(aDigest(number))],
    });
  });

  it('is never reduced by a release with an older digest', () => {
    expect(releaseHold({ ...hold, released: 3 }, released(aDigest(1)))?.released).toBe(3);
    expect(releaseHold({ ...hold, released: 1 }, released(aDigest(2)))?.released).toBe(2);
  });

  it.each([
    ['a digest that the hold never had', hold, aDigest(9)],
    ['no digest', hold, ''],
    ['a hold that is lifted', liftHold(hold), aDigest(1)],
  ])('does not exist for %s', (_fact, one, digest) => {
    expect(releaseHold(one, released(digest))).toBeUndefined();
  });

  it('is known to the execution that made it, whatever becomes of the hold', () => {
    const one = released(aDigest(2));
    const over = liftHold(releaseHold(hold, one) ?? hold);
    const again = beginHold(over, WHAT, CONTEXT);
    expect([hold, over, again].map((known) => isReleasedBy(known, one))).toEqual([false, true, true]);
    expect(isReleasedBy(over, { ...one, execution: OTHER })).toBe(false);
    expect(isReleasedBy(over, { ...one, digest: aDigest(1) })).toBe(false);
  });

  it('is one of the last ten that are remembered', () => {
    let many = hold;
    for (let number = 1; number <= 12; number += 1) {
      many = releaseHold(many, { digest: aDigest(1), execution: `${ME}-${number}` }) ?? many;
    }
    expect(many.releases?.map(({ execution }) => execution)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${ME}-${index + 3}`),
    );
  });

  it('is gone with the hold', () => {
    expect(liftHold({ ...hold, released: 2 })).toEqual({ ...hold, revision: 2, status: 'lifted' });
  });
});

describe('a seat', () => {
  it.each<[string, number | undefined, boolean]>([
    ['of an earlier hold', 2, false],
    ['that joined with its first generation', 3, true],
    ['that joined later', 7, true],
    ['that joined none', undefined, false],
  ])('%s is in the hold: %s', (_fact, generation, expected) => {
    expect(isMember(aHold({ first: 3 }), generation)).toBe(expected);
  });
});

describe('the event of a hold', () => {
  const [first, second] = [aHeldRecord(), aHeldRecord({ digest: aDigest(2) })];

  it('is removed once it is sent, and no other', () => {
    const hold = aHold({ audit: [first, second] });
    expect(clearAudit(hold, (record) => record === first)).toEqual({ ...hold, revision: 2, audit: [second] });
  });

  const grown = growHold(aHold(), [user(2)]);
  const at = (seconds: number) => ({ now: new Date(iso(seconds)), execution: OTHER });
  const update = (hold: Hold, seconds: number) =>
    aHeldRecord({
      at: iso(seconds),
      execution: OTHER,
      digest: lastDigest(hold),
      count: hold.digests.at(-1)?.count ?? 0,
    });

  it('follows when the hold has grown, with the new digest and count', () => {
    const told = announceGrowth(grown, at(300));
    expect(told.audit).toEqual([update(grown, 300)]);
    expect(told).toMatchObject({ revision: grown.revision + 1, announced: { at: iso(300), generation: 2 } });
    expect(announceGrowth(told, at(3000))).toBe(told);
  });

  it('follows at most once in five minutes', () => {
    expect(announceGrowth(grown, at(299))).toBe(grown);
    const told = announceGrowth(grown, at(300));
    const more = growHold(told, [user(3)]);
    expect(announceGrowth(more, at(599))).toBe(more);
    expect(announceGrowth(more, at(600)).audit).toEqual([update(more, 600)]);
  });

  it('keeps its beginning while that is not sent', () => {
    const hold = growHold(aHold({ audit: [aHeldRecord()] }), [user(2)]);
    expect(announceGrowth(hold, at(300)).audit).toEqual([aHeldRecord(), update(hold, 300)]);
  });

  it.each([
    ['has not grown', aHold()],
    ['is lifted', liftHold(grown)],
    ['is released', releaseHold(grown, released(lastDigest(grown))) ?? aHold()],
  ])('does not follow when the hold %s', (_fact, hold) => {
    expect(announceGrowth(hold, at(3000))).toBe(hold);
    expect(holdAttentionAt(hold)).toBeUndefined();
  });

  it('is due five minutes after the last one when the hold has grown since', () => {
    expect(holdAttentionAt(grown)).toBe(iso(300));
    const told = clearAudit(announceGrowth(grown, at(400)), () => true);
    expect(holdAttentionAt(told)).toBeUndefined();
    expect(holdAttentionAt(growHold(told, [user(3)]))).toBe(iso(700));
  });

  it('is picked up by the tick when it is 15 minutes old', () => {
    expect(holdAttentionAt(aHold({ audit: [first] }))).toBe(iso(900));
    expect(holdAttentionAt(aHold())).toBeUndefined();
  });
});

describe('the ledger’s item of a hold', () => {
  const steps: Record<string, (hold: Hold, number: number) => Hold> = {
    begun: (hold, number) => beginHold(hold, { ...WHAT, userIds: [user(number)] }, CONTEXT),
    grown: (hold, number) => growHold(hold, [user(number)]),
    released: (hold) => releaseHold(hold, released(lastDigest(hold))) ?? hold,
    announced: (hold, number) => announceGrowth(hold, { now: new Date(iso(number * 200)), execution: ME }),
    lifted: liftHold,
    clearAudit: (hold) => clearAudit(hold, () => true),
  };

  it('stays readable, names each write that it replaces, and never counts its generations backwards', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(steps)), { maxLength: 12 }), (taken) => {
        let hold = beginHold(undefined, WHAT, CONTEXT);
        expect(nextGeneration(undefined)).toBe(1);
        for (const [index, step] of taken.entries()) {
          const after = step(hold, index);
          expect(HoldSchema.parse(after)).toEqual(after);
          expect(after === hold || after.revision === hold.revision + 1).toBe(true);
          expect(nextGeneration(after)).toBeGreaterThanOrEqual(nextGeneration(hold));
          expect(after.released ?? 0).toBeLessThan(nextGeneration(after));
          hold = after;
        }
      }),
    );
  });
});

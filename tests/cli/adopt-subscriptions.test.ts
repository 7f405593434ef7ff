// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, user } from '../support/ids.ts';
import { anOperator, configuration, linesOf, resultsOf } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';
import { KIRO } from '../support/subscriptions.ts';

const PRO = 'KIRO_ENTERPRISE_PRO';

// Users 1 to 3 are members. Others have assigned user 3, and subscribed all but user 2.
const operator = anOperator({
  people: 6,
  members: 3,
  max: 4,
  assigned: [3],
  entitlement: { subscription: KIRO },
  application: {
    region: 'us-east-1',
    subscriptions: [1, 3, 5, 6].map((number) => ({ user: user(number), plan: PRO })),
  },
});

/** The audit events about the seats of some users, in their order. */
async function changesOf(...numbers: readonly number[]): Promise<unknown[][]> {
  const events = linesOf((await operator.run('audit', '--json')).out).map((event) => {
    const { user: about } = event['detail'] as { user: { uid: string } };
    return [about.uid, event['detail-type']];
  });
  return events.filter(
    ([userId, type]) => type !== 'Subscription Finding' && numbers.some((one) => user(one) === userId),
  );
}
const orphans = async () => resultsOf((await operator.run('subscriptions', '--finding', 'orphan', '--json')).out);

// The tests build on each other, in this order.
describe('usher adopt --subscriptions', () => {
  it.each([
    ['an entitlement without a subscription', ['kiro', '--subscriptions'], /kiro: .*Set mode: manage/],
    ['orphans alone', ['--orphans'], /give --subscriptions, too/],
    ['an unknown entitlement', ['nobody', '--subscriptions'], /No entitlement has the name nobody\. Existing: /],
  ])('ends with 2 for %s', async (_what, args, message) => {
    const { code, out, error } = await operator.run('adopt', ...args, '--yes');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
  });

  it.each(['report', undefined])('ends with 2 if no entitlement has mode: manage, but %s', async (mode) => {
    const { entitlements, ...rest } = configuration();
    const changed = entitlements.map((one) => ({ ...one, ...(mode ? { subscription: { ...KIRO, mode } } : {}) }));
    const file = join(operator.folder, 'unmanaged.yml');
    writeFileSync(file, JSON.stringify({ ...rest, entitlements: mode ? changed.slice(0, 1) : changed }));
    const { code, error } = await operator.run('adopt', '--subscriptions', '--yes', '--entitlements', file);
    expect({ code, error }).toEqual({
      code: 2,
      error: expect.stringMatching(/Set mode: manage .*docs\/subscriptions\.md/),
    });
  });

  it('adopts no orphan before the first comparison, since it can show none', async () => {
    const { error } = await operator.run('adopt', '--subscriptions', '--orphans');
    expect(error).toContain(`${ENTITLEMENT}: its subscriptions have not been compared so far`);
  });

  it('lists what it would adopt, and how much of it fits, without names unless asked', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const { code, error } = await operator.run('adopt', ENTITLEMENT, '--subscriptions', '--orphans');
    expect(error).toContain(`${ENTITLEMENT}: 1 assignment not made by Usher, 1 of entitled users.`);
    expect(error).toContain(
      '2 entitled users have a subscription of their own that Usher neither started nor adopted.',
    );
    expect(error).toMatch(
      /2 subscriptions are of users whom no entitlement covers, as of the comparison .*\. Usher cancels/,
    );
    expect(error).toContain(
      'of these within minutes, under the brake. Of these, 1 fit under the cap of 4 now, and more while the execution runs and their slots become free; run it again for the rest.',
    );
    expect(error).toContain(`  ${user(5)}\n  ${user(6)}\n`);
    expect(error).toContain('kiro is experimental');
    expect(error).not.toContain(SECRET);
    expect(error).not.toContain('of grace');
    // There is no terminal to ask in.
    expect(code).toBe(2);
    const named = await operator.run('adopt', ENTITLEMENT, '--subscriptions', '--orphans', '--names');
    expect(named.error).toContain(SECRET);
    expect(named.error).toMatch(new RegExp(`^  ${user(3)}  .*${SECRET}.*  assignment and subscription$`, 'm'));
    expect(named.error).toMatch(new RegExp(`^  ${user(1)}  .*${SECRET}.*  subscription$`, 'm'));
  });

  it('says that an orphan has the days of grace, too', async () => {
    const { entitlements, ...rest } = configuration(4, { subscription: KIRO, onLeave: { revokeAfterDays: 7 } });
    const file = join(operator.folder, 'grace.yml');
    writeFileSync(file, JSON.stringify({ ...rest, entitlements: entitlements.slice(0, 1) }));
    const { error } = await operator.run('adopt', '--subscriptions', '--orphans', '--entitlements', file);
    expect(error).toContain('Usher cancels what it adopts of these after 7 days of grace, under the brake.');
  });

  it('lists no orphan unless asked, and adopts none', async () => {
    const { code, out, error } = await operator.run('adopt', '--subscriptions', '--yes', '--wait', '--json');
    expect([code, error.includes('no entitlement covers')]).toEqual([0, false]);
    const input = { adopt: ENTITLEMENT, subscriptions: 'entitled' };
    expect(linesOf(out).slice(0, 2)).toEqual([
      {
        type: 'adoption',
        entitlement: ENTITLEMENT,
        application: APPLICATION,
        assignments: [{ userId: user(3) }],
        subscriptions: [{ userId: user(3) }, { userId: user(1) }],
        orphans: [],
      },
      { type: 'start', execution: expect.any(String), input },
    ]);
    expect((await orphans()).map(({ userId }) => userId)).toEqual([user(5), user(6)]);
    const again = await operator.run('adopt', '--subscriptions');
    expect(again.error).toContain('0 entitled users have a subscription of their own');
    expect(again.error).toContain('There is nothing to adopt');
    const none = await operator.run('adopt', '--subscriptions', '--json');
    expect(linesOf(none.out)).toEqual([{ type: 'none', of: 'adoption' }]);
  });

  it('adopts orphans as far as slots are free, and cancels them', async () => {
    const { code, out } = await operator.run('adopt', '--subscriptions', '--orphans', '--yes', '--wait', '--json');
    expect(code).toBe(0);
    expect(linesOf(out)[0]).toMatchObject({ type: 'adoption', orphans: [{ userId: user(5) }, { userId: user(6) }] });
    expect(linesOf(out)[1]).toMatchObject({ input: { adopt: ENTITLEMENT, subscriptions: 'all' } });
    // The one free slot: the second is adopted when the first has gone.
    expect(await changesOf(5, 6)).toEqual([
      [user(5), 'Seat Adopted'],
      [user(5), 'Seat Revoked'],
      [user(6), 'Seat Adopted'],
      [user(6), 'Seat Revoked'],
    ]);
    expect(await orphans()).toEqual([]);
  });
});

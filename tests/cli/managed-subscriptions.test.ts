// @module-tag long
import { describe, expect, it } from 'vitest';
import { ENTITLEMENT, GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';
import { KIRO } from '../support/subscriptions.ts';

// Users 1 to 3 are members. Others have assigned user 2, and subscribed user 3.
const operator = anOperator({
  people: 5,
  members: 3,
  assigned: [2],
  entitlement: { subscription: KIRO },
  application: { region: 'us-east-1', subscriptions: [{ user: user(3), plan: 'KIRO_ENTERPRISE_PRO' }] },
});

const why = async (number: number) => (await operator.run('why', user(number))).out.replace(/\s+/g, ' ');

async function joins(number: number): Promise<void> {
  await operator.call('AWSIdentityStore.CreateGroupMembership', {
    IdentityStoreId: STORE_ID,
    GroupId: GROUP,
    MemberId: { UserId: user(number) },
  });
  await operator.run('start', '--user', user(number), '--wait');
}

// The tests build on each other, in this order.
describe('a managed subscription', () => {
  it('is a column of usher seats only if some seat has one, and so is the assignment of someone else', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const { out } = await operator.child('seats', '--people');
    expect(out).toMatch(/^USER\tENTITLEMENT\tSTATUS\tSINCE\tDUE\tREASON\tPLAN\tACCESS\n/);
    expect((await operator.run('seats', '--people', '--entitlement', 'kiro')).out).not.toContain('PLAN');
    const rows = linesOf((await operator.run('seats', '--people', '--json')).out);
    const shown = rows.map(({ userId, status, plan, access }) => [userId, status, plan, access]);
    expect(shown.toSorted()).toEqual([
      [user(1), 'confirmed', KIRO.plan, undefined],
      [user(2), 'confirmed', KIRO.plan, 'foreign'],
      [user(3), 'confirmed', undefined, undefined],
    ]);
    const csv = await operator.run('seats', '--csv');
    expect(csv.out).toMatch(/^userId,entitlement,status,since,dueAt,reason,plan,access\n/);
  });

  it('that is not as configured is counted by usher seats, only of entitlements that have subscriptions', async () => {
    const [first, second] = linesOf((await operator.run('seats', '--json')).out);
    expect(first).toMatchObject({ entitlement: ENTITLEMENT, subscriptionFindings: 0 });
    expect(second).not.toHaveProperty('subscriptionFindings');
  });

  it('is explained by usher why: whose it is, and what only the list can tell', async () => {
    expect(await why(1)).toMatch(
      /Subscription: Usher's own \(Q_DEVELOPER_STANDALONE_PRO, asked for or adopted .+ ago\)\. Usher cancels it when the seat ends\./,
    );
    expect(await why(1)).toContain('Next: nothing, as long as the list shows the subscription.');
    expect(await why(2)).toContain('The assignment was made by someone else, so it stays when the seat ends.');
    expect(await why(3)).toContain(
      'Subscription: none that Usher started or adopted, so Usher cancels none of this user.',
    );
    expect(await why(3)).toContain('Next: whether the user has a subscription decides, which was not read');
    const [shown] = linesOf((await operator.run('why', user(1), '--json')).out);
    expect(shown).toMatchObject({ entitlements: [{ seat: { plan: KIRO.plan } }] });
  });

  it('is no problem for doctor and status while AWS refuses none, and experimental', async () => {
    const found = new Map(linesOf((await operator.run('doctor', '--json')).out).map((one) => [one['check'], one]));
    expect(found.get('subscriptions kiro us-east-1')).toMatchObject({ verdict: 'ok', found: 'The list answers' });
    expect(found.get('new subscriptions')).toMatchObject({ verdict: 'ok' });
    expect(found.get(`subscription ${ENTITLEMENT}`)).toMatchObject({
      verdict: 'ok',
      found: expect.stringContaining('experimental'),
    });
    expect((await operator.run('status')).out).not.toContain('refuses new subscriptions');
  });

  it('that AWS refuses to the account is shown by status, doctor and why', async () => {
    await operator.fault({ operation: 'Q.CreateAssignment', kind: 'exception', exception: 'UnknownError', times: 100 });
    await joins(4);
    const { out } = await operator.run('status', '--json');
    expect(linesOf(out)).toContainEqual(
      expect.objectContaining({
        type: 'attention',
        kind: 'account-not-eligible',
        entitlement: ENTITLEMENT,
        since: expect.any(String),
        dueAt: expect.any(String),
      }),
    );
    expect((await operator.run('status')).out).toMatch(
      new RegExp(
        `✗ ${ENTITLEMENT}: AWS refuses new subscriptions to the account, since .+\\n.+\\n +Usher tries one again: `,
      ),
    );
    const found = new Map(linesOf((await operator.run('doctor', '--json')).out).map((one) => [one['check'], one]));
    expect(found.get('new subscriptions')).toMatchObject({
      verdict: 'problem',
      found: expect.stringContaining(`${ENTITLEMENT}: AWS has refused new subscriptions`),
      fix: expect.stringContaining('AWS Support'),
    });
    const words = await why(4);
    expect(words).toContain('AWS refuses the subscription, not the assignment.');
    expect(words).toMatch(
      /AWS has refused new subscriptions to the account since .+; Usher tries one again in .+\. Until then, no seat begins\./,
    );
    expect(await why(1)).not.toContain('refused new subscriptions');
  });

  it.each([
    ['is refused', { exception: 'ResourceNotFoundException', kind: 'exception' }, 'problem', /region and roleArn/],
    ['does not answer', { kind: 'internal' }, 'unknown', /Try again/],
  ])('is a finding of doctor if its list %s', async (_fact, fault, verdict, fix) => {
    await operator.clearFaults();
    await operator.fault({ operation: 'UserSubscriptions.ListUserSubscriptions', times: 100, ...fault });
    const found = new Map(linesOf((await operator.run('doctor', '--json')).out).map((one) => [one['check'], one]));
    expect(found.get('subscriptions kiro us-east-1')).toMatchObject({ verdict, fix: expect.stringMatching(fix) });
    await operator.clearFaults();
  });
});

// @module-tag long
import { describe, expect, it } from 'vitest';
import type { Entitlements } from '../../domain/entitlements.ts';
import { ENTITLEMENT, OTHER_GROUP, user } from '../support/ids.ts';
import { anOperator, linesOf, runHere } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

const KIRO = {
  provider: 'kiro',
  plan: 'Q_DEVELOPER_STANDALONE_PRO',
  region: 'us-east-1',
  mode: 'report',
} as const;

/** The first entitlement asks for a subscription of Kiro, the second for none. */
const withSubscription = (entitlements: Entitlements): Entitlements => ({
  ...entitlements,
  entitlements: entitlements.entitlements.map((one, index) => (index === 0 ? { ...one, subscription: KIRO } : one)),
});

const PRO = 'KIRO_ENTERPRISE_PRO';

// Users 1 to 4 are members; 5 is none, and 4 is disabled.
const operator = anOperator({
  people: 6,
  members: 4,
  entitlements: withSubscription,
  directory: (seed) => ({
    ...seed,
    users: seed.users.map((one) => (one.userId === user(4) ? { ...one, status: 'DISABLED' as const } : one)),
    applications: seed.applications.map((one, index) =>
      index > 0
        ? one
        : {
            ...one,
            region: 'us-east-1',
            subscriptions: [
              { user: user(1), plan: 'KIRO_ENTERPRISE_POWER', source: 'INDIVIDUAL' },
              { user: user(2), plan: PRO, status: 'PENDING', source: 'GROUP' },
              { user: user(4), plan: PRO },
              { user: user(5), plan: PRO },
              { user: user(6), plan: PRO, status: 'CANCELLED' },
              { group: OTHER_GROUP, plan: PRO },
            ],
          },
    ),
  }),
});

const findings = async (...args: readonly string[]) =>
  linesOf((await operator.run('subscriptions', '--people', '--json', ...args)).out);

describe('usher subscriptions', () => {
  it('counts subscriptions and findings by profile, and says what is experimental', async () => {
    const { out, error, code } = await operator.child('subscriptions');
    expect([code, out.split('\n').slice(0, 2)]).toEqual([
      0,
      [
        'PROFILE\tENTITLEMENTS\tACTIVE\tPENDING\tMISSING\tORPHANS\tWRONG PLAN\tTHROUGH GROUP',
        `kiro us-east-1\t${ENTITLEMENT}\t3\t1\t1\t2\t1\t1`,
      ],
    ]);
    expect(error).toContain('experimental');
    expect(error).toContain(OTHER_GROUP);
    const [row] = linesOf((await operator.run('subscriptions', '--json')).out);
    expect(row).toMatchObject({ provider: 'kiro', entitlements: [ENTITLEMENT], active: 3, missing: 1, orphan: 2 });
  });

  it('lists who has none, who has one that no entitlement covers, and who has another plan', async () => {
    const about = { entitlement: ENTITLEMENT, expected: KIRO.plan };
    expect(await findings()).toEqual([
      expect.objectContaining({ finding: 'missing', userId: user(3), ...about }),
      // A disabled member is not entitled.
      expect.objectContaining({ finding: 'orphan', userId: user(4), plan: KIRO.plan }),
      expect.objectContaining({ finding: 'orphan', userId: user(5), plan: KIRO.plan }),
      expect.objectContaining({
        finding: 'wrong-plan',
        userId: user(1),
        plan: 'Q_DEVELOPER_STANDALONE_POWER',
        ...about,
      }),
      expect.objectContaining({ finding: 'pending', userId: user(2), ...about }),
      expect.objectContaining({ finding: 'through-group', userId: user(2), ...about }),
    ]);
  });

  it('lists findings of one kind only, as a table and for a spreadsheet', async () => {
    expect((await findings('--finding', 'orphan')).map(({ userId }) => userId)).toEqual([user(4), user(5)]);
    const { out } = await operator.child('subscriptions', '--finding', 'missing');
    expect(out.split('\n')).toHaveLength(3);
    const csv = await operator.run('subscriptions', '--csv');
    expect(csv.out.split('\n')[0]).toBe('userId,finding,entitlement,plan,expected,since,provider,region');
    expect(csv.out.trimEnd().split('\n')).toHaveLength(7);
  });

  it('prints names only if asked', async () => {
    expect((await operator.run('subscriptions', '--people')).out).not.toContain(SECRET);
    expect((await operator.run('subscriptions', '--people', '--names')).out).toContain(SECRET);
  });

  it('says since when a user without a subscription has had the seat', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const [missing] = await findings('--finding', 'missing');
    expect(missing).toMatchObject({ userId: user(3), since: expect.stringMatching(/^\d{4}-/) });
  });

  it('reports nothing of a profile whose list fails, and its exit code tells', async () => {
    await operator.fault({
      operation: 'UserSubscriptions.ListUserSubscriptions',
      kind: 'exception',
      exception: 'AccessDeniedException',
      times: 1,
    });
    const { out, error, code } = await operator.run('subscriptions', '--people');
    expect(code).toBe(1);
    expect(error).toContain('ListUserSubscriptions');
    expect(out).not.toContain('missing');
  });

  it('refuses wrong use with what is right', async () => {
    const kind = await operator.run('subscriptions', '--finding', 'lost');
    expect([kind.code, kind.error]).toEqual([2, expect.stringContaining('expected one of missing, orphan')]);
    const name = await operator.run('subscriptions', '--entitlement', 'kiro');
    expect([name.code, name.error]).toEqual([2, expect.stringContaining('No entitlement with a subscription')]);
  });

  it('is shown by doctor, which warns where an application of Kiro has no such setting', async () => {
    const checks = linesOf((await operator.run('doctor', '--json')).out);
    const subscriptionChecks = checks.filter(({ check }) => String(check).startsWith('subscription '));
    expect(subscriptionChecks).toEqual([
      expect.objectContaining({ check: `subscription ${ENTITLEMENT}`, verdict: 'ok' }),
      expect.objectContaining({ check: 'subscription kiro', verdict: 'warning' }),
    ]);
  });
});

it('usher subscriptions needs an entitlement that says which', async () => {
  const { code, error } = await runHere(['--entitlements', 'entitlements.yml', 'subscriptions'], {
    cwd: process.cwd(),
    env: {},
  });
  expect([code, error]).toEqual([3, expect.stringContaining('docs/subscriptions.md')]);
});

// @module-tag long
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { dayOf, daysFrom, plusDays } from '../../domain/shared/day.ts';
import { filesOf } from '../support/folder.ts';
import { ENTITLEMENT, GROUP, OTHER_GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator, configuration, type Operator, resultsOf, runHere } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';
import { KIRO as MANAGED } from '../support/subscriptions.ts';

/** Usher compares subscriptions, and changes none. */
const KIRO = { ...MANAGED, mode: 'report' } as const;
const PRO = 'KIRO_ENTERPRISE_PRO';

// Users 1 to 4 are members; 5 is none, and 4 is disabled.
const SUBSCRIBED: Parameters<typeof anOperator>[0] = {
  people: 6,
  members: 4,
  entitlement: { subscription: KIRO },
  application: {
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
  directory: (seed) => ({
    ...seed,
    users: seed.users.map((one) => (one.userId === user(4) ? { ...one, status: 'DISABLED' as const } : one)),
  }),
};
const operator = anOperator(SUBSCRIBED);

const findings = async (...args: readonly string[]) =>
  resultsOf((await operator.run('subscriptions', '--people', '--json', ...args)).out);

describe('usher subscriptions', () => {
  it('counts subscriptions and findings by profile, and says what is experimental', async () => {
    const { out, error, code } = await operator.child('subscriptions');
    expect([code, out.split('\n').slice(0, 2)]).toEqual([
      0,
      [
        'PROFILE\tENTITLEMENTS\tACTIVE\tPENDING\tMISSING\tORPHANS\tWRONG PLAN\tTHROUGH GROUP\tTWICE',
        `kiro us-east-1\t${ENTITLEMENT}\t3\t1\t1\t2\t1\t1\t0`,
      ],
    ]);
    expect(error).toContain('experimental');
    expect(error).toContain(OTHER_GROUP);
    const [row] = resultsOf((await operator.run('subscriptions', '--json')).out);
    expect(row).toEqual({
      type: 'profile',
      provider: 'kiro',
      region: 'us-east-1',
      entitlements: [ENTITLEMENT],
      active: 3,
      pending: 1,
      unknown: 0,
      recentlyPending: 1,
      groups: [OTHER_GROUP],
      unreadable: 0,
      emptyGroups: [],
      findings: { missing: 1, orphan: 2, 'wrong-plan': 1, pending: 0, 'through-group': 1, twice: 0 },
    });
  });

  it('lists who has none, who has one that no entitlement covers, and who has another plan', async () => {
    const about = { entitlement: ENTITLEMENT, expected: KIRO.plan };
    expect(await findings()).toEqual([
      expect.objectContaining({ kind: 'missing', userId: user(3), ...about }),
      // A disabled member is not entitled.
      expect.objectContaining({ kind: 'orphan', userId: user(4), plan: KIRO.plan }),
      {
        type: 'finding',
        kind: 'orphan',
        userId: user(5),
        plan: KIRO.plan,
        status: 'active',
        source: 'unknown',
        provider: 'kiro',
        region: 'us-east-1',
      },
      expect.objectContaining({
        kind: 'wrong-plan',
        userId: user(1),
        plan: 'Q_DEVELOPER_STANDALONE_POWER',
        status: 'active',
        source: 'individual',
        ...about,
      }),
      expect.objectContaining({
        kind: 'through-group',
        userId: user(2),
        status: 'pending',
        source: 'group',
        ...about,
      }),
    ]);
  });

  it('lists findings of one kind only, as a table and for a spreadsheet', async () => {
    expect((await findings('--finding', 'orphan')).map(({ userId }) => userId)).toEqual([user(4), user(5)]);
    const { out } = await operator.child('subscriptions', '--finding', 'orphan');
    expect(out.split('\n').slice(0, 2)).toEqual([
      'USER\tFINDING\tENTITLEMENT\tPLAN\tEXPECTED\tSTATUS\tSINCE',
      `${user(4)}\torphan\t\t${KIRO.plan}\t\tactive\t`,
    ]);
    expect(out.split('\n')).toHaveLength(4);
    const csv = await operator.run('subscriptions', '--csv');
    expect(csv.out.split('\n')[0]).toBe('userId,finding,entitlement,plan,expected,status,source,since,provider,region');
    expect(csv.out.trimEnd().split('\n')).toHaveLength(6);
  });

  it('says with findings what one must know to read them, but not to programs', async () => {
    for (const args of [['--people'], ['--finding', 'missing'], ['--csv']]) {
      const { error } = await operator.run('subscriptions', ...args);
      expect(error.trimEnd().split('\n')).toEqual([
        expect.stringContaining('kiro us-east-1: 1 subscription has been pending for less than 14 days'),
        `kiro us-east-1: 1 group is subscribed (${OTHER_GROUP})`,
        expect.stringContaining('kiro is experimental'),
      ]);
    }
    expect((await operator.run('subscriptions', '--people', '--json')).error).toBe('');
  });

  it('says what each finding means', async () => {
    const { error } = await operator.run('subscriptions');
    expect(error).toContain('An active one is billed until someone cancels it');
    expect(error).toContain('or would have it, through a group: it cannot be changed for this user alone');
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

  it('says of a list that AWS has changed or removed what it is', async () => {
    const exception = 'UnknownOperationException';
    await operator.fault({ operation: 'UserSubscriptions.ListUserSubscriptions', kind: 'exception', exception });
    const { out, error, code } = await operator.run('subscriptions');
    expect([code, out.split('\n')[1]]).toEqual([1, `kiro us-east-1\t${ENTITLEMENT}\t?\t?\t?\t?\t?\t?\t?`]);
    expect(error).toContain('changed or removed a call that it does not publish');
    expect(error).not.toContain('AD Sync');
  });

  it('refuses wrong use with what is right', async () => {
    const kind = await operator.run('subscriptions', '--finding', 'lost');
    expect([kind.code, kind.error]).toEqual([2, expect.stringContaining('expected one of missing, orphan')]);
    const near = await operator.run('subscriptions', '--finding', 'orphans');
    expect([near.code, near.error]).toEqual([2, expect.stringContaining('. Did you mean orphan?')]);
    const name = await operator.run('subscriptions', '--entitlement', 'kiro');
    expect([name.code, name.error]).toEqual([2, expect.stringContaining('No entitlement with a subscription')]);
  });

  it('is shown by doctor, which warns where an application of Kiro has no such setting', async () => {
    const checks = resultsOf((await operator.run('doctor', '--json')).out);
    const subscriptionChecks = checks.filter(({ check }) => String(check).startsWith('subscription '));
    expect(subscriptionChecks).toEqual([
      expect.objectContaining({ check: `subscription ${ENTITLEMENT}`, verdict: 'ok' }),
      expect.objectContaining({ check: 'subscription kiro', verdict: 'warning' }),
    ]);
  });
});

/** Without a price of the plan of user 1. */
const PRICES = 'currency: EUR\nplans:\n  Q_DEVELOPER_STANDALONE_PRO: 10.10\n';
const pricesFile = (text = PRICES) => join(filesOf({ 'prices.yml': text }), 'prices.yml');

describe('usher subscriptions --price', () => {
  const costs = {
    currency: 'EUR',
    paidPerMonth: 20.2,
    orphansPerMonth: 20.2,
    pendingPerMonth: 10.1,
    missingPerMonth: 10.1,
    ofUnknownPrice: { paid: 1, orphans: 0, pending: 0, missing: 0 },
  };

  it('adds what is paid, what is paid for nobody, and what will be, and guesses no price', async () => {
    const { out, error, code } = await operator.run('subscriptions', '--price', pricesFile());
    expect([code, out.split('\n').slice(2)]).toEqual([
      0,
      [
        '',
        'PER MONTH (EUR)\tACTIVE\tOF THESE ORPHANS\tPENDING\tMISSING',
        'kiro us-east-1\t20.20 and 1 of unknown price\t20.20\t10.10\t10.10',
        '',
      ],
    ]);
    expect(error).toContain('by your prices');
  });

  it('gives programs the same, and the total', async () => {
    const rows = resultsOf((await operator.run('subscriptions', '--json', '--price', pricesFile())).out);
    expect(rows).toEqual([expect.objectContaining({ active: 3, ...costs }), { type: 'subscription-total', ...costs }]);
  });

  it('shows the price of each finding, where it is known', async () => {
    const price = ['--price', pricesFile()];
    expect(await findings(...price)).toEqual([
      expect.objectContaining({ kind: 'missing', pricePerMonth: 10.1, currency: 'EUR' }),
      expect.objectContaining({ kind: 'orphan', pricePerMonth: 10.1 }),
      expect.objectContaining({ kind: 'orphan', pricePerMonth: 10.1 }),
      expect.not.objectContaining({ pricePerMonth: expect.anything() }),
      expect.objectContaining({ kind: 'through-group', pricePerMonth: 10.1 }),
    ]);
    const csv = (await operator.run('subscriptions', '--csv', ...price)).out.split('\n');
    expect(csv[0]).toBe(
      'userId,finding,entitlement,plan,expected,status,source,since,provider,region,pricePerMonth,currency',
    );
    const { out } = await operator.run('subscriptions', '--finding', 'wrong-plan', ...price);
    expect(out).toMatch(/PER MONTH \(EUR\)\n.*\tunknown\n$/);
  });

  it('reads the file before it asks AWS, and reports all errors at once', async () => {
    const before = await operator.calls();
    const file = pricesFile('currency: €\nplans:\n  KIRO_PRO: 1\n  Q_LITE: -1\n');
    const { error, code } = await operator.run('subscriptions', '--price', file);
    expect([code, error.trimEnd().split('\n')]).toEqual([
      2,
      [
        expect.stringContaining('prices.yml: currency: expected a currency such as USD'),
        expect.stringContaining('prices.yml: plans.Q_LITE: expected at least 0'),
        expect.stringContaining('prices.yml: plans.KIRO_PRO: expected a plan: one of Q_DEVELOPER'),
      ],
    ]);
    expect(await operator.calls()).toEqual(before);
  });
});

/** The day, where a stack runs. */
async function todayAt({ endpoint }: Operator): Promise<string> {
  const { now } = (await (await fetch(`${endpoint}/clock`)).json()) as { now: string };
  return dayOf(now);
}

interface ActivityOptions {
  /** How many days ago the first and the last file are. */
  from?: number;
  to?: number;
  /** How many days ago there is no file. */
  without?: readonly number[];
  /** Users by how many days ago they used it; user 2 used it every day. */
  uses?: Readonly<Record<number, readonly number[]>>;
  region?: string;
}

/** Activity files as AWS writes them, one per day, and the day from which they count. */
async function activityOf(stack: Operator, options: ActivityOptions = {}): Promise<{ folder: string; today: string }> {
  const { from = 40, to = 1, without = [], uses = {}, region = 'us-east-1' } = options;
  const today = await todayAt(stack);
  const skipped = new Set(without.map((ago) => plusDays(today, -ago)));
  const days = daysFrom(plusDays(today, -from), plusDays(today, -to)).filter((day) => !skipped.has(day));
  const files = days.map((day, index) => {
    const users = Object.keys(uses).map(Number);
    const some = users.filter((number) => uses[number]?.some((ago) => plusDays(today, -ago) === day));
    const rows = [2, ...some].map((number) => `${day},${STORE_ID}.${user(number)},KIRO_IDE,0.5`);
    const text = ['\u{feff}Date,UserId,Client_Type,Credits_Used', ...rows, ''].join('\r\n');
    const path = `AWSLogs/111122223333/KiroLogs/user_report/${region}/${day.replaceAll('-', '/')}/00/report.csv`;
    return index % 2 === 0 ? [path, text] : [`${path}.gz`, gzipSync(text)];
  });
  return { folder: filesOf(Object.fromEntries(files)), today };
}

/** One file of the older form, with a use of one user on each of 41 days. */
async function olderActivityOf(stack: Operator, number: number): Promise<string> {
  const today = await todayAt(stack);
  const rows = daysFrom(plusDays(today, -40), today).map((day) => `${user(number)},${day}`);
  return join(filesOf({ 'all.csv': ['UserId,Date', ...rows, ''].join('\n') }), 'all.csv');
}

describe('usher subscriptions --idle', () => {
  const idle = (activity: string, ...args: readonly string[]) =>
    operator.run('subscriptions', '--idle', '30', '--activity', activity, ...args);

  // User 1 has a seat since the test above; 4 and 5 have subscriptions and no seat.
  it('lists who has a paid seat and did not use it, and says whom it leaves out', async () => {
    const { folder, today } = await activityOf(operator, { uses: { 4: [35], 5: [30] } });
    const { out, error, code } = await idle(folder, '--price', pricesFile());
    expect([code, out.split('\n')]).toEqual([
      0,
      [
        'USER\tPROFILE\tENTITLEMENT\tPLAN\tLAST USE\tSINCE\tPER MONTH (EUR)',
        `${user(4)}\tkiro us-east-1\t\t${KIRO.plan}\t${plusDays(today, -35)}\t\t10.10`,
        '',
      ],
    ]);
    expect(error).toContain(
      `1 of 3 users with an active subscription did not use it from ${plusDays(today, -30)} to ${plusDays(today, -1)}`,
    );
    expect(error).toContain('They cost 10.10 EUR per month');
    expect(error).toContain('Not listed: 1 without any use yet');
  });

  it('gives programs and spreadsheets the same, with names only if asked', async () => {
    const { folder, today } = await activityOf(operator, { uses: { 4: [35] } });
    const rows = resultsOf((await idle(folder, '--json')).out);
    const profile = { plan: KIRO.plan, provider: 'kiro', region: 'us-east-1' };
    expect(rows).toEqual([
      { type: 'finding', kind: 'idle', userId: user(4), lastUse: plusDays(today, -35), ...profile },
      { type: 'finding', kind: 'idle', userId: user(5), ...profile },
    ]);
    const csv = (await idle(folder, '--csv')).out.trimEnd().split('\n');
    expect([csv[0], csv.length]).toEqual(['userId,finding,entitlement,plan,lastUse,since,provider,region', 3]);
    expect((await idle(folder)).out).not.toContain(SECRET);
    expect((await idle(folder, '--names')).out).toContain(SECRET);
  });

  it('leaves out users of a file', async () => {
    const except = join(filesOf({ 'except.txt': `# on leave\n${user(4)}\n` }), 'except.txt');
    const { folder } = await activityOf(operator);
    const { out, error } = await idle(folder, '--json', '--except', except);
    expect(resultsOf(out).map(({ userId }) => userId)).toEqual([user(5)]);
    expect(error).toContain('1 excepted');
  });

  it('takes the newest covered day for the end, if it is not too old', async () => {
    const recent = await activityOf(operator, { to: 2 });
    expect((await idle(recent.folder)).error).toContain(`to ${plusDays(recent.today, -2)}.`);
    const { folder, today } = await activityOf(operator, { to: 5 });
    const { out, error, code } = await idle(folder);
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain(`The newest day that the activity files cover is ${plusDays(today, -5)}, more than 3 days`);
    expect(error).toContain(`Missing: ${plusDays(today, -4)} to `);
  });

  it('judges no one by files with missing days, and asks AWS nothing', async () => {
    const before = await operator.calls();
    const { folder, today } = await activityOf(operator, { from: 29, without: [3, 4, 10] });
    const { out, error, code } = await idle(folder);
    expect([code, out]).toEqual([1, '']);
    const [first, second, from, to] = [30, 10, 4, 3].map((ago) => plusDays(today, -ago));
    expect(error).toContain(`Missing: ${first}, ${second}, ${from} to ${to}\nSo no user is called idle.`);
    expect(await operator.calls()).toEqual(before);
  });

  it('judges no one by files of another Region', async () => {
    const { folder } = await activityOf(operator, { region: 'eu-central-1' });
    const { error, code } = await idle(folder);
    expect([code, error]).toEqual([1, expect.stringContaining('No activity file covers any day (Region us-east-1)')]);
  });

  it('judges no one by files about other users only', async () => {
    const { out, error, code } = await idle(await olderActivityOf(operator, 77));
    expect([code, out]).toEqual([1, '']);
    expect(error).toContain('no user of the activity files has a subscription of this profile');
  });

  it('notes that the older report does not have the use of all clients', async () => {
    const { error, code } = await idle(await olderActivityOf(operator, 2));
    expect([code, error]).toEqual([0, expect.stringContaining('for 30 days there is only the older report')]);
  });

  it('judges no one without a ledger, which the comparison does not need', async () => {
    const exception = 'ResourceNotFoundException';
    const { folder } = await activityOf(operator);
    await operator.fault({ operation: 'DynamoDB.Query', kind: 'exception', exception, for: 'ever' });
    const judged = await idle(folder, '--json');
    const compared = await operator.run('subscriptions', '--finding', 'missing');
    await operator.clearFaults();
    expect([judged.code, resultsOf(judged.out), judged.error]).toEqual([
      3,
      [],
      expect.stringContaining('no ledger of this stage'),
    ]);
    expect([compared.code, compared.out.split('\n')[1]]).toEqual([
      0,
      `${user(3)}\tmissing\t${ENTITLEMENT}\t\t${KIRO.plan}\t\t`,
    ]);
    expect(compared.error).toContain('SINCE is empty');
  });

  it('judges no one while the ledger cannot be read', async () => {
    const exception = 'AccessDeniedException';
    const { folder } = await activityOf(operator);
    await operator.fault({ operation: 'DynamoDB.Query', kind: 'exception', exception, for: 'ever' });
    const { out, error, code } = await idle(folder, '--json');
    await operator.clearFaults();
    expect([code, resultsOf(out), error]).toEqual([1, [], expect.stringContaining(`not read: Query: ${exception}`)]);
  });

  it.each([
    ['without --activity', ['--idle', '30'], '--idle and --activity go together'],
    ['without --idle', ['--activity', 'x'], '--idle and --activity go together'],
    ['with a bucket', ['--idle', '30', '--activity', 's3://bucket/prefix'], 'aws s3 sync'],
    ['with no day', ['--idle', '0', '--activity', 'x'], 'expected a whole number from 1 to 365'],
    ['with a finding', ['--idle', '30', '--activity', 'x', '--finding', 'orphan'], '--finding does not go with --idle'],
    ['with no such folder', ['--idle', '30', '--activity', '/nowhere'], '/nowhere: no such file'],
    ['with no such list', ['--idle', '30', '--activity', 'x', '--except', '/nowhere'], '/nowhere: no such file'],
    ['with a grace alone', ['--grace', '30'], '--grace and --except go with --idle'],
  ])('is refused %s', async (_fact, args, message) => {
    const { error, code } = await operator.run('subscriptions', ...args);
    expect([code, error]).toEqual([2, expect.stringContaining(message)]);
  });

  it('names file and line of what AWS has not written like this', async () => {
    const activity = filesOf({ 'a/2026.csv': 'userid,date\nx,2026-11-25\n"y,2026-11-25\n' });
    const { error, code } = await idle(activity);
    expect([code, error]).toEqual([2, expect.stringContaining('a/2026.csv: line 3: a quote that is not closed')]);
  });
});

describe('a group that is subscribed in the console, while Usher only observes', () => {
  const watching = anOperator({
    people: 4,
    members: 3,
    entitlement: { subscription: KIRO, mode: 'observe' },
    application: {
      assignedGroups: [GROUP],
      subscriptions: [
        { group: GROUP, plan: PRO },
        { user: user(1), plan: PRO, source: 'GROUP' },
        { user: user(4), plan: PRO, source: 'GROUP' },
      ],
    },
  });

  it('shows who of the group has no subscription, and who has one and left, and no call of Usher changes anything', async () => {
    expect((await watching.run('start', '--all', '--wait')).code).toBe(0);
    const { out } = await watching.run('subscriptions', '--people', '--json');
    expect(resultsOf(out).map(({ kind, userId }) => [kind, userId])).toEqual([
      ['missing', user(2)],
      ['missing', user(3)],
      ['orphan', user(4)],
      ['through-group', user(1)],
    ]);
    const calls = Object.keys(await watching.allCalls());
    expect(calls).toContain('UserSubscriptions.ListUserSubscriptions');
    expect(calls.filter((call) => /^(?:SSOAdmin|UserSubscriptions)\.(?:Create|Delete|Update)/.test(call))).toEqual([]);
  });
});

describe('usher subscriptions of several profiles', () => {
  const eu = { ...KIRO, region: 'eu-central-1' } as const;
  const subscribed = [
    { user: user(1), plan: PRO },
    { user: user(2), plan: PRO },
  ];
  const two = anOperator({
    people: 3,
    members: 2,
    others: [1],
    entitlements: (entitlements) => ({
      ...entitlements,
      entitlements: entitlements.entitlements.map((one, index) => ({ ...one, subscription: index === 0 ? KIRO : eu })),
    }),
    directory: (seed) => ({
      ...seed,
      applications: seed.applications.map((one, index) => ({
        ...one,
        region: index === 0 ? 'us-east-1' : 'eu-central-1',
        subscriptions: index === 0 ? subscribed : subscribed.slice(0, 1),
      })),
    }),
  });

  it('adds what they cost: a user with two is charged twice', async () => {
    const { out } = await two.run('subscriptions', '--price', pricesFile());
    expect(out.split('\n').slice(-4)).toEqual([
      'kiro us-east-1\t20.20\t0.00\t0.00\t0.00',
      'kiro eu-central-1\t10.10\t0.00\t0.00\t0.00',
      'total\t30.30\t0.00\t0.00\t0.00',
      '',
    ]);
  });

  it('gives no total of a part', async () => {
    const exception = 'AccessDeniedException';
    await two.fault({ operation: 'UserSubscriptions.ListUserSubscriptions', kind: 'exception', exception, times: 1 });
    const { out, code } = await two.run('subscriptions', '--price', pricesFile());
    expect([code, out]).toEqual([1, expect.stringContaining('total\t?\t?\t?\t?\n')]);
    await two.fault({ operation: 'UserSubscriptions.ListUserSubscriptions', kind: 'exception', exception, times: 1 });
    const rows = resultsOf((await two.run('subscriptions', '--json', '--price', pricesFile())).out);
    expect(rows.map(({ type }) => type)).toEqual(['profile', 'profile']);
  });

  it('says of which profile each finding is', async () => {
    const { out } = await two.run('subscriptions', '--people');
    expect(out.split('\n')[0]).toBe('USER\tPROFILE\tFINDING\tENTITLEMENT\tPLAN\tEXPECTED\tSTATUS\tSINCE');
  });

  it('judges each by files of its Region', async () => {
    const { folder } = await activityOf(two);
    const args = ['subscriptions', '--idle', '30', '--json', '--activity', folder];
    const all = await two.run(...args);
    expect([all.code, all.error]).toEqual([1, expect.stringContaining('Region eu-central-1')]);
    const first = await two.run(...args, '--entitlement', ENTITLEMENT);
    expect([first.code, resultsOf(first.out).map(({ userId }) => userId)]).toEqual([0, [user(1)]]);
  });
});

it('usher subscriptions --idle does not judge Amazon Q Business, of whose use AWS writes no files', async () => {
  const configured = configuration();
  const business = { ...KIRO, provider: 'amazon-q-business', plan: 'Q_LITE' };
  const [first] = configured.entitlements;
  const text = JSON.stringify({ ...configured, entitlements: [{ ...first, subscription: business }] });
  const folder = filesOf({ 'entitlements.yml': text });
  const { code, error } = await runHere(['subscriptions', '--idle', '30', '--activity', '.'], { cwd: folder, env: {} });
  expect([code, error]).toEqual([3, expect.stringContaining('none of Amazon Q Business')]);
});

describe('usher subscriptions --file', () => {
  const EXPORT = `Name,Subscription status,Kiro plan,Plan source,Activation date
${SECRET} one,Active,Kiro Pro,Group,2026-09-03
"${SECRET}, two",Active,Kiro Pro,Individual,2026-09-04
${SECRET} three,Pending,Kiro Pro+,Group,
${SECRET} four,Paused,Kiro Ultra,Group,
`;
  const run = (text: string, ...args: readonly string[]) => {
    const folder = filesOf({ 'export.csv': text, 'prices.yml': PRICES });
    return runHere(['subscriptions', '--file', 'export.csv', ...args], { cwd: folder, env: {} });
  };

  it('counts by status and plan, without AWS and without entitlements', async () => {
    const { out, error, code } = await run(EXPORT);
    expect([code, out.split('\n')]).toEqual([
      0,
      [
        'STATUS\tPLAN\tUSERS',
        `active\t${KIRO.plan}\t2`,
        'pending\tQ_DEVELOPER_STANDALONE_PRO_PLUS\t1',
        'unknown\tunknown\t1',
        '',
      ],
    ]);
    expect(error).toContain('1 subscription has a status');
  });

  it('says what they cost', async () => {
    const { out } = await run(EXPORT, '--price', 'prices.yml');
    expect(out.split('\n').slice(1)).toEqual([
      `active\t${KIRO.plan}\t2\t20.20`,
      'pending\tQ_DEVELOPER_STANDALONE_PRO_PLUS\t1\t1 of unknown price',
      'unknown\tunknown\t1\t',
      'By your prices, active subscriptions cost 20.20 EUR per month. Pending ones will cost 1 of unknown price once they are used.',
      '',
    ]);
    expect(resultsOf((await run(EXPORT, '--price', 'prices.yml', '--json')).out)).toEqual([
      {
        type: 'subscription-count',
        status: 'active',
        plan: KIRO.plan,
        users: 2,
        pricePerMonth: 10.1,
        currency: 'EUR',
        totalPerMonth: 20.2,
      },
      { type: 'subscription-count', status: 'pending', plan: 'Q_DEVELOPER_STANDALONE_PRO_PLUS', users: 1 },
      { type: 'subscription-count', status: 'unknown', plan: 'unknown', users: 1 },
      {
        type: 'subscription-total',
        ...{ currency: 'EUR', paidPerMonth: 20.2, pendingPerMonth: 0 },
        ofUnknownPrice: { paid: 0, pending: 1 },
      },
    ]);
    const csv = await run(EXPORT, '--price', 'prices.yml', '--csv');
    expect(csv.out.split('\n').slice(0, 2)).toEqual([
      'status,plan,users,pricePerMonth,totalPerMonth,currency',
      `active,${KIRO.plan},2,10.1,20.2,EUR`,
    ]);
  });

  it('prints names only if asked', async () => {
    for (const args of [[], ['--json'], ['--csv'], ['--price', 'prices.yml']]) {
      const { out, error } = await run(EXPORT, ...args);
      expect(out + error).not.toContain(SECRET);
    }
    for (const args of [[], ['--json'], ['--csv'], ['--price', 'prices.yml']])
      expect((await run(EXPORT, '--names', ...args)).out.match(new RegExp(SECRET, 'g'))).toHaveLength(4);
  });

  it.each([
    ['a column is missing', 'Name,Kiro plan\nx,y\n', 'export.csv: line 1: no column subscriptionstatus'],
    ['a row is cut off', `${EXPORT}${SECRET},Act`, 'export.csv: line 6: another number of columns'],
    ['the file is empty', '', 'export.csv: empty'],
  ])('is refused with file and line if %s', async (_fact, text, message) => {
    const { out, error, code } = await run(text);
    expect([code, out, error]).toEqual([2, '', expect.stringContaining(message)]);
    expect(error).not.toContain(SECRET);
  });

  it('is refused together with what asks AWS', async () => {
    const { error, code } = await run(EXPORT, '--people');
    expect([code, error]).toEqual([2, expect.stringContaining('--file goes with --price, --names and --csv only')]);
  });
});

it('usher subscriptions needs an entitlement that says which', async () => {
  const { code, error } = await runHere(['--entitlements', 'entitlements.yml', 'subscriptions'], {
    cwd: process.cwd(),
    env: {},
  });
  expect([code, error]).toEqual([3, expect.stringContaining('docs/subscriptions.md')]);
});

describe('what the service has found', () => {
  const deployed = anOperator(SUBSCRIBED);

  it('is a column of usher seats, and sentences of usher why', async () => {
    expect((await deployed.run('start', '--all', '--wait')).code).toBe(0);
    const { out } = await deployed.run('seats', '--people');
    expect(out.split('\n')[0]).toMatch(/\tSUBSCRIPTION$/);
    const rows = resultsOf((await deployed.run('seats', '--people', '--json')).out);
    expect(rows.map(({ userId, findings }) => [userId, findings])).toEqual([
      [user(1), ['wrong-plan']],
      [user(2), ['through-group']],
      [user(3), ['missing']],
    ]);
    const csv = await deployed.run('seats', '--csv');
    expect(csv.out.split('\n')[0]).toBe('userId,entitlement,status,since,dueAt,reason,subscription');
    const why = await deployed.run('why', user(3));
    expect(why.out.replace(/\s+/g, ' ')).toMatch(/Subscription, as of the comparison .+: the user has no subscription/);
    expect(why.out.replace(/\s+/g, ' ')).toContain(`(missing, expected ${KIRO.plan}, found `);
    expect(why.out.match(new RegExp(`^${ENTITLEMENT}$`, 'gm'))).toHaveLength(1);
  });

  it('is shown for a user whom no entitlement concerns, and as fields for programs', async () => {
    const [orphan] = resultsOf((await deployed.run('why', user(5), '--json')).out);
    expect(orphan).toMatchObject({
      entitlements: [],
      subscriptions: [
        {
          entitlement: ENTITLEMENT,
          asOf: expect.stringMatching(/^20/),
          findings: [{ kind: 'orphan', plan: KIRO.plan, status: 'active', since: expect.stringMatching(/^20/) }],
        },
      ],
    });
    const [right] = resultsOf((await deployed.run('why', user(6), '--json')).out);
    expect(right).toMatchObject({ subscriptions: [] });
  });
});

import { describe, expect, it } from 'vitest';
import type { UserStatus } from '../../../adapters/identity-store.ts';
import type { Context } from '../../../cli/command/context.ts';
import { readProfiles } from '../../../cli/command/subscriptions.ts';
import { printUnread } from '../../../cli/command/unread.ts';
import type { Entitlement, SubscriptionSettings } from '../../../domain/entitlements.ts';
import type { UserFindings } from '../../../domain/findings/recorded-findings.ts';
import { profileKey, profilesOf, titleOf } from '../../../domain/profiles.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import type { Subscription } from '../../../domain/subscription/subscription.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { Unread } from '../../../operator/unread.ts';
import { anEntitlement, aSeat, aSweepItem, at, aUserFindings, aUserItem, iso } from '../../support/builders.ts';
import { application, group, numberOf, people, user } from '../../support/ids.ts';
import { aTerminal } from '../../support/terminal.ts';

const REGION = 'us-east-1';
const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: REGION, mode: 'report' } as const;
const BUSINESS = { provider: 'amazon-q-business', plan: 'Q_LITE', region: REGION, mode: 'report' } as const;
const ROLE = 'arn:aws:iam::222233334444:role/one';
const SAME_ACCOUNT = 'arn:aws:iam::222233334444:role/two';
const OTHER_ROLE = 'arn:aws:iam::333344445555:role/one';

/** Members of the group with this number should have the subscription. */
const kiro = (number: number, parts: Partial<SubscriptionSettings> = {}) =>
  anEntitlement(number, { subscription: { ...KIRO, ...parts } as SubscriptionSettings });
const business = (number: number, parts: Partial<SubscriptionSettings> = {}) =>
  anEntitlement(number, { subscription: { ...BUSINESS, ...parts } as SubscriptionSettings });

function aSubscription(number: number, parts: Partial<Subscription> = {}): Subscription {
  return { principal: { user: user(number) }, plan: KIRO.plan, status: 'active', source: 'individual', ...parts };
}

interface World {
  entitlements: Entitlement[];
  /** Pages of subscriptions, by role; '' is the caller itself. */
  lists?: Readonly<Record<string, Subscription[][]>>;
  /** Subscriptions of the other Region; or why they cannot be read. */
  abroad?: readonly Subscription[] | RefusedError;
  /** Numbers of users by number of the application; or why claims cannot be read. */
  claims?: Readonly<Record<number, readonly number[]>> | RefusedError;
  /** Numbers of members by number of the group. A group that is not here does not exist. */
  groups?: Readonly<Record<number, readonly number[]>>;
  statuses?: Readonly<Record<number, UserStatus | RefusedError>>;
  seats?: readonly Seat[] | RefusedError;
  recorded?: readonly UserFindings[];
  queue?: Partial<WorkQueue>;
}

/** Reads the profiles of some entitlements. */
async function read(world: World) {
  const { entitlements, lists = {}, groups = { 1: [] }, statuses = {}, seats = [], recorded = [], queue = {} } = world;
  const { abroad, claims = {} } = world;
  const claimed: string[] = [];
  const asked: object[] = [];
  const memberships = new Map(Object.entries(groups).map(([number, some]) => [group(Number(number)), some]));
  const listed: string[] = [];
  const services = {
    async subscriptions(input: { roleArn?: string; application: string; region: string }) {
      asked.push(input);
      return {
        async *subscriptions() {
          if (input.region === REGION || abroad === undefined) yield* lists[input.roleArn ?? ''] ?? [];
          else if (abroad instanceof RefusedError) throw abroad;
          else yield abroad;
        },
        async *claimants(applicationArn: string) {
          claimed.push(applicationArn);
          if (claims instanceof RefusedError) throw claims;
          const found = Object.entries(claims).find(([number]) => application(Number(number)) === applicationArn);
          yield (found?.[1] ?? []).map(user);
        },
      };
    },
    directory: async () => ({
      async *membersOf(id: string) {
        listed.push(id);
        yield memberships.get(id)?.map(user);
      },
      async statusOf(userId: string) {
        const status = statuses[numberOf(userId)] ?? 'enabled';
        if (status instanceof RefusedError) throw status;
        return status;
      },
    }),
    ledger: async () => ({
      async itemsOf(applicationArn: string) {
        if (seats instanceof RefusedError) throw seats;
        const own = <Item extends { applicationArn: string }>(items: readonly Item[]) =>
          items.filter((one) => one.applicationArn === applicationArn);
        return { seats: own(seats), findings: own(recorded) };
      },
      queue: async () => ({ ...emptyQueue(), ...queue }),
    }),
    applications: async () => ({}),
  };
  const said: string[] = [];
  const { terminal, written: notes } = await aTerminal();
  const unread = new Unread();
  // Only what the command reads of a context.
  const context = {
    entitlements: async () => ({ ...exampleEntitlements(), entitlements }),
    services: async () => services,
    clock: { now: () => at(0) },
  } as never as Context;
  const reports = await readProfiles(profilesOf(entitlements), context, unread, (detail) => said.push(detail));
  printUnread({ terminal, json: false, unread });
  const found = reports.flatMap(({ reading }) => reading?.report.findings ?? []);
  return {
    reports,
    asked,
    claimed,
    listed,
    said,
    notes: notes.join(''),
    findings: found.map(({ kind, userId }) => `${kind} ${numberOf(userId)}`),
  };
}

describe('profiles', () => {
  it.each<[string, Entitlement[], string[]]>([
    ['are one per Region of Kiro', [kiro(1), kiro(2)], ['kiro us-east-1']],
    ['are one per Region of Kiro, whatever the roles', [kiro(1, { roleArn: ROLE }), kiro(2)], ['kiro us-east-1']],
    [
      'are named after the account of a role',
      [kiro(1, { roleArn: ROLE }), kiro(2, { roleArn: SAME_ACCOUNT })],
      ['kiro us-east-1 222233334444'],
    ],
    [
      'are named after no account if there are several',
      [kiro(1, { roleArn: ROLE }), kiro(2, { roleArn: OTHER_ROLE })],
      ['kiro us-east-1'],
    ],
    [
      'are two for two Regions',
      [kiro(1), kiro(2, { region: 'eu-central-1' })],
      ['kiro us-east-1', 'kiro eu-central-1'],
    ],
    ['are two for two products', [kiro(1), business(2)], ['kiro us-east-1', `amazon-q-business us-east-1 ${apl(2)}`]],
    [
      'are one per application of Amazon Q Business',
      [business(1), business(2)],
      [`amazon-q-business us-east-1 ${apl(1)}`, `amazon-q-business us-east-1 ${apl(2)}`],
    ],
    [
      'are one per role of Amazon Q Business',
      [business(1), { ...business(1, { roleArn: ROLE }), name: 'other' }],
      [`amazon-q-business us-east-1 ${apl(1)}`, `amazon-q-business us-east-1 ${apl(1)} 222233334444`],
    ],
    ['are none without a subscription', [anEntitlement(1)], []],
  ])('%s', (_fact, entitlements, titles) => {
    expect(profilesOf(entitlements).map(titleOf)).toEqual(titles);
  });

  it('have keys that tell them apart, and that do not depend on roles', () => {
    const keys = (...entitlements: Entitlement[]) => profilesOf(entitlements).map(profileKey);
    expect(keys(kiro(1, { roleArn: ROLE }), kiro(2, { region: 'eu-central-1' }))).toEqual(
      keys(kiro(2), kiro(1, { region: 'eu-central-1' })),
    );
    const apart = keys(business(1), business(2), business(3, { region: 'eu-central-1' }), kiro(4));
    expect(new Set(apart).size).toBe(4);
    expect(keys(business(1, { roleArn: ROLE }))).toEqual(keys(business(1)));
  });

  it('have each role once, in the order of the entitlements, and the caller among them', () => {
    const entitlements = [kiro(1, { roleArn: ROLE }), kiro(2), kiro(3, { roleArn: ROLE })];
    expect(profilesOf(entitlements)).toMatchObject([{ roleArns: [ROLE, undefined], entitlements }]);
  });
});

/** The last part of the ARN of an application. */
function apl(number: number): string {
  return application(number).split('/').at(-1) ?? '';
}

describe('the lists of a profile', () => {
  it('are those of all its roles, each user once, for all its entitlements', async () => {
    const both = aSubscription(1);
    const { asked, findings, reports } = await read({
      entitlements: [kiro(1, { roleArn: ROLE, externalId: 'usher-prod' }), kiro(2)],
      groups: { 1: [1], 2: [2] },
      lists: { [ROLE]: [[both]], '': [[both], [aSubscription(2), aSubscription(3)]] },
    });
    const { instanceArn } = exampleEntitlements().identityCenter;
    const input = { provider: 'kiro', region: REGION, instanceArn, application: application(1) };
    const asRole = { ...input, roleArn: ROLE, externalId: 'usher-prod' };
    // The lists by role, then the claims by application.
    expect(asked).toEqual([asRole, input, asRole, { ...input, application: application(2) }]);
    expect(findings).toEqual(['orphan 3']);
    expect(reports).toMatchObject([{ reading: { report: { active: 3 } } }]);
    expect(reports[0]?.reading?.all).toHaveLength(3);
  });

  it('may have pages with more entries than a call takes arguments', async () => {
    const page = people(1, 200_000).map((number) => aSubscription(number));
    const { reports, said } = await read({ entitlements: [kiro(1)], lists: { '': [page, [aSubscription(0)]] } });
    expect(reports[0]?.reading?.all).toHaveLength(200_001);
    expect(said).toEqual([
      'kiro us-east-1',
      'kiro us-east-1: 200,000 subscriptions',
      'kiro us-east-1: 200,001 subscriptions',
    ]);
  });

  const subscribedGroup = aSubscription(0, { principal: { group: group(1) }, plan: 'Q_LITE', source: 'group' });

  it('of Amazon Q Business give what a group has to its members', async () => {
    const { findings, listed, reports } = await read({
      entitlements: [{ ...business(1), groups: [group(1), group(2)] }],
      groups: { 1: [1, 4], 2: [2] },
      statuses: { 4: 'disabled' },
      lists: { '': [[subscribedGroup]] },
    });
    expect(findings).toEqual(['missing 2', 'orphan 4', 'through-group 1']);
    expect(reports).toMatchObject([{ reading: { report: { active: 2, groups: [group(1)] } } }]);
    // A group is read once.
    expect(listed).toEqual([group(1), group(2)]);
  });

  it('of Amazon Q Business may name a group that is gone, and then give nobody anything', async () => {
    const gone = { ...subscribedGroup, principal: { group: group(9) } };
    const { findings } = await read({ entitlements: [business(1)], groups: { 1: [1] }, lists: { '': [[gone]] } });
    expect(findings).toEqual(['missing 1']);
  });

  it('of Kiro give it to nobody: a member without their own is what to find', async () => {
    const entitlements = [kiro(1)];
    const { findings } = await read({ entitlements, groups: { 1: [1] }, lists: { '': [[subscribedGroup]] } });
    expect(findings).toEqual(['missing 1']);
  });
});

describe('a user who is charged twice', () => {
  const eu = kiro(3, { region: 'eu-central-1' });
  const refused = new RefusedError('access-denied', 'AWS said no');
  const about: World = {
    entitlements: [kiro(1), eu],
    groups: { 1: [1], 2: [1], 3: [1] },
    lists: { '': [[aSubscription(1)]] },
  };
  const unseenIn = ({ reports }: Awaited<ReturnType<typeof read>>) =>
    reports.map(({ reading }) => reading?.unseen.map(({ where }) => where));

  it('is found in the lists of two Regions, each of which is read once', async () => {
    const found = await read({ ...about, abroad: [aSubscription(1)] });
    expect([found.findings, unseenIn(found)]).toEqual([
      ['twice 1', 'twice 1'],
      [[], []],
    ]);
    expect([found.asked.length, found.claimed]).toEqual([2, []]);
  });

  it('is not looked for in a Region whose list cannot be read, and its profile alone has no report', async () => {
    const found = await read({ ...about, abroad: refused });
    expect([found.findings, unseenIn(found)]).toEqual([[], [['kiro eu-central-1'], undefined]]);
    expect(found.notes).toContain('AWS said no');
  });

  it('is found in the claims of two applications of a Region', async () => {
    const found = await read({ ...about, entitlements: [kiro(1), kiro(2)], claims: { 1: [1, 5], 2: [1] } });
    expect([found.findings, unseenIn(found)]).toEqual([['twice 1'], [[]]]);
    expect(found.claimed).toEqual([application(1), application(2)]);
  });

  it('is not looked for there if AWS refuses the claims, which fails no report', async () => {
    const found = await read({ ...about, entitlements: [kiro(1), kiro(2)], claims: refused });
    expect([found.findings, found.notes]).toEqual([[], '']);
    expect(unseenIn(found)).toEqual([['another application of this Region']]);
  });

  it('is no user of Amazon Q Business', async () => {
    const lists = { '': [[aSubscription(1, { plan: BUSINESS.plan })]] };
    const found = await read({ ...about, entitlements: [business(1), business(2)], lists, claims: { 1: [1], 2: [1] } });
    expect([found.findings, found.claimed]).toEqual([[], []]);
  });
});

describe('a configured group', () => {
  it('that does not exist makes nobody an orphan: its profile has no report, and others have theirs', async () => {
    const eu = kiro(3, { region: 'eu-central-1' });
    const { reports, findings, notes } = await read({
      entitlements: [kiro(1), kiro(2), eu],
      groups: { 1: [1], 3: [3] },
      abroad: [aSubscription(3)],
    });
    expect(reports.map(({ reading }) => reading === undefined)).toEqual([true, false]);
    expect([findings, notes]).toEqual([
      [],
      expect.stringContaining(`There is no group ${group(2)} (entitlement entitlement-2)`),
    ]);
    expect(notes).toContain('Correct the groups in entitlements.yml');
  });

  it('without members is named', async () => {
    const { reports } = await read({ entitlements: [kiro(1), kiro(2)], groups: { 1: [1], 2: [] } });
    expect(reports).toMatchObject([{ reading: { emptyGroups: [group(2)] } }]);
  });
});

describe('a user', () => {
  const seat = (number: number, parts: Partial<Seat>) => aSeat(number, { applicationArn: application(1), ...parts });
  const one = (parts: Partial<World>) =>
    read({ entitlements: [kiro(1)], groups: { 1: [1] }, lists: { '': [[aSubscription(2)]] }, ...parts });

  it.each(['leaving', 'held'] as const)('whose seat is %s may keep the subscription', async (status) => {
    const about = { groups: { 1: [] }, seats: [seat(2, { status })] };
    expect((await one(about)).findings).toEqual([]);
    expect((await one({ ...about, groups: { 1: [2] }, lists: {} })).findings).toEqual(['missing 2']);
  });

  it.each(['revoking', 'revoked', 'confirmed'] as const)(
    'who is in no group, with a seat that is %s, may not',
    async (status) => {
      expect((await one({ groups: { 1: [] }, seats: [seat(2, { status })] })).findings).toEqual(['orphan 2']);
    },
  );

  it('on the waitlist need not have one, and may', async () => {
    const seats = [seat(1, { status: 'waitlisted' }), seat(2, { status: 'waitlisted' })];
    expect((await one({ groups: { 1: [1, 2] }, seats })).findings).toEqual([]);
  });

  it.each<[string, Partial<World>]>([
    ['left', { groups: { 1: [] } }],
    ['is disabled', { groups: { 1: [2] }, statuses: { 2: 'disabled' } }],
  ])('on the waitlist who %s may not', async (_fact, about) => {
    expect((await one({ ...about, seats: [seat(2, { status: 'waitlisted' })] })).findings).toEqual(['orphan 2']);
  });

  it('whose status cannot be read is reported as that, and neither as missing nor as an orphan', async () => {
    const refused = new RefusedError('access-denied', 'DescribeUser: AccessDeniedException');
    const { findings, notes } = await one({ groups: { 1: [1, 2] }, statuses: { 1: refused, 2: refused } });
    expect(findings).toEqual([]);
    expect(notes).toContain(`The status could not be read (user ${user(1)})`);
  });

  it('who is missing has had the seat since a time', async () => {
    const { reports } = await one({ seats: [seat(1, { grantedAt: iso(-60) })] });
    expect(reports[0]?.reading?.report.findings[0]).toMatchObject({ kind: 'missing', since: iso(-60) });
  });
});

const DAY = 86_400;

describe('a subscription that is pending', () => {
  const pendingFor = (number: number, seconds: number) =>
    aUserFindings({ applicationArn: application(1), userId: user(number), findings: [], pendingSince: iso(-seconds) });
  const about: World = {
    entitlements: [kiro(1)],
    groups: { 1: [1, 2, 3] },
    lists: { '': [[1, 2, 3].map((number) => aSubscription(number, { status: 'pending' }))] },
  };

  it('is a finding once comparisons have seen it so for 14 days, with since when; the others are counted', async () => {
    const { reports } = await read({ ...about, recorded: [pendingFor(1, 14 * DAY), pendingFor(2, 14 * DAY - 1)] });
    expect(reports[0]?.reading?.report).toMatchObject({
      pending: 3,
      recentlyPending: 2,
      findings: [{ kind: 'pending', userId: user(1), since: iso(-14 * DAY) }],
    });
  });

  it('is a finding without a time if nothing is deployed', async () => {
    const seats = new RefusedError('ledger-missing', 'Query: ResourceNotFoundException');
    const { reports, findings } = await read({ ...about, seats });
    expect(findings).toEqual(['pending 1', 'pending 2', 'pending 3']);
    const { report } = reports[0]?.reading ?? {};
    expect([report?.recentlyPending, report?.findings.map(({ since }) => since)]).toEqual([
      0,
      [undefined, undefined, undefined],
    ]);
  });
});

describe('what Usher itself changes', () => {
  const seat = (number: number, parts: Partial<Seat>) => aSeat(number, { applicationArn: application(1), ...parts });
  const refusal = { reason: 'access-denied', since: iso(), execution: 'one', reported: true };
  const findingsOf = async (parts: Partial<World>, mode: 'manage' | 'report' = 'manage') =>
    (await read({ entitlements: [kiro(1, { mode })], groups: { 1: [1] }, ...parts })).findings;

  it.each<[string, Partial<World>, string[]]>([
    ['a member without a seat', {}, ['missing 1']],
    ['a member whose seat was revoked before', { seats: [seat(1, { status: 'revoked' })] }, ['missing 1']],
    ['a seat that is being given', { seats: [seat(1, { status: 'creating' })] }, ['missing 1']],
    ['a seat that is not verified yet', { seats: [seat(1, { status: 'assigned' })] }, ['missing 1']],
    [
      'a seat that is being taken',
      { groups: { 1: [] }, seats: [seat(1, { status: 'revoking' })], lists: { '': [[aSubscription(1)]] } },
      ['orphan 1'],
    ],
  ])('is no finding where it manages subscriptions: %s', async (_fact, parts, reported) => {
    expect(await findingsOf(parts)).toEqual([]);
    expect(await findingsOf(parts, 'report')).toEqual(reported);
    const observing = { ...kiro(1, { mode: 'manage' }), mode: 'observe' as const };
    expect(await findingsOf({ ...parts, entitlements: [observing] })).toEqual(reported);
  });

  it.each<[string, Partial<World>, string[]]>([
    ['a seat that AWS refused to give', { seats: [seat(1, { status: 'failed', refusal })] }, ['missing 1']],
    [
      'a seat whose grant is tried again',
      { seats: [seat(1, { status: 'creating', refusal: { ...refusal, attempts: 1 } })] },
      ['missing 1'],
    ],
    [
      'a seat that AWS refuses to take',
      { groups: { 1: [] }, seats: [seat(1, { status: 'revoking', refusal })], lists: { '': [[aSubscription(1)]] } },
      ['orphan 1'],
    ],
    ['a seat that was verified', { seats: [seat(1, { status: 'confirmed' })] }, ['missing 1']],
    [
      'an account that AWS refuses',
      { queue: { stopped: { [application(1)]: { since: iso(), probeAt: iso(DAY) } } } },
      ['missing 1'],
    ],
    [
      'an application that is put aside',
      { queue: { sweeps: { [application(1)]: aSweepItem({ failed: true }) } } },
      ['missing 1'],
    ],
    ['a member who is put aside', { queue: { users: { [user(1)]: aUserItem({ failed: true }) } } }, ['missing 1']],
  ])('is a finding once it does not come about: %s', async (_fact, parts, findings) => {
    expect(await findingsOf(parts)).toEqual(findings);
  });
});

describe('the ledger', () => {
  const about: World = { entitlements: [kiro(1)], groups: { 1: [1] } };

  it('may be missing: then the comparison has no times', async () => {
    const ledgerMissing = new RefusedError('ledger-missing', 'Query: ResourceNotFoundException');
    const { reports, findings, notes } = await read({ ...about, seats: ledgerMissing });
    expect([findings, notes]).toEqual([['missing 1'], '']);
    expect(reports[0]?.reading).toMatchObject({ ledgerMissing, grantedAt: undefined });
    expect(reports[0]?.reading?.report.findings[0]).not.toHaveProperty('since');
  });

  it('that cannot be read leaves the profile without a report: users in their grace would seem to have left', async () => {
    const { findings, notes } = await read({ ...about, seats: new RefusedError('access-denied', 'Query: no') });
    expect([findings, notes]).toEqual([[], expect.stringContaining('not read: Query: no')]);
  });

  it('may be missing where subscriptions are managed: then Usher is about to do nothing', async () => {
    const seats = new RefusedError('ledger-missing', 'Query: ResourceNotFoundException');
    expect((await read({ ...about, entitlements: [kiro(1, { mode: 'manage' })], seats })).findings).toEqual([
      'missing 1',
    ]);
  });
});

import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Entitlement, SubscriptionSettings } from '../../domain/entitlements.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import {
  compareSubscriptions,
  FINDING_KINDS,
  type FindingKind,
  type Subscribers,
  type SubscriptionFinding,
  type SubscriptionReport,
} from '../../domain/subscription/findings.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { type StatusCache, statusesOf } from '../../reconcile/plan/user-statuses.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { readersOf } from '../command/readers.ts';
import { Unread } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { MissingPrecondition, UsageError } from '../shared/failures.ts';
import { csvOf } from '../ui/csv.ts';
import { count, escaped, numberOf, relative } from '../ui/text.ts';

const Options = z.object({
  people: z.optional(z.boolean()),
  entitlement: z.optional(z.string()),
  finding: z.optional(z.enum(FINDING_KINDS, `expected one of ${FINDING_KINDS.join(', ')}`)),
  names: z.optional(z.boolean()),
  csv: z.optional(z.boolean()),
});

export function subscriptionsCommand(run: Runner): Command {
  return commandOf('subscriptions', {
    summary: 'Compare paid subscriptions with group membership (read-only)',
    description:
      'Lists the subscriptions of each profile whole, and says who has none, who has one that no entitlement covers, and who has another plan. For entitlements with a subscription setting. Kiro and Amazon Q Developer: experimental, since AWS does not publish the call.',
    examples: [
      ['usher subscriptions', 'counts by profile'],
      ['usher subscriptions --finding orphan --names', 'what is paid for nobody'],
      ['usher subscriptions --csv --names > subscriptions.csv', 'for a spreadsheet'],
    ],
    permissions: [
      'user-subscriptions:ListUserSubscriptions',
      'qbusiness:ListApplications',
      'qbusiness:GetApplication',
      'qbusiness:ListSubscriptions',
      'sts:AssumeRole',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'identitystore:DescribeUser',
      'dynamodb:Query',
    ],
  })
    .option('--people', 'list the findings user by user')
    .option('--entitlement <NAME>', 'only the profile of this entitlement')
    .option('--finding <KIND>', `only findings of this kind: ${FINDING_KINDS.join(', ')}; implies --people`)
    .option('--names', 'also print names')
    .option('--csv', 'comma-separated values; implies --people')
    .action(run(subscriptions));
}

type Subscribed = Entitlement & { subscription: SubscriptionSettings };

/** The entitlements whose subscriptions one list shows. */
interface Profile {
  provider: SubscriptionSettings['provider'];
  region: string;
  roleArn: string | undefined;
  /** Of Amazon Q Business: each application has a list of its own. */
  application: string | undefined;
  entitlements: Subscribed[];
}

interface ProfileReport extends Profile {
  /** Undefined if the list, or the members of a group, could not be read. */
  report: SubscriptionReport | undefined;
}

async function subscriptions(context: Context, command: Command): Promise<void> {
  const { people, entitlement, finding, names, csv } = optionsOf(command, Options);
  const { entitlements } = await context.entitlements();
  const profiles = profilesOf(entitlements.filter(isSubscribed));
  if (profiles.length === 0) {
    throw new MissingPrecondition(
      'No entitlement says which subscription its users should have. Add subscription to one: docs/subscriptions.md',
    );
  }
  const wanted = profiles.filter(
    (profile) => entitlement === undefined || profile.entitlements.some(({ name }) => name === entitlement),
  );
  if (wanted.length === 0)
    throw new UsageError(`No entitlement with a subscription has the name ${escaped(entitlement ?? '')}`);
  const unread = new Unread(context.terminal);
  const reports = await context.terminal.working('Reading subscriptions and groups', (say) =>
    readProfiles(wanted, context, unread, say),
  );
  if (!(people || csv || finding !== undefined)) {
    summarize(reports, context);
    return unread.finish();
  }
  const rows = reports.flatMap(rowsOf).filter(({ kind }) => finding === undefined || kind === finding);
  const called = names ? await namesOfUsers(new Set(rows.map(({ userId }) => userId)), context, unread) : undefined;
  await listFindings(rows, called, csv === true, context);
  unread.finish();
}

function isSubscribed(entitlement: Entitlement): entitlement is Subscribed {
  return entitlement.subscription !== undefined;
}

function profilesOf(entitlements: readonly Subscribed[]): Profile[] {
  const profiles = new Map<string, Profile>();
  for (const entitlement of entitlements) {
    const { provider, region, roleArn } = entitlement.subscription;
    const application = provider === 'amazon-q-business' ? entitlement.application : undefined;
    const key = [provider, region, roleArn, application].join(' ');
    const profile = profiles.get(key) ?? { provider, region, roleArn, application, entitlements: [] };
    profile.entitlements.push(entitlement);
    profiles.set(key, profile);
  }
  return [...profiles.values()];
}

async function readProfiles(
  profiles: readonly Profile[],
  context: Context,
  unread: Unread,
  say: (detail: string) => void,
): Promise<ProfileReport[]> {
  const cache: StatusCache = { userPages: undefined };
  const reports: ProfileReport[] = [];
  for (const profile of profiles) {
    say(titleOf(profile));
    const read = await unread.attempt(async () => {
      const all = await listOf(profile, context);
      const subscribers: Subscribers[] = [];
      for (const entitlement of profile.entitlements)
        subscribers.push(await subscribersOf(entitlement, context, { cache, unread }));
      return compareSubscriptions(all, subscribers);
    });
    reports.push({ ...profile, report: read?.value });
  }
  return reports;
}

async function listOf({ provider, region, roleArn, entitlements }: Profile, context: Context): Promise<Subscription[]> {
  const { identityCenter } = await context.entitlements();
  const services = await context.services();
  const [first] = entitlements;
  const found = await services.subscriptions({
    provider,
    region,
    instanceArn: identityCenter.instanceArn,
    application: first?.application ?? '',
    ...(roleArn === undefined ? {} : { roleArn }),
  });
  const all: Subscription[] = [];
  for await (const page of found.subscriptions()) all.push(...page);
  return all;
}

/** Reads who is entitled: the members of the groups, without those who are disabled or deleted. */
async function subscribersOf(
  { name, application, groups, subscription }: Subscribed,
  context: Context,
  { cache, unread }: { cache: StatusCache; unread: Unread },
): Promise<Subscribers> {
  const readers = await readersOf(context);
  const members = new Set<string>();
  for (const group of groups) {
    for await (const page of readers.directory.membersOf(group)) for (const userId of page ?? []) members.add(userId);
  }
  const { statuses, unread: unknown } = await statusesOf([...members], readers, cache);
  const seats = (await unread.attempt(() => readers.ledger.holdings(application)))?.value.seats ?? [];
  const since = new Map(seats.filter(takesSlot).map(({ userId, grantedAt }) => [userId, grantedAt]));
  const entitled = [...members].filter((userId) => unknown.has(userId) || statuses.get(userId) === 'enabled');
  return {
    entitlement: name,
    plan: subscription.plan,
    entitled: new Map(entitled.map((userId) => [userId, since.get(userId)])),
  };
}

function titleOf({ provider, region, application, roleArn }: Profile): string {
  const account = roleArn?.split(':')[4];
  return [provider, region, application?.split('/').at(-1), account].filter((part) => part !== undefined).join(' ');
}

/** What each finding means, and what to do. */
const MEANINGS: Readonly<Record<FindingKind, string>> = {
  missing: 'has no subscription. The assignment alone gives none. Subscribe the user; of a group, AWS may take a day',
  orphan: 'has a subscription that no configured entitlement covers. It is billed until someone cancels it',
  'wrong-plan': 'has a subscription of another plan than the entitlement says',
  pending: 'has a subscription and has never used it. AWS charges it from the first use',
  'through-group': 'has the subscription through a group. It ends with the membership of that group',
};

/** Stands in a table for what could not be read. */
const UNREAD = '?';

function summarize(reports: readonly ProfileReport[], { terminal, json }: Context): void {
  if (json) {
    for (const { report, entitlements, ...profile } of reports) {
      const { findings, ...counts } = report ?? {};
      const names = entitlements.map(({ name }) => name);
      terminal.json({ ...profile, entitlements: names, ...counts, ...(findings ? countsOf(findings) : {}) });
    }
    return;
  }
  terminal.table(
    ['PROFILE', 'ENTITLEMENTS', 'ACTIVE', 'PENDING', 'MISSING', 'ORPHANS', 'WRONG PLAN', 'THROUGH GROUP'],
    reports.map(({ report, ...profile }) => {
      const counts = report && countsOf(report.findings);
      const shown = (number: number | undefined) => (number === undefined ? UNREAD : numberOf(number));
      const found = (number: number | undefined) =>
        number === undefined || number === 0 ? shown(number) : terminal.colors.yellow(numberOf(number));
      return [
        titleOf(profile),
        profile.entitlements.map(({ name }) => name).join(', '),
        shown(report?.active),
        shown(report?.pending),
        found(counts?.missing),
        found(counts?.orphan),
        found(counts?.['wrong-plan']),
        shown(counts?.['through-group']),
      ];
    }),
  );
  for (const { report, ...profile } of reports) {
    if (!report) continue;
    const { groups, unreadable, unknown } = report;
    const title = titleOf(profile);
    if (unreadable > 0)
      terminal.note(
        `${title}: ${count(unreadable, 'subscription')} name their user in a way that this version does not know. A missing one may be among them`,
      );
    if (unknown > 0)
      terminal.note(`${title}: ${count(unknown, 'subscription')} have a status that this version does not know`);
    if (groups.length > 0)
      terminal.note(`${title}: ${count(groups.length, 'group is', 'groups are')} subscribed (${groups.join(', ')})`);
  }
  const kinds = FINDING_KINDS.filter((kind) =>
    reports.some(({ report }) => report?.findings.some((one) => one.kind === kind)),
  );
  for (const kind of kinds)
    terminal.note(`${kind}: a user ${MEANINGS[kind]}. See: usher subscriptions --finding ${kind}`);
  if (reports.some(({ provider }) => provider === 'kiro'))
    terminal.note('kiro is experimental: AWS does not publish the call, and it may change without notice');
}

function countsOf(findings: readonly SubscriptionFinding[]): Record<FindingKind, number> {
  const of = (kind: FindingKind) => findings.filter((one) => one.kind === kind).length;
  return {
    missing: of('missing'),
    orphan: of('orphan'),
    'wrong-plan': of('wrong-plan'),
    pending: of('pending'),
    'through-group': of('through-group'),
  };
}

type Row = SubscriptionFinding & { provider: string; region: string };

function rowsOf({ report, provider, region }: ProfileReport): Row[] {
  return (report?.findings ?? []).map((one) => ({ ...one, provider, region }));
}

async function listFindings(
  rows: readonly Row[],
  names: ReadonlyMap<string, string> | undefined,
  csv: boolean,
  { terminal, clock, json }: Context,
): Promise<void> {
  const named = rows.map(({ kind, ...row }) => ({
    finding: kind,
    ...row,
    ...(names ? { name: names.get(row.userId) ?? '' } : {}),
  }));
  if (json) {
    for (const row of named) terminal.json(row);
    return;
  }
  if (csv) {
    const columns = [
      ...(names ? ['name'] : []),
      'userId',
      'finding',
      'entitlement',
      'plan',
      'expected',
      'since',
      'provider',
      'region',
    ];
    terminal.line(await csvOf(named, columns));
    return;
  }
  const now = clock.now();
  terminal.table(
    [...(names ? ['NAME'] : []), 'USER', 'FINDING', 'ENTITLEMENT', 'PLAN', 'EXPECTED', 'SINCE'],
    named.map(({ userId, finding, entitlement, plan, expected, since, ...row }) => [
      ...('name' in row ? [row.name] : []),
      userId,
      finding,
      entitlement ?? '',
      plan ?? '',
      expected ?? '',
      since === undefined ? '' : relative(since, now),
    ]),
  );
}

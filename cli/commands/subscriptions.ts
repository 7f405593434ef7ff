import type { Command } from 'commander';
import * as z from 'zod/mini';
import { FINDING_KINDS, type FindingKind, type SubscriptionFinding } from '../../domain/subscription/findings.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { type ProfileReport, profilesOf, readProfiles, titleOf } from '../command/subscriptions.ts';
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

async function subscriptions(context: Context, command: Command): Promise<void> {
  const { people, entitlement, finding, names, csv } = optionsOf(command, Options);
  const { entitlements } = await context.entitlements();
  const profiles = profilesOf(entitlements);
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

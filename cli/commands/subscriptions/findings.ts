import { titleOf } from '../../../domain/profiles.ts';
import {
  FINDING_KINDS,
  type FindingKind,
  PENDING_DAYS,
  type SubscriptionFinding,
} from '../../../domain/subscription/findings.ts';
import { COST_KINDS, costsOf, type Prices, priceOf, totalOf } from '../../../domain/subscription/prices.ts';
import { FINDING_MEANINGS } from '../../../operator/finding-meanings.ts';
import { count, moneyOf, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import type { ProfileReport } from '../../command/subscriptions.ts';
import { nameIn } from '../../command/user-names.ts';
import { csvOf } from '../../ui/csv.ts';
import { costFields, costInWords, priceFields } from './money.ts';

/** Stands in a table for what could not be read. */
const UNREAD = '?';

/** Prints counts by profile and, with prices, what they cost. */
export function summarize(reports: readonly ProfileReport[], prices: Prices | undefined, context: Context): void {
  if (context.json) summarizeForPrograms(reports, prices, context);
  else summarizeInTables(reports, prices, context);
}

function summarizeInTables(reports: readonly ProfileReport[], prices: Prices | undefined, context: Context): void {
  const { terminal } = context;
  terminal.table(
    ['PROFILE', 'ENTITLEMENTS', 'ACTIVE', 'PENDING', 'MISSING', 'ORPHANS', 'WRONG PLAN', 'THROUGH GROUP', 'TWICE'],
    reports.map(({ reading, ...profile }) => {
      const report = reading?.report;
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
        found(counts?.twice),
      ];
    }),
  );
  if (prices) summarizeCosts(reports, prices, context);
  const kinds = FINDING_KINDS.filter((kind) =>
    reports.some(({ reading }) => reading?.report.findings.some((one) => one.kind === kind)),
  );
  for (const kind of kinds)
    terminal.note(`${kind}: a user ${FINDING_MEANINGS[kind]}. See: usher subscriptions --finding ${kind}`);
}

/** Notes what one must know to read the counts or the findings of profiles. */
export function noteWhatToKnow(reports: readonly ProfileReport[], { terminal }: Context): void {
  for (const { reading, ...profile } of reports) {
    if (!reading) continue;
    const { emptyGroups, report, unseen } = reading;
    const { groups, unreadable, unknown, recentlyPending } = report;
    const title = titleOf(profile);
    if (unreadable > 0)
      terminal.note(
        `${title}: ${count(unreadable, 'subscription names its', 'subscriptions name their')} user in a way that this version does not know. A missing one may be among them`,
      );
    if (unknown > 0)
      terminal.note(
        `${title}: ${count(unknown, 'subscription has', 'subscriptions have')} a status that this version does not know`,
      );
    for (const { where, error } of unseen)
      terminal.note(`${title}: Usher cannot see who is charged a second time in ${where}. ${error.message}`);
    if (recentlyPending > 0)
      terminal.note(
        `${title}: ${count(recentlyPending, 'subscription has', 'subscriptions have')} been pending for less than ${PENDING_DAYS} days, as far as the hourly comparisons show`,
      );
    if (groups.length > 0)
      terminal.note(`${title}: ${count(groups.length, 'group is', 'groups are')} subscribed (${groups.join(', ')})`);
    if (emptyGroups.length > 0)
      terminal.note(
        `${title}: ${count(emptyGroups.length, 'configured group has', 'configured groups have')} no members (${emptyGroups.join(', ')})`,
      );
  }
  if (reports.some(({ reading }) => reading?.ledgerMissing))
    terminal.note(
      'This account and Region have no ledger of this stage: SINCE is empty. Since when a subscription is pending, and who is on the waitlist or in the days of grace, is not known. Is Usher deployed here? Check --stage, --region and --profile',
    );
  if (reports.some(({ provider }) => provider === 'kiro'))
    terminal.note('kiro is experimental: AWS does not publish the call, and it may change without notice');
}

function summarizeForPrograms(
  reports: readonly ProfileReport[],
  prices: Prices | undefined,
  { terminal }: Context,
): void {
  const costs = prices && costsByProfile(reports, prices);
  reports.forEach(({ reading, entitlements, roleArns, ...profile }, index) => {
    const { findings, groups, ...counts } = reading?.report ?? {};
    const names = entitlements.map(({ name }) => name);
    const roles = roleArns.filter((roleArn) => roleArn !== undefined);
    const own = costs?.[index];
    const { provider, region, application } = profile;
    terminal.json({
      type: 'profile',
      ...{ provider, region },
      ...(application === undefined ? {} : { application }),
      ...(roles.length > 0 ? { roleArns: roles } : {}),
      entitlements: names,
      ...counts,
      ...(groups ? { groups: [...groups] } : {}),
      ...(reading ? { emptyGroups: reading.emptyGroups } : {}),
      ...(reading && reading.unseen.length > 0 ? { unseen: reading.unseen.map(({ where }) => where) } : {}),
      ...(findings ? { findings: countsOf(findings) } : {}),
      ...(own && prices ? costFields(own, prices) : {}),
    });
  });
  const total = costs && totalOfAll(costs);
  if (total && prices) terminal.json({ type: 'subscription-total', ...costFields(total, prices) });
}

/** Undefined for a profile that could not be read. */
function costsByProfile(reports: readonly ProfileReport[], prices: Prices) {
  return reports.map(({ reading }) => reading && costsOf(reading.all, reading.subscribers, prices));
}

/** Undefined if a profile could not be read. */
function totalOfAll(costs: ReturnType<typeof costsByProfile>) {
  const known = costs.filter((one) => one !== undefined);
  return known.length === costs.length ? totalOf(known) : undefined;
}

function summarizeCosts(reports: readonly ProfileReport[], prices: Prices, { terminal }: Context): void {
  const costs = costsByProfile(reports, prices);
  const rows = reports.map((report, index) => ({ title: titleOf(report), own: costs[index] }));
  if (rows.length > 1) rows.push({ title: 'total', own: totalOfAll(costs) });
  terminal.line();
  terminal.table(
    [`PER MONTH (${prices.currency})`, 'ACTIVE', 'OF THESE ORPHANS', 'PENDING', 'MISSING'],
    rows.map(({ title, own }) => [title, ...COST_KINDS.map((kind) => (own ? costInWords(own[kind]) : UNREAD))]),
  );
  terminal.note(
    'Costs are by your prices, before any discount or tax. Pending: what they cost once they are used. Missing: what these users cost once they are subscribed',
  );
}

function countsOf(findings: readonly SubscriptionFinding[]): Record<FindingKind, number> {
  const of = (kind: FindingKind) => findings.filter((one) => one.kind === kind).length;
  return {
    missing: of('missing'),
    orphan: of('orphan'),
    'wrong-plan': of('wrong-plan'),
    pending: of('pending'),
    'through-group': of('through-group'),
    twice: of('twice'),
  };
}

/** A finding, and where it is. */
export type FindingRow = SubscriptionFinding & { title: string; provider: string; region: string };

/** Returns the findings of a profile; none if it could not be read. */
export function rowsOf({ reading, ...profile }: ProfileReport): FindingRow[] {
  const { provider, region } = profile;
  const title = titleOf(profile);
  return (reading?.report.findings ?? []).map((one) => ({ ...one, title, provider, region }));
}

interface Listing {
  names: ReadonlyMap<string, string> | undefined;
  csv: boolean;
  prices: Prices | undefined;
  /** Whether the table says of which profile each finding is. */
  withProfile: boolean;
}

/** Prints findings user by user. */
export async function listFindings(
  rows: readonly FindingRow[],
  { names, csv, prices, withProfile }: Listing,
  { terminal, clock, json, unread }: Context,
): Promise<void> {
  const named = rows.map((row) => ({
    ...row,
    ...(prices ? priceFields(priceOf([row.plan ?? row.expected ?? 'unknown'], prices), prices) : {}),
    ...nameIn(names, row.userId),
  }));
  if (json) {
    for (const { title: _, ...row } of named) terminal.json({ type: 'finding', ...row });
    if (named.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'finding' });
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
      'status',
      'source',
      'since',
      'provider',
      'region',
      ...(prices ? ['pricePerMonth', 'currency'] : []),
    ];
    const values = named.map(({ kind, ...row }) => ({ finding: kind, ...row }));
    terminal.line(await csvOf(values, columns));
    return;
  }
  const now = clock.now();
  terminal.table(
    [
      ...(names ? ['NAME'] : []),
      'USER',
      ...(withProfile ? ['PROFILE'] : []),
      'FINDING',
      'ENTITLEMENT',
      'PLAN',
      'EXPECTED',
      'STATUS',
      'SINCE',
      ...(prices ? [`PER MONTH (${prices.currency})`] : []),
    ],
    named.map(({ userId, title, kind, entitlement, plan, expected, status, since, ...row }) => [
      ...(names ? [row.name ?? ''] : []),
      userId,
      ...(withProfile ? [title] : []),
      kind,
      entitlement ?? '',
      plan ?? '',
      expected ?? '',
      status ?? '',
      terminal.when(since, now),
      ...(prices ? [priceCell(row)] : []),
    ]),
  );
}

/** Returns the price in a row of a table. */
export function priceCell(row: { pricePerMonth?: number }): string {
  return row.pricePerMonth === undefined ? 'unknown' : moneyOf(row.pricePerMonth);
}

import type { Command } from 'commander';
import * as z from 'zod/mini';
import { managedOf } from '../../domain/entitlements.ts';
import { noticeRuleOf } from '../../domain/notify/decide.ts';
import { type Adoption, adoptionLine } from '../../operator/adoption/adoption-line.ts';
import type { OthersSubscriptions } from '../../operator/adoption/others-subscriptions.ts';
import { adoptingOf, concernedBy, type FoundAdoption, readAdoptions } from '../../operator/adoption/read-adoptions.ts';
import { UsageError } from '../../operator/failures.ts';
import type { AdoptionLine } from '../../operator/lines/adoption.ts';
import type { EntitlementPlan } from '../../operator/plan/entitlement-plan.ts';
import { readersOf } from '../../operator/readers.ts';
import { count, numberOf, relative } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { ADMIN_STARTS, DECISION_READS, SUBSCRIPTION_READS } from '../command/permissions.ts';
import { startAndFollow } from '../command/start-execution.ts';
import { printUnread } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';

const Options = z.object({
  subscriptions: z._default(z.boolean(), false),
  orphans: z._default(z.boolean(), false),
  names: z._default(z.boolean(), false),
  yes: z._default(z.boolean(), false),
  wait: z._default(z.boolean(), false),
});

export function adoptCommand(run: Runner): Command {
  return commandOf('adopt', {
    summary: 'Adopt assignments, and subscriptions, that others made for entitled users',
    description:
      'An adopted seat counts toward the cap and is revoked when its user leaves, like any other. Assignments of users who are not entitled stay unmanaged. With --subscriptions, the subscriptions of entitled users end with their seats, too; for entitlements whose subscription has mode: manage. With --orphans, also adopts the subscriptions of users whom no entitlement covers: Usher cancels them as if these users had just left, after the days of grace and under the brake. Only as many users are adopted at a time as slots are free. Lists what it would adopt and asks for confirmation.',
    examples: [
      ['usher adopt', 'all entitlements: list, then ask'],
      ['usher adopt amazon-q-developer --yes', 'one entitlement, do not ask'],
      ['usher adopt kiro --subscriptions', 'assignments and subscriptions of entitled users'],
      ['usher adopt kiro --subscriptions --orphans --names', 'also those that no entitlement covers, to cancel them'],
    ],
    permissions: [
      ...DECISION_READS,
      'sso:ListApplicationAssignments',
      'sso:GetApplicationAssignmentConfiguration',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      ...SUBSCRIPTION_READS,
      ...ADMIN_STARTS,
    ],
  })
    .argument('[ENTITLEMENT]', 'name of an entitlement (default: all)')
    .option('--subscriptions', 'also adopt subscriptions that others started for entitled users')
    .option('--orphans', 'also adopt subscriptions that no entitlement covers, to cancel them')
    .option('--names', 'also print names')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'follow the executions to their end')
    .action(run(adopt));
}

async function adopt(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { subscriptions, orphans, names, yes, wait } = optionsOf(command, Options);
  if (orphans && !subscriptions)
    throw new UsageError(
      '--orphans adopts subscriptions: give --subscriptions, too. It also adopts those of entitled users',
    );
  const readers = await readersOf(context);
  const { adopting, leftOut } = adoptingOf(readers.entitlements.entitlements, { name: command.args[0], subscriptions });
  if (leftOut !== undefined) terminal.note(leftOut);
  const found = await terminal.working('Reading assignments and memberships', () =>
    readAdoptions(adopting, { subscriptions, orphans }, readers, context),
  );
  const called = names ? await namesOfUsers(concernedBy(found), context, context.unread) : new Map<string, string>();
  printFound(found, called, context);
  printUnread(context);
  const some = found
    .map(({ adoption }) => adoption)
    .filter((one) => [one.assignments, one.subscriptions, one.orphans].some((users) => users.length > 0));
  if (some.length === 0) {
    if (json) terminal.json({ type: 'none', of: 'adoption' });
    return terminal.note('There is nothing to adopt.');
  }
  const lines = some.map((one) => adoptionLine(one, called));
  if (json) for (const line of lines) terminal.json(line);
  if (names) for (const line of lines) printAdopted(line, context);
  for (const { entitlement } of some) {
    const rule = noticeRuleOf(readers.entitlements, entitlement.application);
    if (rule?.settings.backfill && rule.entitlement.notices.send.includes('assigned'))
      terminal.note(`${entitlement.name}: users whose seat is adopted get the notice assigned (notices.backfill).`);
  }
  if (!(await terminal.confirm(questionOf(some, subscriptions), yes))) return;
  for (const one of some) {
    // Of orphans that were not shown, none is adopted.
    const more = subscriptions ? { subscriptions: one.orphans.length > 0 ? 'all' : 'entitled' } : {};
    await startAndFollow({ machine: 'adminMachine', input: { adopt: one.entitlement.name, ...more }, wait }, context);
  }
}

function questionOf(adoptions: readonly Adoption[], subscriptions: boolean): string {
  const sum = (numberIn: (one: Adoption) => number) => adoptions.reduce((all, one) => all + numberIn(one), 0);
  const assignments = count(
    sum((one) => one.assignments.length),
    'assignment',
  );
  if (!subscriptions) return `Adopt ${assignments}?`;
  const orphans = sum((one) => one.orphans.length);
  const all = count(sum((one) => one.subscriptions.length) + orphans, 'subscription');
  return `Adopt ${assignments} and ${all}${orphans > 0 ? `, and cancel up to ${numberOf(orphans)} of them under the brake` : ''}?`;
}

/** Prints what was found, of which the executions adopt what fits under the cap. */
function printFound(found: readonly FoundAdoption[], called: ReadonlyMap<string, string>, context: Context): void {
  for (const { plan, free, others, orphans } of found) {
    printAssignments(plan, free, context);
    if (others) printSubscriptions(plan, others, context);
    if (orphans && others) printOrphans(plan, { others, orphans, called, free }, context);
  }
  if (found.some(({ plan, others }) => others && managedOf(plan.entitlement)?.provider === 'kiro'))
    context.terminal.note('kiro is experimental: AWS does not publish the calls, and they may change without notice');
}

function printAssignments(
  { entitlement, adoptable, unmanaged }: EntitlementPlan,
  free: number,
  { terminal }: Context,
): void {
  const { name, seats } = entitlement;
  const more = adoptable.length > free ? `, ${free} of which fit under the cap of ${seats.max}` : '';
  terminal.note(
    `${name}: ${count(unmanaged, 'assignment')} not made by Usher, ${adoptable.length} of entitled users${more}.`,
  );
}

/** Lists by name whose assignment or subscription would be adopted; orphans are listed anyway. */
function printAdopted({ entitlement, assignments, subscriptions }: AdoptionLine, { terminal }: Context): void {
  const assigned = new Set(assignments.map(({ userId }) => userId));
  const subscribed = new Set(subscriptions.map(({ userId }) => userId));
  const users = [...assignments, ...subscriptions.filter(({ userId }) => !assigned.has(userId))];
  if (users.length > 0) terminal.note(`${entitlement}:`);
  for (const { userId, name } of users) {
    const what = [assigned.has(userId) && 'assignment', subscribed.has(userId) && 'subscription'].filter(Boolean);
    terminal.note(`  ${[userId, name, what.join(' and ')].filter(Boolean).join('  ')}`);
  }
}

function printSubscriptions(
  { entitlement, adoptable, unsubscribed }: EntitlementPlan,
  { subscribed }: OthersSubscriptions,
  { terminal }: Context,
): void {
  const users = [...adoptable, ...unsubscribed].filter((userId) => subscribed.has(userId)).length;
  terminal.note(
    `${entitlement.name}: ${count(users, 'entitled user has', 'entitled users have')} a subscription of their own that Usher neither started nor adopted.`,
  );
}

/** What is printed about orphans: all of them, and how many slots are free for them and for assignments. */
interface Orphans {
  others: OthersSubscriptions;
  orphans: readonly string[];
  called: ReadonlyMap<string, string>;
  free: number;
}

function printOrphans(
  { entitlement: { name, seats, onLeave }, adoptable }: EntitlementPlan,
  { others: { comparedAt }, orphans, called, free }: Orphans,
  { terminal, clock }: Context,
): void {
  if (comparedAt === undefined) {
    terminal.note(
      `${name}: its subscriptions have not been compared so far, so that no orphan is known. The hourly sweep compares them, or now: usher start --all --wait`,
    );
    return;
  }
  const as = `as of the comparison ${relative(comparedAt, clock.now())}`;
  const what = count(orphans.length, 'subscription is of a user', 'subscriptions are of users');
  const left = Math.max(0, free - adoptable.length);
  const more =
    orphans.length > left
      ? ` Of these, ${left} fit under the cap of ${seats.max} now, and more while the execution runs and their slots become free; run it again for the rest.`
      : '';
  const { revokeAfterDays: days } = onLeave;
  const when = days > 0 ? `after ${count(days, 'day')} of grace` : 'within minutes';
  const fate = orphans.length === 0 ? '' : ` Usher cancels what it adopts of these ${when}, under the brake.${more}`;
  terminal.note(`${name}: ${what} whom no entitlement covers, ${as}.${fate}`);
  for (const userId of orphans) terminal.note(`  ${[userId, called.get(userId)].filter(Boolean).join('  ')}`);
}

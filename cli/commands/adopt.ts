import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import { profileKey } from '../../domain/profiles.ts';
import { type Adoption, adoptionLine } from '../../operator/adoption/adoption-line.ts';
import {
  managedProfileOf,
  type OthersSubscriptions,
  orphansFor,
  readOthers,
} from '../../operator/adoption/others-subscriptions.ts';
import { UsageError } from '../../operator/failures.ts';
import type { AdoptionLine } from '../../operator/lines/adoption.ts';
import { readersOf } from '../../operator/readers.ts';
import { unknownEntitlement } from '../../operator/suggestions.ts';
import { count, numberOf, relative } from '../../operator/text.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { ADMIN_STARTS, DECISION_READS, SUBSCRIPTION_READS } from '../command/permissions.ts';
import { type Preview, preview } from '../command/preview.ts';
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
type AdoptOptions = z.infer<typeof Options>;

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
  const options = optionsOf(command, Options);
  const { subscriptions, orphans, yes, wait } = options;
  if (orphans && !subscriptions)
    throw new UsageError(
      '--orphans adopts subscriptions: give --subscriptions, too. It also adopts those of entitled users',
    );
  const readers = await readersOf(context);
  const wanted = wantedOf(readers.entitlements.entitlements, { name: command.args[0], subscriptions }, context);
  const { adoptions, called } = await adoptionsOf(wanted, options, readers, context);
  const some = adoptions.filter((one) =>
    [one.assignments, one.subscriptions, one.orphans].some((users) => users.length > 0),
  );
  if (some.length === 0) {
    if (json) terminal.json({ type: 'none', of: 'adoption' });
    return terminal.note('There is nothing to adopt.');
  }
  const lines = some.map((one) => adoptionLine(one, called));
  if (json) for (const line of lines) terminal.json(line);
  if (options.names) for (const line of lines) printAdopted(line, context);
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

/**
 * Returns the entitlements that adopt something.
 *
 * @throws UsageError if none has the name, or none of them may
 */
function wantedOf(
  entitlements: readonly Entitlement[],
  { name, subscriptions }: { name: string | undefined; subscriptions: boolean },
  { terminal }: Context,
): readonly Entitlement[] {
  const named = entitlements.filter((one) => name === undefined || one.name === name);
  if (named.length === 0) {
    throw unknownEntitlement(name ?? '', entitlements);
  }
  const managing = named.filter((one) => !subscriptions || managedOf(one) !== undefined);
  if (managing.length === 0) {
    throw new UsageError(
      `${named.map((one) => one.name).join(', ')}: Usher manages no subscription here, so it adopts none. Set mode: manage in the subscription, and deploy first: docs/subscriptions.md`,
    );
  }
  const wanted = managing.filter(({ mode }) => mode !== 'observe');
  const observed = managing.filter(({ mode }) => mode === 'observe').map((one) => one.name);
  const refusal = `${observed.join(', ')}: mode: observe changes nothing, so nothing is adopted. Deploy mode: enforce first`;
  if (wanted.length === 0) throw new UsageError(refusal);
  if (observed.length > 0) terminal.note(refusal);
  return wanted;
}

/** Reads what executions would adopt, as they do, and prints it. */
async function adoptionsOf(
  wanted: readonly Entitlement[],
  { subscriptions, orphans, names }: AdoptOptions,
  readers: Readers,
  context: Context,
): Promise<{ adoptions: Adoption[]; called: ReadonlyMap<string, string> }> {
  const { terminal, clock } = context;
  const { unread } = context;
  const shared = { members: new Map(), userPages: undefined };
  const lists = new Map<string, OthersSubscriptions>();
  const found = await terminal.working('Reading assignments and memberships', async (report) => {
    const all = [];
    for (const entitlement of wanted) {
      report(entitlement.name);
      const own = await preview(entitlement, clock.now(), readers, shared);
      const profile = subscriptions ? managedProfileOf(entitlement, readers) : undefined;
      const key = profile && profileKey(profile);
      const known = key === undefined ? undefined : lists.get(key);
      const say = (read: number) => report(`${entitlement.name}: ${count(read, 'subscription')}`);
      const others = known ?? (profile && (await readOthers(profile, readers, { shared, say })));
      if (key !== undefined && others) lists.set(key, others);
      // AWS cancels a subscription once: the first entitlement of a profile adopts its orphans.
      const takesOrphans = orphans && others && !known;
      all.push({ own, others, orphans: takesOrphans ? await orphansFor(entitlement, others, readers) : undefined });
    }
    return all;
  });
  const concerned = found.flatMap(({ own, orphans: some = [] }) => [...own.adoptable, ...own.unsubscribed, ...some]);
  const called = names ? await namesOfUsers(concerned, context, unread) : new Map<string, string>();
  const adoptions = found.map(({ own, others, ...one }) => {
    const free = Math.max(0, own.entitlement.seats.max - own.inUse);
    printAssignments(own, free, context);
    if (others) printSubscriptions(own, others, context);
    if (one.orphans && others) printOrphans(own, { others, orphans: one.orphans, called, free }, context);
    const assignments = own.adoptable.toSorted().slice(0, free);
    const isSubscribed = (userId: string) => others?.subscribed.has(userId) === true;
    return {
      entitlement: own.entitlement,
      assignments,
      subscriptions: [...assignments, ...own.unsubscribed].filter(isSubscribed),
      orphans: free > assignments.length ? (one.orphans ?? []) : [],
    };
  });
  if (wanted.some((one) => subscriptions && managedOf(one)?.provider === 'kiro'))
    terminal.note('kiro is experimental: AWS does not publish the calls, and they may change without notice');
  printUnread(context);
  return { adoptions, called };
}

function printAssignments({ entitlement, adoptable, unmanaged }: Preview, free: number, { terminal }: Context): void {
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
  { entitlement, adoptable, unsubscribed }: Preview,
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
  { entitlement: { name, seats, onLeave }, adoptable }: Preview,
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

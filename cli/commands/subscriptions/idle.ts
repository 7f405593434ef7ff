import { type Profile, titleOf } from '../../../domain/profiles.ts';
import { dayOf, rangesOf } from '../../../domain/shared/day.ts';
import {
  type ActivityReport,
  coverageOf,
  findIdle,
  type IdleReport,
  type IdleSeat,
  type IdleWindow,
  NEWEST_DAY_LIMIT,
} from '../../../domain/subscription/idle.ts';
import { costOf, type Prices, priceOf } from '../../../domain/subscription/prices.ts';
import { readActivityFiles } from '../../../input/activity-files.ts';
import { labelOf, readText } from '../../../input/files.ts';
import { readUserIds } from '../../../input/user-ids-file.ts';
import { CommandFailed, MissingPrecondition } from '../../../operator/failures.ts';
import { count, numberOf } from '../../../operator/text.ts';
import type { Unread } from '../../../operator/unread.ts';
import type { Context } from '../../command/context.ts';
import { readProfiles } from '../../command/subscriptions.ts';
import { finish } from '../../command/unread.ts';
import { nameIn, namesOfUsers } from '../../command/user-names.ts';
import { csvOf } from '../../ui/csv.ts';
import { priceCell } from './findings.ts';
import { costInWords, priceFields } from './money.ts';

interface IdleOptions {
  /** Length of the window in days. */
  idle: number;
  activity: string;
  grace: number;
  except: string | undefined;
  names: boolean;
  csv: boolean;
  prices: Prices | undefined;
}

/** What is idle of one profile. */
interface ProfileIdle {
  profile: Profile;
  window: IdleWindow;
  found: IdleReport;
}

/** Lists users with a paid seat and without use. Reads the files first: without them, AWS is not asked. */
export async function listIdle(profiles: readonly Profile[], options: IdleOptions, context: Context): Promise<void> {
  const { terminal } = context;
  const judged = profiles.filter(({ provider }) => provider === 'kiro');
  if (judged.length === 0) {
    throw new MissingPrecondition(
      'No profile can be judged: AWS writes activity files of Kiro and Amazon Q Developer, and none of Amazon Q Business',
    );
  }
  const except =
    options.except === undefined
      ? new Set<string>()
      : readUserIds(await readText(options.except, context.stdin), labelOf(options.except));
  const activity = await terminal.working('Reading activity files', (say) =>
    readActivityFiles(options.activity, (done, all) => say(`${numberOf(done)} of ${numberOf(all)}`)),
  );
  const windows = windowsOf(judged, activity, options.idle, context);
  const { unread } = context;
  const read = await terminal.working('Reading subscriptions and groups', (say) =>
    readProfiles(judged, context, unread, say),
  );
  const all = read.flatMap(({ reading, ...profile }): ProfileIdle[] => {
    const window = windows.get(profile.region);
    if (reading?.ledgerMissing) throw reading.ledgerMissing;
    // Without the ledger, a newcomer may be taken for an idle user.
    if (!(window && reading?.grantedAt)) return [];
    const seats = { all: reading.all, entitlements: reading.subscribers, grantedAt: reading.grantedAt };
    const found = findIdle(seats, activity, { window, graceDays: options.grace, except });
    requireSameUsers(profile, found, activity);
    return [{ profile, window, found }];
  });
  await print(all, options, context, unread);
  for (const profile of profiles.filter((one) => !judged.includes(one)))
    terminal.note(`${titleOf(profile)} is not judged: AWS writes no activity files of it`);
  finish(context);
}

/** @throws CommandFailed if the files do not cover every day, for each Region */
function windowsOf(
  profiles: readonly Profile[],
  activity: readonly ActivityReport[],
  days: number,
  { terminal, clock }: Context,
): Map<string, IdleWindow> {
  const today = dayOf(clock.now());
  const windows = new Map<string, IdleWindow>();
  const refusals: string[] = [];
  for (const region of new Set(profiles.map((profile) => profile.region))) {
    const coverage = coverageOf(activity, { region, days, today });
    if (!coverage.window) {
      const { newest, isTooOld, missing } = coverage;
      const what =
        newest === undefined
          ? 'No activity file covers any day'
          : isTooOld
            ? `The newest day that the activity files cover is ${newest}, more than ${NEWEST_DAY_LIMIT} days ago`
            : `The activity files do not cover all ${days} days until ${newest}`;
      refusals.push(`${what} (Region ${region}). Missing: ${daysInWords(missing)}`);
      continue;
    }
    windows.set(region, coverage.window);
    if (coverage.incomplete > 0)
      terminal.note(
        `Region ${region}: for ${count(coverage.incomplete, 'day')} there is only the older report (by_user_analytic). That of Kiro leaves out the use of Kiro's IDE: copy user_report, too`,
      );
  }
  if (refusals.length === 0) return windows;
  const advice = 'So no user is called idle. Copy the missing days, or ask for fewer days: docs/subscriptions.md';
  throw new CommandFailed([...refusals, advice].join('\n'));
}

/** More ranges would bury the advice. */
const MOST_RANGES = 20;

function daysInWords(days: readonly string[]): string {
  const ranges = rangesOf(days).map(({ from, to }) => (from === to ? from : `${from} to ${to}`));
  const more = ranges.length - MOST_RANGES;
  return [...ranges.slice(0, MOST_RANGES), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}

/** @throws CommandFailed if the files are about other users than those of the profile */
function requireSameUsers(profile: Profile, { paid, seen }: IdleReport, activity: readonly ActivityReport[]): void {
  if (paid === 0 || seen > 0 || activity.every(({ lastUses }) => lastUses.size === 0)) return;
  throw new CommandFailed(
    `${titleOf(profile)}: no user of the activity files has a subscription of this profile. They seem to be those of another account or identity store, so no user is called idle`,
  );
}

async function print(
  all: readonly ProfileIdle[],
  { names, csv, prices }: IdleOptions,
  context: Context,
  unread: Unread,
): Promise<void> {
  const { terminal, clock, json } = context;
  const users = new Set(all.flatMap(({ found }) => found.idle.map(({ userId }) => userId)));
  const called = names ? await namesOfUsers(users, context, unread) : undefined;
  const rows = all.flatMap(({ profile, found }) => found.idle.map((seat) => rowOf(seat, profile, called, prices)));
  if (json) {
    for (const { title: _, ...row } of rows) terminal.json({ type: 'finding', ...row });
    if (rows.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'finding' });
  } else if (csv) {
    const columns = ['userId', 'finding', 'entitlement', 'plan', 'lastUse', 'since', 'provider', 'region'];
    const more = prices ? ['pricePerMonth', 'currency'] : [];
    const values = rows.map(({ kind, ...row }) => ({ finding: kind, ...row }));
    terminal.line(await csvOf(values, [...(called ? ['name'] : []), ...columns, ...more]));
  } else {
    const now = clock.now();
    const head = ['USER', 'PROFILE', 'ENTITLEMENT', 'PLAN', 'LAST USE', 'SINCE'];
    const more = prices ? [`PER MONTH (${prices.currency})`] : [];
    terminal.table(
      [...(called ? ['NAME'] : []), ...head, ...more],
      rows.map((row) => [
        ...(called ? [row.name ?? ''] : []),
        row.userId,
        row.title,
        row.entitlement ?? '',
        row.plan,
        row.lastUse ?? '',
        terminal.when(row.since, now),
        ...(prices ? [priceCell(row)] : []),
      ]),
    );
  }
  for (const one of all) terminal.note(inWords(one, prices));
}

function rowOf(
  { plans, ...seat }: IdleSeat,
  profile: Profile,
  names: ReadonlyMap<string, string> | undefined,
  prices: Prices | undefined,
) {
  return {
    kind: 'idle' as const,
    ...seat,
    plan: [...new Set(plans)].join(', '),
    title: titleOf(profile),
    provider: profile.provider,
    region: profile.region,
    ...(prices ? priceFields(priceOf(plans, prices), prices) : {}),
    ...nameIn(names, seat.userId),
  };
}

function inWords({ profile, window, found }: ProfileIdle, prices: Prices | undefined): string {
  const { idle, paid, newcomers, excepted } = found;
  const judged = `${titleOf(profile)}: ${numberOf(idle.length)} of ${count(paid, 'user')} with an active subscription did not use it from ${window.from} to ${window.to}`;
  const left = [
    ...(newcomers > 0 ? [`${numberOf(newcomers)} without any use yet who got it a short time ago (--grace)`] : []),
    ...(excepted > 0 ? [`${numberOf(excepted)} excepted`] : []),
  ];
  const cost =
    prices &&
    costOf(
      idle.map(({ plans }) => plans),
      prices,
    );
  return [
    judged,
    ...(cost && prices ? [`They cost ${costInWords(cost, prices.currency)} per month`] : []),
    ...(left.length > 0 ? [`Not listed: ${left.join('; ')}`] : []),
  ].join('. ');
}

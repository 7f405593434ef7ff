import type { Command } from 'commander';
import * as z from 'zod/mini';
import { type Profile, profilesOf } from '../../domain/profiles.ts';
import { FINDING_KINDS } from '../../domain/subscription/findings.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { escaped } from '../../operator/text.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { SUBSCRIPTION_READS } from '../command/permissions.ts';
import { readProfiles } from '../command/subscriptions.ts';
import { finish } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import { printConsoleExport } from './subscriptions/console-export.ts';
import { listFindings, noteWhatToKnow, rowsOf, summarize } from './subscriptions/findings.ts';
import { listIdle } from './subscriptions/idle.ts';
import { pricesIn } from './subscriptions/money.ts';

const Options = z.object({
  people: z.optional(z.boolean()),
  entitlement: z.optional(z.string()),
  finding: z.optional(oneOf(FINDING_KINDS)),
  names: z._default(z.boolean(), false),
  csv: z._default(z.boolean(), false),
  price: z.optional(z.string()),
  idle: z.optional(wholeNumber(1, 365)),
  activity: z.optional(z.string()),
  grace: z.optional(wholeNumber(0, 3650)),
  except: z.optional(z.string()),
  file: z.optional(z.string()),
});
type SubscriptionsOptions = z.infer<typeof Options>;

export function subscriptionsCommand(run: Runner): Command {
  return commandOf('subscriptions', {
    summary: 'Compare paid subscriptions with group membership and use (read-only)',
    description:
      'Lists the subscriptions of each profile whole, and says who has none, who has one that no entitlement covers, who has another plan, and who is charged twice. For entitlements with a subscription setting. Kiro and Amazon Q Developer: experimental, since AWS does not publish the call. With --idle, lists who has a paid seat and did not use it. With --file, counts what the console has exported, without AWS.',
    examples: [
      ['usher subscriptions', 'counts by profile'],
      ['usher subscriptions --price prices.yml', 'what they cost, by your prices'],
      ['usher subscriptions --finding orphan --names', 'subscriptions that no entitlement covers'],
      ['usher subscriptions --csv --names > subscriptions.csv', 'for a spreadsheet'],
      ['usher subscriptions --idle 30 --activity DIRECTORY', 'who did not use it for 30 days'],
      ['usher subscriptions --file export.csv', "counts of the console's list, offline"],
    ],
    permissions: [
      ...SUBSCRIPTION_READS,
      'user-subscriptions:ListApplicationClaims',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'identitystore:DescribeUser',
      'dynamodb:GetItem',
      'dynamodb:Query',
    ],
  })
    .option('--people', 'list the findings user by user')
    .option('--entitlement <NAME>', 'only the profile of this entitlement')
    .addOption(choiceOption('--finding <KIND>', 'only findings of this kind; implies --people', FINDING_KINDS))
    .option('--names', 'also print names')
    .option('--csv', 'comma-separated values; implies --people')
    .option('--price <FILE>', 'prices per month by plan, to show what subscriptions cost')
    .option(
      '--idle <DAYS>',
      'list users with a paid seat who have not used it for this number of days; needs --activity',
    )
    .option('--activity <PATH>', 'activity files of AWS: a folder, or one file')
    .option('--grace <DAYS>', 'days after which a user who never used it counts as idle (default: those of --idle)')
    .option('--except <FILE>', 'ids of users who are never idle, one per line')
    .option('--file <FILE>', 'count what the console has exported as CSV, offline')
    .action(run(subscriptions));
}

async function subscriptions(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  refuseContradictions(options);
  const { people, finding, names, csv, idle, activity } = options;
  const prices = await pricesIn(options.price, context);
  if (options.file !== undefined) return printConsoleExport(options.file, { names, csv, prices }, context);
  const wanted = await wantedProfiles(options, context);
  if (idle !== undefined && activity !== undefined) {
    const { grace = idle, except } = options;
    return listIdle(wanted, { idle, activity, grace, except, names, csv, prices }, context);
  }
  const { unread } = context;
  const reports = await context.terminal.working('Reading subscriptions and groups', (say) =>
    readProfiles(wanted, context, unread, say),
  );
  if (!(people || csv || finding !== undefined)) {
    summarize(reports, prices, context);
    if (!context.json) noteWhatToKnow(reports, context);
    return finish(context);
  }
  const rows = reports.flatMap(rowsOf).filter(({ kind }) => finding === undefined || kind === finding);
  const called = names ? await namesOfUsers(new Set(rows.map(({ userId }) => userId)), context, unread) : undefined;
  await listFindings(rows, { names: called, csv, prices, withProfile: reports.length > 1 }, context);
  if (!context.json) noteWhatToKnow(reports, context);
  finish(context);
}

/** @throws UsageError */
function refuseContradictions(options: SubscriptionsOptions): void {
  const { people, entitlement, finding, idle, activity, grace, except, file } = options;
  const others = [people, entitlement, finding, idle, activity, grace, except];
  if (file !== undefined && others.some((one) => one !== undefined))
    throw new UsageError('--file goes with --price, --names and --csv only');
  if ((idle === undefined) !== (activity === undefined))
    throw new UsageError('--idle and --activity go together: how many days, and where the activity files are');
  if (idle === undefined && (grace !== undefined || except !== undefined))
    throw new UsageError('--grace and --except go with --idle');
  if (idle !== undefined && finding !== undefined) throw new UsageError('--finding does not go with --idle');
  if (activity !== undefined && /^s3:/i.test(activity))
    throw new UsageError(
      '--activity reads no bucket in this version. Copy the files first, and name the folder: aws s3 sync s3://BUCKET/PREFIX FOLDER',
    );
}

/** @throws MissingPrecondition if no entitlement has a subscription · UsageError if none has the name */
async function wantedProfiles({ entitlement }: SubscriptionsOptions, context: Context): Promise<Profile[]> {
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
  if (wanted.length === 0 && entitlement !== undefined) {
    const names = profiles.flatMap((profile) => profile.entitlements.map(({ name }) => name));
    throw new UsageError(
      `No entitlement with a subscription has the name ${escaped(entitlement)}${suggestion(entitlement, names)}`,
    );
  }
  return wanted;
}

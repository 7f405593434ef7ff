import type { Command } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
import { boundsOf, reportOf } from '../../operator/history/report.ts';
import type { MonthLine } from '../../operator/lines/history.ts';
import { durationOf, escaped, moneyOf, numberOf, timeOf } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { finish } from '../command/unread.ts';
import { csvOf } from '../ui/csv.ts';
import { REACH_IN_WORDS } from '../ui/reach.ts';

const Options = z.object({
  month: z.optional(z.string().check(z.regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'expected a month such as 2026-11'))),
  price: z.optional(
    z.string().check(z.regex(/^\d{1,6}(?:\.\d{1,2})?(?: ?[A-Z]{3})?$/, 'expected an amount such as 19, or 19.90 USD')),
  ),
  bucket: z.optional(z.string()),
  csv: z.optional(z.boolean()),
});

/** The columns of `--csv`: the fields of a line without its type. */
const COLUMNS = [
  ...['month', 'entitlement', 'costCentre', 'application', 'since', 'until', 'seatDays', 'unknownDays', 'peak'],
  ...['joins', 'leaves', 'waitlisted', 'longestWaitlistedSeconds', 'joinToSeatP50Seconds', 'joinToSeatP95Seconds'],
  ...['pricePerMonth', 'currency'],
];

export function reportCommand(run: Runner): Command {
  return commandOf('report', {
    summary: 'Report the seats of a month by entitlement and cost centre (read-only)',
    description:
      'Counts from the audit stream and the ledger: days of seats, the most at one time, joins, leaves, users who waited, and how long a join took. The costCentre of an entitlement is a key of entitlements.yml. The present month counts so far.',
    examples: [
      ['usher report', 'this month so far'],
      ['usher report --month 2026-11 --csv > november.csv', 'for a spreadsheet'],
      ['usher report --month 2026-11 --price "19 USD" --json', 'with what the seats cost, for programs'],
    ],
    permissions: [
      'logs:FilterLogEvents',
      'logs:DescribeLogGroups',
      'dynamodb:Query',
      'dynamodb:GetItem',
      's3:ListBucket (--bucket)',
      's3:GetObject (--bucket)',
    ],
  })
    .option('--month <MONTH>', 'a month in UTC, such as 2026-11 (default: this one)')
    .option('--price <AMOUNT>', 'price of a seat per month, with its currency if you like: "19 USD"')
    .option('--bucket <NAME>', 'bucket with the copy of the audit stream (AuditBucketArn)')
    .option('--csv', 'comma-separated values')
    .action(run(report));
}

async function report(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { month: given, price, bucket, csv } = optionsOf(command, Options);
  const now = context.clock.now();
  const month = given ?? now.toISOString().slice(0, 7);
  if (boundsOf(month).from > now) throw new UsageError(`--month: ${month} is in the future`);
  if (json && csv) throw new UsageError('--json and --csv exclude each other');
  const [, amount = '', currency] = /^([\d.]+) ?([A-Z]{3})?$/.exec(price ?? '') ?? [];
  const { months, reach } = await terminal.working('Reading the audit stream and the ledger', () =>
    reportOf(
      { month, bucket, ...(price === undefined ? {} : { price: { amount: Number(amount), currency } }) },
      context,
    ),
  );
  if (json) {
    terminal.json({ type: 'reach', since: reach.since.toISOString(), by: reach.by });
    for (const line of months) terminal.json(line);
    if (months.length === 0 && context.unread.isEmpty) terminal.json({ type: 'none', of: 'month' });
  } else if (csv) terminal.line(await csvOf(months, COLUMNS));
  else print(months, context);
  const [{ since, until } = {}] = months;
  if (!json && since !== undefined)
    terminal.note(
      `${month} counts only from ${timeOf(since)} UTC, because the records begin there: ${REACH_IN_WORDS[reach.by]}.`,
    );
  if (!json && until !== undefined)
    terminal.note(`${month} is not over: it counts so far, until ${timeOf(until)} UTC.`);
  finish(context);
}

function print(months: readonly MonthLine[], { terminal }: Context): void {
  const hasPrice = months.some(({ pricePerMonth }) => pricePerMonth !== undefined);
  const seconds = (value: number | undefined) => (value === undefined ? '' : durationOf(value));
  const money = ({ pricePerMonth = 0, currency }: MonthLine) =>
    [moneyOf(pricePerMonth), currency].filter(Boolean).join(' ');
  const head = [
    'ENTITLEMENT',
    'COST CENTRE',
    'SEAT DAYS',
    'PEAK',
    'JOINS',
    'LEAVES',
    'WAITED',
    'LONGEST',
    'P50',
    'P95',
  ];
  terminal.table(
    [...head, ...(hasPrice ? ['PRICE'] : [])],
    months.map((one) => [
      escaped(one.entitlement),
      escaped(one.costCentre ?? ''),
      numberOf(one.seatDays) + (one.unknownDays === undefined ? '' : ` (${numberOf(one.unknownDays)} not known)`),
      numberOf(one.peak),
      numberOf(one.joins),
      numberOf(one.leaves),
      numberOf(one.waitlisted),
      seconds(one.longestWaitlistedSeconds),
      seconds(one.joinToSeatP50Seconds),
      seconds(one.joinToSeatP95Seconds),
      ...(hasPrice ? [money(one)] : []),
    ]),
  );
}

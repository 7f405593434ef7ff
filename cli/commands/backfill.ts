import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Ledger } from '../../adapters/ledger.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { nameIn } from '../../operator/executions/find.ts';
import { readStarted, requireExecution } from '../../operator/executions/follow.ts';
import { type Ending, endingOf, OUTCOMES } from '../../operator/executions/outcomes.ts';
import { CommandFailed } from '../../operator/failures.ts';
import { attemptPlan, listReaderOf } from '../../operator/plan/configuration-plan.ts';
import type { EntitlementPlan } from '../../operator/plan/entitlement-plan.ts';
import { planLineOf, plannedChangeLines } from '../../operator/plan/plan-lines.ts';
import { noticeTotal } from '../../operator/plan/plan-notices.ts';
import { readersOf } from '../../operator/readers.ts';
import { count, durationOf, numberOf } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { pollMilliseconds } from '../command/follow-execution.ts';
import { SUBSCRIPTION_READS } from '../command/permissions.ts';
import { MOST_HANDOVERS } from '../command/start-execution.ts';
import { finish, printUnread } from '../command/unread.ts';
import { namesOfUsers } from '../command/user-names.ts';
import { changeGrid } from '../plan/columns.ts';
import { noticesInWords } from '../plan/notes.ts';

const PRICE = 'expected an amount such as 19 or 19.90';
const Options = z.object({
  price: z.optional(z.string().check(z.regex(/^\d{1,6}(?:\.\d{1,2})?$/, PRICE))),
  names: z.optional(z.boolean()),
  dryRun: z.optional(z.boolean()),
  yes: z.optional(z.boolean()),
});

/** The prefix of the names of this command's executions, by which it finds them again. */
const NAME = 'backfill-';
/** Each poll reads all seats of the ledger. The command spends at most a tenth of its time on that. */
const POLL_SHARE = 10;
const NOTHING_TO_DO = 'All entitled users have a seat or are on the waitlist: there is nothing to do.';
/** The time of reads and verification, besides the writes. */
const AROUND_SECONDS = 60;

export function backfillCommand(run: Runner): Command {
  return commandOf('backfill', {
    summary: 'Assign seats to all current members of the configured groups',
    description:
      'Use it before the first event. It shows the plan and asks for confirmation, then starts one execution that sweeps everything, and follows it. Ctrl-C ends only the progress display. Run the command again to follow the execution, or to plan for the users who are left. No user is assigned twice.',
    examples: [
      ['usher backfill --dry-run --price 19', 'only the plan, with its cost per month'],
      ['usher backfill --names', 'also who gets a seat, waits, or loses theirs'],
      ['usher backfill', 'show the plan, ask, start and follow'],
      ['usher backfill --yes --json', 'for programs'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'dynamodb:Query',
      'dynamodb:GetItem',
      'sso:ListApplicationAssignments',
      'sso:GetApplicationAssignmentConfiguration',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'identitystore:DescribeUser',
      ...SUBSCRIPTION_READS,
      'states:ListExecutions',
      'states:StartExecution',
      'states:DescribeExecution',
    ],
  })
    .option('--price <AMOUNT>', 'price of a seat per month, to show the cost of the plan')
    .option('--names', 'also list, with names, whom the plan concerns')
    .option('--dry-run', 'only show the plan')
    .option('--yes', 'do not ask for confirmation')
    .action(run(backfill));
}

async function backfill(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { price, names, dryRun, yes } = optionsOf(command, Options);
  const services = await context.services();
  const executions = await services.executions();
  const machine = await services.machineArn(services.names.machine);
  const { unread } = context;
  const before = (await unread.attempt(() => runningBackfill(executions, machine)))?.value;
  if (before !== undefined && !dryRun) {
    if (json) terminal.json({ type: 'resume', execution: before });
    else terminal.note(`A backfill is already running. Following it: ${before}`);
    const goals = await goalsFromMemberships(context, unread);
    printUnread(context);
    await watch(before, { goals, unread }, context);
    return finish(context);
  }
  const plans = await plansOf(context);
  printPlan(plans, price === undefined ? undefined : Number(price), context);
  if (names && !json) await listUsers(plans, context);
  const { entitlements, notices } = await context.entitlements();
  const told = noticesInWords(noticeTotal(plans, notices));
  if (told !== undefined && !json) terminal.note(told);
  const observing = entitlements.filter(({ mode }) => mode === 'observe').map(({ name }) => name);
  if (observing.length > 0 && !json) terminal.note(observingText(observing));
  if (dryRun || (plans.length === 0 && !unread.isEmpty)) return finish(context);
  printUnread(context);
  if (plans.every(({ changes, hold }) => changes.length === 0 && !hold)) {
    if (!json && unread.isEmpty && observing.length < entitlements.length) terminal.note(NOTHING_TO_DO);
    return finish(context);
  }
  const seats = plans.reduce((sum, plan) => sum + numbersIn(plan).gains, 0);
  if (!(await terminal.confirm(seats > 0 ? `Assign ${count(seats, 'seat')}?` : 'Start the sweep?', yes === true)))
    return;
  const arn = await begin(executions, machine, context);
  if (json) terminal.json({ type: 'start', execution: arn });
  else terminal.note(`started ${arn}`);
  const goals = plans.map((plan) => ({
    application: plan.entitlement.application,
    seats: plan.seats.length + numbersIn(plan).gains,
  }));
  await watch(arn, { goals, unread }, context);
  finish(context);
}

function observingText(names: readonly string[]): string {
  return `${names.join(', ')}: mode observe, which assigns nothing and is not in this plan. What it would do: usher audit --type observed. To assign, set mode: enforce and deploy`;
}

/** The number of seats that an application will have. */
interface Goal {
  application: string;
  seats: number;
}

/** During a sweep, assignments and ledger do not match, so the goals follow from memberships alone. */
async function goalsFromMemberships(context: Context, unread: Unread): Promise<Goal[]> {
  const { entitlements, directory } = await readersOf(context);
  return context.terminal.working('Reading memberships', async () => {
    const goals: Goal[] = [];
    for (const { application, groups, seats, mode } of entitlements.entitlements) {
      const members = new Set<string>();
      for (const group of groups) {
        await unread.attempt(async () => {
          for await (const page of directory.membersOf(group)) for (const userId of page ?? []) members.add(userId);
        });
      }
      if (mode !== 'observe') goals.push({ application, seats: Math.min(members.size, seats.max) });
    }
    return goals;
  });
}

/** Plans for each entitlement, without those whose reads AWS refuses. */
async function plansOf(context: Context): Promise<EntitlementPlan[]> {
  const readers = await readersOf(context);
  const shared = { members: new Map(), userPages: undefined };
  return context.terminal.working('Reading memberships and assignments', async (report) => {
    const queue = (await context.unread.attempt(() => readers.ledger.queue()))?.value;
    if (!queue) return [];
    const listFor = listReaderOf(shared, readers, context);
    const plans: EntitlementPlan[] = [];
    for (const entitlement of readers.entitlements.entitlements) {
      report(entitlement.name);
      if (entitlement.mode === 'observe') continue;
      const plan = await attemptPlan(entitlement, { trigger: 'manual', queue, shared, listFor }, readers, context);
      if (plan) plans.push(plan);
    }
    return plans;
  });
}

/** Users who get a seat, who lose theirs, at once, later or once it is released, and whom the brake holds of these. */
function numbersIn({ changes, hold }: EntitlementPlan) {
  const having = (...kinds: string[]) => changes.filter(({ change }) => kinds.includes(change)).length;
  const held = hold?.count ?? 0;
  return { gains: having('gains'), losing: having('leaving', 'revoked') + held, held };
}

function printPlan(plans: readonly EntitlementPlan[], price: number | undefined, { terminal, json, local }: Context) {
  if (json) {
    const prices = price === undefined ? undefined : { costOf: (seats: number) => Math.round(seats * price * 100) };
    for (const plan of plans) terminal.json(planLineOf(plan, prices));
    return;
  }
  const money = (amount: number) => amount.toLocaleString('en-US', { minimumFractionDigits: 2 });
  terminal.table(
    [
      'ENTITLEMENT',
      'ENTITLED',
      'SEATS',
      'MAX',
      'GAINS',
      'WAITLIST',
      'LOSING',
      'HELD',
      'UNMANAGED',
      ...(price === undefined ? [] : ['PER MONTH']),
    ],
    plans.map((plan) => {
      const { gains, losing, held } = numbersIn(plan);
      const { entitlement, entitled, seats, waiting, unmanaged } = plan;
      return [
        entitlement.name,
        ...[entitled, seats.length, entitlement.seats.max, gains, waiting, losing, held, unmanaged].map(numberOf),
        ...(price === undefined ? [] : [money(Math.round(gains * price * 100) / 100)]),
      ];
    }),
  );
  const sum = (kind: keyof ReturnType<typeof numbersIn>) => plans.reduce((all, plan) => all + numbersIn(plan)[kind], 0);
  const grants = sum('gains');
  if (price !== undefined) {
    terminal.note(
      `${numberOf(grants)} new seats at ${money(price)} each: ${money(grants * price)} per month, if each one is billed.`,
    );
  }
  const lose = sum('losing');
  if (lose > 0) terminal.note(`${count(lose, 'user is', 'users are')} no longer entitled and will lose their seat.`);
  const hold = sum('held');
  if (hold > 0) {
    terminal.note(
      `The brake would hold ${numberOf(hold)} of these revocations until an operator releases them: usher held`,
    );
  }
  for (const { entitlement, refusals } of plans)
    for (const { message } of refusals) terminal.note(`${entitlement.name}: nothing can be changed: ${message}`);
  if (grants > 0 && !local)
    terminal.note(`This takes about ${durationOf(grants / 10 + AROUND_SECONDS)} at 10 requests per second.`);
}

/** Lists whom plans concern, with names. */
async function listUsers(plans: readonly EntitlementPlan[], context: Context): Promise<void> {
  const changes = plans.flatMap(plannedChangeLines);
  const names = await namesOfUsers(new Set(changes.map(({ userId }) => userId)), context, context.unread);
  const { head, rows } = changeGrid(changes, names);
  if (rows.length > 0) context.terminal.table(head, rows);
}

async function runningBackfill(executions: Executions, machine: string): Promise<string | undefined> {
  for await (const page of executions.list(machine, 'RUNNING')) {
    const found = page.find(({ name }) => name.startsWith(NAME));
    if (found) return found.arn;
  }
  return undefined;
}

async function begin(executions: Executions, machine: string, { clock }: Context): Promise<string> {
  const name = NAME + clock.now().toISOString().replace(/[:.]/g, '-');
  return (await executions.start(machine, { scope: 'everything' }, name)).arn;
}

/** Follows an execution through the ledger. @throws CommandFailed if it failed */
async function watch(
  arn: string,
  { goals, unread }: { goals: readonly Goal[]; unread: Unread },
  context: Context,
): Promise<void> {
  const { terminal, json } = context;
  const services = await context.services();
  const executions = await services.executions();
  const ledger = await services.ledger();
  const total = goals.reduce((sum, { seats }) => sum + seats, 0);
  const bar = json ? undefined : terminal.bar('seats', total);
  let done = 0;
  const progress = () => `${numberOf(done)} of ${count(total, 'user has', 'users have')} a seat`;
  context.onInterrupt(() => {
    bar?.stop();
    terminal.note(
      `\n${progress()}. The execution continues. Check it: usher status ${nameIn(arn)}\nFollow it again, or plan for the users who are left: usher backfill`,
    );
  });
  let current = arn;
  let handovers = 0;
  let ending: Ending | undefined;
  while (ending === undefined) {
    const start = performance.now();
    const followed = current;
    const execution = await readStarted(followed, () => requireExecution(executions, followed));
    done = (await unread.attempt(() => seatedOf(goals, ledger)))?.value ?? done;
    bar?.update(done);
    if (json) terminal.json({ type: 'progress', execution: current, done, total });
    ending = endingOf(execution);
    if (ending?.handedOverTo !== undefined && handovers < MOST_HANDOVERS) {
      handovers += 1;
      current = ending.handedOverTo;
      ending = undefined;
    }
    const took = performance.now() - start;
    if (ending === undefined) await sleep(Math.max(pollMilliseconds(context), took * POLL_SHARE));
  }
  bar?.stop();
  if (json) terminal.json({ type: 'end', execution: current, ...ending });
  if (ending.outcome === 'failed') {
    const next = 'Fix the cause, then: usher redrive, or usher backfill';
    throw new CommandFailed(`${ending.reason ?? 'The execution failed'}. ${progress()}. ${next}`);
  }
  const how = [OUTCOMES[ending.outcome], ending.reason, ending.handedOverTo].filter(Boolean).join(': ');
  if (!json) terminal.line(`${progress()}; ${how}.`);
}

async function seatedOf(goals: readonly Goal[], ledger: Ledger): Promise<number> {
  let seated = 0;
  for (const { application } of goals) {
    const { seats } = await ledger.holdings(application);
    // A seat in creation may not exist yet.
    seated += seats.filter((seat) => takesSlot(seat) && seat.status !== 'creating').length;
  }
  return seated;
}

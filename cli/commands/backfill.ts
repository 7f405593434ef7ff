import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Ledger } from '../../adapters/ledger.ts';
import type { Executions } from '../../adapters/operator/executions.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { readStarted, requireExecution } from '../../operator/executions/follow.ts';
import { type Ending, endingOf, OUTCOMES } from '../../operator/executions/outcomes.ts';
import { CommandFailed } from '../../operator/failures.ts';
import { readersOf } from '../../operator/readers.ts';
import { count, durationOf, numberOf } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { pollMilliseconds } from '../command/follow-execution.ts';
import { type Preview, preview } from '../command/preview.ts';
import { MOST_HANDOVERS } from '../command/start-execution.ts';
import { finish, printUnread } from '../command/unread.ts';

const PRICE = 'expected an amount such as 19 or 19.90';
const Options = z.object({
  price: z.optional(z.string().check(z.regex(/^\d{1,6}(?:\.\d{1,2})?$/, PRICE))),
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
      ['usher backfill', 'show the plan, ask, start and follow'],
      ['usher backfill --yes --json', 'for programs'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'dynamodb:Query',
      'dynamodb:GetItem',
      'sso:ListApplicationAssignments',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'identitystore:DescribeUser',
      'states:ListExecutions',
      'states:StartExecution',
      'states:DescribeExecution',
    ],
  })
    .option('--price <AMOUNT>', 'price of a seat per month, to show the cost of the plan')
    .option('--dry-run', 'only show the plan')
    .option('--yes', 'do not ask for confirmation')
    .action(run(backfill));
}

async function backfill(context: Context, command: Command): Promise<void> {
  const { terminal, json } = context;
  const { price, dryRun, yes } = optionsOf(command, Options);
  const services = await context.services();
  const executions = await services.executions();
  const machine = await services.machineArn(services.names.machine);
  const { unread } = context;
  const before = (await unread.attempt(() => runningBackfill(executions, machine)))?.value;
  if (before !== undefined && !dryRun) {
    if (json) terminal.untypedJson({ type: 'resume', execution: before });
    else terminal.note(`A backfill is already running. Following it: ${before}`);
    const goals = await goalsFromMemberships(context, unread);
    printUnread(context);
    await watch(before, { goals, unread }, context);
    return finish(context);
  }
  const previews = await previewsOf(context, unread);
  printPlan(previews, price === undefined ? undefined : Number(price), context);
  const { entitlements } = await context.entitlements();
  const observing = entitlements.filter(({ mode }) => mode === 'observe').map(({ name }) => name);
  if (observing.length > 0 && !json) terminal.note(observingText(observing));
  if (dryRun || (previews.length === 0 && !unread.isEmpty)) return finish(context);
  printUnread(context);
  if (previews.every(({ grant, newlyWaiting, lose }) => grant.length + newlyWaiting + lose.length === 0)) {
    if (!json && unread.isEmpty && observing.length < entitlements.length) terminal.note(NOTHING_TO_DO);
    return finish(context);
  }
  const seats = previews.reduce((sum, { grant }) => sum + grant.length, 0);
  if (!(await terminal.confirm(seats > 0 ? `Assign ${count(seats, 'seat')}?` : 'Start the sweep?', yes === true)))
    return;
  const arn = await begin(executions, machine, context);
  if (json) terminal.untypedJson({ type: 'start', execution: arn });
  else terminal.note(`started ${arn}`);
  const goals = previews.map(({ entitlement, inUse, grant }) => ({
    application: entitlement.application,
    seats: inUse + grant.length,
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
async function previewsOf(context: Context, unread: Unread): Promise<Preview[]> {
  const readers = await readersOf(context);
  const cache = { members: new Map(), userPages: undefined };
  return context.terminal.working('Reading memberships and assignments', async (report) => {
    const previews: Preview[] = [];
    for (const entitlement of readers.entitlements.entitlements) {
      report(entitlement.name);
      if (entitlement.mode === 'observe') continue;
      const plan = await unread.attempt(() => preview(entitlement, context.clock.now(), readers, cache));
      if (!plan) continue;
      previews.push(plan.value);
      for (const userId of plan.value.unread) {
        unread.addUser(userId);
      }
    }
    return previews;
  });
}

function printPlan(previews: readonly Preview[], price: number | undefined, { terminal, json, local }: Context): void {
  const cost = ({ grant }: Preview) => (price === undefined ? undefined : Math.round(grant.length * price * 100) / 100);
  if (json) {
    for (const one of previews) {
      const { entitlement, entitled, inUse, grant, wait, lose, hold, unmanaged } = one;
      terminal.untypedJson({
        type: 'plan',
        entitlement: entitlement.name,
        entitled,
        seats: inUse,
        max: entitlement.seats.max,
        grant: grant.length,
        wait: wait.length,
        lose: lose.length,
        hold: hold.length,
        unmanaged,
        pricePerMonth: cost(one),
      });
    }
    return;
  }
  const money = (amount: number) => amount.toLocaleString('en-US', { minimumFractionDigits: 2 });
  terminal.table(
    [
      'ENTITLEMENT',
      'ENTITLED',
      'SEATS',
      'MAX',
      'GRANT',
      'WAIT',
      'LOSE',
      'HOLD',
      'UNMANAGED',
      ...(price === undefined ? [] : ['PER MONTH']),
    ],
    previews.map((one) => [
      one.entitlement.name,
      ...[
        one.entitled,
        one.inUse,
        one.entitlement.seats.max,
        one.grant.length,
        one.wait.length,
        one.lose.length,
        one.hold.length,
        one.unmanaged,
      ].map(numberOf),
      ...(price === undefined ? [] : [money(cost(one) ?? 0)]),
    ]),
  );
  const grants = previews.reduce((sum, { grant }) => sum + grant.length, 0);
  if (price !== undefined) {
    terminal.note(
      `${numberOf(grants)} new seats at ${money(price)} each: ${money(grants * price)} per month, if each one is billed.`,
    );
  }
  const lose = previews.reduce((sum, one) => sum + one.lose.length, 0);
  if (lose > 0) terminal.note(`${count(lose, 'user is', 'users are')} no longer entitled and will lose their seat.`);
  const hold = previews.reduce((sum, one) => sum + one.hold.length, 0);
  if (hold > 0) {
    terminal.note(
      `The brake would hold ${numberOf(hold)} of these revocations until an operator releases them: usher held`,
    );
  }
  if (grants > 0 && !local)
    terminal.note(`This takes about ${durationOf(grants / 10 + AROUND_SECONDS)} at 10 requests per second.`);
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
      `\n${progress()}. The execution continues. Check it: usher status ${arn.split(':').at(-1)}\nFollow it again, or plan for the users who are left: usher backfill`,
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
    if (json) terminal.untypedJson({ type: 'progress', done, total });
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
  if (json) terminal.untypedJson({ type: 'end', execution: current, ...ending, done, total });
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

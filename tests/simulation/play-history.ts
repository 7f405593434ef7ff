import { isSetBack } from '../../domain/seat/seat.ts';
import { EventualReadSchema } from '../../emulator/aws/dynamodb/replica.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { ReadOperationSchema } from '../../emulator/aws/identity-center/reads.ts';
import { perform, surroundingsOf } from '../../emulator/scenario/player.ts';
import { scriptOf } from '../../emulator/scenario/reader.ts';
import type { StackListener } from '../../emulator/stack/listener.ts';
import { openStack, type Stack } from '../../emulator/stack/stack.ts';
import type { History } from './cast.ts';
import { hasUnreadable, hasUnreadableLists, isReadOfSubscriptions, isTold, SHORT_LAG_SECONDS } from './histories.ts';
import { Truth } from './truth.ts';
import { judgeFailures, judgeMailbox, judgePunctuality, judgeSeats, judgeTrail, type Outcome } from './verdict.ts';
import { Watch } from './watch.ts';

/** After a history: longer than a day of the brake, an hour after a refusal, and the day between two daily sweeps. */
const UNTIL_RECONCILED_SECONDS = 25 * 3600;

/** Where no sweep can read the groups, ticks check the users who need attention, while no sweep has failed for an hour. */
const WITHOUT_SWEEPS_SECONDS = [UNTIL_RECONCILED_SECONDS, 3700, 3700];

/** Faults after which things end otherwise than expected although nothing is wrong with Usher. */
const HARD: ReadonlySet<string> = new Set([
  'lost',
  'refuse',
  'quota',
  'exception',
  'not-found',
  'crash-before',
  'crash-after',
  'timeout-before',
  'timeout-after',
]);

function isHard(fault: FaultRule): boolean {
  return fault.for !== undefined || (HARD.has(fault.kind) && fault.operation !== 'Lambda.Invoke');
}

/** Whether a function ends early. */
function isOfLambda({ operation, kind }: FaultRule): boolean {
  return operation === 'Lambda.Invoke' || /^(?:crash|timeout)-/.test(kind);
}

/** Where the event of a failed execution may be lost: EventBridge delivers it three times at most. */
const SILENCING: ReadonlySet<string> = new Set(['EventBridge.PutEvents', 'Lambda.Invoke']);

const STATUS_READS: ReadonlySet<string> = new Set(['IdentityStore.DescribeUser', 'IdentityStore.ListUsers']);

const CANCELLING: ReadonlySet<string> = new Set(['Q.DeleteAssignment', 'QBusiness.CancelSubscription']);

/** The reads right before a revocation. */
const CONFIRMING: ReadonlySet<string> = new Set(['IdentityStore.IsMemberInGroups', 'IdentityStore.DescribeUser']);

/** An execution gives up before a read that lags longer comes right. */
const LONG_LAG_SECONDS = 120;

/**
 * Plays a history on the whole stack, lets it come to rest, has everything reconciled once, and holds all of it to the
 * invariants.
 *
 * @returns what broke one, in words
 */
export async function playHistory(history: History): Promise<string[]> {
  const script = scriptOf(history, 'history');
  const { entitlements, steps } = script;
  const listener: StackListener = {};
  const stack = await openStack({ ...surroundingsOf(script), transport: 'in-process', listener });
  const { identityCenter: center, clock } = stack;
  const now = () => clock.now().getTime();
  const truth = new Truth(center, entitlements);
  const watch = new Watch(truth, center, stack.faults, now);
  Object.assign(listener, watch.listener);
  // What the ledger shows late is no reason to judge more gently: Usher can ask it for the newest state.
  const lags = history.actions.flatMap(({ lag }) => (lag && !lag.operation.startsWith('DynamoDB.') ? [lag] : []));
  const longest = (some: typeof lags) => 1000 * Math.max(0, ...some.map(({ seconds }) => seconds));
  watch.lag = longest(lags);
  watch.confirmationLag = longest(lags.filter(({ operation }) => CONFIRMING.has(operation)));
  watch.refusing =
    hasUnreadable(history) ||
    hasUnreadableLists(history) ||
    // A user whose assignment is there already cannot be subscribed.
    history.quirks?.subscribingAssigned === 'conflicts' ||
    history.actions.some(
      ({ fault, stop, lag, deleteApplication, quirks }) =>
        quirks !== undefined ||
        stop !== undefined ||
        deleteApplication !== undefined ||
        (fault && isHard(fault)) ||
        (lag?.seconds ?? 0) > LONG_LAG_SECONDS,
    );
  const lists = lags.filter(({ operation }) => operation.startsWith('SSOAdmin.') || isReadOfSubscriptions(operation));
  watch.hazy = longest(lists) > SHORT_LAG_SECONDS * 1000;
  watch.blind = history.actions.some(({ fault }) => STATUS_READS.has(fault?.operation ?? ''));
  const loses = (service: RegExp) =>
    history.actions.some(({ fault }) => fault?.kind === 'lost' && service.test(fault.operation));
  watch.losing = loses(/^SSOAdmin\./);
  // AWS may also say that there is no such subscription: the list that would contradict it lags.
  const denies = history.actions.some(({ fault }) => fault?.kind === 'not-found' && CANCELLING.has(fault.operation));
  watch.losingSubscriptions = (loses(/^Q/) || denies) && lags.some(({ operation }) => isReadOfSubscriptions(operation));
  watch.forgetful = history.actions.some(
    ({ deploy, stop, fault }) => deploy !== undefined || stop !== undefined || (fault && isOfLambda(fault)),
  );
  for (const application of unlistedIn(history)) watch.punctuality.unlisted.add(application);
  watch.silencing = history.actions.some(({ fault }) => SILENCING.has(fault?.operation ?? ''));
  const followed = {
    ...stack,
    configure(next: typeof entitlements) {
      truth.deploy(now(), next);
      stack.configure(next);
    },
  };
  const outcome = (reconciled: boolean): Outcome => ({ watch, truth, center, now: now(), reconciled });
  try {
    perform(followed, steps, (_step, make) => watch.byHand(make));
    await stack.runUntilIdle();
    await tickForThoseAside(stack);
    judgeMailbox(outcome(false));
    judgeFailures(outcome(false));
    judgePunctuality(outcome(false));
    if (isTold(history)) {
      await tickForThoseLeft(stack, watch);
      judgeSeats(outcome(false));
    }
    stack.faults.clear();
    center.changeQuirks({ accountRefusal: 'none' });
    for (const operation of ReadOperationSchema.options) center.setLag(operation, 0);
    for (const operation of EventualReadSchema.options) await stack.database.setLag(operation, 0);
    const pauses = history.quirks?.identitySource === 'ad-sync' ? WITHOUT_SWEEPS_SECONDS : [UNTIL_RECONCILED_SECONDS];
    for (const seconds of pauses) {
      stack.after(seconds, async () => {
        await stack.start({ scope: 'tick' });
      });
      await stack.runUntilIdle();
    }
    await tickWhileStopped(stack, watch);
    // Only users whom an event names are served: no sweep can read the groups.
    if (history.quirks?.identitySource !== 'ad-sync') judgeSeats(outcome(true));
    judgeTrail(outcome(true));
    judgeMailbox(outcome(true));
  } finally {
    await stack.close();
  }
  return watch.violations;
}

/**
 * Applications of which a group is subscribed as a whole, in a store that does not list the members of groups: whose
 * subscription that is cannot be told.
 */
function unlistedIn({ quirks, directory }: History): string[] {
  if (quirks?.identitySource !== 'ad-sync') return [];
  return directory.applications.flatMap(({ applicationArn, subscriptions = [] }) =>
    subscriptions.some(({ group }) => group !== undefined) ? applicationArn : [],
  );
}

/** The most ticks that a user may need whose attempts fail: faults last for a few requests. */
const MOST_TICKS = 5;

/**
 * Starts the ticks that come anyway, for users whose change failed and who are put aside until their next attempt: the
 * execution that put them aside has ended. After a refusal an operator has to do something first.
 */
async function tickForThoseAside(stack: Stack): Promise<void> {
  for (let ticks = 0; ticks < MOST_TICKS; ticks += 1) {
    const aside = (await stack.seats()).filter(({ refusal }) => refusal !== undefined && isSetBack({ refusal }));
    const times = aside.flatMap(({ nextAttemptAt }) => nextAttemptAt ?? []).sort();
    const [first] = times;
    if (!first) return;
    stack.at(new Date(Math.max(Date.parse(first), stack.clock.now().getTime())), async () => {
      await stack.start({ scope: 'tick' });
    });
    await stack.runUntilIdle();
  }
}

const TICK_SECONDS = 300;

/** Starts the ticks that come anyway, for work items of executions that failed for other users: the next tick takes them up. */
async function tickForThoseLeft(stack: Stack, { shadow }: Watch): Promise<void> {
  for (let ticks = 0; ticks < MOST_TICKS; ticks += 1) {
    const { users, sweeps } = shadow.queue;
    if ([...Object.values(users), ...Object.values(sweeps)].every(({ failed }) => failed)) return;
    stack.after(TICK_SECONDS, async () => {
      await stack.start({ scope: 'tick' });
    });
    await stack.runUntilIdle();
  }
}

/** Each hour, one user more is tried whose own changes may fail for good. */
const MOST_TRIES = 8;

/** Starts the hourly ticks that come anyway, as long as AWS has not accepted a subscription since it refused all. */
async function tickWhileStopped(stack: Stack, { shadow }: Watch): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES && shadow.queue.stopped; tries += 1) {
    stack.after(3700, async () => {
      await stack.start({ scope: 'tick' });
    });
    await stack.runUntilIdle();
  }
}

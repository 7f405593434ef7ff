import { SFNServiceException } from '@aws-sdk/client-sfn';
import type { DeliveryStatus } from '../../domain/notices/delivery.ts';
import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { emailsOf } from '../aws/identity-center/directory-seed.ts';
import type { Mail } from '../aws/ses/outbox.ts';
import { latencyOf } from '../stack/latency.ts';
import type { StackListener } from '../stack/listener.ts';
import { openStack, type Stack } from '../stack/stack.ts';
import type { ExecutionStart, Script, ScriptStep } from './script.ts';

/** The state and the counts at the end of a play. All lists are sorted. */
export interface PlayResult {
  executions: Record<ExecutionOutcome, number>;
  /** `entitlement` is the name of the entitlement. */
  seats: { entitlement: string; userId: string; status: string }[];
  /** All assignments, whoever made them. */
  assignments: { applicationArn: string; principalId: string }[];
  /** All subscriptions: of users and groups, cancelled ones included. `plan` is as AWS returns it. */
  subscriptions: { applicationArn: string; principalId: string; plan: string; status: string }[];
  /** What became of notices, with the number of each. */
  notices: Record<string, number>;
  /** Number of requests by `<Service>.<Operation>`. */
  calls: Record<string, number>;
  surprises: Surprise[];
}

/** An execution whose outcome was not expected. Without `execution`, it could not be started. */
export interface Surprise {
  title: string;
  execution?: string;
  outcome: ExecutionOutcome;
}

/** Shows a play while it runs. Calls come in the order of virtual time. */
export interface Reporter extends StackListener {
  begin?(play: Script): void;
  step?(step: ScriptStep): void;
  /** A user reads the newest message. */
  reading?(mail: Mail, at: Date): void;
  finish?(result: PlayResult): void;
  /** Returns what the play must wait for, such as a slow reader; undefined if nothing. */
  behind(): Promise<unknown> | undefined;
}

/** EventBridge retries for a day. This number takes 17 minutes, longer than a fault of a scenario needs to last. */
const START_TRIES = 10;

/**
 * Plays a script to its end, over real HTTP.
 *
 * @throws Error if the emulator has a bug
 */
export async function play(script: Script, reporter: Reporter): Promise<PlayResult> {
  const { steps } = script;
  const executions: PlayResult['executions'] = { converged: 0, handedOver: 0, ignored: 0, held: 0, failed: 0 };
  /** By the id of the notice. */
  const notices = new Map<string, DeliveryStatus>();
  let waiting = false;
  /** Stops virtual time until the reporter has caught up, so that a slow reader has no backlog. */
  const keepPace = () => {
    const behind = waiting ? undefined : reporter.behind();
    if (!behind) return;
    waiting = true;
    stack.at(stack.clock.now(), async () => {
      await behind;
      waiting = false;
    });
  };
  const listener: StackListener = {
    state(moment) {
      reporter.state?.(moment);
      keepPace();
    },
    exited(exit) {
      reporter.exited?.(exit);
      keepPace();
    },
    ended(end) {
      executions[end.outcome] += 1;
      reporter.ended?.(end);
      keepPace();
    },
    audit(entry) {
      reporter.audit?.(entry);
      keepPace();
    },
    mail: (mail) => reporter.mail?.(mail),
    notice(delivery) {
      notices.set(delivery.uid, delivery.status);
      reporter.notice?.(delivery);
      keepPace();
    },
    request: (request) => reporter.request?.(request),
  };
  const stack = await openStack({ ...surroundingsOf(script), transport: 'http', listener });
  try {
    reporter.begin?.(script);
    const starts = perform(stack, steps, async (step, make) => {
      reporter.step?.(step);
      await make();
      const mail = step.reader && newestMailTo(step.reader, stack);
      if (mail) reporter.reading?.(mail, step.at);
      keepPace();
    });
    await stack.runUntilIdle();
    const result = {
      executions,
      ...(await holdings(stack)),
      notices: countOf(notices.values()),
      surprises: surprisesIn(stack, starts),
    };
    reporter.finish?.(result);
    return result;
  } finally {
    await stack.close();
  }
}

/** Returns what a script says about the account that it is played in. */
export function surroundingsOf(script: Script) {
  const { entitlements, directory, quirks, mail, latency, otherCallers, limits, batchUsers, start } = script;
  return {
    entitlements,
    directory,
    quirks,
    start,
    ...(mail === undefined ? {} : { mail }),
    ...(latency === undefined ? {} : { latency: latencyOf(latency) }),
    ...(otherCallers === undefined ? {} : { otherCallers }),
    ...(limits === undefined ? {} : { limits }),
    ...(batchUsers === undefined ? {} : { batchUsers }),
  };
}

/** A step that starts an execution. `execution` is missing if the start was refused. */
interface StartedExecution {
  step: ScriptStep;
  execution?: string;
}

/**
 * Schedules the steps at their times. Steps of the same moment keep their order.
 *
 * @param around called for each step when its time comes; `make` performs the step
 * @returns the starts, a list that grows as virtual time passes
 */
export function perform(
  stack: Stack,
  steps: readonly ScriptStep[],
  around: (step: ScriptStep, make: () => Promise<void>) => Promise<void>,
): readonly StartedExecution[] {
  const starts: StartedExecution[] = [];
  const scheduleFrom = (from: number): void => {
    const next = steps[from];
    if (!next) return;
    stack.at(next.at, async () => {
      let index = from;
      for (let step = steps[index]; step && step.at <= stack.clock.now(); step = steps[index]) {
        const due = step;
        await around(due, async () => {
          due.act?.(stack);
          await due.operate?.(stack);
          await startExecution(stack, due, starts);
        });
        index += 1;
      }
      scheduleFrom(index);
    });
  };
  scheduleFrom(0);
  return starts;
}

/** Starts the execution of a step. Like EventBridge, retries a refused start with growing delays. */
async function startExecution(stack: Stack, step: ScriptStep, starts: StartedExecution[], tries = 0): Promise<void> {
  if (!step.start) return;
  try {
    starts.push({ step, execution: await startOn(stack, step.start) });
  } catch (error) {
    if (!(error instanceof SFNServiceException)) throw error;
    if (tries === START_TRIES) {
      starts.push({ step });
      return;
    }
    const again = new Date(stack.clock.now().getTime() + 2 ** tries * 1000);
    stack.at(again, () => startExecution(stack, step, starts, tries + 1));
  }
}

/** A digest that no hold has. */
const NO_DIGEST = '0'.repeat(64);

async function startOn(stack: Stack, start: ExecutionStart): Promise<string> {
  if (start.input) return start.admin ? stack.startAdmin(start.input) : stack.start(start.input);
  const digests = (await stack.hold(start.release))?.digests ?? [];
  const found = start.digest === 'told' ? digests.at(0) : digests.at(-1);
  return stack.startAdmin({ release: found?.digest ?? NO_DIGEST });
}

function surprisesIn(stack: Stack, starts: readonly StartedExecution[]): Surprise[] {
  return starts.flatMap(({ step: { title, start }, execution }) => {
    const outcome = execution === undefined ? 'failed' : stack.endOf(execution)?.outcome;
    if (outcome === undefined) throw new Error(`${execution} did not end`);
    if (execution !== undefined && start?.expected.includes(outcome)) return [];
    return [{ title, outcome, ...(execution === undefined ? {} : { execution }) }];
  });
}

async function holdings(stack: Stack) {
  const seats = (await stack.seats()).map(({ entitlement, userId, status }) => ({ entitlement, userId, status }));
  const assignments = stack.identityCenter
    .assignments()
    .map(({ applicationArn, principalId }) => ({ applicationArn, principalId }));
  const subscriptions = stack.identityCenter.applications().flatMap(({ applicationArn }) =>
    stack.identityCenter.subscriptionsOf(applicationArn).map(({ user, group, plan, status = 'ACTIVE' }) => ({
      applicationArn,
      principalId: user ?? group ?? '',
      plan,
      status,
    })),
  );
  return {
    seats: seats.sort(byKey(({ entitlement, userId }) => `${entitlement} ${userId}`)),
    assignments: assignments.sort(byKey(({ applicationArn, principalId }) => `${applicationArn} ${principalId}`)),
    subscriptions: subscriptions.sort(byKey((one) => `${one.applicationArn} ${one.principalId} ${one.status}`)),
    calls: stack.calls(),
  };
}

function newestMailTo(userId: string, { ses, identityCenter }: Stack): Mail | undefined {
  const user = identityCenter.user(userId);
  const addresses = user ? emailsOf(user).map(({ value }) => value) : [];
  return ses.outbox.mails().findLast(({ to }) => to.some((address) => addresses.includes(address)));
}

function countOf(values: Iterable<string>): Record<string, number> {
  const groups = Map.groupBy(values, (value) => value);
  return Object.fromEntries(
    [...groups].map(([value, all]) => [value, all.length] as const).sort(byKey(([value]) => value)),
  );
}

/** Compares by code units, so that the order is the same on every computer. */
function byKey<T>(keyOf: (element: T) => string): (a: T, b: T) => number {
  return (a, b) => {
    const [left, right] = [keyOf(a), keyOf(b)];
    if (left === right) return 0;
    return left < right ? -1 : 1;
  };
}

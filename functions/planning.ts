import type { Clock } from '../domain/clock.ts';
import type { Entitlement } from '../domain/entitlements.ts';
import { LeaseLostError, NotConvergedError, RefusedError } from '../domain/errors.ts';
import { type Batch, cut } from '../domain/plan.ts';
import { isSpent, isStalled, type Progress, progressed } from '../domain/progress.ts';
import type { Propagation, Request } from '../domain/request.ts';
import { reported } from '../domain/seat.ts';
import { plusSeconds, secondsBetween } from '../domain/time.ts';
import {
  abandon,
  adoptOverdue,
  closeLooks,
  dueLooks,
  finish,
  holderOf,
  isRedriven,
  type Looks,
  markPlanned,
  post,
  SETTLE_SECONDS,
  type Turn,
  takeTurn,
  type Work,
} from '../domain/work.ts';
import { type LookPlan, look } from './looking.ts';
import { changeMailbox, holdLease } from './mailbox.ts';
import type { Readers } from './standings.ts';
import type { Measure } from './step.ts';

/** `$.plan`: what the machine does next, and what the next plan has to know. */
export type Plan = { progress: Progress } & (
  | { outcome: 'apply'; batches: Batch[]; term: number; plannedAt: string }
  | { outcome: 'settle'; settle: { waitSeconds: number } }
  | { outcome: 'handedOver'; handedOverTo?: string }
  | { outcome: 'converged' }
);

export interface PlanInput {
  request: Request;
  propagation: Propagation;
  progress: Progress;
  execution: string;
}

export type PlanServices = Omit<Readers, 'keep'> & { clock: Clock; measure: Measure };

/** A refusal is looked at again after this, unless somebody redrives the execution before. */
const RETRY_REFUSED_SECONDS = 3600;
/** The tick begins a full sweep when the last is this old. */
const SWEEP_EVERY_SECONDS = 3600;

/**
 * Puts the request into the mailbox, and plans for all that is due if the lease is to be had: named users first, then
 * whole applications. An empty plan closes its looks; the next is made at once while something is due.
 *
 * @throws TransientAwsError · RefusedError, with nothing changed or everybody else served · NotConvergedError
 */
export async function planChanges(input: PlanInput, services: PlanServices): Promise<Plan> {
  const { execution } = input;
  const { turn, redriven } = await enter(input, services);
  const progress = redriven ? { ...input.progress, stalled: 0 } : input.progress;
  if (turn.turn === 'handedOver') {
    services.measure('ExecutionsHandedOver', 1);
    return { outcome: 'handedOver', progress, ...(turn.to ? { handedOverTo: turn.to } : {}) };
  }
  if (turn.turn === 'wait') return waiting(turn.waitSeconds, progress);
  if (turn.turn === 'nothing') return { outcome: 'converged', progress };
  try {
    return await planWhileDue({ execution, term: turn.term, progress }, turn.work, services);
  } catch (error) {
    // Somebody else took over while this plan was being made: whose turn it is now, the next call finds out.
    if (error instanceof LeaseLostError) return waiting(0, progress);
    throw error;
  }
}

function waiting(waitSeconds: number, progress: Progress): Plan {
  return { outcome: 'settle', settle: { waitSeconds }, progress: { ...progress, round: progress.round + 1 } };
}

type Entry = { turn: Turn | { turn: 'nothing'; work: Work }; redriven: boolean };

async function enter({ request, propagation, progress, execution }: PlanInput, services: PlanServices): Promise<Entry> {
  const { clock, ledger } = services;
  const entitlements = services.entitlements.entitlements;
  const pending = request.sweep === 'due' && progress.round === 0 ? await ledger.needAttention(clock.now()) : [];
  return changeMailbox<Entry & { work: Work }>(ledger, (work) => {
    const now = clock.now();
    const redriven = isRedriven(work, execution);
    if (progress.round > 0) return withTurn(takeTurn(work, execution, now), redriven);
    const wanted = wantedNow(
      request,
      propagation,
      pending.map(({ userId }) => userId),
      work,
      now,
    );
    const overdue = request.trigger === 'tick' ? adoptOverdue(work, execution, now) : work;
    const idle = wanted.users.length === 0 && wanted.groups.length === 0 && wanted.sweep !== 'everything';
    const held = holderOf(overdue, now) === execution;
    if (idle && !held && !hasLooks(overdue, execution)) return { turn: { turn: 'nothing', work }, redriven, work };
    return withTurn(takeTurn(post(overdue, wanted, { me: execution, entitlements, now }), execution, now), redriven);
  });
}

function hasLooks({ users, sweeps }: Work, execution: string): boolean {
  return [...Object.values(users), ...Object.values(sweeps)].some(({ by }) => by === execution);
}

function withTurn(turn: Turn, redriven: boolean): Entry & { work: Work } {
  return { turn, redriven, work: turn.work };
}

/** The request with its user found, and a tick with what is due. */
function wantedNow(request: Request, propagation: Propagation, pending: string[], work: Work, now: Date): Request {
  const { userId, groupId } = propagation;
  const found = userId
    ? [{ userId, ...(groupId ? { expected: { groupId, membership: 'member' as const } } : {}) }]
    : [];
  const users = [...request.users, ...found, ...[...new Set(pending)].map((user) => ({ userId: user }))];
  if (request.sweep !== 'due') return { ...request, users };
  const { sweep: _, ...rest } = request;
  const sweepDue = !work.lastSweepAt || secondsBetween(work.lastSweepAt, now) >= SWEEP_EVERY_SECONDS;
  return { ...rest, users, ...(sweepDue ? { sweep: 'everything' as const } : {}) };
}

/** The right to plan, and how far the execution has come. */
interface Course {
  execution: string;
  term: number;
  progress: Progress;
}

async function planWhileDue({ execution, term, progress }: Course, taken: Work, services: PlanServices): Promise<Plan> {
  const { clock, ledger } = services;
  const { keep } = await holdLease(ledger, clock, { execution, term, taken });
  let mailbox: Work | undefined = taken;
  let course = { execution, term, progress };
  for (;;) {
    await keep();
    const readAt = clock.now();
    const { looks, userPages } = nextLooks(mailbox ?? (await ledger.work()), readAt);
    mailbox = undefined;
    const { checked } = course.progress;
    const plan = await guarded(looks, course, services, () =>
      look(looks, { readAt, execution, checked, userPages }, { ...services, keep }),
    );
    const { batches, more } = cut(plan.changes);
    course = { ...course, progress: { ...progressed(course.progress, batches), checked: plan.checked } };
    if (isSpent(course.progress)) return leave(course.progress, execution, services);
    if (batches.length > 0) {
      const settling = more || plan.more ? { users: {}, sweeps: {} } : without(looks, plan.failures);
      return guarded(looks, course, services, () => apply(settling, batches, readAt, course, services));
    }
    if (plan.failures.length > 0) await fail(looks, plan, readAt, course, services);
    const { due, waitSeconds } = await close(looks, plan, { execution, readAt }, services);
    if (due) continue;
    if (waitSeconds === undefined) return { outcome: 'converged', progress: course.progress };
    return waiting(waitSeconds, course.progress);
  }
}

/** Ends before AWS would end it: what is due stays in the mailbox, for the next event or tick. */
async function leave(progress: Progress, me: string, { clock, ledger }: PlanServices): Promise<Plan> {
  await changeMailbox(ledger, (work) => ({
    work: abandon(work, { users: {}, sweeps: {} }, { me, retryAt: clock.now().toISOString() }),
  }));
  return { outcome: 'handedOver', handedOverTo: 'tick', progress };
}

/** Named users first: there are few, and somebody waits for each. */
function nextLooks(work: Work, now: Date): { looks: Looks; userPages: number | undefined } {
  const due = dueLooks(work, now);
  const named = Object.keys(due.users).length > 0;
  return { looks: named ? { users: due.users, sweeps: {} } : due, userPages: work.userPages };
}

function without({ users, sweeps }: Looks, failures: LookPlan['failures']): Looks {
  const failed = new Set(failures.map(({ key }) => key));
  const rest = <T>(entries: Readonly<Record<string, T>>) =>
    Object.fromEntries(Object.entries(entries).filter(([key]) => !failed.has(key)));
  return { users: rest(users), sweeps: rest(sweeps) };
}

/**
 * Sends the batches on their way.
 *
 * @param settling the looks that these changes bring to an end; what didn't fit in this round stays due, and the next
 *   plan follows without a time to settle
 */
async function apply(
  settling: Looks,
  batches: Batch[],
  readAt: Date,
  { term, progress }: Course,
  { ledger }: PlanServices,
): Promise<Plan> {
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  await changeMailbox(ledger, (work) => ({ work: markPlanned(work, settling, { term, startedAt: readAt }) }));
  return { outcome: 'apply', batches, term, plannedAt: readAt.toISOString(), progress };
}

/** Strikes off what is proven, says when to look again at the rest, and gives the lease back if nothing else is due. */
async function close(
  looks: Looks,
  plan: LookPlan,
  { execution, readAt }: { execution: string; readAt: Date },
  { clock, ledger, entitlements }: PlanServices,
): Promise<{ due: boolean; waitSeconds: number | undefined }> {
  const whole = entitlements.entitlements.every(
    ({ application }: Entitlement) => looks.sweeps[application] && !plan.lookAt.has(application),
  );
  return changeMailbox(ledger, (work) => {
    if (holderOf(work, clock.now()) !== execution) throw new LeaseLostError('The lease was lost while a plan was made');
    const closed = closeLooks(work, looks, { me: execution, startedAt: readAt, lookAt: plan.lookAt });
    const noted = {
      ...closed,
      ...(whole ? { lastSweepAt: readAt.toISOString() } : {}),
      ...(plan.userPages === undefined ? {} : { userPages: plan.userPages }),
    };
    return finish(noted, execution, clock.now());
  });
}

/**
 * Fails the execution for what was refused, once everybody else is served: while something else is due, or was written
 * and is not proven yet, the failed looks are put off instead.
 */
async function fail(looks: Looks, plan: LookPlan, readAt: Date, course: Course, services: PlanServices): Promise<void> {
  const others = dueLooks(await services.ledger.work(), readAt);
  const waiting = [...Object.keys(others.users), ...Object.keys(others.sweeps)];
  if (plan.unproven || waiting.some((key) => !looks.users[key] && !looks.sweeps[key])) {
    for (const { key } of plan.failures) plan.lookAt.set(key, plusSeconds(readAt, SETTLE_SECONDS));
    return;
  }
  const [first] = plan.failures;
  for (const { seat } of plan.failures) if (seat) await services.ledger.saveSeat(reported(seat));
  await guarded(looks, course, services, async () => {
    throw first?.error;
  });
}

/** Gives the lease back when a plan fails for good, and leaves its looks for a redrive. */
async function guarded<T>(
  looks: Looks,
  { execution }: Course,
  { clock, ledger }: PlanServices,
  plan: () => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof NotConvergedError) {
      await changeMailbox(ledger, (work) => ({
        work: abandon(work, looks, { me: execution, retryAt: plusSeconds(clock.now(), RETRY_REFUSED_SECONDS) }),
      }));
    }
    throw error;
  }
}

import type { Pending } from '../adapters/ledger.ts';
import type { Clock } from '../domain/clock.ts';
import type { Entitlement } from '../domain/entitlements.ts';
import { LeaseLostError, NotConvergedError, RefusedError } from '../domain/errors.ts';
import { released } from '../domain/hold.ts';
import { type Batch, cut, ROUND_BATCHES } from '../domain/plan.ts';
import { isSpent, isStalled, type Progress, progressed } from '../domain/progress.ts';
import type { Propagation, Request } from '../domain/request.ts';
import { reported, takesPlace } from '../domain/seat.ts';
import { plusSeconds, secondsBetween } from '../domain/time.ts';
import {
  abandon,
  adoptOverdue,
  closeLooks,
  dueLooks,
  finish,
  hasExpiredLease,
  holderOf,
  isRedriven,
  type Looks,
  markPlanned,
  post,
  postSweeps,
  SETTLE_SECONDS,
  type Turn,
  takeTurn,
  type Work,
} from '../domain/work.ts';
import type { ApplicationReport, LookPlan } from './look-plan.ts';
import { look } from './looking.ts';
import { changeMailbox, holdLease } from './mailbox.ts';
import type { Readers } from './standings.ts';
import type { Measure } from './step.ts';

/** `$.plan`: what the machine does next, and what the next plan has to know. */
export type Plan = { progress: Progress } & (
  | { outcome: 'apply'; batches: Batch[]; term: number; plannedAt: string }
  | { outcome: 'settle'; settle: { waitSeconds: number } }
  | { outcome: 'handedOver'; handedOverTo?: string }
  /** As converged, but for revocations that wait for a person's word. */
  | { outcome: 'held' }
  | { outcome: 'converged' }
) & {
    /** What sweeps found, in ids and counts. */
    report?: ApplicationReport[];
    /** Applications that aren't configured any more, and how many seats of theirs are left. */
    unconfigured?: { application: string; seats: number }[];
  };

export interface PlanInput {
  request: Request;
  propagation: Propagation;
  progress: Progress;
  execution: string;
}

export type PlanServices = Omit<Readers, 'keep'> & { clock: Clock; measure: Measure };

/** A refusal is looked at again after this, unless somebody redrives the execution before. */
const RETRY_REFUSED_SECONDS = 3600;
/** The tick begins a full sweep when the last is this old, */
const SWEEP_EVERY_SECONDS = 3600;
/** and reads everybody's UserStatus when that was last done so long ago. */
const STATUS_EVERY_SECONDS = 24 * 3600;
/** So many more unmanaged assignments than at the last sweep are no accident: the ledger was restored, or a script ran. */
const UNMANAGED_JUMP = 10;

/**
 * Puts the request into the mailbox, and plans for all that is due if the lease is to be had: named users first, then
 * whole applications. An empty plan closes its looks; the next is made at once while something is due.
 *
 * @throws TransientAwsError · RefusedError, with nothing changed or everybody else served · NotConvergedError
 */
export async function planChanges(input: PlanInput, services: PlanServices): Promise<Plan> {
  const { execution } = input;
  const { turn, redriven, expired } = await enter(input, services);
  if (expired) services.measure('LeasesExpired', 1);
  const progress = redriven ? { ...input.progress, stalled: 0 } : input.progress;
  if (turn.turn === 'handedOver') {
    services.measure('ExecutionsHandedOver', 1);
    return { outcome: 'handedOver', progress, ...(turn.to ? { handedOverTo: turn.to } : {}) };
  }
  if (turn.turn === 'wait') return waiting(turn.waitSeconds, progress);
  if (turn.turn === 'nothing') return { outcome: 'converged', progress };
  try {
    const plan = await planWhileDue({ execution, term: turn.term, progress }, turn.work, services);
    return plan.outcome === 'held' && input.request.version === 1 ? { ...plan, outcome: 'converged' } : plan;
  } catch (error) {
    // Somebody else took over while this plan was being made: whose turn it is now, the next call finds out.
    if (error instanceof LeaseLostError) return waiting(0, progress);
    throw error;
  }
}

function waiting(waitSeconds: number, progress: Progress): Plan {
  return { outcome: 'settle', settle: { waitSeconds }, progress: { ...progress, round: progress.round + 1 } };
}

interface Entry {
  turn: Turn | { turn: 'nothing'; work: Work };
  redriven: boolean;
  /** The lease was taken over from a holder that never gave it back. */
  expired: boolean;
}

async function enter(input: PlanInput, services: PlanServices): Promise<Entry> {
  const { request, progress, execution } = input;
  const { clock, ledger } = services;
  const entitlements = services.entitlements.entitlements;
  const begins = progress.round === 0;
  const known = begins && request.sweep === 'due' ? await ledger.work() : undefined;
  const due = known ? await dueNow(known, services) : [];
  const released = begins && request.release ? [await release(request.release, services)] : [];
  return changeMailbox<Entry & { work: Work }>(
    ledger,
    (work) => {
      const now = clock.now();
      const redriven = isRedriven(work, execution);
      const expired = hasExpiredLease(work, now);
      if (!begins) return withTurn(takeTurn(work, execution, now), redriven, expired);
      const wanted = wantedNow(input, due, released, entitlements, work, now);
      const overdue = request.trigger === 'tick' ? adoptOverdue(work, execution, now) : work;
      const { users, groups, applications = [], sweep, adopt } = wanted;
      const idle = users.length + groups.length + applications.length === 0 && sweep !== 'everything' && !adopt;
      const held = holderOf(overdue, now) === execution;
      if (idle && !held && !hasLooks(overdue, execution))
        return { turn: { turn: 'nothing', work }, redriven, expired: false, work };
      const turn = takeTurn(post(overdue, wanted, { me: execution, entitlements, now }), execution, now);
      return withTurn(turn, redriven, expired);
    },
    known,
  );
}

/** What a tick has to look at: seats and holds with something left to do, and lines in which a place is free. */
async function dueNow({ lines = [] }: Work, { clock, ledger, entitlements }: PlanServices): Promise<Pending[]> {
  const pending = await ledger.needAttention(clock.now());
  for (const { application, seats: cap, mode } of entitlements.entitlements) {
    if (mode === 'observe' || !lines.includes(application)) continue;
    const { seats } = await ledger.holdings(application);
    if (seats.filter(takesPlace).length < cap.max) pending.push({ applicationArn: application });
  }
  return pending;
}

/**
 * Writes down that a person has released a hold; the next sweep of its application acts on it.
 *
 * @returns the application
 * @throws RefusedError when no hold has this digest, or only that of an application that isn't configured nor retired
 */
async function release(digest: string, { ledger, entitlements }: PlanServices): Promise<string> {
  const configured = entitlements.entitlements.map(({ application }) => application);
  for (const application of [...configured, ...entitlements.retired]) {
    const hold = await ledger.hold(application);
    if (!hold?.digests.some((one) => one.digest === digest)) continue;
    const next = released(hold, digest);
    if (next) await ledger.saveHold(next);
    return application;
  }
  throw new RefusedError('no-such-hold', 'No hold has this digest: look again at what is held');
}

function hasLooks({ users, sweeps }: Work, execution: string): boolean {
  return [...Object.values(users), ...Object.values(sweeps)].some(({ by }) => by === execution);
}

function withTurn(turn: Turn, redriven: boolean, expired: boolean): Entry & { work: Work } {
  return { turn, redriven, expired: expired && turn.turn === 'work', work: turn.work };
}

/** The request with its user found, and a tick with what is due. */
function wantedNow(
  { request, propagation }: PlanInput,
  due: readonly Pending[],
  released: readonly string[],
  entitlements: readonly Entitlement[],
  work: Work,
  now: Date,
): Request {
  const { userId, groupId } = propagation;
  const found = userId
    ? [{ userId, ...(groupId ? { expected: { groupId, membership: 'member' as const } } : {}) }]
    : [];
  const configured = new Set(entitlements.map(({ application }) => application));
  const named = due.flatMap((one) => (one.userId && configured.has(one.applicationArn) ? [one.userId] : []));
  const whole = due.filter((one) => !one.userId || !configured.has(one.applicationArn));
  const wanted = {
    ...request,
    users: [...request.users, ...found, ...[...new Set(named)].map((user) => ({ userId: user }))],
    applications: [...(request.applications ?? []), ...released, ...whole.map(({ applicationArn }) => applicationArn)],
  };
  if (request.sweep !== 'due') return wanted;
  const { sweep: _, ...rest } = wanted;
  const isOld = (time: string | undefined, seconds: number) => !time || secondsBetween(time, now) >= seconds;
  if (!isOld(work.lastSweepAt, SWEEP_EVERY_SECONDS)) return rest;
  return { ...rest, sweep: 'everything', withStatus: isOld(work.lastStatusSweepAt, STATUS_EVERY_SECONDS) };
}

/** The right to plan, and how far the execution has come. */
interface Course {
  execution: string;
  term: number;
  progress: Progress;
}

async function planWhileDue({ execution, term, progress }: Course, taken: Work, services: PlanServices): Promise<Plan> {
  const { clock, ledger, measure } = services;
  const { keep } = await holdLease(ledger, clock, { execution, term, taken });
  const reports = new Map<string, ApplicationReport>();
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
    for (const [application, report] of plan.reports) reports.set(application, report);
    const found = reports.size > 0 ? { report: [...reports.values()] } : {};
    const { batches, more } = batchesOf(plan);
    course = {
      ...course,
      progress: withHeld({ ...progressed(course.progress, batches), checked: plan.checked }, plan),
    };
    const held = sum(plan.held.values());
    if (held > 0) measure('RevocationsHeld', held);
    if (isSpent(course.progress)) return leave(course.progress, execution, services);
    if (batches.length > 0) {
      const settling = more ? { users: {}, sweeps: {} } : without(looks, plan.failures);
      return guarded(looks, course, services, () => apply(settling, batches, plan, readAt, course, services));
    }
    if (plan.failures.length > 0) await fail(looks, plan, readAt, course, services);
    const { due, waitSeconds, unconfigured, work } = await close(looks, plan, { execution, readAt }, services);
    course = { ...course, progress: withProven(course.progress, looks, plan) };
    if (due) continue;
    if (waitSeconds !== undefined) return { ...waiting(waitSeconds, course.progress), ...found };
    const [prover] = proversOf(course.progress, work);
    if (prover) return { outcome: 'handedOver', handedOverTo: prover, progress: course.progress, ...found };
    const outcome = course.progress.held?.length ? 'held' : 'converged';
    return { outcome, progress: course.progress, ...found, ...(unconfigured.length > 0 ? { unconfigured } : {}) };
  }
}

function batchesOf({ changes, holds }: LookPlan): { batches: Batch[]; more: boolean } {
  const { batches, more } = cut(changes);
  const room = ROUND_BATCHES - batches.length;
  const events = holds.slice(0, room).map((applicationArn) => ({
    applicationArn,
    kind: 'hold' as const,
    reason: 'reconciled' as const,
    userIds: [],
  }));
  return { batches: [...batches, ...events], more: more || holds.length > room };
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}

/** In which applications revocations are held, as last seen. */
function withHeld({ held = [], ...progress }: Progress, plan: LookPlan): Progress {
  const still = held.filter((application) => !plan.held.has(application));
  const now = [...plan.held].flatMap(([application, count]) => (count > 0 ? [application] : []));
  const all = [...still, ...now];
  return all.length > 0 ? { ...progress, held: all } : progress;
}

/** These looks showed that nothing is left to change. */
function withProven({ proving = [], ...progress }: Progress, { users, sweeps }: Looks, plan: LookPlan): Progress {
  const left = proving.filter((key) => !(users[key] || sweeps[key]) || plan.lookAt.has(key));
  return left.length > 0 ? { ...progress, proving: left } : progress;
}

/** Who proves changes of this execution in its stead: a later hint has made the look another's. */
function proversOf({ proving = [] }: Progress, { users, sweeps }: Work): string[] {
  return proving.flatMap((key) => users[key]?.by ?? sweeps[key]?.by ?? []);
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
  plan: LookPlan,
  readAt: Date,
  { execution, term, progress }: Course,
  { clock, ledger }: PlanServices,
): Promise<Plan> {
  if (isStalled(progress)) {
    throw new NotConvergedError(`The same changes were planned ${progress.stalled + 1} times without effect`);
  }
  const revoking = new Set(batches.flatMap(({ kind, applicationArn }) => (kind === 'revoke' ? [applicationArn] : [])));
  await changeMailbox(ledger, (work) => {
    const marked = markPlanned(work, settling, { term, startedAt: readAt });
    // A place that frees is given by a sweep, which sees the whole line.
    const freeing = withLines(work, plan).lines?.filter((one) => revoking.has(one) && !settling.sweeps[one]) ?? [];
    const context = { me: execution, cause: execution, now: clock.now() };
    return { work: withLines(postSweeps(marked, new Set([...plan.owing, ...freeing]), context), plan) };
  });
  const proving = [
    ...new Set([...(progress.proving ?? []), ...Object.keys(settling.users), ...Object.keys(settling.sweeps)]),
  ];
  return { outcome: 'apply', batches, term, plannedAt: readAt.toISOString(), progress: { ...progress, proving } };
}

/** Which applications have a line, as far as a plan has seen it. */
function withLines(work: Work, { lines }: LookPlan): Work {
  const kept = (work.lines ?? []).filter((application) => !lines.has(application));
  const found = [...lines].flatMap(([application, line]) => (line ? [application] : []));
  const all = [...kept, ...found];
  const { lines: _, ...rest } = work;
  return all.length > 0 ? { ...rest, lines: all } : rest;
}

interface Closed {
  /** The mailbox as it is now. */
  work: Work;
  due: boolean;
  waitSeconds: number | undefined;
  unconfigured: NonNullable<Plan['unconfigured']>;
}

/** Strikes off what is proven, says when to look again at the rest, and gives the lease back if nothing else is due. */
async function close(
  looks: Looks,
  plan: LookPlan,
  { execution, readAt }: { execution: string; readAt: Date },
  services: PlanServices,
): Promise<Closed> {
  const { clock, ledger, entitlements } = services;
  const sweeps = entitlements.entitlements.map(({ application }) =>
    plan.lookAt.has(application) ? undefined : looks.sweeps[application],
  );
  const at = readAt.toISOString();
  const whole = sweeps.every((sweep) => sweep !== undefined);
  const withStatus = sweeps.every((sweep) => sweep?.withStatus);
  const unmanaged = Object.fromEntries([...plan.reports].map(([application, one]) => [application, one.unmanaged]));
  const closed = await changeMailbox(ledger, (before) => {
    if (holderOf(before, clock.now()) !== execution)
      throw new LeaseLostError('The lease was lost while a plan was made');
    const struck = closeLooks(before, looks, { me: execution, startedAt: readAt, lookAt: plan.lookAt });
    const posted = postSweeps(struck, plan.owing, { me: execution, cause: execution, now: clock.now() });
    const noted = {
      ...withLines(posted, plan),
      ...(whole ? { lastSweepAt: at } : {}),
      ...(whole && withStatus ? { lastStatusSweepAt: at } : {}),
      ...(plan.userPages === undefined ? {} : { userPages: plan.userPages }),
      ...(plan.reports.size > 0 ? { unmanaged: { ...before.unmanaged, ...unmanaged } } : {}),
    };
    return { before, ...finish(noted, execution, clock.now()) };
  });
  measureFound(plan, closed.before, services);
  if (whole) measureAll(plan, readAt, services);
  const unconfigured = whole ? await seatsLeft(closed.work, services) : [];
  return { ...closed, unconfigured };
}

/** What is known of one application at a time. */
function measureFound({ reports }: LookPlan, before: Work, { measure }: PlanServices): void {
  for (const { entitlement, seats } of reports.values()) measure('Seats', seats, entitlement);
  const grown = [...reports].map(([application, { unmanaged }]) => {
    const last = before.unmanaged?.[application];
    return last === undefined ? 0 : unmanaged - last;
  });
  const jump = sum(grown.filter((more) => more > UNMANAGED_JUMP));
  if (jump > 0) measure('UnmanagedJump', jump);
}

/** Totals, which only a sweep of everything knows. */
function measureAll({ reports }: LookPlan, readAt: Date, { measure, entitlements }: PlanServices): void {
  const all = [...reports.values()];
  measure('SweepsCompleted', 1);
  measure('SeatsWaiting', sum(all.map(({ waiting: line }) => line)));
  measure('SeatsOverCap', sum(all.map(({ overCap = 0 }) => overCap)));
  measure('RevocationsHeld', sum(all.map(({ held = 0 }) => held)));
  measure('UnmanagedAssignments', sum(all.map(({ unmanaged }) => unmanaged)));
  measure('AssignedGroups', sum(all.map(({ assignedGroups = [] }) => assignedGroups.length)));
  const caps = entitlements.entitlements.map(({ application, seats }) => {
    const report = reports.get(application);
    return report ? (100 * report.seats) / Math.max(seats.max, 1) : 0;
  });
  measure('CapUsed', Math.max(...caps));
  const waits = all.map(({ waitingSince }) => (waitingSince ? secondsBetween(waitingSince, readAt) : 0));
  measure('OldestWait', Math.max(0, ...waits));
}

/** Seats of applications that aren't configured any more: they are told of, and only a person gives them up. */
async function seatsLeft(
  { sweptAt }: Work,
  { ledger, entitlements, measure }: PlanServices,
): Promise<NonNullable<Plan['unconfigured']>> {
  const configured = new Set(entitlements.entitlements.map(({ application }) => application));
  const left = [];
  for (const application of Object.keys(sweptAt)) {
    if (configured.has(application)) continue;
    const seats = (await ledger.holdings(application)).seats.filter(takesPlace).length;
    if (seats > 0) left.push({ application, seats });
  }
  if (left.length > 0) measure('UnconfiguredSeats', sum(left.map(({ seats }) => seats)));
  return left;
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

import type { Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { SweepItem, UserItem, WorkItems } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { reconcile } from '../../reconcile/plan/reconcile-application.ts';
import type { ReconcileContext, ReconcileResult } from '../../reconcile/plan/result.ts';
import { anObservation } from './builders.ts';
import { APPLICATION, ME, START, user } from './ids.ts';
import { openServices, type ServicesOptions } from './services.ts';

/** When a look begins: long enough after the last change of every seat that a test says nothing else of. */
export const LATER = plusSeconds(START, 60);

/** A user who is to be looked at, for an event. */
export function anEntry(parts: Partial<UserItem> = {}): UserItem {
  const at = START.toISOString();
  return { by: ME, dueAt: at, at, since: at, cause: 'event-1', trigger: 'event', hints: 1, expected: [], ...parts };
}

/** An application that is to be looked at, for an event. */
function aSweep(parts: Partial<SweepItem> = {}): SweepItem {
  const { expected: _expected, since: _since, ...entry } = anEntry();
  return { ...entry, withStatus: false, ...parts };
}

/** A look at people by number. */
export function lookAt(...numbers: number[]): WorkItems {
  return { users: Object.fromEntries(numbers.map((number) => [user(number), anEntry()])), sweeps: {} };
}

/** A look at the whole of APPLICATION, or of others. */
export function sweep(parts: Partial<SweepItem> = {}, ...applications: string[]): WorkItems {
  const swept = applications.length > 0 ? applications : [APPLICATION];
  return { users: {}, sweeps: Object.fromEntries(swept.map((application) => [application, aSweep(parts)])) };
}

/** An observation of a person, by an entitlement of APPLICATION. */
export function anObservationOf(number: number, parts: Partial<Observation> = {}): Observation {
  return anObservation({
    applicationArn: APPLICATION,
    userId: user(number),
    entitlement: 'amazon-q-developer',
    requestedAt: START.toISOString(),
    changedAt: START.toISOString(),
    ...parts,
  });
}

export interface LookingOptions extends ServicesOptions {
  seats?: readonly Seat[];
  /** Whom APPLICATION is assigned to. */
  assigned?: readonly number[];
  hold?: Hold;
  observations?: readonly Observation[];
}

/** The ledger and the directory as they are before a look. */
export async function looking({ seats = [], assigned = [], hold, observations = [], ...options }: LookingOptions = {}) {
  const world = await openServices(options);
  const { services, center } = world;
  for (const seat of seats) await services.ledger.saveSeat({ ...seat, revision: 1 });
  for (const observation of observations) await services.ledger.saveObservation({ ...observation, revision: 1 });
  if (hold) await services.ledger.saveHold({ ...hold, revision: 1 });
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  const readers = { ...services, renewLease: async () => undefined };
  return {
    ...world,
    look: (looks: WorkItems, context: Partial<ReconcileContext> = {}) =>
      reconcile(
        looks,
        { readAt: new Date(LATER), execution: ME, checked: [], userPages: undefined, ...context },
        readers,
      ),
    /** What APPLICATION's seats stand at, by the number of the person. */
    async statuses(): Promise<Record<number, string>> {
      const { seats: found } = await services.ledger.holdings(APPLICATION);
      return Object.fromEntries(found.map(({ userId, status }) => [Number(userId.slice(-12)), status]));
    },
    hold: () => services.ledger.hold(APPLICATION),
    /** What was told of each person, `undefined` where nothing would change any more. */
    async observed(): Promise<Record<number, string | undefined>> {
      const { observations: found } = await services.ledger.itemsOf(APPLICATION);
      return Object.fromEntries(found.map(({ userId, answer }) => [Number(userId.slice(-12)), answer]));
    },
  };
}

/** The changes of a plan, in order: `grant 1 group-join`. */
export function changesOf({ changes }: ReconcileResult): string[] {
  return changes.map(({ kind, userId, reason }) =>
    [kind, Number(userId.slice(-12)), ...(kind === 'record' ? [] : [reason])].join(' '),
  );
}

/** What a plan fails of, by key. */
export function failuresOf({ failures }: ReconcileResult): [string, string][] {
  return failures.map(({ key, error }) => [key, error.reason]);
}

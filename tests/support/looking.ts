import type { Observation } from '../../domain/decision/observation.ts';
import type { SweepItem, UserItem, WorkItems } from '../../domain/queue/work-queue.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { reconcile } from '../../reconcile/plan/reconcile-application.ts';
import type { ReconcileContext } from '../../reconcile/plan/result.ts';
import { numberOf } from './application-states.ts';
import { anObservation } from './builders.ts';
import { APPLICATION, ME, START, user } from './ids.ts';
import { type ViewingOptions, viewing } from './viewing.ts';

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

/** Opens a world in which a plan reads, decides and commits what work items name. */
export async function looking(options: ViewingOptions = {}) {
  const world = await viewing(options);
  const { readers, services } = world;
  return {
    ...world,
    look: (items: WorkItems, context: Partial<ReconcileContext> = {}) =>
      reconcile(
        items,
        { readAt: new Date(LATER), execution: ME, checked: [], userPages: undefined, ...context },
        readers,
      ),
    /** The statuses of the seats of APPLICATION, by the number of the user. */
    async statuses(): Promise<Record<number, string>> {
      const { seats: found } = await services.ledger.holdings(APPLICATION);
      return Object.fromEntries(found.map(({ userId, status }) => [numberOf(userId), status]));
    },
    hold: () => services.ledger.hold(APPLICATION),
    /** The answers about the users of APPLICATION, by their number; undefined if nothing would change. */
    async observed(): Promise<Record<number, string | undefined>> {
      const { observations: found } = await services.ledger.itemsOf(APPLICATION);
      return Object.fromEntries(found.map(({ userId, answer }) => [numberOf(userId), answer]));
    },
  };
}

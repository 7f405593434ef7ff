import type { Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import { emptyQueue, type SweepItem, type WorkItems } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { updateQueue } from '../../reconcile/lease.ts';
import { reconcile } from '../../reconcile/plan/reconcile-application.ts';
import type { ReconcileContext } from '../../reconcile/plan/result.ts';
import type { ListReaders } from '../../reconcile/plan/subscription-lists.ts';
import { aSweepItem, at, aUserItem } from './builders.ts';
import { APPLICATION, ME, numberOf, user } from './ids.ts';
import { openWorld, type WorldOptions } from './world.ts';

/** The time at which the reads of a plan begin: long enough after all that a test has prepared to show it. */
export const READ_AT = at(60);

/** The execution and the time of a plan that has read nothing before. */
export const CONTEXT: ReconcileContext = {
  readAt: READ_AT,
  execution: ME,
  checked: [],
  userPages: undefined,
  secondsLeft: () => 780,
  storedIn: async () => undefined,
  listFor: async () => 'assumed',
};

/** Users who are due, for an event. */
export function usersDue(...numbers: number[]): WorkItems {
  return { users: Object.fromEntries(numbers.map((number) => [user(number), aUserItem()])), sweeps: {} };
}

/** Applications that are due, for an event; only APPLICATION if none is named. */
export function sweepsDue(parts: Partial<SweepItem> = {}, ...applications: string[]): WorkItems {
  const due = applications.length > 0 ? applications : [APPLICATION];
  return { users: {}, sweeps: Object.fromEntries(due.map((application) => [application, aSweepItem(parts)])) };
}

/** A user of a directory, by number. */
export function aUser(number: number, status: 'ENABLED' | 'DISABLED' = 'ENABLED') {
  return { userId: user(number), userName: `name-${number}`, status };
}

export interface ReadersOptions extends WorldOptions {
  seats?: readonly Seat[];
  observations?: readonly Observation[];
  hold?: Hold;
}

/** See {@link openReaders}. */
export type ReadersWorld = Awaited<ReturnType<typeof openReaders>>;

/** Opens a world of five users, in which the ledger holds these items, with what a plan reads it with. */
export async function openReaders({ seats = [], observations = [], hold, ...options }: ReadersOptions = {}) {
  const world = await openWorld({ people: 5, ...options });
  const { ledger } = world.services;
  for (const seat of seats) await ledger.saveSeat(seat);
  for (const observation of observations) await ledger.saveObservation(observation);
  if (hold) await ledger.saveHold(hold);
  world.forget();
  let renewals = 0;
  let queue = emptyQueue();
  const renewLease = async () => {
    renewals += 1;
  };
  const lease: ListReaders['lease'] = {
    renewLease,
    get queue() {
      return queue;
    },
    async change(make) {
      const changed = await updateQueue(ledger, make);
      queue = changed.queue;
      return changed;
    },
  };
  const readers = { ...world.services, renewLease, lease };
  return {
    ...world,
    readers,
    /** Returns how often the lease was renewed. */
    renewals: () => renewals,
    /** Reads, decides and commits what these work items name. */
    reconcile: (items: WorkItems, context: Partial<ReconcileContext> = {}) =>
      reconcile(items, { ...CONTEXT, ...context }, readers),
    hold: () => ledger.hold(APPLICATION),
    /** Returns what was answered about the users of APPLICATION, by number; undefined if nothing would change. */
    async answers(): Promise<Record<number, string | undefined>> {
      const { observations: found } = await ledger.itemsOf(APPLICATION);
      return Object.fromEntries(found.map(({ userId, answer }) => [numberOf(userId), answer]));
    },
  };
}

import type { Hold } from '../../domain/decision/hold.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { APPLICATION, user } from './ids.ts';
import { openServices, type ServicesOptions } from './services.ts';

export interface ViewingOptions extends ServicesOptions {
  seats?: readonly Seat[];
  observations?: readonly Observation[];
  hold?: Hold;
  /** Users to whom APPLICATION is assigned. */
  assigned?: readonly number[];
}

/** The readers of a plan, and how often they have renewed the lease. */
export async function viewing({ seats = [], observations = [], hold, assigned = [], ...options }: ViewingOptions = {}) {
  const world = await openServices(options);
  const { services, center, door } = world;
  for (const seat of seats) await services.ledger.saveSeat(seat);
  for (const observation of observations) await services.ledger.saveObservation(observation);
  if (hold) await services.ledger.saveHold(hold);
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  let kept = 0;
  const readers = {
    ...services,
    renewLease: async () => {
      kept += 1;
    },
  };
  door.calls.clear();
  return { ...world, readers, kept: () => kept };
}

export type Viewing = Awaited<ReturnType<typeof viewing>>;

/** A user of the directory file, by number. */
export const aUser = (number: number, status: 'ENABLED' | 'DISABLED' = 'ENABLED') => ({
  userId: user(number),
  userName: `name-${number}`,
  status,
});

import { people } from './ids.ts';
import type { UserSummary } from './readings.ts';
import type { World, WorldOptions } from './world.ts';

/** Longer than a lease lasts after its holder has died. */
export const LEASE_OUT_SECONDS = 400;

/** A user who has been given a seat. */
export const SEATED: UserSummary = { seat: 'confirmed', assigned: true, audited: ['Seat Assigned'] };
/** A user whose seat has been revoked. */
export const GONE: UserSummary = { seat: 'revoked', assigned: false, audited: ['Seat Revoked'] };

/** A change of the world with its event, which can be played again and again in one world. */
export interface Change {
  name: string;
  start: WorldOptions;
  /** @param turn from 1 on, one after another. @returns the execution that the event starts */
  play(world: World, turn: number): Promise<string>;
  /** The users of a turn. */
  people(turn: number): number[];
  /** Their state in the end, and what was audited since {@link World.forgetAudit}. */
  outcome: UserSummary[];
}

/** Turns enough for a fault at each call. */
const TURNS = 100;

/** The turns of a world follow each other within a day. */
const EVERY_TURN = { percent: 100, atLeast: 1000 };

/** A user joins. */
export const JOIN: Change = {
  name: 'a join',
  start: { people: TURNS },
  play: (world, turn) => world.joins(turn),
  people: (turn) => [turn],
  outcome: [SEATED],
};

/** A user leaves. */
export const LEAVE: Change = {
  name: 'a leave',
  start: { people: TURNS, seated: people(1, TURNS), brake: EVERY_TURN },
  play: (world, turn) => world.leaves(turn),
  people: (turn) => [turn],
  outcome: [GONE],
};

/** SCIM removes a user from the group and adds another, without naming them; the next turn does the opposite. */
const SWEEP: Change = {
  name: 'a sweep',
  start: { people: 3, seated: [1, 3], brake: EVERY_TURN },
  play(world, turn) {
    const [joiner = 0, leaver = 0] = SWEEP.people(turn);
    return world.scim({ join: [joiner], leave: [leaver] });
  },
  people: (turn) => (turn % 2 === 1 ? [2, 1] : [1, 2]),
  outcome: [SEATED, GONE],
};

/** The three kinds of work. */
export const CHANGES: readonly Change[] = [JOIN, LEAVE, SWEEP];

const WRITES = new Set([
  'DynamoDB.PutItem',
  'EventBridge.PutEvents',
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
]);

/** Whether an operation changes anything. */
export function isWrite(operation: string): boolean {
  return WRITES.has(operation);
}

/** Turns that {@link callsOf} takes. */
export const TURNS_TAKEN = 2;

/** The calls of one turn by operation, when nothing fails; what is done once in a stack's life is left out of account. */
export async function callsOf(change: Change, world: World): Promise<ReadonlyMap<string, number>> {
  await change.play(world, 1);
  await world.stack.runUntilIdle();
  world.newCalls();
  await change.play(world, 2);
  await world.stack.runUntilIdle();
  return world.newCalls();
}

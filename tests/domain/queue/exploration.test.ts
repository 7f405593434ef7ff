import { describe, expect, it } from 'vitest';
import type { Request } from '../../../domain/request/request.ts';
import { GROUP, user } from '../../support/ids.ts';
import { explore, type Limits } from '../../support/queue-exploration.ts';

const joined = (number: number): Partial<Request> => ({
  trigger: 'event',
  users: [{ userId: user(number), expected: { groupId: GROUP, membership: 'member' } }],
});
const changed = (number: number): Partial<Request> => ({ trigger: 'event', users: [{ userId: user(number) }] });
const HINT: Partial<Request> = { trigger: 'event', groups: [GROUP] };

/** Nothing goes wrong, and nothing has to be changed. */
const CALM = { apply: 0, again: 0, more: 0, refuse: 0, lostAnswer: 0, crash: 0, expiry: 0 } as const satisfies Limits;

const JOINS = [joined(1), joined(2), HINT];

/**
 * In each state, at most one execution may write, every hint that no read has answered stands in the queue, and an
 * execution that is to check it is under way. No history goes round in a circle, so every execution ends; what is left when all have ended or
 * died, ticks complete. Users and applications take turns, so no pass serves others twice while an item is due; between the
 * two, a stored round may have its turn.
 */
function expectAllKept(requests: readonly Partial<Request>[], limits: Partial<Limits>, states: number): void {
  const found = explore(requests, { ...CALM, ...limits });
  expect(found.passedOver).toBeLessThanOrEqual(limits.more ? 2 : 1);
  expect(found.done).toBeGreaterThan(0);
  expect(found.states).toBe(states);
}

describe('every interleaving of three executions that share a work queue keeps the rules', () => {
  it.each<[string, Partial<Limits>, number]>([
    ['nothing goes wrong', {}, 253],
    ['each crashes at any step', { crash: 3 }, 1135],
    ['each crashes, and a lease expires, at any step', { crash: 3, expiry: 1 }, 7494],
    ['one makes changes', { apply: 1 }, 3270],
    ['one stores a round of several batches', { more: 1 }, 5660],
    ['an answer is lost at any step', { lostAnswer: 1 }, 6535],
  ])('while %s', (_fact, limits, states) => {
    expectAllKept(JOINS, limits, states);
  });

  it.each<[string, readonly Partial<Request>[], Partial<Limits>, number]>([
    ['leases expire again and again', JOINS, { crash: 3, expiry: 3 }, 67_683],
    ['one makes changes', JOINS, { crash: 3, expiry: 1, apply: 1 }, 130_122],
    ['one stores a round of several batches', JOINS, { crash: 2, expiry: 1, more: 1 }, 212_237],
    [
      'one makes changes, and an update names no group',
      [joined(1), changed(2), HINT],
      { crash: 1, expiry: 1, apply: 1 },
      94_310,
    ],
  ])('while executions crash, leases expire, and %s', { tags: ['long'] }, (_fact, requests, limits, states) => {
    expectAllKept(requests, limits, states);
  });
});

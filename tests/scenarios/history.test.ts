// @module-tag long
import { describe, expect, it } from 'vitest';
import { auditedChangeIn } from '../../domain/seat/audited-changes.ts';
import { seededRandom } from '../../emulator/aws/random.ts';
import { spanAt, timelineOf } from '../../operator/history/timeline.ts';
import { APPLICATION, GROUP, people, user } from '../support/ids.ts';
import { standingIn } from '../support/seat-steps.ts';
import { openWorld, type World } from '../support/world.ts';

const USERS = people(1, 6);
const HOUR_SECONDS = 3600;

/** What people and other programs do: joins are as frequent as all that ends a seat. */
async function act({ joins, leaves, center }: World, deed: number, number: number): Promise<unknown> {
  const userId = user(number);
  switch (deed) {
    case 0:
      return leaves(number);
    case 1:
      return center.setStatus(userId, 'DISABLED');
    case 2:
      return center.setStatus(userId, 'ENABLED');
    case 3:
      return center.unassignByHand(APPLICATION, userId);
    case 4:
      return center.leave(GROUP, userId);
    default:
      return joins(number);
  }
}
const DEEDS = 8;

/** Plays a random history of a small application. @returns the ledger after each deed, and what was audited */
async function playDeeds(seed: number) {
  const random = seededRandom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const world = await openWorld({
    people: USERS.length,
    entitlements: [{ seats: { max: 3 }, onLeave: { revokeAfterDays: seed % 2 } }],
    brake: { percent: 100, atLeast: 9 },
  });
  const moments: { at: Date; seats: Awaited<ReturnType<World['stack']['seats']>> }[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    await act(world, below(DEEDS), USERS[below(USERS.length)] ?? 1);
    world.after(2 * HOUR_SECONDS, world.tick);
    await world.stack.runUntilIdle();
    moments.push({ at: world.now(), seats: await world.stack.seats() });
    world.after(HOUR_SECONDS, () => undefined);
    await world.stack.runUntilIdle();
  }
  await world.play();
  const events = world.audit.map(({ DetailType, Detail }) => ({
    source: 'usher',
    'detail-type': DetailType,
    detail: Detail,
  }));
  return { moments, changes: events.flatMap((event) => auditedChangeIn(event) ?? []), now: world.now() };
}

describe('the history of a random life', () => {
  it.each([1, 2, 3, 4])('is that of the ledger at every moment, from wherever the records begin: %i', async (seed) => {
    const { moments, changes, now } = await playDeeds(seed);
    const seatOf = (seats: (typeof moments)[number]['seats'], number: number) =>
      seats.find(({ userId }) => userId === user(number));
    let known = 0;
    for (const cut of [0, 7, 14]) {
      const from = moments[cut]?.at ?? now;
      for (const number of USERS) {
        const some = changes.filter(({ userId, at }) => userId === user(number) && at >= from);
        const seat = seatOf(moments.at(-1)?.seats ?? [], number);
        const spans = timelineOf({ changes: some, seat }, { from, now });
        for (const { at, seats } of moments.slice(cut + 1)) {
          const standing = spanAt(spans, at)?.standing ?? 'unknown';
          if (standing === 'unknown') continue;
          known += 1;
          expect([seed, cut, number, at, standing]).toEqual([seed, cut, number, at, standingIn(seatOf(seats, number))]);
        }
      }
    }
    // What is unknown is the exception.
    expect(known).toBeGreaterThan(0.7 * USERS.length * (19 + 12 + 5));
  });
});

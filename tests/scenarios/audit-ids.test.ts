import { describe, expect, it } from 'vitest';
import { user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** Events of a user's seat: type, reason, id and number. */
function eventsOf(world: World, number: number) {
  return world.audit.flatMap((entry) => {
    const { user: about, metadata, unmapped, status_detail: reason } = detailOf(entry);
    if (about.uid !== user(number)) return [];
    return [{ event: `${entry.DetailType} ${reason}`, uid: metadata.uid, changeSeq: unmapped?.change_seq ?? 0 }];
  });
}

function expectNoRepetition(events: ReturnType<typeof eventsOf>): void {
  expect(new Set(events.map(({ uid }) => uid)).size).toBe(events.length);
  const numbers = events.map(({ changeSeq }) => changeSeq);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
}

describe('the ids of audit events', () => {
  it('do not repeat when a user comes back whose tombstone has expired', async () => {
    const world = await openWorld({ members: [1] });
    for (let times = 1; times <= 2; times += 1) {
      await world.joins(2);
      await world.play();
      await world.leaves(2);
      await world.play();
      // The tombstone expires 400 days after the last change, and DynamoDB deletes it two days later.
      world.after(405 * 86_400, () => undefined);
      await world.play();
      expect((await world.items()).map(({ sk }) => sk)).not.toContain(user(2));
    }
    const events = eventsOf(world, 2);
    expect(events.map(({ event }) => event)).toEqual([
      'Seat Assigned group-join',
      'Seat Revoked group-leave',
      'Seat Assigned group-join',
      'Seat Revoked group-leave',
    ]);
    expectNoRepetition(events);
  });

  it('do not repeat when the same refusal comes again after another', async () => {
    const world = await openWorld({ members: [1] });
    for (const kind of ['quota', 'refuse', 'quota'] as const) {
      world.faults.add({ operation: CREATE, kind });
      await world.joins(2);
      await world.play();
      world.after(2 * 3600, () => undefined);
      await world.play();
    }
    await world.joins(2);
    await world.play();
    const events = eventsOf(world, 2);
    expect(events.map(({ event }) => event)).toEqual([
      'Seat Refused quota-exceeded',
      'Seat Refused access-denied',
      'Seat Refused quota-exceeded',
      'Seat Assigned group-join',
    ]);
    expectNoRepetition(events);
  });
});

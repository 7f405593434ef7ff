import { describe, expect, it } from 'vitest';
import { oldestSweep } from '../../domain/queue/sweep-reports.ts';
import { plusSeconds, secondsBetween } from '../../domain/shared/time.ts';
import { application, group, people } from '../support/ids.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const LISTS = 'IdentityStore.ListGroupMemberships';
const HOURS = 4;
/** One every 100 s, from minute 10 to the end. */
const EVENTS = 138;

const applications = people(1, 6).map(application);

/** Six applications, each with a group of one user of its own; all have been swept a moment ago. */
async function openSix(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld({
    people: 8,
    // User 2 leaves more often in a day than the default brake allows.
    brake: { percent: 100, atLeast: 1000 },
    entitlements: people(1, 6).map((number) => ({
      name: `app-${number}`,
      application: application(number),
      groups: [group(number)],
    })),
    members: Object.fromEntries(people(1, 6).map((number) => [group(number), [number === 1 ? 1 : number + 1]])),
    ...options,
  });
  await world.tick();
  await world.play();
  world.forget();
  return world;
}

/** User 2 joins or leaves the group of the first application every 100 s over SCIM, whose events name no user. */
function keepBusy(world: World, events: number): void {
  for (let number = 0; number < events; number += 1) {
    world.after(600 + number * 100, () => world.scim(number % 2 ? { leave: [2] } : { join: [2] }));
  }
}

/** How many minutes ago the oldest of the latest full sweeps began. */
async function oldestAge(world: World): Promise<number> {
  const oldest = oldestSweep(await world.services.ledger.queue(), applications);
  return oldest ? secondsBetween(oldest, world.now()) / 60 : Number.POSITIVE_INFINITY;
}

describe('a full sweep counts for each application by itself', () => {
  it('while a group event every 100 s keeps one of six from coming to rest', { tags: ['long'] }, async () => {
    const world = await openSix();
    keepBusy(world, EVENTS);
    await world.ticking(HOURS * 60);
    // At most two reads per event, and one per hour of each of the five others.
    expect(world.calls(LISTS)).toBeGreaterThan(EVENTS);
    expect(world.calls(LISTS)).toBeLessThanOrEqual(2 * EVENTS + 5 * HOURS);
    expect(await oldestAge(world)).toBeLessThanOrEqual(70);
    expect(Math.max(...world.measured('SweepAge'))).toBeLessThan(2 * 3600);
    expect(world.measured('SweepsCompleted').length).toBeGreaterThanOrEqual(HOURS - 1);
  });

  it('and costs the quiet ones no more than without the busy one', async () => {
    const world = await openSix();
    await world.ticking(HOURS * 60);
    expect(world.calls(LISTS)).toBe(6 * HOURS);
    expect(world.measured('SweepsCompleted')).toEqual([1, 1, 1, 1]);
  });

  async function expectOneCheckOfEveryStatus(events: number): Promise<void> {
    const described = async (statusAt: number) => {
      const world = await openSix();
      const { ledger } = world.services;
      const queue = await ledger.queue();
      const dayOld = Object.entries(queue.reports ?? {}).map(([one, report]) => [
        one,
        { ...report, statusAt: plusSeconds(world.now(), statusAt) },
      ]);
      await ledger.saveQueue({ ...queue, reports: Object.fromEntries(dayOld) });
      keepBusy(world, events);
      await world.ticking(60);
      return world.calls('IdentityStore.DescribeUser');
    };
    const more = (await described(-23.5 * 3600)) - (await described(0));
    // One user each, and in the busy application one or two; and some more while writes settle.
    expect(more).toBeGreaterThanOrEqual(6);
    expect(more).toBeLessThanOrEqual(10);
  }

  it("and so does the daily check of everyone's status", () => expectOneCheckOfEveryStatus(0));

  // The status of whoever joins is read in any case.
  it("and so does the daily check of everyone's status, while one of them is busy", { tags: ['long'] }, () =>
    expectOneCheckOfEveryStatus(20),
  );

  it('while AWS refuses to read one of them: the others count, and the alarm for a missing sweep fires', async () => {
    const world = await openSix({ missing: [application(6)] });
    await world.ticking(HOURS * 60);
    const { reports = {} } = await world.services.ledger.queue();
    const ages = applications.flatMap((one) => {
      const { fullAt } = reports[one] ?? {};
      return fullAt ? [secondsBetween(fullAt, world.now()) / 60] : [];
    });
    expect(ages).toHaveLength(5);
    expect(Math.max(...ages)).toBeLessThanOrEqual(70);
    expect(world.measured('SweepsCompleted')).toEqual([]);
    expect(Math.max(...world.measured('SweepAge'))).toBeGreaterThan((HOURS - 1) * 3600);
    expect(new Set(world.measured('PutAside').slice(2))).toEqual(new Set([1]));
    // It is tried again once an hour, by the tick that follows, and not with every tick.
    expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toHaveLength(HOURS - 1);
  });
});

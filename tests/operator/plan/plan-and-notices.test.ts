import { describe, expect, it } from 'vitest';
import { type EntitlementsOptions, exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { planConfiguration } from '../../../operator/plan/configuration-plan.ts';
import { planFileOf } from '../../../operator/plan/plan-lines.ts';
import { anAsker } from '../../support/asker.ts';
import { APPLICATION, GROUP, people, user } from '../../support/ids.ts';
import { openWorld, type World } from '../../support/world.ts';

const GRACE = { onLeave: { revokeAfterDays: 7 } };
const UNBRAKED = { percent: 0, atLeast: 9 };
/** Until the last change is verified, and its notice sent. */
const MINUTES = 15;

/** A world of six users, the first three of whom have had their seats for a month, and whose users get all notices. */
function openSettled(given: EntitlementsOptions): Promise<World> {
  return openWorld({ ...optionsOf(given), people: 6, settled: people(1, 3) });
}

function optionsOf(given: EntitlementsOptions): EntitlementsOptions {
  return { brake: UNBRAKED, ...given, notices: { backfill: true, ...given.notices } };
}

const leave = ({ center }: World, ...numbers: number[]) => {
  for (const number of numbers) center.leave(GROUP, user(number));
};
const join = ({ center }: World, ...numbers: number[]) => {
  for (const number of numbers) center.join(GROUP, user(number));
};

/** What happens without an event, and how many notices the next full sweep leads to. */
const CASES: [
  fact: string,
  given: EntitlementsOptions,
  change: (world: World) => Promise<void> | void,
  notices: number,
][] = [
  ['nothing changes', {}, () => undefined, 0],
  ['two users join', {}, (world) => join(world, 4, 5), 2],
  ['two users join, and one slot is free', { entitlements: [{ seats: { max: 4 } }] }, (world) => join(world, 4, 5), 2],
  ['a user leaves at once', {}, (world) => leave(world, 1), 1],
  ['two users leave with days of grace', { entitlements: [GRACE] }, (world) => leave(world, 1, 2), 2],
  [
    'a user comes back within the days of grace, and another leaves',
    { entitlements: [GRACE] },
    async (world) => {
      await world.leaves(1);
      await world.play();
      join(world, 1);
      leave(world, 2);
    },
    2,
  ],
  [
    'the assignment of a user who comes back within the days of grace was removed by hand',
    { entitlements: [GRACE] },
    async (world) => {
      await world.leaves(1);
      await world.play();
      join(world, 1);
      world.center.unassignByHand(APPLICATION, user(1));
    },
    0,
  ],
  [
    'the days of grace of a user end',
    { entitlements: [GRACE] },
    async (world) => {
      await world.leaves(1);
      await world.play();
      world.after(8 * 24 * 3600, () => undefined);
      await world.play();
    },
    1,
  ],
  [
    'users whom the brake holds come back',
    { brake: { percent: 0, atLeast: 1 } },
    async (world) => {
      await world.leaveTogether([1, 2]);
      join(world, 1, 2);
    },
    2,
  ],
  [
    'days of grace begin for more users than may lose their seats at once',
    { entitlements: [GRACE], brake: { percent: 0, atLeast: 1 } },
    (world) => leave(world, 1, 2, 3),
    3,
  ],
  [
    'a user comes back who has lost the seat',
    {},
    async (world) => {
      await world.leaves(1);
      await world.play();
      world.after(3600, () => undefined);
      await world.play();
      join(world, 1);
    },
    1,
  ],
  ['a user is disabled', {}, (world) => world.center.setStatus(user(1), 'DISABLED'), 0],
  [
    'a user has an assignment that someone made',
    {},
    (world) => {
      world.center.assignByHand(APPLICATION, user(4));
      join(world, 4);
    },
    0,
  ],
  [
    'a user joins, and one leaves whose slot is then free',
    { entitlements: [{ seats: { max: 3 } }] },
    (world) => {
      leave(world, 1);
      join(world, 4);
    },
    3,
  ],
  ['the brake holds who leaves', { brake: { percent: 0, atLeast: 1 } }, (world) => leave(world, 1, 2, 3), 0],
  [
    'someone removes an assignment by hand, and a user joins',
    {},
    (world) => {
      world.center.unassignByHand(APPLICATION, user(1));
      join(world, 4);
    },
    1,
  ],
  [
    'a user is deleted, and one leaves',
    {},
    (world) => {
      world.center.deleteUser(user(1));
      leave(world, 2);
    },
    1,
  ],
  [
    'a slot is free for a user who waits',
    { entitlements: [{ seats: { max: 3 } }] },
    async (world) => {
      await world.joins(4);
      await world.play();
      leave(world, 1);
    },
    2,
  ],
  [
    'notices are not of this kind',
    { entitlements: [{ notices: { product: 'Kiro', send: ['leaving'] } }] },
    (world) => leave(world, 1),
    0,
  ],
];

describe('the notices that usher plan counts', () => {
  it.each(CASES)('are those that the service then sends, where %s', async (_fact, given, change, notices) => {
    const world = await openSettled(given);
    await change(world);
    const sent = () => world.stack.ses.outbox.mails().length;
    const before = sent();
    const configuration = exampleEntitlements(optionsOf(given));
    const plan = await planConfiguration({ configuration, groupNames: new Map() }, anAsker(world, configuration));
    const counted = planFileOf(plan, undefined).total.notices;
    await world.start({ scope: 'everything' });
    await world.ticking(MINUTES);
    expect([counted, sent() - before]).toEqual([notices, notices]);
  });
});

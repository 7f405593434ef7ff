import { aPerson } from './directory.ts';
import { anAddMemberToGroup } from './events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from './ids.ts';
import type { CallRecorder } from './permissions.ts';
import { openWorld, type World } from './world.ts';

const HOUR_SECONDS = 3600;

/** Three seats of APPLICATION for GROUP. */
const ONE = { name: 'one', seats: { max: 3 } };
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 10 } };

/** Starts an execution and lets it end. */
async function run(world: World, input: unknown): Promise<void> {
  await world.start(input);
  await world.play();
}

async function tickAfter(world: World, seconds: number): Promise<void> {
  world.after(seconds, world.tick);
  await world.play();
}

/** What happens in a company, as far as it makes the functions call different operations. */
const SCENES: Readonly<Record<string, (world: World) => Promise<void>>> = {
  async 'users join and leave, by every kind of event'(world) {
    await tickAfter(world, 0);
    await world.joins(1);
    await world.play();
    await world.scim({ join: [2, 3, 4] });
    await world.play();
    await world.leaves(1);
    await tickAfter(world, 25 * HOUR_SECONDS);
  },
  async 'users are started by hand, before SCIM has created them'(world) {
    const { center } = world;
    const late = aPerson(90);
    world.after(HOUR_SECONDS, () => {
      center.addUser(late);
      center.join(GROUP, late.userId);
    });
    await run(world, { userName: late.userName.replace(/\p{Cc}/gu, '') || 'late' });
    await run(world, { email: late.email });
    await run(world, { userId: user(1) });
    await run(world, { userId: user(1), groupId: GROUP, waitSeconds: 60 });
    await run(world, { groupId: GROUP });
  },
  async 'users are disabled and deleted'(world) {
    const { center } = world;
    for (const number of [1, 2, 3]) center.join(GROUP, user(number));
    await tickAfter(world, 0);
    center.setStatus(user(1), 'DISABLED');
    await run(world, { userId: user(1) });
    center.deleteUser(user(2));
    await tickAfter(world, 25 * HOUR_SECONDS);
    await run(world, { userId: user(3) });
  },
  async 'a mass leave is held, and released'(world) {
    const { center } = world;
    for (const number of people(1, 3)) center.join(GROUP, user(number));
    await tickAfter(world, 0);
    for (const number of people(1, 3)) center.leave(GROUP, user(number));
    await tickAfter(world, 2 * HOUR_SECONDS);
    await world.admin({ release: await world.digest() });
    await world.play();
  },
  async 'what was there before is adopted'(world) {
    const { center } = world;
    center.join(GROUP, user(5));
    center.assignByHand(APPLICATION, user(5));
    await tickAfter(world, 0);
    await world.admin({ adopt: 'one' });
    await world.play();
  },
  async 'an entitlement observes, then is enforced, then retired'(world) {
    world.deploy({ entitlements: [ONE, { ...KIRO, mode: 'observe' }] });
    world.center.join(OTHER_GROUP, user(6));
    await tickAfter(world, 0);
    await run(world, anAddMemberToGroup({ groupId: OTHER_GROUP, userId: user(6), time: world.now().toISOString() }));
    world.deploy({ entitlements: [ONE, KIRO] });
    await tickAfter(world, 2 * HOUR_SECONDS);
    world.deploy({ entitlements: [ONE], retired: [OTHER_APPLICATION] });
    await tickAfter(world, 2 * HOUR_SECONDS);
    await run(world, { application: OTHER_APPLICATION });
    await tickAfter(world, 2 * HOUR_SECONDS);
  },
  async 'a group of several is deleted, and no event says so'(world) {
    const { center } = world;
    world.deploy({ entitlements: [{ ...ONE, groups: [GROUP, OTHER_GROUP] }] });
    center.join(GROUP, user(8));
    await tickAfter(world, 0);
    center.deleteGroup(OTHER_GROUP);
    await world.leaves(8);
    await world.play();
  },
  async 'functions crash, calls are refused, lists are long'(world) {
    const { center, faults } = world;
    faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'crash-after' });
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    center.join(GROUP, user(7));
    await run(world, { groupId: GROUP });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'refuse' });
    center.leave(GROUP, user(7));
    await run(world, { userId: user(7) });
    await run(world, { nonsense: true });
    center.unassignByHand(APPLICATION, user(7));
    await tickAfter(world, 2 * HOUR_SECONDS);
  },
};

export const HISTORIES = Object.keys(SCENES);

/** Plays one of {@link HISTORIES} in a world of its own. */
export async function playHistory(name: string, recorder: CallRecorder): Promise<void> {
  const scene = SCENES[name];
  if (!scene) throw new Error(`There is no history ${name}`);
  await scene(await openWorld({ people: 12, entitlements: [ONE, KIRO], brake: { percent: 0, atLeast: 1 }, recorder }));
}

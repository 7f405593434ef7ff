import type { Quirks } from '../emulator/aws/identity-center/quirks.ts';
import { exampleDirectory } from '../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { openStack, type Stack } from '../emulator/stack/stack.ts';
import { openWorld } from './aws.ts';
import type { Targets, World } from './probes/world.ts';

const START = new Date('2026-11-30T10:00:00.000Z');
const PLAN = 'Q_DEVELOPER_STANDALONE_PRO';
const PEOPLE = 7;

/** An emulated account in which everything that probes need is named. */
export interface EmulatedWorld {
  stack: Stack;
  targets: Targets;
  world: World;
  close(): Promise<void>;
}

/** Opens an emulator in this process, in virtual time, with the events of each way in which a group changes. */
export async function openEmulatedWorld(quirks: Quirks = {}): Promise<EmulatedWorld> {
  const entitlements = exampleEntitlements();
  const directory = exampleDirectory(entitlements, PEOPLE);
  const stack = await openStack({ entitlements, directory, start: START, transport: 'in-process', quirks });
  const [{ groupId, members = [] } = { groupId: '', members: [] }] = directory.groups;
  const [member = ''] = members;
  const newcomer = '94e80458-0099-70ea-08fa-c3a10a1d8b99';
  stack.identityCenter.addUser({ userId: newcomer, userName: 'newcomer' });
  for (const via of ['scim', 'console', 'api'] as const) {
    stack.record({ change: 'leave', userId: member, groupId }, via);
    stack.record({ change: 'join', userId: member, groupId }, via);
    await stack.runUntilIdle();
  }
  stack.record({ change: 'addGroup', groupId }, 'scim');
  await stack.runUntilIdle();
  const targets = {
    application: entitlements.entitlements[0]?.application,
    user: newcomer,
    group: groupId,
    plan: PLAN,
    machine: stack.arnOf('x').replace(':execution:', ':stateMachine:').replace(/:x$/, ''),
  };
  const clock = {
    now: () => stack.clock.now(),
    async sleep(seconds: number) {
      stack.at(new Date(stack.clock.now().getTime() + seconds * 1000), async () => undefined);
      await stack.runUntilIdle();
    },
  };
  const world = await openWorld(stack.settings, { targets, clock, stop: new AbortController().signal });
  return { stack, targets, world, close: stack.close };
}

import { RedriveExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { Entitlements } from '../../domain/entitlements.ts';
import { type EntitlementsOptions, exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import type { Stack } from '../../emulator/stack/stack.ts';
import { anAddMemberToGroup, aPatchGroup, aRemoveMemberFromGroup } from './events.ts';
import { GROUP, user } from './ids.ts';

/** What a test makes happen. What starts an execution returns its name. Users are named by number. */
export function actions(stack: Stack, configuration: EntitlementsOptions, play: () => Promise<void>) {
  const { identityCenter: center, clock } = stack;
  const time = () => clock.now().toISOString();
  let deployed = configuration;

  /** Deploys the configuration with these changes, and returns it. */
  function deploy(change: EntitlementsOptions): Entitlements {
    deployed = { ...deployed, ...change };
    const entitlements = exampleEntitlements(deployed);
    stack.configure(entitlements);
    return entitlements;
  }

  /** A user joins GROUP in the console, and its event arrives at once. */
  function joins(number: number, groupId = GROUP) {
    center.join(groupId, user(number));
    return stack.start(anAddMemberToGroup({ groupId, userId: user(number), time: time() }));
  }

  /** A user leaves GROUP in the console, and its event arrives at once. */
  function leaves(number: number, groupId = GROUP) {
    center.leave(groupId, user(number));
    return stack.start(aRemoveMemberFromGroup({ groupId, userId: user(number), time: time() }));
  }

  /** SCIM changes GROUP, and its event, which names no user, arrives at once. */
  function scim({ join = [], leave = [] }: { join?: readonly number[]; leave?: readonly number[] }) {
    for (const number of join) center.join(GROUP, user(number));
    for (const number of leave) center.leave(GROUP, user(number));
    return stack.start(aPatchGroup({ groupId: GROUP, time: time() }));
  }

  /** Users leave by one change of SCIM; returns when all is over. */
  async function leaveTogether(numbers: readonly number[]) {
    const execution = await scim({ leave: numbers });
    await play();
    return execution;
  }

  /** Users leave one after another, each when all is over for the one before. */
  async function leaveInTurn(numbers: readonly number[]) {
    for (const number of numbers) {
      await leaves(number);
      await play();
    }
  }

  function tick() {
    return stack.start({ scope: 'tick' });
  }

  /** Lets this many minutes pass, with a tick every 5. */
  async function ticking(minutes: number) {
    for (let minute = 5; minute <= minutes; minute += 5) stack.after(minute * 60, tick);
    await play();
  }

  async function stop(execution: string) {
    await stack.sfn.send(new StopExecutionCommand({ executionArn: stack.arnOf(execution) }));
  }

  async function redrive(execution: string) {
    await stack.sfn.send(new RedriveExecutionCommand({ executionArn: stack.arnOf(execution) }));
  }

  return {
    /** Starts an execution with an event or a manual start. */
    start: stack.start,
    /** Starts an execution of onboarding-admin. */
    admin: stack.startAdmin,
    deploy,
    joins,
    leaves,
    scim,
    leaveTogether,
    leaveInTurn,
    tick,
    ticking,
    stop,
    redrive,
  };
}

/** Returns the options that are about the configuration, without those that are left out. */
export function configurationOf({
  entitlements,
  retired,
  brake,
  requestsPerSecond,
  notices,
}: EntitlementsOptions): EntitlementsOptions {
  return {
    ...(entitlements ? { entitlements } : {}),
    ...(retired ? { retired } : {}),
    ...(brake ? { brake } : {}),
    ...(requestsPerSecond ? { requestsPerSecond } : {}),
    ...(notices ? { notices } : {}),
  };
}

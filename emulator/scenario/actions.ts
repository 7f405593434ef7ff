import { RedriveExecutionCommand, SFNServiceException, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { type Entitlements, parseEntitlements } from '../../domain/entitlements.ts';
import { problemWith, titleOf } from '../../input/event-title.ts';
import type { RecordedChange, Via } from '../aws/cloudtrail/cloudtrail.ts';
import type { Stack } from '../stack/stack.ts';
import type { ScenarioReferences } from './references.ts';
import type { Action } from './schema.ts';
import type { Start, Step } from './script.ts';

const WAYS: Readonly<Record<Via, string>> = {
  scim: 'through SCIM',
  console: 'in the console',
  api: 'through the Identity Store API',
};

/** What an action comes to. */
export interface ActionEffect {
  title: string;
  act?: Step['act'];
  operate?: Step['operate'];
  /** What CloudTrail tells of it. */
  recorded?: { change: RecordedChange; via: Via };
  /** The execution that it starts itself. */
  start?: Start;
}

type Deployment = NonNullable<Action['deploy']>;

/** What an action does, by the ids of whom its names mean; faults go to the cast. */
export function effectOf(
  action: Action,
  path: string,
  cast: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): ActionEffect {
  const { join, leave, addUser, addGroup, deleteGroup, disable, enable, delete: deleted, assign, unassign } = action;
  const { lag, fault, release, stop, redrive, deploy } = action;
  if (join) return membershipDeed('join', join, `${path}.join`, cast);
  if (leave) return membershipDeed('leave', leave, `${path}.leave`, cast);
  if (addUser) {
    cast.enter('user', addUser.userId, `${path}.addUser`);
    const title = `${cast.called(addUser.userId)} is added to the identity store`;
    return { title, act: ({ identityCenter: center }) => center.addUser(addUser) };
  }
  if (addGroup) return addGroupDeed(addGroup, `${path}.addGroup`, cast);
  if (deleteGroup) return deleteGroupDeed(deleteGroup, `${path}.deleteGroup`, cast);
  if (disable) return userDeed('disable', disable, `${path}.disable`, cast);
  if (enable) return userDeed('enable', enable, `${path}.enable`, cast);
  if (deleted) return userDeed('delete', deleted, `${path}.delete`, cast);
  if (assign) return assignmentDeed('assign', assign, `${path}.assign`, cast);
  if (unassign) return assignmentDeed('unassign', unassign, `${path}.unassign`, cast);
  if (lag) {
    const title = `from now on ${lag.operation} shows the world as it was ${lag.seconds} s ago`;
    return { title, act: ({ identityCenter: center }) => center.setLag(lag.operation, lag.seconds) };
  }
  if (fault) {
    const times = fault.times === 1 ? 'request' : `${fault.times} requests`;
    return {
      title: `fault to come, ${fault.kind}: next ${times} of ${fault.operation}`,
      act: ({ faults }) => faults.add(fault),
    };
  }
  if (deploy) return deployDeed(deploy, `${path}.deploy`, cast, identityCenter);
  if (stop) return executionDeed('stop', stop);
  if (redrive) return executionDeed('redrive', redrive);
  if (release) {
    const application = cast.find('application', release.application, `${path}.release`);
    const title = `somebody releases what is held of ${cast.called(application)}`;
    return { title, start: { release: application, digest: release.digest } };
  }
  return startDeed(action, path, cast);
}

/** An execution with an input that stands in the file. */
function startDeed({ start, admin, event }: Action, path: string, cast: ScenarioReferences): ActionEffect {
  const given = start ?? admin;
  const input = (given ? withIds(given, cast) : event) ?? {};
  const problem = problemWith(input);
  if (problem !== undefined) cast.refuse(`${path}.${start ? 'start' : admin ? 'admin' : 'event'}`, problem);
  if (admin) return { title: 'start of onboarding-admin', start: { input, admin: true } };
  return { title: titleOf(input), start: { input } };
}

/** Ids may be names here, too. */
function withIds(input: Readonly<Record<string, unknown>>, cast: ScenarioReferences): Record<string, unknown> {
  const named = ['userId', 'groupId', 'application'];
  const entries = Object.entries(input).map(([key, value]) => {
    const resolved = named.includes(key) && typeof value === 'string' ? cast.idOf(value) : value;
    return [key, resolved] as const;
  });
  return Object.fromEntries(entries);
}

function deployDeed(
  deployment: Deployment,
  path: string,
  cast: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): ActionEffect {
  const parsed = parseEntitlements({ identityCenter, ...deployment });
  const title = 'another configuration is deployed';
  if ('entitlements' in parsed) return { title, operate: (stack) => stack.configure(parsed.entitlements) };
  for (const fault of parsed.faults) cast.refuse(`${path}.${fault.path}`, fault.problem);
  return { title };
}

function executionDeed(verb: 'stop' | 'redrive', { execution }: { execution: number }): ActionEffect {
  const what = ({ arnOf }: Stack) => ({ executionArn: arnOf(`execution-${execution}`) });
  return {
    title: `somebody ${verb}s execution ${execution}`,
    async operate(stack) {
      try {
        if (verb === 'stop') await stack.sfn.send(new StopExecutionCommand(what(stack)));
        else await stack.sfn.send(new RedriveExecutionCommand(what(stack)));
      } catch (error) {
        // It isn't there, or has ended: nothing happens.
        if (!(error instanceof SFNServiceException)) throw error;
      }
    },
  };
}

function addGroupDeed(
  { via, ...group }: NonNullable<Action['addGroup']>,
  path: string,
  cast: ScenarioReferences,
): ActionEffect {
  const { groupId, members = [] } = group;
  cast.enter('group', groupId, path);
  for (const [index, userId] of members.entries()) cast.find('user', userId, `${path}.members[${index}]`);
  return {
    title: `the group ${cast.called(groupId)} is made ${WAYS[via]}`,
    act: ({ identityCenter }) => identityCenter.addGroup(group),
    recorded: { change: { change: 'addGroup', groupId }, via },
  };
}

function deleteGroupDeed(
  { group, via }: NonNullable<Action['deleteGroup']>,
  path: string,
  cast: ScenarioReferences,
): ActionEffect {
  const groupId = cast.find('group', group, path);
  cast.leave('group', groupId);
  return {
    title: `the group ${cast.called(groupId)} is deleted ${WAYS[via]}`,
    act: ({ identityCenter }) => identityCenter.deleteGroup(groupId),
    recorded: { change: { change: 'deleteGroup', groupId }, via },
  };
}

const MEMBERSHIP_VERBS = { join: 'joins', leave: 'leaves' } as const;

function membershipDeed(
  change: 'join' | 'leave',
  { user, group, via }: { user: string; group: string; via: Via },
  path: string,
  cast: ScenarioReferences,
): ActionEffect {
  const userId = cast.find('user', user, path);
  const groupId = cast.find('group', group, path);
  return {
    title: `${cast.called(userId)} ${MEMBERSHIP_VERBS[change]} ${cast.called(groupId)} ${WAYS[via]}`,
    act: ({ identityCenter }) => identityCenter[change](groupId, userId),
    recorded: { change: { change, userId, groupId }, via },
  };
}

const USER_VERBS = { disable: 'is disabled', enable: 'is enabled', delete: 'is deleted' } as const;

function userDeed(
  change: 'disable' | 'enable' | 'delete',
  { user, via }: { user: string; via: Via },
  path: string,
  cast: ScenarioReferences,
): ActionEffect {
  const userId = cast.find('user', user, path);
  if (change === 'delete') cast.leave('user', userId);
  return {
    title: `${cast.called(userId)} ${USER_VERBS[change]} ${WAYS[via]}`,
    act({ identityCenter }) {
      if (change === 'delete') identityCenter.deleteUser(userId);
      else identityCenter.setStatus(userId, change === 'enable' ? 'ENABLED' : 'DISABLED');
    },
    recorded: { change: { change, userId }, via },
  };
}

function assignmentDeed(
  change: 'assign' | 'unassign',
  { user, group, application }: NonNullable<Action['assign']>,
  path: string,
  cast: ScenarioReferences,
): ActionEffect {
  const type = group === undefined ? 'USER' : 'GROUP';
  const principalId = type === 'USER' ? cast.find('user', user ?? '', path) : cast.find('group', group ?? '', path);
  const applicationArn = cast.find('application', application, path);
  const assigns = change === 'assign';
  return {
    title: `somebody ${assigns ? 'assigns' : 'unassigns'} ${cast.called(principalId)} by hand`,
    act({ identityCenter }) {
      if (assigns) identityCenter.assignByHand(applicationArn, principalId, type);
      else identityCenter.unassignByHand(applicationArn, principalId, type);
    },
  };
}

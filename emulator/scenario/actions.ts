import { RedriveExecutionCommand, SFNServiceException, StopExecutionCommand } from '@aws-sdk/client-sfn';
import type { Entitlements } from '../../domain/entitlements.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import { problemWith, titleOf } from '../../input/event-title.ts';
import type { RecordedChange, Via } from '../aws/cloudtrail/cloudtrail.ts';
import { EventualReadSchema } from '../aws/dynamodb/replica.ts';
import { EVER } from '../aws/fault-rules.ts';
import { ReadOperationSchema } from '../aws/identity-center/reads.ts';
import type { Action } from './action-schema.ts';
import type { ScenarioReferences } from './references.ts';
import type { ExecutionStart, Operated, ScriptStep } from './script.ts';

const VIA_PHRASES: Readonly<Record<Via, string>> = {
  scim: 'through SCIM',
  console: 'in the console',
  api: 'through the Identity Store API',
};

/** What an action does when its time comes. */
export interface ActionEffect {
  title: string;
  act?: ScriptStep['act'];
  operate?: ScriptStep['operate'];
  reader?: ScriptStep['reader'];
  /** The change that CloudTrail records. */
  recorded?: { change: RecordedChange; via: Via };
  /** The execution that the action itself starts. */
  start?: ExecutionStart;
}

type Deployment = NonNullable<Action['deploy']>;

/** Returns the effect of an action. Resolves its names; issues are added to the references. */
export function effectOf(
  action: Omit<Action, 'at'>,
  path: string,
  references: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): ActionEffect {
  const { join, leave, addUser, addGroup, deleteGroup, disable, enable, delete: deleted, assign, unassign } = action;
  const {
    subscribe,
    unsubscribe,
    quirks,
    deleteApplication,
    lag,
    expire,
    fault,
    mail,
    read,
    release,
    stop,
    redrive,
    deploy,
  } = action;
  if (join) return effectOnMembership('join', join, `${path}.join`, references);
  if (leave) return effectOnMembership('leave', leave, `${path}.leave`, references);
  if (addUser) {
    references.add('user', addUser.userId, `${path}.addUser`);
    const title = `${references.nameOf(addUser.userId)} is added to the identity store`;
    return { title, act: ({ identityCenter: center }) => center.addUser(addUser) };
  }
  if (addGroup) return effectOfAddGroup(addGroup, `${path}.addGroup`, references);
  if (deleteGroup) return effectOfDeleteGroup(deleteGroup, `${path}.deleteGroup`, references);
  if (disable) return effectOnUser('disable', disable, `${path}.disable`, references);
  if (enable) return effectOnUser('enable', enable, `${path}.enable`, references);
  if (deleted) return effectOnUser('delete', deleted, `${path}.delete`, references);
  if (assign) return effectOnAssignment('assign', assign, `${path}.assign`, references);
  if (unassign) return effectOnAssignment('unassign', unassign, `${path}.unassign`, references);
  if (subscribe) return effectOfSubscribe(subscribe, `${path}.subscribe`, references);
  if (unsubscribe) return effectOfUnsubscribe(unsubscribe, `${path}.unsubscribe`, references);
  if (quirks) return effectOfQuirks(quirks);
  if (deleteApplication) return effectOfDeleteApplication(deleteApplication, `${path}.deleteApplication`, references);
  if (lag) return effectOfLag(lag);
  if (expire) {
    const title = `${expire.service} deletes what has expired`;
    return { title, operate: ({ database }) => database.deleteExpired() };
  }
  if (fault) {
    return {
      title: titleOfFault(fault),
      act: ({ faults }) => faults.add(fault),
    };
  }
  if (mail) return effectOfMail(mail);
  if (read) {
    const reader = references.resolve('user', read.user, `${path}.read`);
    return { title: `${references.nameOf(reader)} reads the newest e-mail`, reader };
  }
  if (deploy) return effectOfDeployment(deploy, `${path}.deploy`, references, identityCenter);
  if (stop) return effectOnExecution('stop', stop);
  if (redrive) return effectOnExecution('redrive', redrive);
  if (release) {
    const application = references.resolve('application', release.application, `${path}.release`);
    const title = `an operator releases the held revocations of ${references.nameOf(application)}`;
    return { title, start: { release: application, digest: release.digest } };
  }
  return effectOfStart(action, path, references);
}

function effectOfLag({ operation, seconds }: NonNullable<Action['lag']>): ActionEffect {
  const title = `from now on, ${operation} shows the state of ${seconds} s ago`;
  const eventual = EventualReadSchema.safeParse(operation);
  if (eventual.success) return { title, operate: ({ database }) => database.setLag(eventual.data, seconds) };
  const read = ReadOperationSchema.parse(operation);
  return { title, act: ({ identityCenter: center }) => center.setLag(read, seconds) };
}

function titleOfFault({ kind, exception = kind, operation, times, for: lasts }: NonNullable<Action['fault']>): string {
  if (times === undefined && lasts !== undefined) {
    return `fault ${exception} for all requests of ${operation}${lasts === EVER ? '' : `, for ${lasts}`}`;
  }
  const requests = times === undefined || times === 1 ? 'request' : `${times} requests`;
  return `fault ${exception} for the next ${requests} of ${operation}${lasts === undefined || lasts === EVER ? '' : `, within ${lasts}`}`;
}

/** An execution whose input is in the scenario. */
function effectOfStart(
  { start, admin, event }: Omit<Action, 'at'>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const given = start ?? admin;
  const input = (given ? withIds(given, references) : event) ?? {};
  const problem = problemWith(input);
  if (problem !== undefined) references.addIssue(`${path}.${start ? 'start' : admin ? 'admin' : 'event'}`, problem);
  if (admin) return { title: 'start of onboarding-admin', start: { input, admin: true } };
  return { title: titleOf(input), start: { input } };
}

/** Replaces names of users, groups and applications by their ids. */
function withIds(input: Readonly<Record<string, unknown>>, references: ScenarioReferences): Record<string, unknown> {
  const named = ['userId', 'groupId', 'application'];
  const entries = Object.entries(input).map(([key, value]) => {
    const resolved = named.includes(key) && typeof value === 'string' ? references.idOf(value) : value;
    return [key, resolved] as const;
  });
  return Object.fromEntries(entries);
}

function effectOfDeployment(
  deployment: Deployment,
  path: string,
  references: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): ActionEffect {
  const parsed = parseEntitlements({ identityCenter, ...deployment });
  const title = 'an operator deploys another configuration';
  if ('entitlements' in parsed) return { title, operate: (stack) => stack.configure(parsed.entitlements) };
  for (const issue of parsed.issues) references.addIssue(`${path}.${issue.path}`, issue.problem);
  return { title };
}

function effectOnExecution(verb: 'stop' | 'redrive', { execution }: { execution: number }): ActionEffect {
  const what = ({ arnOf }: Operated) => ({ executionArn: arnOf(`execution-${execution}`) });
  return {
    title: `an operator ${verb}s execution #${execution}`,
    async operate(stack) {
      try {
        if (verb === 'stop') await stack.sfn.send(new StopExecutionCommand(what(stack)));
        else await stack.sfn.send(new RedriveExecutionCommand(what(stack)));
      } catch (error) {
        // The execution does not exist, or has another status: nothing happens.
        if (!(error instanceof SFNServiceException)) throw error;
      }
    },
  };
}

function effectOfAddGroup(
  { via, ...group }: NonNullable<Action['addGroup']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const { groupId, members = [] } = group;
  references.add('group', groupId, path);
  for (const [index, userId] of members.entries()) references.resolve('user', userId, `${path}.members[${index}]`);
  return {
    title: `the group ${references.nameOf(groupId)} is created ${VIA_PHRASES[via]}`,
    act: ({ identityCenter }) => identityCenter.addGroup(group),
    recorded: { change: { change: 'addGroup', groupId }, via },
  };
}

function effectOfDeleteGroup(
  { group, via }: NonNullable<Action['deleteGroup']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const groupId = references.resolve('group', group, path);
  references.remove('group', groupId);
  return {
    title: `the group ${references.nameOf(groupId)} is deleted ${VIA_PHRASES[via]}`,
    act: ({ identityCenter }) => identityCenter.deleteGroup(groupId),
    recorded: { change: { change: 'deleteGroup', groupId }, via },
  };
}

function effectOfDeleteApplication(
  { application }: NonNullable<Action['deleteApplication']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const applicationArn = references.resolve('application', application, path);
  references.remove('application', applicationArn);
  return {
    title: `the application ${references.nameOf(applicationArn)} is deleted`,
    act: ({ identityCenter }) => identityCenter.deleteApplication(applicationArn),
  };
}

function effectOfSubscribe(
  { user, application, plan, source }: NonNullable<Action['subscribe']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const userId = references.resolve('user', user, path);
  const applicationArn = references.resolve('application', application, path);
  return {
    title: `an administrator subscribes ${source === 'GROUP' ? 'a group of ' : ''}${references.nameOf(userId)} to ${plan}`,
    act: ({ identityCenter }) => identityCenter.subscribe(applicationArn, { userId, plan, source }),
  };
}

function effectOfUnsubscribe(
  { user, application }: NonNullable<Action['unsubscribe']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const userId = references.resolve('user', user, path);
  const applicationArn = references.resolve('application', application, path);
  return {
    title: `an administrator cancels the subscription of ${references.nameOf(userId)}`,
    act: ({ identityCenter }) => identityCenter.unsubscribe(applicationArn, userId),
  };
}

function effectOfQuirks(quirks: NonNullable<Action['quirks']>): ActionEffect {
  const answers = Object.entries(quirks).map(([name, value]) => `${name} ${value}`);
  return {
    title: `from now on, AWS answers with ${answers.join(', ')}`,
    act: ({ identityCenter }) => identityCenter.changeQuirks(quirks),
  };
}

function effectOfMail(mail: NonNullable<Action['mail']>): ActionEffect {
  const settings = Object.entries(mail).map(([name, value]) => `${name} ${[value].flat().join(', ') || 'none'}`);
  return { title: `from now on, Amazon SES has ${settings.join('; ')}`, operate: ({ ses }) => ses.change(mail) };
}

const MEMBERSHIP_VERBS = { join: 'joins', leave: 'leaves' } as const;

function effectOnMembership(
  change: 'join' | 'leave',
  { user, group, via }: { user: string; group: string; via: Via },
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const userId = references.resolve('user', user, path);
  const groupId = references.resolve('group', group, path);
  return {
    title: `${references.nameOf(userId)} ${MEMBERSHIP_VERBS[change]} ${references.nameOf(groupId)} ${VIA_PHRASES[via]}`,
    act: ({ identityCenter }) => identityCenter[change](groupId, userId),
    recorded: { change: { change, userId, groupId }, via },
  };
}

const USER_VERBS = { disable: 'is disabled', enable: 'is enabled', delete: 'is deleted' } as const;

function effectOnUser(
  change: 'disable' | 'enable' | 'delete',
  { user, via }: { user: string; via: Via },
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const userId = references.resolve('user', user, path);
  if (change === 'delete') references.remove('user', userId);
  return {
    title: `${references.nameOf(userId)} ${USER_VERBS[change]} ${VIA_PHRASES[via]}`,
    act({ identityCenter }) {
      if (change === 'delete') identityCenter.deleteUser(userId);
      else identityCenter.setStatus(userId, change === 'enable' ? 'ENABLED' : 'DISABLED');
    },
    recorded: { change: { change, userId }, via },
  };
}

function effectOnAssignment(
  change: 'assign' | 'unassign',
  { user, group, application }: NonNullable<Action['assign']>,
  path: string,
  references: ScenarioReferences,
): ActionEffect {
  const type = group === undefined ? 'USER' : 'GROUP';
  const principalId =
    type === 'USER' ? references.resolve('user', user ?? '', path) : references.resolve('group', group ?? '', path);
  const applicationArn = references.resolve('application', application, path);
  const assigns = change === 'assign';
  return {
    title: `an administrator ${assigns ? 'assigns' : 'unassigns'} ${references.nameOf(principalId)} by hand`,
    act({ identityCenter }) {
      if (assigns) identityCenter.assignByHand(applicationArn, principalId, type);
      else identityCenter.unassignByHand(applicationArn, principalId, type);
    },
  };
}

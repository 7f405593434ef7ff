import { readYaml } from '../cli/entitlements-file.ts';
import { InputError } from '../cli/input-error.ts';
import { parseEntitlements } from '../domain/entitlements.ts';
import { own } from '../domain/event-rules.ts';
import { checkShape, type Fault } from '../domain/shape-faults.ts';
import { problemWith, type RecordedChange, recordOf, titleOf, type Via } from './events.ts';
import { type Action, type Scenario, ScenarioSchema, secondsOf } from './scenario-schema.ts';
import { ANY_BUT_FAILED, momentOf, type Script, type Step } from './script.ts';
import type { Stack } from './stack.ts';

/**
 * Reads a scenario: users and groups as they are at the start, and what happens when.
 *
 * @param file named in errors, not opened
 * @throws InputError with all faults at once
 */
export function readScenario(text: string, file: string): Script {
  const raw = readYaml(text, file);
  const shape = checkShape(ScenarioSchema, raw);
  const rules = parseEntitlements(own(raw, 'entitlements'));
  if ('faults' in shape || 'faults' in rules) {
    const others = 'faults' in shape ? shape.faults.filter(({ path }) => !/^entitlements\b/.test(path)) : [];
    const theirs = 'faults' in rules ? rules.faults : [];
    throw new InputError(file, [
      ...others,
      ...theirs.map(({ path, problem }) => ({ path: ['entitlements', path].filter(Boolean).join('.'), problem })),
    ]);
  }
  const { value: scenario } = shape;
  const { entitlements } = rules;
  const cast = new Cast(scenario);
  if (entitlements.identityCenter.identityStoreId !== scenario.directory.identityStoreId) {
    cast.refuse('directory.identityStoreId', 'not the one of entitlements.identityCenter');
  }
  const steps = stepsOf(scenario, cast, entitlements.identityCenter.region);
  if (cast.faults.length > 0) throw new InputError(file, cast.faults);
  const { title, description, closing, start, directory } = scenario;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(closing === undefined ? {} : { closing }),
    entitlements,
    directory,
    start: new Date(start),
    names: cast.names,
    steps,
  };
}

type Kind = 'user' | 'group' | 'application';

/** Who takes part: resolves names, and follows who is there, so that no action names somebody who isn't. */
class Cast {
  readonly faults: Fault[] = [];
  /** By id. */
  readonly names: Map<string, string>;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #present: Readonly<Record<Kind, Set<string>>>;

  constructor({ names, directory, actions }: Scenario) {
    const { users, groups, applications } = directory;
    this.#ids = new Map(Object.entries(names));
    this.names = new Map(Object.entries(names).map(([name, id]) => [id, name]));
    this.#present = {
      user: new Set(users.map(({ userId }) => userId)),
      group: new Set(groups.map(({ groupId }) => groupId)),
      application: new Set(applications.map(({ applicationArn }) => applicationArn)),
    };
    const later = actions.flatMap(({ addUser }) => (addUser ? [addUser.userId] : []));
    const all = new Set([...Object.values(this.#present).flatMap((ids) => [...ids]), ...later]);
    for (const [name, id] of Object.entries(names)) {
      if (all.has(name)) this.refuse(`names.${name}`, 'an id of this file: expected a name');
      if (!all.has(id)) this.refuse(`names.${name}`, 'expected the id of a user, group or application of this file');
    }
  }

  refuse(path: string, problem: string): void {
    this.faults.push({ path, problem });
  }

  /** The id that a text stands for: it may be a name. */
  idOf(reference: string): string {
    return this.#ids.get(reference) ?? reference;
  }

  /** As {@link idOf}, of somebody or something that must be there now. */
  find(kind: Kind, reference: string, path: string): string {
    const id = this.idOf(reference);
    if (!this.#present[kind].has(id)) this.refuse(`${path}.${kind}`, `there is no such ${kind} at that time`);
    return id;
  }

  enter(userId: string, path: string): void {
    if (this.#present.user.has(userId)) this.refuse(`${path}.userId`, 'there is such a user already');
    this.#present.user.add(userId);
  }

  leave(userId: string): void {
    this.#present.user.delete(userId);
  }

  /** What people call it. */
  called(id: string): string {
    return this.names.get(id) ?? id;
  }
}

interface Store {
  identityStoreId: string;
  region: string;
}

/** The steps in order of time, and in that order who is there; both keep the file's order within a moment. */
function stepsOf({ start, actions, directory }: Scenario, cast: Cast, region: string): Step[] {
  const started = new Date(start);
  const timed = actions.map((action, index): Timed => {
    const seconds = secondsOf(action.at);
    const at = seconds === undefined ? momentOf(action.at) : new Date(started.getTime() + seconds * 1000);
    const path = `actions[${index}]`;
    if (!at || at < started) cast.refuse(`${path}.at`, 'before the start');
    return { action, path, at: at ?? started, sequence: index + 1 };
  });
  const store = { identityStoreId: directory.identityStoreId, region };
  return timed
    .sort(byTime)
    .flatMap((one) => stepsOfAction(one, cast, store))
    .sort(byTime);
}

function byTime(a: { at: Date }, b: { at: Date }): number {
  return a.at.getTime() - b.at.getTime();
}

const WAYS: Readonly<Record<Via, string>> = {
  scim: 'through SCIM',
  console: 'in the console',
  api: 'through the Identity Store API',
};

/** What an action comes to. */
interface Deed {
  title: string;
  act?(stack: Stack): void;
  /** What CloudTrail tells of it. */
  recorded?: { change: RecordedChange; via: Via };
  /** The input of an execution that it starts itself. */
  input?: object;
}

interface Timed {
  action: Action;
  path: string;
  at: Date;
  sequence: number;
}

function stepsOfAction({ action, path, at, sequence }: Timed, cast: Cast, store: Store): Step[] {
  const { say, deliver = { afterSeconds: 1, times: 1 }, expect = ANY_BUT_FAILED } = action;
  const { title, act, recorded, input } = deedOf(action, path, cast);
  const expected = typeof expect === 'string' ? [expect] : expect;
  const lost = recorded !== undefined && deliver.times === 0;
  const own: Step = {
    at,
    title: lost ? `${title}; the event of it is lost` : title,
    ...(say === undefined ? {} : { say }),
    ...(act === undefined ? {} : { act }),
    ...(input === undefined ? {} : { start: { input, expected } }),
  };
  if (!recorded) return [own];
  const event = recordOf(recorded.change, { via: recorded.via, at, sequence, ...store });
  const delivered = {
    at: new Date(at.getTime() + deliver.afterSeconds * 1000),
    title: titleOf(event),
    start: { input: event, expected },
  };
  return [own, ...Array.from({ length: deliver.times }, () => delivered)];
}

function deedOf(action: Action, path: string, cast: Cast): Deed {
  const { join, leave, addUser, disable, enable, delete: deleted, assign, unassign, start, event, lag, fault } = action;
  if (join) return membershipDeed('join', join, `${path}.join`, cast);
  if (leave) return membershipDeed('leave', leave, `${path}.leave`, cast);
  if (addUser) {
    cast.enter(addUser.userId, `${path}.addUser`);
    const title = `${cast.called(addUser.userId)} is added to the identity store`;
    return { title, act: ({ identityCenter }) => identityCenter.addUser(addUser) };
  }
  if (disable) return userDeed('disable', disable, `${path}.disable`, cast);
  if (enable) return userDeed('enable', enable, `${path}.enable`, cast);
  if (deleted) return userDeed('delete', deleted, `${path}.delete`, cast);
  if (assign) return assignmentDeed('assign', assign, `${path}.assign`, cast);
  if (unassign) return assignmentDeed('unassign', unassign, `${path}.unassign`, cast);
  if (lag) {
    const title = `from now on ${lag.operation} shows the world as it was ${lag.seconds} s ago`;
    return { title, act: ({ identityCenter }) => identityCenter.setLag(lag.operation, lag.seconds) };
  }
  if (fault) {
    const times = fault.times === 1 ? 'request' : `${fault.times} requests`;
    return {
      title: `fault to come, ${fault.kind}: next ${times} of ${fault.operation}`,
      act: ({ faults }) => faults.add(fault),
    };
  }
  const input = start ? manualStart(start, cast) : event;
  const problem = problemWith(input);
  if (problem !== undefined) cast.refuse(`${path}.${start ? 'start' : 'event'}`, problem);
  return { title: titleOf(input ?? {}), ...(input ? { input } : {}) };
}

/** Ids may be names here, too. */
function manualStart(input: Readonly<Record<string, unknown>>, cast: Cast): Record<string, unknown> {
  const entries = Object.entries(input).map(([key, value]) => {
    const resolved = (key === 'userId' || key === 'groupId') && typeof value === 'string' ? cast.idOf(value) : value;
    return [key, resolved] as const;
  });
  return Object.fromEntries(entries);
}

const MEMBERSHIP_VERBS = { join: 'joins', leave: 'leaves' } as const;

function membershipDeed(
  change: 'join' | 'leave',
  { user, group, via }: { user: string; group: string; via: Via },
  path: string,
  cast: Cast,
): Deed {
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
  cast: Cast,
): Deed {
  const userId = cast.find('user', user, path);
  if (change === 'delete') cast.leave(userId);
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
  { user, application }: { user: string; application: string },
  path: string,
  cast: Cast,
): Deed {
  const userId = cast.find('user', user, path);
  const applicationArn = cast.find('application', application, path);
  const assigns = change === 'assign';
  return {
    title: `somebody ${assigns ? 'assigns' : 'unassigns'} ${cast.called(userId)} by hand`,
    act({ identityCenter }) {
      if (assigns) identityCenter.assignByHand(applicationArn, userId);
      else identityCenter.unassignByHand(applicationArn, userId);
    },
  };
}

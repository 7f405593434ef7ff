import { StartExecutionCommand } from '@aws-sdk/client-sfn';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { plusSeconds } from '../../domain/shared/time.ts';
import {
  aCreateGroupMembership,
  aDeleteGroup,
  aDeleteGroupMembership,
  aDeleteUser,
  aDisableUser,
  aNativeNotification,
  anAddMemberToGroup,
  anApiCall,
  aPatchGroup,
  aPatchUser,
  aQuickSightMembership,
  aRemoveMemberFromGroup,
  aScimCreateUser,
  bare,
} from '../support/events.ts';
import { GROUP, OTHER_GROUP, user } from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';
import { openWorld, type World } from '../support/world.ts';

/** People 1 and 2 are members and have their seats; 3 is none; 4 doesn't exist. Whatever is said, nothing is to be done. */
let world: World;
beforeEach(async () => {
  world = await openWorld({ seated: [1, 2] });
});

const join = { groupId: GROUP, userId: user(3) };
const leave = { groupId: GROUP, userId: user(1) };

/** No seat was granted or revoked, and Usher still serves the next user who joins. */
async function expectNothingDone() {
  const writes = ['SSOAdmin.CreateApplicationAssignment', 'SSOAdmin.DeleteApplicationAssignment'];
  expect(writes.map((operation) => world.calls(operation))).toEqual([0, 0]);
  expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  expect(world.audited().filter((event) => !event.startsWith('Onboarding Failed'))).toEqual([]);
  await world.joins(3);
  await world.play();
  expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
}

/** StartExecution with an input as it came. @returns the execution's name */
async function startRaw(input: string): Promise<string> {
  const command = new StartExecutionCommand({ stateMachineArn: machineArn(), input });
  const { executionArn } = await world.stack.sfn.send(command);
  return executionArn?.split(':').at(-1) ?? '';
}

function machineArn(): string {
  return world.stack.arnOf('').replace(':execution:', ':stateMachine:').slice(0, -1);
}

describe('an event about a change that has not happened', () => {
  const forged: [string, (time: string) => unknown][] = [
    ['a join', (time) => anAddMemberToGroup({ ...join, time })],
    ['a join by the API', (time) => aCreateGroupMembership({ ...join, time })],
    ['a join of a user who does not exist', (time) => anAddMemberToGroup({ ...join, userId: user(4), time })],
    ['a join of a group that is not watched', (time) => anAddMemberToGroup({ ...join, groupId: OTHER_GROUP, time })],
    ['a join of a group', (time) => anAddMemberToGroup({ groupId: GROUP, userId: GROUP, time })],
    ['a leave', (time) => aRemoveMemberFromGroup({ ...leave, time })],
    ['a leave that names no user', (time) => aDeleteGroupMembership({ time })],
    ['a removal by SCIM', (time) => aPatchGroup({ groupId: GROUP, op: 'REMOVE', time })],
    ['the end of the group', (time) => aDeleteGroup({ groupId: GROUP, time })],
    ['the end of a user', (time) => aDeleteUser({ userId: user(1), time })],
    ['a user disabled', (time) => aDisableUser({ userId: user(1), time })],
    ['a user changed by SCIM', (time) => aPatchUser({ userId: user(1), time })],
    ["the store's own notification", () => aNativeNotification({ detailType: 'User Deleted' })],
    ['a leave, without an envelope', (time) => bare(aRemoveMemberFromGroup({ ...leave, time }))],
    ['a leave next year', (time) => aRemoveMemberFromGroup({ ...leave, time: plusSeconds(time, 365 * 86_400) })],
    ['a leave in 1970', () => aRemoveMemberFromGroup({ ...leave, time: '1970-01-01T00:00:00Z' })],
  ];

  it('changes nothing', async () => {
    const executions: string[] = [];
    for (const [index, [, eventOf]] of forged.entries()) {
      world.after(index * 3600, async () => {
        executions[index] = await world.start(eventOf(world.now().toISOString()));
      });
    }
    await world.play();
    const ends = forged.map(([what], index) => [what, world.stack.endOf(executions[index] ?? '')?.status]);
    expect(ends).toEqual(forged.map(([what]) => [what, 'SUCCEEDED']));
    await expectNothingDone();
  });

  it('changes nothing if all of them come at once', { tags: ['long'] }, async () => {
    for (const [, eventOf] of forged) await world.start(eventOf(world.now().toISOString()));
    await world.play();
    expect(new Set(world.ends.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    await expectNothingDone();
  });
});

describe('an event that is not for Usher', () => {
  const events: [string, unknown][] = [
    ['foreign-service', aQuickSightMembership()],
    ['foreign-service', { ...anAddMemberToGroup(join), 'detail-type': 'Scheduled Event' }],
    ['call-failed', anAddMemberToGroup({ ...join, errorCode: 'AccessDenied' })],
    ['read-only', anApiCall({ service: 'identitystore', eventName: 'ListGroupMemberships', readOnly: true })],
    ['unknown-operation', anApiCall({ service: 'identitystore', eventName: 'CreateSomethingNew' })],
    ['unknown-operation', anApiCall({ service: 'sso-directory', eventName: 'AddMemberToGroups' })],
    ['unknown-operation', anApiCall({ service: 'identitystore-scim', eventName: 'PutGroup' })],
    ['unknown-operation', anApiCall({ service: 'identitystore-scim', eventName: '__proto__' })],
    ['foreign-store', anAddMemberToGroup({ ...join, identityStoreId: 'd-9999999999' })],
    ['no-membership-change', aScimCreateUser({ userId: user(3) })],
    ['unwatched-group', aPatchGroup({ groupId: OTHER_GROUP })],
  ];

  it('is ignored with a reason', async () => {
    const executions: string[] = [];
    for (const [, event] of events) executions.push(await world.start(event));
    await world.play();
    const ends = executions.map((execution) => world.stack.endOf(execution));
    expect(ends.map((end) => [end?.outcome, end?.cause])).toEqual(events.map(([reason]) => ['ignored', reason]));
    await expectNothingDone();
  });
});

describe('an input that is not understood', () => {
  const noIds = anApiCall({ service: 'sso-directory', eventName: 'AddMemberToGroup' });
  const inputs: [string, unknown][] = [
    ['input', []],
    ['input', SECRET],
    ['input', 7],
    ['input', {}],
    ['input', { userId: user(1), userName: SECRET }],
    ['input', { [SECRET]: SECRET }],
    ['input', { email: `${SECRET}@example.com`, release: true }],
    ['userId', { userId: `${SECRET}\u0000` }],
    ['userId', { userId: [user(1)] }],
    ['userName', { userName: { $ne: SECRET } }],
    ['userName', { userName: `${SECRET}\u001b[2J` }],
    ['email', { email: SECRET.repeat(100) }],
    ['externalId', { externalId: SECRET }],
    ['externalId', { externalId: { issuer: `the ${SECRET}`, id: '17' } }],
    ['groupId', { groupId: OTHER_GROUP }],
    ['waitSeconds', { userId: user(1), waitSeconds: -1 }],
    ['waitSeconds', { userId: user(1), waitSeconds: '60' }],
    ['scope', { scope: SECRET }],
    ['source', { 'detail-type': 'anything', userId: user(1) }],
    ['detail-type', { source: 'aws.sso-directory', userId: user(1) }],
    ['detail-type', { 'detail-type': { [SECRET]: 1 }, source: 'aws.sso-directory' }],
    ['detail', { ...noIds, detail: SECRET }],
    ['detail', { ...noIds, detail: [noIds.detail] }],
    ['detail.eventSource', { ...noIds, detail: { ...noIds.detail, eventSource: [SECRET] } }],
    ['detail.eventName', { ...noIds, detail: { ...noIds.detail, eventName: null } }],
    ['detail.requestParameters', { ...noIds, detail: { ...noIds.detail, requestParameters: SECRET } }],
    ['detail.requestParameters.groupId', anAddMemberToGroup({ ...join, groupId: `${GROUP}\n` })],
    ['detail.requestParameters.groupId', anAddMemberToGroup({ ...join, groupId: `${SECRET}\u0000\u001b[31m` })],
    ['detail.requestParameters.member.memberId', anAddMemberToGroup({ ...join, userId: `../${SECRET}` })],
    ['detail.requestParameters.id', aPatchGroup({ groupId: `\u202e${SECRET}` })],
    ['eventSource', { eventName: 'AddMemberToGroup', userId: user(1) }],
  ];

  it('fails with an audit event that names the field and quotes nothing', async () => {
    const executions: string[] = [];
    for (const [, input] of inputs) executions.push(await world.start(input));
    await world.play();
    const ends = executions.map((execution) => world.stack.endOf(execution));
    const places = ends.map((end) => [end?.outcome, ...(end?.cause?.split(': ', 2) ?? [])]);
    expect(places).toEqual(inputs.map(([place]) => ['failed', 'InvalidRequestError', place]));
    expect(world.audited()).toEqual(inputs.map(() => 'Onboarding Failed InvalidRequestError'));
    await expectNothingDone();
  });

  it('fails also when it is null', async () => {
    const execution = await world.start(null);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('failed');
    await expectNothingDone();
  });
});

describe('an input that is no execution', () => {
  const event = JSON.stringify(anAddMemberToGroup(join));

  it.each([
    ['truncated JSON', event.slice(0, -10), 'InvalidExecutionInput'],
    ['nothing at all', '', 'InvalidExecutionInput'],
    [
      'an event of 300 KiB',
      JSON.stringify({ ...anAddMemberToGroup(join), pad: 'x'.repeat(300 * 1024) }),
      'ValidationException',
    ],
  ])('is refused by StartExecution: %s', async (_what, input, error) => {
    await expect(startRaw(input)).rejects.toMatchObject({ name: error });
    await world.play();
    expect(world.ends).toEqual([]);
    await expectNothingDone();
  });

  it('of the largest size that AWS allows is read like any other', { tags: ['long'] }, async () => {
    const large = { ...anAddMemberToGroup(leave), pad: 'x'.repeat(250 * 1024) };
    const execution = await world.start(large);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    await expectNothingDone();
  });

  it.each([1000, 100_000])('nested %i deep ends nothing but itself', async (depth) => {
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`;
    const inputs = [
      nested,
      `{"source":"aws.x","detail-type":"x","detail":${nested}}`,
      event.replace(/"resources":\[\]/, `"resources":${nested}`),
    ];
    for (const input of inputs) await startRaw(input).catch((error: Error) => error.name);
    await world.play();
    await expectNothingDone();
  });
});

describe('keys that would change every object', () => {
  const inputs = [
    '{"__proto__":{"scope":"everything","polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}},"__proto__":{"userId":"x"}}',
    `{"detail-type":"AWS API Call via CloudTrail","source":"aws.x","detail":{"__proto__":{"eventSource":"sso-directory.amazonaws.com","eventName":"DeleteUser","requestParameters":{"userId":"${user(1)}"}}}}`,
  ];

  it('change no object, and are no fields', async () => {
    const executions: string[] = [];
    for (const input of inputs) executions.push(await startRaw(input));
    await world.play();
    for (const execution of executions) {
      expect(world.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError: /);
    }
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    await expectNothingDone();
  });

  it('name no group and no user', async () => {
    const parameters = `{"__proto__":{"polluted":true,"groupId":"${GROUP}","member":{"memberId":"${user(3)}"}}}`;
    const execution = await startRaw(
      `{"detail-type":"AWS API Call via CloudTrail","source":"aws.x","__proto__":{"polluted":true},"detail":{"eventSource":"sso-directory.amazonaws.com","eventName":"AddMemberToGroup","requestParameters":${parameters}}}`,
    );
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    await expectNothingDone();
  });
});

describe('any event with any field changed', () => {
  const TEMPLATES = [
    anAddMemberToGroup(leave),
    anAddMemberToGroup(join),
    aRemoveMemberFromGroup(leave),
    aCreateGroupMembership(join),
    aDeleteGroupMembership(),
    aPatchGroup({ groupId: GROUP }),
    aPatchUser({ userId: user(1) }),
    aDeleteUser({ userId: user(1) }),
    aDisableUser({ userId: user(2) }),
    aNativeNotification({ resources: [`arn:aws:identitystore:::user/${user(1)}`] }),
  ];
  const strange = fc.oneof(
    fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', [], {}, [null], SECRET, `\u0000${SECRET}\u001b[31m`, [
      [SECRET],
    ]),
    fc.constantFrom<unknown>(user(1), user(3), user(4), GROUP, OTHER_GROUP, { userId: user(3) }, { memberId: user(3) }),
    fc.constantFrom(
      'AddMemberToGroup',
      'RemoveMemberFromGroup',
      'DeleteUser',
      'sso-directory.amazonaws.com',
      'aws.sso',
    ),
  );
  const mutation = fc.record({ place: fc.nat(), value: strange, removed: fc.boolean() });

  it('leads to no wrong write, and quotes nothing', async () => {
    const samples = fc.sample(
      fc.tuple(fc.constantFrom(...TEMPLATES), fc.array(mutation, { minLength: 1, maxLength: 3 })),
      {
        numRuns: 40,
        seed: 1,
      },
    );
    for (const [index, [template, mutations]] of samples.entries()) {
      world.after(index, () => world.start(mutated(template, mutations)));
    }
    await world.play();
    expect(world.ends).toHaveLength(samples.length);
    const reasons = world.ends.map(({ outcome, cause }) =>
      outcome === 'failed' ? cause?.split(':')[0] : 'ended well',
    );
    expect(new Set(reasons)).toEqual(new Set(['ended well', 'InvalidRequestError']));
    await expectNothingDone();
  });
});

/** A copy with the values at some places replaced or removed. */
function mutated(
  template: unknown,
  mutations: readonly { place: number; value: unknown; removed: boolean }[],
): unknown {
  const copy: unknown = structuredClone(template);
  for (const { place, value, removed } of mutations) {
    const places = placesIn(copy);
    const [holder, key] = places[place % places.length] ?? [];
    if (!holder || key === undefined) continue;
    if (removed) Reflect.deleteProperty(holder, key);
    else Reflect.set(holder, key, value);
  }
  return copy;
}

function placesIn(value: unknown): [object, string][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]): [object, string][] => [[value, key], ...placesIn(child)]);
}

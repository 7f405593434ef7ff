import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualStart } from '../../../domain/request/manual-start.ts';
import { countForeignIds, type Normalized, normalize } from '../../../domain/request/normalize.ts';
import { PropagationSchema, RequestSchema, type StartContext } from '../../../domain/request/request.ts';
import { InvalidRequestError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import {
  aCreateGroup,
  aCreateGroupMembership,
  aCreateUser,
  aDeleteGroup,
  aDeleteGroupMembership,
  aDeleteUser,
  aDisableUser,
  aNativeNotification,
  anAddMemberToGroup,
  anApiCall,
  anEnableUser,
  anUpdateGroup,
  anUpdateUser,
  aPatchGroup,
  aPatchUser,
  aPutUser,
  aQuickSightMembership,
  aRemoveMemberFromGroup,
  aScimCreateUser,
  bare,
  EVENT_ID,
} from '../../support/events.ts';
import { OTHER_APPLICATION, OTHER_GROUP, STORE_ID } from '../../support/ids.ts';

const userId = '94e80458-9021-70ea-08fa-c3a10a1d8a92';
const legacyId = '93670dc30f-6d321996-4c0f-4a53-9f13-2d8c2a5f0001';
const groupId = '34887428-4081-7042-c3c6-928d413009e7';
const otherGroupId = OTHER_GROUP;
const unwatched = 'd0000000-b000-4000-8000-000000000001';

const EXECUTION = 'arn:aws:states:us-east-1:111122223333:execution:onboarding:0f0f0f0f-1111-4222-8333-444455556666';
const STARTED = '2026-11-01T10:00:07.000Z';
const context = {
  entitlements: exampleEntitlements({
    entitlements: [
      { groups: [groupId] },
      { name: 'kiro', application: OTHER_APPLICATION, groups: [otherGroupId], seats: { max: 20 } },
    ],
  }),
  execution: EXECUTION,
  startedAt: new Date(STARTED),
};
/** The state machine that also accepts what only an operator may ask for. */
const admin = { ...context, execution: EXECUTION.replace(':onboarding:', ':usher-prod-onboarding-admin:') };

/** What AWS hides in the records that were published. */
const SHOWN = { operations: [{ op: 'ADD', path: 'members', value: [{ value: userId }] }] };
const joined = [{ userId, expected: { groupId, membership: 'member' } }];
const left = [{ userId, expected: { groupId, membership: 'absent' } }];
const user = [{ userId }];

function requestOf(input: unknown) {
  const result = normalize(input, context);
  if ('ignored' in result) throw new Error(`ignored: ${result.ignored}`);
  return result;
}

function faultOf(input: unknown, by: StartContext = context): InvalidRequestError {
  try {
    normalize(input, by);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error;
    throw error;
  }
  throw new Error('expected a fault');
}

function aCall(service: string, eventName: string, requestParameters: unknown, responseElements: unknown = null) {
  const call = anApiCall({ service, eventName });
  return { ...call, detail: { ...call.detail, requestParameters, responseElements } };
}

function aSubscriptionCall() {
  const requestParameters = { principalId: userId, principalType: 'USER' };
  return anApiCall({ service: 'q', eventName: 'CreateAssignment', requestParameters });
}

function withDetail(detail: Record<string, unknown>) {
  const event = anAddMemberToGroup({ groupId, userId });
  return { ...event, detail: { ...event.detail, ...detail } };
}

describe('an event that names user and group', () => {
  it.each([
    ['AddMemberToGroup expects a member', anAddMemberToGroup({ groupId, userId }), joined],
    ['CreateGroupMembership expects a member', aCreateGroupMembership({ groupId, userId }), joined],
    ['RemoveMemberFromGroup expects the user absent', aRemoveMemberFromGroup({ groupId, userId }), left],
  ])('%s', (_fact, event, users) => {
    expect(normalize(event, context)).toEqual({
      request: {
        version: 1,
        trigger: 'event',
        cause: EVENT_ID,
        at: '2026-11-01T10:00:00.000Z',
        startedAt: STARTED,
        users,
        groups: [],
      },
      propagation: { visible: false, checkAfterSeconds: 0 },
    });
  });

  it.each(['sso-directory', 'identitystore'])('is read wherever %s puts the ids', (service) => {
    const eventName = service === 'identitystore' ? 'CreateGroupMembership' : 'AddMemberToGroup';
    for (const [request, response] of [
      [{ groupId, member: { memberId: userId } }],
      [{ groupId, memberId: { userId } }],
      [{ groupId, memberId: userId }],
      [{ groupId, userId }],
      [{ group: { groupId }, userId }],
      [null, { groupId, memberId: { userId } }],
      [{ groupId: null, userId }, { groupId }],
      [{ groupId: groupId.toUpperCase(), userId: userId.toUpperCase() }],
      [{ groupId: `arn:aws:identitystore:::group/${groupId}`, userId: `arn:aws:identitystore:::user/${userId}` }],
    ]) {
      expect(requestOf(aCall(service, eventName, request, response)).request.users).toEqual(joined);
    }
  });

  it('takes a legacy user id', () => {
    expect(requestOf(anAddMemberToGroup({ groupId, userId: legacyId })).request.users[0]?.userId).toBe(legacyId);
  });

  it('is ignored if no entitlement names its group', () => {
    expect(normalize(aCreateGroupMembership({ groupId: unwatched, userId: 'x' }), context)).toEqual({
      ignored: 'unwatched-group',
    });
  });
});

describe('an event that names only the group', () => {
  it.each([
    ['PatchGroup that adds', aPatchGroup({ groupId })],
    ['PatchGroup that removes', aPatchGroup({ groupId, op: 'REMOVE' })],
    ['CreateGroup of the console', aCreateGroup({ groupId, family: 'sso-directory' })],
    ['CreateGroup of the API', aCreateGroup({ groupId, family: 'identitystore' })],
    ['CreateGroup of SCIM', aCreateGroup({ groupId, family: 'identitystore-scim' })],
    ['PatchGroup that shows its members', aCall('identitystore-scim', 'PatchGroup', { id: groupId, httpBody: SHOWN })],
    ['DeleteGroup of the console', aDeleteGroup({ groupId, family: 'sso-directory' })],
    ['DeleteGroup of the API', aDeleteGroup({ groupId, family: 'identitystore' })],
    ['DeleteGroup of SCIM', aDeleteGroup({ groupId, family: 'identitystore-scim' })],
    ['PatchGroup with groupId', aCall('identitystore-scim', 'PatchGroup', { groupId })],
    ['DeleteGroup with id', aCall('identitystore', 'DeleteGroup', { id: groupId })],
  ])('checks the group: %s', (_event, event) => {
    expect(requestOf(event).request).toMatchObject({ trigger: 'event', cause: EVENT_ID, users: [], groups: [groupId] });
  });

  it.each([
    ['PatchGroup', aPatchGroup({ groupId: unwatched })],
    ['CreateGroup', aCreateGroup({ groupId: unwatched })],
    ['DeleteGroup', aDeleteGroup({ groupId: unwatched })],
  ])('is ignored for a group that no entitlement names: %s', (_event, event) => {
    expect(normalize(event, context)).toEqual({ ignored: 'unwatched-group' });
  });
});

describe('an event that names only the user', () => {
  it.each([
    ['DeleteUser of the console', aDeleteUser({ userId, family: 'sso-directory' })],
    ['DeleteUser of the API', aDeleteUser({ userId, family: 'identitystore' })],
    ['DeleteUser of SCIM', aDeleteUser({ userId, family: 'identitystore-scim' })],
    ['DisableUser', aDisableUser({ userId })],
    ['EnableUser', anEnableUser({ userId })],
    ['UpdateUser of the console', anUpdateUser({ userId, family: 'sso-directory' })],
    ['UpdateUser of the API', anUpdateUser({ userId, family: 'identitystore' })],
    ['PatchUser', aPatchUser({ userId })],
    ['PutUser', aPutUser({ userId, active: false })],
    ['PutUser with its id in the answer', aCall('identitystore-scim', 'PutUser', {}, { id: userId })],
    ['UpdateUser with a nested user', aCall('sso-directory', 'UpdateUser', { user: { userId } })],
  ])('checks the user and expects no membership: %s', (_event, event) => {
    expect(requestOf(event).request).toMatchObject({ trigger: 'event', cause: EVENT_ID, users: user, groups: [] });
  });
});

describe('DeleteGroupMembership', () => {
  it('checks everything, because it carries only the id of the membership', () => {
    const { request } = requestOf(aDeleteGroupMembership());
    expect(request).toMatchObject({ users: [], groups: [], sweep: 'everything' });
  });

  it.each([
    ['user and group', { groupId, memberId: { userId } }, { users: left, groups: [] }],
    ['the group', { groupId }, { users: [], groups: [groupId] }],
    ['the user', { memberId: { userId } }, { users: user, groups: [] }],
  ])('uses %s if AWS comes to record them', (_what, parameters, look) => {
    const { request } = requestOf(aCall('identitystore', 'DeleteGroupMembership', parameters));
    expect(request).toMatchObject(look);
    expect(request.sweep).toBeUndefined();
  });

  it.each([{ groupId: unwatched }, { groupId: unwatched, userId }])(
    'is ignored for an unwatched group: %j',
    (where) => {
      const event = aCall('identitystore', 'DeleteGroupMembership', where);
      expect(normalize(event, context)).toEqual({ ignored: 'unwatched-group' });
    },
  );
});

describe('a record that does not say whom it is about', () => {
  const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
  const OMITTED = { reason: 'requestParameters too large', omitted: true };
  const WITHHELD = [undefined, null, '', ' ', 'None', 'null', 'NaN', '-', {}, [], HIDDEN, OMITTED, { omitted: true }];
  const everything = { users: [], groups: [], sweep: 'everything' };
  const byUser = { users: user, groups: [] };
  const byGroup = { users: [], groups: [groupId] };
  const everyStatus = { ...everything, withStatus: context.entitlements.entitlements.map((one) => one.application) };
  const polluting = JSON.parse(`{"__proto__":{"groupId":"${groupId}"},"userId":"${userId}"}`);

  /** What a request asks, without its origin. */
  function askedBy(event: unknown) {
    const { version, trigger, cause, at, startedAt, ...asked } = requestOf(event).request;
    expect({ version, trigger, cause, at, startedAt }).toEqual({
      version: 1,
      trigger: 'event',
      cause: EVENT_ID,
      at: '2026-11-01T10:00:00.000Z',
      startedAt: STARTED,
    });
    return asked;
  }

  const MEMBERSHIPS = [
    ['sso-directory', 'AddMemberToGroup'],
    ['sso-directory', 'RemoveMemberFromGroup'],
    ['identitystore', 'CreateGroupMembership'],
    ['identitystore', 'DeleteGroupMembership'],
  ] as const;
  const GROUPS = [
    ['sso-directory', 'CreateGroup'],
    ['sso-directory', 'DeleteGroup'],
    ['identitystore', 'CreateGroup'],
    ['identitystore', 'DeleteGroup'],
    ['identitystore-scim', 'PatchGroup'],
    ['identitystore-scim', 'CreateGroup'],
    ['identitystore-scim', 'DeleteGroup'],
  ] as const;
  const USERS = [
    ['sso-directory', 'UpdateUser'],
    ['sso-directory', 'EnableUser'],
    ['sso-directory', 'DisableUser'],
    ['sso-directory', 'DeleteUser'],
    ['identitystore', 'UpdateUser'],
    ['identitystore', 'DeleteUser'],
    ['identitystore-scim', 'PutUser'],
    ['identitystore-scim', 'PatchUser'],
    ['identitystore-scim', 'DeleteUser'],
  ] as const;

  it.each([...MEMBERSHIPS, ...GROUPS])('checks everything if %s withholds the parameters of %s', (service, name) => {
    for (const request of WITHHELD) {
      for (const response of WITHHELD) expect(askedBy(aCall(service, name, request, response))).toEqual(everything);
    }
  });

  it.each(USERS)('checks everything, with the status of all users, if %s withholds the user of %s', (service, name) => {
    for (const withheld of WITHHELD) {
      expect(askedBy(aCall(service, name, withheld, withheld))).toEqual(everyStatus);
      expect(askedBy(aCall(service, name, { userId: withheld, id: withheld }))).toEqual(everyStatus);
    }
  });

  it.each(MEMBERSHIPS)('checks what is left if %s withholds an id of %s', (service, name) => {
    for (const withheld of WITHHELD) {
      const memberships: readonly [object, object][] = [
        [{ groupId, memberId: withheld, userId: withheld }, byGroup],
        [{ groupId, member: { memberId: withheld } }, byGroup],
        [{ groupId, memberId: { userId: withheld } }, byGroup],
        [{ groupId: withheld, userId }, byUser],
        [{ group: { groupId: withheld }, userId }, byUser],
        [{ groupId: withheld, userId: withheld }, everything],
        [{ identityStoreId: withheld, groupId, memberId: withheld }, byGroup],
      ];
      for (const [parameters, asked] of memberships) expect(askedBy(aCall(service, name, parameters))).toEqual(asked);
    }
  });

  it.each(GROUPS)('checks everything if %s withholds the group of %s', (service, name) => {
    for (const withheld of WITHHELD) {
      expect(askedBy(aCall(service, name, { id: withheld, groupId: withheld, tenantId: 'x' }))).toEqual(everything);
      expect(askedBy(aCall(service, name, { displayName: HIDDEN }, { group: withheld }))).toEqual(everything);
    }
  });

  it('is read as far as one of its parts says something', () => {
    for (const withheld of WITHHELD) {
      const event = aCall('identitystore', 'CreateGroupMembership', withheld, { groupId, memberId: { userId } });
      expect(askedBy(event)).toEqual({ users: joined, groups: [] });
      expect(askedBy(aCall('identitystore', 'CreateGroup', withheld, { groupId }))).toEqual(byGroup);
    }
  });

  it.each([
    ['a group in a prototype', polluting],
    ['a group that is inherited', Object.assign(Object.create({ groupId }), { userId })],
  ])('is not read from %s', (_where, parameters) => {
    expect(askedBy(aCall('identitystore', 'CreateGroupMembership', parameters))).toEqual(byUser);
  });

  it('is ignored like any other record if its group is not watched, its call failed or its store is another', () => {
    const unread = { groupId: unwatched, memberId: HIDDEN };
    expect(normalize(aCall('identitystore', 'CreateGroupMembership', unread), context)).toEqual({
      ignored: 'unwatched-group',
    });
    const failed = aCall('identitystore', 'CreateGroupMembership', OMITTED);
    expect(normalize({ ...failed, detail: { ...failed.detail, errorCode: 'AccessDenied' } }, context)).toEqual({
      ignored: 'call-failed',
    });
    const foreign = { identityStoreId: 'd-0987654321', groupId: HIDDEN };
    expect(normalize(aCall('identitystore', 'CreateGroupMembership', foreign), context)).toEqual({
      ignored: 'foreign-store',
    });
    expect(normalize(aCall('identitystore', 'CreateUser', OMITTED), context)).toEqual({
      ignored: 'no-membership-change',
    });
  });
});

describe('a native notification', () => {
  const userArn = `arn:aws:identitystore:::user/${userId}`;
  const groupArn = `arn:aws:identitystore:::group/${groupId}`;
  const unwatchedArn = `arn:aws:identitystore:::group/${unwatched}`;
  const membershipArn = `arn:aws:identitystore:::membership/${userId}`;

  it.each([
    ['checks its user', [userArn], { users: user, groups: [] }],
    ['checks its group', [groupArn], { users: [], groups: [groupId] }],
    ['checks both, each once', [groupArn, userArn, groupArn, userArn], { users: user, groups: [groupId] }],
    ['leaves out an unwatched group', [unwatchedArn, userArn], { users: user, groups: [] }],
    ['passes over what it does not know', [membershipArn, 7, null, userArn], { users: user, groups: [] }],
    ['checks everything if it has no ids', [], { users: [], groups: [], sweep: 'everything' }],
    [
      'checks everything if it names only a membership',
      [membershipArn],
      { users: [], groups: [], sweep: 'everything' },
    ],
  ])('%s', (_fact, resources, look) => {
    const { request } = requestOf({ ...aNativeNotification({ detailType: 'Group Updated' }), resources });
    expect(request).toEqual({
      version: 1,
      trigger: 'event',
      cause: aNativeNotification().id,
      at: '2026-11-01T10:00:00.000Z',
      startedAt: STARTED,
      ...look,
    });
  });

  it('checks everything if it has no list of resources', () => {
    const { resources: _, ...event } = aNativeNotification();
    expect(requestOf(event).request.sweep).toBe('everything');
  });

  it('checks everything instead of more than 100 users', () => {
    const resources = Array.from({ length: 101 }, (_, i) => `${userArn.slice(0, -3)}${String(i).padStart(3, '0')}`);
    expect(requestOf(aNativeNotification({ resources })).request).toMatchObject({ users: [], sweep: 'everything' });
    expect(requestOf(aNativeNotification({ resources: resources.slice(1) })).request.users).toHaveLength(100);
  });

  it('is ignored when all its groups are unwatched', () => {
    expect(normalize(aNativeNotification({ resources: [unwatchedArn] }), context)).toEqual({
      ignored: 'unwatched-group',
    });
  });

  it('differs from a call of the same source that CloudTrail recorded', () => {
    const event = aCreateGroupMembership({ groupId, userId });
    expect(requestOf({ ...event, source: 'aws.identitystore' }).request.users).toEqual(joined);
  });
});

describe('an event that needs no check', () => {
  const aJoin = { groupId, userId };
  it.each([
    ['foreign-service', 'an operation of the same name', aQuickSightMembership()],
    ['foreign-service', 'an assignment', anApiCall({ service: 'sso', eventName: 'CreateApplicationAssignment' })],
    ['foreign-service', 'a subscription call', aSubscriptionCall()],
    ['foreign-service', 'one of another source', { ...aSubscriptionCall(), source: 'aws.codewhisperer' }],
    ['foreign-service', 'a failed call of another service', aQuickSightMembership({ errorCode: 'AccessDenied' })],
    ['foreign-service', 'another kind of event', { ...aNativeNotification(), source: 'aws.events' }],
    ['foreign-service', 'a service named like a property', aCall('constructor', 'toString', {})],
    ['call-failed', 'a join', aCreateGroupMembership({ ...aJoin, errorCode: 'ConflictException' })],
    ['call-failed', 'a call with unusable ids', aPatchGroup({ groupId: 'xxxx', errorCode: 'ValidationException' })],
    ['call-failed', 'a read', anApiCall({ service: 'identitystore', eventName: 'ListUsers', errorCode: 'x' })],
    ['call-failed', 'an error code of another type', withDetail({ errorCode: 0 })],
    ['read-only', 'a record that says so', withDetail({ readOnly: true })],
    ['read-only', 'GetUser', aCall('identitystore-scim', 'GetUser', { id: userId })],
    ['read-only', 'ServiceProviderConfig', aCall('identitystore-scim', 'ServiceProviderConfig', null)],
    ['read-only', 'ListGroupMemberships', aCall('identitystore', 'ListGroupMemberships', { groupId })],
    ['read-only', 'IsMemberInGroups', aCall('identitystore', 'IsMemberInGroups', { groupIds: [groupId] })],
    ['read-only', 'DescribeGroup', aCall('sso-directory', 'DescribeGroup', { groupId })],
    ['read-only', 'SearchUsers', aCall('sso-directory', 'SearchUsers', {})],
    ['unknown-operation', 'a write of later', aCall('identitystore', 'MergeUsers', { groupId })],
    ['unknown-operation', 'an operation of another family', aCall('identitystore', 'PatchGroup', { id: groupId })],
    ['unknown-operation', 'a name that objects inherit', aCall('identitystore', 'constructor', { groupId })],
    ['unknown-operation', 'an unknown write with odd parameters', aCall('sso-directory', 'MoveUsers', ['x'])],
    ['foreign-store', 'a join', anAddMemberToGroup({ ...aJoin, identityStoreId: 'd-0987654321' })],
    ['foreign-store', 'a leave', aDeleteGroupMembership({ identityStoreId: 'd-0987654321' })],
    ['foreign-store', 'a user', aDisableUser({ userId, identityStoreId: '11112222-3333-4444-8555-666677778888' })],
    [
      'foreign-store',
      'an answer that names it',
      aCall(
        'identitystore',
        'CreateGroup',
        { identityStoreId: STORE_ID },
        { identityStoreId: 'd-0987654321', groupId },
      ),
    ],
    [
      'foreign-store',
      'its ARN',
      anAddMemberToGroup({
        ...aJoin,
        identityStoreId: 'arn:aws:identitystore::444455556666:identitystore/d-0987654321',
      }),
    ],
    ['no-membership-change', 'CreateUser of the console', aCreateUser({ userId, family: 'sso-directory' })],
    ['no-membership-change', 'CreateUser of the API', aCreateUser({ userId, family: 'identitystore' })],
    ['no-membership-change', 'CreateUser of SCIM', aScimCreateUser({ userId })],
    ['no-membership-change', 'UpdateGroup of the console', anUpdateGroup({ groupId, family: 'sso-directory' })],
    ['no-membership-change', 'UpdateGroup of the API', anUpdateGroup({ groupId, family: 'identitystore' })],
  ])('is ignored as %s: %s', (ignored, _what, event) => {
    expect(normalize(event, context)).toEqual({ ignored });
  });

  it.each([`arn:aws:identitystore::111122223333:identitystore/${STORE_ID}`, STORE_ID.toUpperCase()])(
    'does not take the own store for a foreign one: %s',
    (identityStoreId) => {
      expect(requestOf(anAddMemberToGroup({ groupId, userId, identityStoreId })).request.users).toEqual(joined);
    },
  );

  it.each([null, undefined, '', ' ', 'null', 'None', 'N/A', '-', {}, []])(
    'is not what has an empty error code: %j',
    (errorCode) => {
      expect(requestOf(withDetail({ errorCode })).request.users).toEqual(joined);
      expect(normalize({ ...withDetail({ errorCode }).detail }, context)).toHaveProperty('request');
    },
  );
});

describe('the source of the envelope', () => {
  it.each(['aws.cloudtrail', 'aws.identitystore-scim', 'com.example', '', 7, null])('does not matter: %j', (source) => {
    expect(requestOf({ ...aPatchGroup({ groupId }), source }).request.groups).toEqual([groupId]);
  });
});

describe('a bare CloudTrail record', () => {
  it.each([
    ['a join', anAddMemberToGroup({ groupId, userId })],
    ['a group', aPatchGroup({ groupId })],
    ['an ignored call', aQuickSightMembership()],
  ])('reads like the event around it: %s', (_what, event) => {
    expect(normalize(bare(event), context)).toEqual(normalize(event, context));
  });

  it('has the paths of its own faults', () => {
    expect(faultOf(bare(aPatchGroup({ groupId: 'xxxx' }))).path).toBe('requestParameters.id');
  });
});

describe('the time of a request', () => {
  it.each([
    ['is that of the change', '2026-10-31T23:59:59.123Z', '2026-10-31T23:59:59.123Z'],
    ['is never later than the start', '2026-11-01T10:00:07.001Z', STARTED],
    ['is the start when a sample hides it', 'xxxx', STARTED],
    ['is the start when there is no such month', '2026-13-01T10:00:00Z', STARTED],
    ['is the start when it has no zone', '2026-11-01T10:00:00', STARTED],
    ['is the start when it is empty', '', STARTED],
  ])('%s', (_fact, time, at) => {
    expect(requestOf(aPatchGroup({ groupId, time })).request.at).toBe(at);
    expect(requestOf(bare(aPatchGroup({ groupId, time }))).request.at).toBe(at);
  });

  it.each([undefined, null, 1_793_527_200_000, ['2026-11-01T10:00:00Z']])(
    'is that of the record when the envelope has %j',
    (time) => {
      const event = { ...aPatchGroup({ groupId, time: '2026-11-01T09:00:00Z' }), time };
      expect(requestOf(event).request.at).toBe('2026-11-01T09:00:00.000Z');
    },
  );
});

describe('the cause of a request', () => {
  const envelopeId = aPatchGroup({ groupId }).id;

  it.each([
    ['is the event id', EVENT_ID, EVENT_ID],
    ['is the event id in capital letters', EVENT_ID.toUpperCase(), EVENT_ID.toUpperCase()],
    ['is the id of the envelope when the event id is empty', '', envelopeId],
    ['is the id of the envelope when the event id is a text', 'Jane Doe', envelopeId],
    ['is the id of the envelope when the event id is one word', 'an-opaque-id', envelopeId],
    ['is the id of the envelope when the event id is longer', `${EVENT_ID}0`, envelopeId],
    ['is the id of the envelope when the event id ends its line', `${EVENT_ID}\n`, envelopeId],
    ['is the id of the envelope when the event id begins in the middle', `x ${EVENT_ID}`, envelopeId],
    [
      'is the id of the envelope when the event id has a letter that is no hex digit',
      EVENT_ID.replace('0', 'g'),
      envelopeId,
    ],
    ['is the id of the envelope when the event id is a number', 7, envelopeId],
  ])('%s', (_fact, eventID, cause) => {
    const event = aPatchGroup({ groupId });
    expect(requestOf({ ...event, detail: { ...event.detail, eventID } }).request.cause).toBe(cause);
  });

  it('is the execution when no id is usable', () => {
    const event = aPatchGroup({ groupId, eventId: '' });
    expect(requestOf({ ...event, id: { id: 1 } }).request.cause).toBe(EXECUTION);
    expect(requestOf({ ...event, id: 'Jane Doe' }).request.cause).toBe(EXECUTION);
    expect(requestOf(bare(event)).request.cause).toBe(EXECUTION);
  });

  it.each<[number, unknown]>([
    [0, aPatchGroup({ groupId })],
    [0, bare(aPatchGroup({ groupId }))],
    [0, { ...aPatchGroup({ groupId }), id: null }],
    [1, aPatchGroup({ groupId, eventId: 'Jane Doe' })],
    [1, bare(aPatchGroup({ groupId, eventId: 'Jane Doe' }))],
    [2, { ...aPatchGroup({ groupId, eventId: 'xxxx' }), id: 7 }],
    [0, { userId }],
    [0, 'Jane Doe'],
  ])('leaves out %i ids that have another form, and they are counted (%#)', (count, input) => {
    expect(countForeignIds(input)).toBe(count);
  });
});

describe('a manual start', () => {
  it('is what bears no key of an event', () => {
    expect(normalize({ userId }, context)).toEqual(manualStart({ userId }, context));
    expect(() => normalize({ userId, note: 'x' }, context)).toThrow(InvalidRequestError);
  });

  it.each([
    ['detail-type', { 'detail-type': 'AWS API Call via CloudTrail', userId }, 'detail'],
    ['source', { source: 'manual', userId }, 'detail-type'],
    ['eventName', { eventName: 'DeleteUser', userId }, 'eventSource'],
    ['source, though it asks for a release', { source: 'aws.x', release: 'a'.repeat(64) }, 'detail-type'],
  ])('is never seen in an input with %s', (_key, input, path) => {
    expect(faultOf(input, admin).path).toBe(path);
  });

  it('is seen in an input that only inherits the keys of an event', () => {
    expect(requestOf(Object.assign(Object.create({ source: 'aws.x' }), { userId })).request.trigger).toBe('manual');
  });
});

describe('an input that is not understood', () => {
  const joinWith = (parameters: unknown) => aCall('identitystore', 'CreateGroupMembership', parameters);

  it.each([
    ['input', 'null', null],
    ['input', 'undefined', undefined],
    ['input', 'a number', 7],
    ['input', 'a text', 'x'],
    ['input', 'a boolean', true],
    ['input', 'a list of events', [aPatchGroup({ groupId })]],
    ['detail-type', 'missing', { source: 'aws.identitystore' }],
    ['detail-type', 'a list', { ...aPatchGroup({ groupId }), 'detail-type': ['AWS API Call via CloudTrail'] }],
    ['source', 'missing', { 'detail-type': 'User Updated' }],
    ['source', 'a number', { ...aNativeNotification(), source: 7 }],
    ['resources', 'a text', { ...aNativeNotification(), resources: 'x' }],
    ['resources', 'an object', { ...aNativeNotification(), resources: { 0: 'x' } }],
    ['detail', 'null', { ...aPatchGroup({ groupId }), detail: null }],
    [
      'detail',
      'JSON in a text',
      { ...aPatchGroup({ groupId }), detail: JSON.stringify(bare(aPatchGroup({ groupId }))) },
    ],
    ['detail', 'a list', { ...aPatchGroup({ groupId }), detail: [bare(aPatchGroup({ groupId }))] }],
    ['detail.eventSource', 'missing', withDetail({ eventSource: undefined })],
    ['detail.eventSource', 'a list', withDetail({ eventSource: ['sso-directory.amazonaws.com'] })],
    ['detail.eventName', 'missing', withDetail({ eventName: undefined })],
    ['detail.eventName', 'an object', withDetail({ eventName: { toString: 'AddMemberToGroup' } })],
    ['detail.requestParameters', 'a text', withDetail({ requestParameters: 'x' })],
    ['detail.requestParameters', 'a list', withDetail({ requestParameters: [{ groupId }] })],
    ['detail.responseElements', 'a number', withDetail({ responseElements: 7 })],
    ['detail.requestParameters.groupId', 'a number', joinWith({ userId, groupId: 7 })],
    ['detail.requestParameters.groupId', 'a list', joinWith({ userId, groupId: [groupId] })],
    ['detail.requestParameters.groupId', 'a control character', joinWith({ userId, groupId: `${groupId}\u0000` })],
    ['detail.requestParameters.groupId', 'no id', aCall('identitystore', 'DeleteGroupMembership', { groupId: 'x' })],
    ['detail.requestParameters.group.groupId', 'no id', joinWith({ userId, group: { groupId: 'x' } })],
    ['detail.requestParameters.memberId.userId', 'no id', joinWith({ groupId, memberId: { userId: 'x' } })],
    ['detail.requestParameters.memberId', 'a list', joinWith({ groupId, memberId: [userId] })],
    [
      'detail.requestParameters.userId',
      'a group',
      joinWith({ groupId, userId: `arn:aws:identitystore:::group/${userId}` }),
    ],
    ['detail.requestParameters.member.memberId', 'no id', aRemoveMemberFromGroup({ groupId, userId: 'x' })],
    ['detail.requestParameters.id', 'no id', aPatchGroup({ groupId: 'xxxx' })],
    ['detail.responseElements.id', 'no id', aCreateGroup({ groupId: 'xxxx', family: 'identitystore-scim' })],
    ['detail.responseElements.group.groupId', 'no id', aCreateGroup({ groupId: 'xxxx', family: 'sso-directory' })],
    ['detail.requestParameters.identityStoreId', 'no id', aDisableUser({ userId, identityStoreId: 'xxxx' })],
    ['detail.requestParameters.identityStoreId', 'a number', joinWith({ identityStoreId: 7, groupId, userId })],
    [
      'detail.responseElements.identityStoreId',
      'an object',
      withDetail({ responseElements: { identityStoreId: { id: 1 } } }),
    ],
  ])('is a fault of %s: %s', (path, _what, input) => {
    const fault = faultOf(input);
    expect(fault.path).toBe(path);
    expect(fault.message.startsWith(`${path}: `)).toBe(true);
  });
});

const EVERY_EVENT = [
  anAddMemberToGroup({ groupId, userId }),
  aRemoveMemberFromGroup({ groupId, userId }),
  aCreateGroupMembership({ groupId, userId }),
  aDeleteGroupMembership(),
  aPatchGroup({ groupId }),
  aCreateGroup({ groupId, family: 'identitystore-scim' }),
  aDeleteGroup({ groupId }),
  aDeleteUser({ userId }),
  aPatchUser({ userId }),
  aScimCreateUser({ userId }),
  aQuickSightMembership(),
  aNativeNotification({ resources: [`arn:aws:identitystore:::user/${userId}`] }),
  bare(anAddMemberToGroup({ groupId, userId })),
];
const EVERY_MANUAL_START = [
  { userId, groupId, waitSeconds: 60 },
  { userName: 'somebody' },
  { externalId: { issuer: 'x', id: 'y' } },
  { scope: 'everything' },
  { application: context.entitlements.entitlements[0]?.application },
  { adopt: 'kiro' },
  { release: 'a'.repeat(64) },
];

/** No id and no word of Usher's own: it may turn up nowhere. */
const SECRET = 'Jane.Doe@secret.example.com';

describe('any input', () => {
  it('becomes a valid request, an ignored reason or a named fault, and is left as it was', () => {
    const by = fc.constantFrom(context, admin);
    const anything = fc.oneof(
      fc.jsonValue(),
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
    );
    fc.assert(
      fc.property(fc.oneof(anything, aMutationOf([...EVERY_EVENT, ...EVERY_MANUAL_START])), by, (input, who) => {
        const frozen = deeplyFrozen(input);
        const outcome = outcomeOf(frozen, who);
        if ('request' in outcome) {
          expect(RequestSchema.parse(outcome.request)).toEqual(outcome.request);
          expect(PropagationSchema.parse(outcome.propagation)).toEqual(outcome.propagation);
        }
        expect(Object.keys(Object.prototype)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
  });

  it('gives away nothing of an event but ids', () => {
    const known = /^(?:event|member|absent|everything|[0-9a-f-]{36,47})$/;
    const configured: readonly unknown[] = context.entitlements.entitlements.map(({ application }) => application);
    fc.assert(
      fc.property(aMutationOf(EVERY_EVENT), (input) => {
        const outcome = outcomeOf(input);
        if ('path' in outcome) expect(`${outcome.message} ${outcome.path}`).not.toMatch(/jane|secret/i);
        if (!('request' in outcome)) return;
        const { cause, at, startedAt, withStatus = [], ...request } = outcome.request;
        for (const application of withStatus) expect(configured).toContain(application);
        expect(at <= STARTED).toBe(true);
        expect(startedAt).toBe(STARTED);
        for (const text of textsOf([request, outcome.propagation])) expect(text).toMatch(known);
        expect([EXECUTION, ...textsOf(input)]).toContain(cause);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    { [SECRET]: 1 },
    { userId, [SECRET]: 1 },
    { userId: SECRET },
    { userName: { [SECRET]: SECRET } },
    { email: `${SECRET}\n` },
    { externalId: { issuer: 'x', id: 'y', [SECRET]: SECRET } },
    { groupId: SECRET },
    { userId, groupId: SECRET },
    { userId, waitSeconds: SECRET },
    { scope: SECRET },
    { application: SECRET },
    { release: SECRET },
    { adopt: SECRET },
    aPatchGroup({ groupId: SECRET }),
    aDisableUser({ userId, identityStoreId: SECRET }),
    { ...aPatchGroup({ groupId }), detail: SECRET },
    { ...aNativeNotification(), resources: SECRET },
  ])('is not quoted by a fault: %j', (input) => {
    for (const by of [context, admin]) expect(faultOf(input, by).message).not.toMatch(/jane|secret/i);
  });

  it('may be deep or large', () => {
    const deep = JSON.parse(`${'{"detail":'.repeat(5000)}1${'}'.repeat(5000)}`);
    expect(faultOf(deep).path).toBe('input');
    expect(requestOf({ ...aPatchGroup({ groupId }), extra: deep }).request.groups).toEqual([groupId]);
    const large = 'a-'.repeat(150_000);
    expect(requestOf({ ...aPatchGroup({ groupId, eventId: large }), extra: large }).request.groups).toEqual([groupId]);
    expect(faultOf(aPatchGroup({ groupId: `arn:aws${large}` })).message.length).toBeLessThan(100);
    expect(faultOf({ userName: large }).message.length).toBeLessThan(150);
  });
});

function outcomeOf(input: unknown, by: StartContext = context): Normalized | InvalidRequestError {
  try {
    return normalize(input, by);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error;
    throw error;
  }
}

/** One to three places of a good input replaced, removed or joined by a key that isn't wanted. */
function aMutationOf(inputs: readonly unknown[]): fc.Arbitrary<unknown> {
  const value = fc.oneof(
    fc.constantFrom(SECRET, `${userId}\u0000`, { [SECRET]: SECRET }, [SECRET], null, '', 0, true, userId, unwatched),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const change = fc.record({
    place: fc.nat(),
    key: fc.option(fc.constantFrom('__proto__', 'constructor', 'errorCode', 'groupId', 'id', 'memberId', SECRET), {
      freq: 1,
    }),
    value: fc.option(value, { nil: undefined }),
  });
  return fc
    .tuple(fc.constantFrom(...inputs), fc.array(change, { minLength: 1, maxLength: 3 }))
    .map(([input, changes]) => changes.reduce<unknown>(changed, structuredClone(input)));
}

function changed(input: unknown, change: { place: number; key: string | null; value: unknown }): unknown {
  const places = placesIn(input);
  const { holder, key } = places[change.place % places.length] ?? {};
  if (!holder || key === undefined) return change.value;
  if (change.value === undefined) Reflect.deleteProperty(holder, key);
  else {
    const descriptor = { value: structuredClone(change.value), enumerable: true, writable: true, configurable: true };
    // A field that cannot be changed stays as it is.
    Reflect.defineProperty(holder, Array.isArray(holder) ? key : (change.key ?? key), descriptor);
  }
  return input;
}

function placesIn(value: unknown): { holder: object; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [{ holder: value, key }, ...placesIn(inner)]);
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

function deeplyFrozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const inner of Object.values(value)) deeplyFrozen(inner);
    Object.freeze(value);
  }
  return value;
}

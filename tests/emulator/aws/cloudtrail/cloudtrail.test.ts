import { describe, expect, it } from 'vitest';
import { normalize } from '../../../../domain/request/normalize.ts';
import { type RecordedChange, recordOf, type Via } from '../../../../emulator/aws/cloudtrail/cloudtrail.ts';
import { exampleEntitlements } from '../../../../emulator/scenario/example-entitlements.ts';
import { titleOf } from '../../../../input/event-title.ts';
import { GROUP, REGION, STORE_ID } from '../../../support/ids.ts';

const USER = '94e80458-9021-70ea-08fa-c3a10a1d8a92';
const AT = new Date('2026-11-01T10:00:00.400Z');

function aRecord(change: RecordedChange, via: Via, sequence = 1) {
  return recordOf(change, { via, at: AT, sequence, identityStoreId: STORE_ID, region: REGION });
}

/** What the service makes of an event. */
function lookOf(event: unknown) {
  const normalized = normalize(event, { entitlements: exampleEntitlements(), execution: 'execution', startedAt: AT });
  if ('ignored' in normalized) return normalized.ignored;
  const { users, groups, sweep } = normalized.request;
  return { users, groups, sweep };
}

const JOIN = { change: 'join', userId: USER, groupId: GROUP } as const;
const LEAVE = { ...JOIN, change: 'leave' } as const;
const member = { users: [{ userId: USER, expected: { groupId: GROUP, membership: 'member' } }], groups: [] };
const absent = { users: [{ userId: USER, expected: { groupId: GROUP, membership: 'absent' } }], groups: [] };
const hint = { users: [], groups: [GROUP] };
const someone = { users: [{ userId: USER }], groups: [] };

function aChange(change: RecordedChange['change']): RecordedChange {
  switch (change) {
    case 'join':
    case 'leave':
      return { change, userId: USER, groupId: GROUP };
    case 'addGroup':
    case 'deleteGroup':
      return { change, groupId: GROUP };
    default:
      return { change, userId: USER };
  }
}

describe('the record of a change', () => {
  it.each<[RecordedChange['change'], Via, string, unknown]>([
    ['addGroup', 'scim', 'CreateGroup', hint],
    ['addGroup', 'console', 'CreateGroup', hint],
    ['addGroup', 'api', 'CreateGroup', hint],
    ['deleteGroup', 'scim', 'DeleteGroup', hint],
    ['deleteGroup', 'console', 'DeleteGroup', hint],
    ['deleteGroup', 'api', 'DeleteGroup', hint],
    ['join', 'scim', 'PatchGroup', hint],
    ['join', 'console', 'AddMemberToGroup', member],
    ['join', 'api', 'CreateGroupMembership', member],
    ['leave', 'scim', 'PatchGroup', hint],
    ['leave', 'console', 'RemoveMemberFromGroup', absent],
    ['leave', 'api', 'DeleteGroupMembership', { users: [], groups: [], sweep: 'everything' }],
    ['disable', 'scim', 'PatchUser', someone],
    ['disable', 'console', 'DisableUser', someone],
    ['disable', 'api', 'UpdateUser', someone],
    ['enable', 'scim', 'PatchUser', someone],
    ['enable', 'console', 'EnableUser', someone],
    ['enable', 'api', 'UpdateUser', someone],
    ['delete', 'scim', 'DeleteUser', someone],
    ['delete', 'console', 'DeleteUser', someone],
    ['delete', 'api', 'DeleteUser', someone],
  ])('names exactly what AWS names: %s through %s is %s', (kind, via, eventName, expected) => {
    const record = aRecord(aChange(kind), via);
    expect(record.detail.eventName).toBe(eventName);
    expect(lookOf(record)).toEqual(expected);
  });

  it.each([JOIN, LEAVE])('hides the user of a change through SCIM: $change', (change) => {
    expect(JSON.stringify(aRecord(change, 'scim'))).not.toContain(USER);
  });

  it('has its own ids, which are the same in every run', () => {
    const [first, again, second] = [aRecord(JOIN, 'scim', 1), aRecord(JOIN, 'scim', 1), aRecord(JOIN, 'scim', 2)];
    expect(again).toEqual(first);
    expect(second.detail.eventID).not.toBe(first.detail.eventID);
    expect(second.id).not.toBe(first.id);
  });

  it('has the time of the change to the second, as CloudTrail writes it', () => {
    const { time, detail } = aRecord(JOIN, 'api');
    expect([time, detail.eventTime]).toEqual(['2026-11-01T10:00:00Z', '2026-11-01T10:00:00Z']);
  });
});

describe('the title of an input', () => {
  it.each<[string, object, string]>([
    ['an event', aRecord(JOIN, 'scim'), 'event PatchGroup of identitystore-scim'],
    ['a bare record', aRecord(JOIN, 'console').detail, 'event AddMemberToGroup of sso-directory'],
    ['a notification', { source: 'aws.identitystore', 'detail-type': 'User Created' }, 'event "User Created"'],
    ['a manual start, without the user that it names', { email: 'somebody@example.com' }, 'manual start'],
    ['something strange', { source: 1, detail: [] }, 'event'],
    ['a record without its name', { eventSource: 'sso-directory.amazonaws.com' }, 'event'],
    ['a name that would move the cursor', { eventName: '\u001b[2J' }, 'event ?[2J'],
    ['a long name', { eventName: 'x'.repeat(1000) }, `event ${'x'.repeat(58)}`],
  ])('names the input in a few words: %s', (_kind, input, title) => {
    expect(titleOf(input)).toBe(title);
  });
});

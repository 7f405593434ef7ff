import { CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { cloudTrailChanges } from '../../../adapters/operator/directory-changes.ts';
import { type RecordedChange, recordOf, type Via } from '../../../emulator/aws/cloudtrail/cloudtrail.ts';
import { awsError, collected } from '../../support/aws.ts';
import { GROUP, REGION, STORE_ID, user } from '../../support/ids.ts';

const AT = new Date('2026-11-30T10:01:00Z');
const [FROM, TO] = [new Date('2026-11-30T10:00:00Z'), new Date('2026-11-30T10:02:00Z')];
const LEAVE: RecordedChange = { change: 'leave', userId: user(1), groupId: GROUP };
const ADMIN = expect.stringMatching(/^arn:aws:sts::.*:assumed-role\/Administrator\/local$/);

function detailOf(change: RecordedChange, via: Via) {
  return recordOf(change, { via, at: AT, sequence: 1, identityStoreId: STORE_ID, region: REGION }).detail;
}

function theTrail() {
  const client = new CloudTrailClient({ region: REGION });
  let paced = 0;
  const pacer = {
    pace: async () => {
      paced += 1;
    },
  };
  return { aws: mockClient(client), changes: cloudTrailChanges(client, pacer, STORE_ID), paced: () => paced };
}

/** What is made of these records. */
async function callsIn(...records: readonly unknown[]) {
  const { aws, changes } = theTrail();
  const texts = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record)));
  aws.on(LookupEventsCommand).resolves({ Events: texts.map((CloudTrailEvent) => ({ CloudTrailEvent })) });
  return (await collected(changes.between('x', FROM, TO))).flat();
}

describe('the changes of the identity store that CloudTrail has recorded', () => {
  it('are looked up by operation and time, at a pace', async () => {
    const { aws, changes, paced } = theTrail();
    aws.on(LookupEventsCommand).resolvesOnce({ Events: [], NextToken: 'a' }).resolvesOnce({ Events: [] });
    expect(await collected(changes.between('PatchGroup', FROM, TO))).toEqual([[], []]);
    expect(paced()).toBe(2);
    expect(aws.commandCalls(LookupEventsCommand)[0]?.args[0].input).toMatchObject({
      LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'PatchGroup' }],
      StartTime: FROM,
      EndTime: TO,
    });
  });

  it.each<[string, RecordedChange, Via, object]>([
    [
      'a member whom the console removes',
      LEAVE,
      'console',
      { call: 'RemoveMemberFromGroup', source: 'sso-directory', by: ADMIN, groupId: GROUP, userId: user(1) },
    ],
    [
      'a membership that a caller of the API deletes, without its group',
      LEAVE,
      'api',
      { call: 'DeleteGroupMembership', source: 'identitystore', by: ADMIN },
    ],
    [
      'a group that SCIM changes, with the id of the token and without its members',
      LEAVE,
      'scim',
      { call: 'PatchGroup', source: 'identitystore-scim', by: expect.any(String), groupId: GROUP },
    ],
    [
      'a group that is deleted',
      { change: 'deleteGroup', groupId: GROUP },
      'api',
      { call: 'DeleteGroup', source: 'identitystore', by: ADMIN, groupId: GROUP },
    ],
    [
      'a user who is disabled',
      { change: 'disable', userId: user(1) },
      'console',
      { call: 'DisableUser', source: 'sso-directory', by: ADMIN, userId: user(1) },
    ],
    [
      'a user whom SCIM deletes',
      { change: 'delete', userId: user(1) },
      'scim',
      { call: 'DeleteUser', source: 'identitystore-scim', by: expect.any(String), userId: user(1) },
    ],
  ])('name %s', async (_what, change, via, expected) => {
    expect(await callsIn(detailOf(change, via))).toEqual([{ at: AT, ...expected }]);
  });

  it('have no caller where the record names none', async () => {
    const { userIdentity: _, ...record } = detailOf(LEAVE, 'console');
    expect((await callsIn(record))[0]).not.toHaveProperty('by');
    expect((await callsIn({ ...record, userIdentity: { type: 'Unknown', arn: 7 } }))[0]).not.toHaveProperty('by');
    const onBehalfOf = { userId: 'u-1', identityStoreArn: 'x' };
    expect((await callsIn({ ...record, userIdentity: { onBehalfOf } }))[0]).toMatchObject({ by: 'u-1' });
  });

  it('may be those of a group whose operations a record withholds', async () => {
    const record = detailOf(LEAVE, 'scim');
    const { httpBody: _, ...withheld } = record.requestParameters as { httpBody?: unknown };
    expect(await callsIn({ ...record, requestParameters: withheld })).toMatchObject([{ groupId: GROUP }]);
  });

  const removed = detailOf(LEAVE, 'console');
  it.each<[string, unknown]>([
    ['one that AWS refused', { ...removed, errorCode: 'AccessDenied' }],
    ['one that only adds members', detailOf({ ...LEAVE, change: 'join' }, 'scim')],
    ['one of another service', { ...removed, eventSource: 'iam.amazonaws.com', eventName: 'DeleteGroup' }],
    [
      'one of another identity store',
      { ...removed, requestParameters: { identityStoreId: 'd-0000000000', groupId: GROUP } },
    ],
    ['one whose id is none', { ...removed, requestParameters: { groupId: 7 } }],
    ['one without a time', { ...removed, eventTime: 'yesterday' }],
    ['what is no record', { eventName: 7 }],
    ['what is no JSON', '{'],
  ])('leave out %s', async (_what, record) => {
    expect(await callsIn(record, removed)).toHaveLength(1);
  });

  it('are refused with the name of the operation', async () => {
    const { aws, changes } = theTrail();
    aws.on(LookupEventsCommand).rejects(awsError('AccessDeniedException'));
    await expect(collected(changes.between('PatchGroup', FROM, TO))).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'access-denied',
      message: expect.stringContaining('calls of PatchGroup'),
    });
  });
});

/** Who makes a change: an identity provider through SCIM, Identity Center's console, or a caller of the Identity Store API. */
export type Via = 'scim' | 'console' | 'api';

/** A change in the identity store that CloudTrail records. */
export type RecordedChange =
  | { change: 'join' | 'leave'; userId: string; groupId: string }
  | { change: 'disable' | 'enable' | 'delete'; userId: string }
  | { change: 'addGroup' | 'deleteGroup'; groupId: string };

/** What a record contains in addition to the change. */
export interface RecordContext {
  via: Via;
  at: Date;
  /** Number of the record, from 1. The ids of the record derive from it. */
  sequence: number;
  identityStoreId: string;
  region: string;
}

const RECORDING_ACCOUNT = '111122223333';
/** The emulator knows no caller of its requests. */
const CALLER = `arn:aws:sts::${RECORDING_ACCOUNT}:assumed-role/Administrator/local`;
/** CloudTrail writes this instead of the user or the change that it hides. */
const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';

const SERVICES: Readonly<Record<Via, string>> = {
  scim: 'identitystore-scim',
  console: 'sso-directory',
  api: 'identitystore',
};

const USER_OPERATIONS: Readonly<Record<Via, Readonly<Record<'disable' | 'enable' | 'delete', string>>>> = {
  scim: { disable: 'PatchUser', enable: 'PatchUser', delete: 'DeleteUser' },
  console: { disable: 'DisableUser', enable: 'EnableUser', delete: 'DeleteUser' },
  api: { disable: 'UpdateUser', enable: 'UpdateUser', delete: 'DeleteUser' },
};

interface ApiCall {
  eventName: string;
  requestParameters: Readonly<Record<string, unknown>>;
  responseElements?: Readonly<Record<string, unknown>>;
}

/**
 * Returns the CloudTrail record of a change in EventBridge's envelope. It names exactly what AWS names.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
 */
export function recordOf(change: RecordedChange, context: RecordContext) {
  const { via, at, sequence, identityStoreId, region } = context;
  const { eventName, requestParameters, responseElements } = apiCallOf(change, context);
  const service = SERVICES[via];
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const scim = via === 'scim';
  const store = scim ? { tenantId: idOf(0xfe, 1) } : { identityStoreId };
  return {
    version: '0',
    id: idOf(0xe0, sequence),
    'detail-type': 'AWS API Call via CloudTrail',
    source: `aws.${service}`,
    account: RECORDING_ACCOUNT,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: scim ? '1.10' : '1.11',
      userIdentity: {
        type: scim ? 'WebIdentityUser' : 'AssumedRole',
        ...(scim ? {} : { arn: CALLER }),
        accountId: RECORDING_ACCOUNT,
        accessKeyId: scim ? idOf(0xff, 1) : 'ASIAEXAMPLEEXAMPLE0',
      },
      eventTime: time,
      eventSource: `${service}.amazonaws.com`,
      eventName,
      awsRegion: region,
      sourceIPAddress: '203.0.113.7',
      userAgent: 'example/1.0',
      requestParameters: { ...store, ...requestParameters },
      responseElements: responseElements ? { ...responseElements, ...store } : null,
      requestID: idOf(0xe1, sequence),
      eventID: idOf(0xe2, sequence),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: RECORDING_ACCOUNT,
      eventCategory: 'Management',
    },
  };
}

function apiCallOf(change: RecordedChange, { via, sequence }: RecordContext): ApiCall {
  if (change.change === 'join' || change.change === 'leave') {
    return membershipCall(change.change, change, via, idOf(0xe3, sequence));
  }
  if (!('userId' in change)) return groupCall(change.change, change.groupId, via);
  const { userId } = change;
  const eventName = USER_OPERATIONS[via][change.change];
  if (via === 'api' && eventName === 'UpdateUser') {
    return { eventName, requestParameters: { userId, operations: HIDDEN } };
  }
  if (via !== 'scim') return { eventName, requestParameters: { userId } };
  return {
    eventName,
    requestParameters: { id: userId, ...(eventName === 'PatchUser' ? patch('REPLACE', 'active') : {}) },
  };
}

function membershipCall(
  change: 'join' | 'leave',
  { userId, groupId }: { userId: string; groupId: string },
  via: Via,
  membershipId: string,
): ApiCall {
  const joins = change === 'join';
  switch (via) {
    case 'scim':
      return {
        eventName: 'PatchGroup',
        requestParameters: { id: groupId, ...patch(joins ? 'ADD' : 'REMOVE', 'members') },
      };
    case 'console':
      return {
        eventName: joins ? 'AddMemberToGroup' : 'RemoveMemberFromGroup',
        requestParameters: { groupId, member: { memberId: userId } },
      };
    case 'api':
      if (!joins) return { eventName: 'DeleteGroupMembership', requestParameters: { membershipId } };
      return {
        eventName: 'CreateGroupMembership',
        requestParameters: { groupId, memberId: { userId } },
        responseElements: { membershipId },
      };
  }
}

/** CloudTrail has the id of a new group only in `responseElements`. */
function groupCall(change: 'addGroup' | 'deleteGroup', groupId: string, via: Via): ApiCall {
  const id = via === 'scim' ? { id: groupId } : { groupId };
  if (change === 'deleteGroup') return { eventName: 'DeleteGroup', requestParameters: id };
  return {
    eventName: 'CreateGroup',
    requestParameters: via === 'scim' ? { httpBody: { displayName: HIDDEN } } : { displayName: HIDDEN },
    responseElements: via === 'console' ? { group: { ...id, displayName: HIDDEN } } : id,
  };
}

function patch(op: 'ADD' | 'REMOVE' | 'REPLACE', path: string) {
  return { httpBody: { operations: [{ op, path, value: HIDDEN }], schemas: [HIDDEN] } };
}

/** Returns an id that is unique in a run and the same in every run. */
function idOf(kind: number, sequence: number): string {
  return `000000${kind.toString(16)}-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`;
}

/** By which way a change is made: an identity provider through SCIM, Identity Center's console, the Identity Store API. */
export type Via = 'scim' | 'console' | 'api';

/** A change in the identity store that CloudTrail records. */
export type RecordedChange =
  | { change: 'join' | 'leave'; userId: string; groupId: string }
  | { change: 'disable' | 'enable' | 'delete'; userId: string }
  | { change: 'addGroup' | 'deleteGroup'; groupId: string };

/** What a record tells beside the change itself. */
export interface RecordContext {
  via: Via;
  at: Date;
  /** Counts the records of a play from 1: it makes their ids. */
  sequence: number;
  identityStoreId: string;
  region: string;
}

const ACCOUNT = '111122223333';
/** What CloudTrail writes instead of who joined, left or was changed how. */
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

interface Call {
  eventName: string;
  requestParameters: Readonly<Record<string, unknown>>;
  responseElements?: Readonly<Record<string, unknown>>;
}

/**
 * The CloudTrail record of a change in EventBridge's envelope, with exactly as much of who and what as AWS tells.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
 */
export function recordOf(change: RecordedChange, context: RecordContext) {
  const { via, at, sequence, identityStoreId, region } = context;
  const { eventName, requestParameters, responseElements } = callOf(change, context);
  const service = SERVICES[via];
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z');
  const scim = via === 'scim';
  const store = scim ? { tenantId: idOf(0xfe, 1) } : { identityStoreId };
  return {
    version: '0',
    id: idOf(0xe0, sequence),
    'detail-type': 'AWS API Call via CloudTrail',
    source: `aws.${service}`,
    account: ACCOUNT,
    time,
    region,
    resources: [],
    detail: {
      eventVersion: scim ? '1.10' : '1.11',
      userIdentity: {
        type: scim ? 'WebIdentityUser' : 'AssumedRole',
        accountId: ACCOUNT,
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
      recipientAccountId: ACCOUNT,
      eventCategory: 'Management',
    },
  };
}

function callOf(change: RecordedChange, { via, sequence }: RecordContext): Call {
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
): Call {
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

/** The id of a new group stands in the answer only. */
function groupCall(change: 'addGroup' | 'deleteGroup', groupId: string, via: Via): Call {
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

/** The same ids in every run, and none twice. */
function idOf(kind: number, sequence: number): string {
  return `000000${kind.toString(16)}-0000-4000-8000-${sequence.toString(16).padStart(12, '0')}`;
}

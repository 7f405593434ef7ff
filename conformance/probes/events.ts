import { isObject, own } from '../../domain/shared/json.ts';
import type { Finding, Probe } from './probe.ts';

/** An event of CloudTrail as EventBridge delivered it: the parts that the beliefs are about. */
interface Delivered {
  source: string;
  account: string;
  eventSource: string;
  eventName: string;
  eventId: string;
  parameters: unknown;
  /** Seconds from the call to the delivery; undefined if the event does not say. */
  seconds: number | undefined;
}

const HIDDEN = 'HIDDEN_DUE_TO_SECURITY_REASONS';
const SCIM = 'identitystore-scim.amazonaws.com';
const CONSOLE = 'sso-directory.amazonaws.com';
const API = 'identitystore.amazonaws.com';

/** What the events that a deployed state machine got say. */
export const events: Probe = {
  name: 'events',
  does: 'Reads the inputs of the newest executions of the named state machine. To see more, change memberships in every way first.',
  beliefs: [
    'event-scim-source',
    'event-scim-hides-members',
    'event-scim-create-group',
    'event-scim-account',
    'event-console-remove',
    'event-console-account',
    'event-delete-membership',
    'event-duplicates',
    'event-latency',
    'event-native-names',
  ],
  needs: ['machine'],
  permissions: ['events'],
  calls: ['states:ListExecutions', 'states:DescribeExecution'],
  cost: 'nothing',
  async run({ inputs, account, owner }) {
    const all = await inputs();
    const delivered = all.flatMap((input) => deliveredIn(input) ?? []);
    const natives = all.filter(isObject).filter(isNative);
    const ofCall = (eventSource: string, name?: string) =>
      delivered.filter((one) => one.eventSource === eventSource && (name === undefined || one.eventName === name));
    return [
      sources(ofCall(SCIM)),
      hidden(ofCall(SCIM, 'PatchGroup')),
      createdGroups(ofCall(SCIM, 'CreateGroup')),
      recordedByOwner(ofCall(SCIM), owner),
      named('event-console-remove', ofCall(CONSOLE, 'RemoveMemberFromGroup'), ['groupId', 'memberId'], true),
      recordedHere(ofCall(CONSOLE), account),
      named('event-delete-membership', ofCall(API, 'DeleteGroupMembership'), ['groupId', 'userId', 'memberId'], false),
      duplicates(delivered),
      latency(delivered),
      nativeNames(natives),
    ];
  },
};

function deliveredIn(input: unknown): Delivered | undefined {
  const detail = own(input, 'detail');
  if (!isObject(input) || own(input, 'detail-type') !== 'AWS API Call via CloudTrail' || !isObject(detail))
    return undefined;
  const text = (of: unknown, key: string) => String(own(of, key) ?? '');
  const [called, got] = [Date.parse(text(detail, 'eventTime')), Date.parse(text(input, 'startedAt'))];
  return {
    source: text(input, 'source'),
    account: text(input, 'account'),
    eventSource: text(detail, 'eventSource'),
    eventName: text(detail, 'eventName'),
    eventId: text(detail, 'eventID'),
    parameters: own(detail, 'requestParameters'),
    seconds: Number.isNaN(got - called) ? undefined : (got - called) / 1000,
  };
}

function isNative(input: object): boolean {
  return own(input, 'source') === 'aws.identitystore' && own(input, 'detail-type') !== 'AWS API Call via CloudTrail';
}

/** A finding about something of which there may be no event. */
function finding(belief: string, expected: string, seen: readonly string[], holds: boolean): Finding {
  const words = [...new Set(seen)].sort().join(', ');
  return seen.length === 0
    ? { belief, expected, seen: 'no such event', holds: undefined }
    : { belief, expected, seen: words, holds };
}

function sources(scim: readonly Delivered[]): Finding {
  const seen = scim.map(({ source }) => source);
  return finding(
    'event-scim-source',
    'aws.identitystore-scim',
    seen,
    seen.every((one) => one === 'aws.identitystore-scim'),
  );
}

function hidden(patches: readonly Delivered[]): Finding {
  const seen = patches.map(({ parameters }) => (JSON.stringify(parameters)?.includes(HIDDEN) ? 'hidden' : 'shown'));
  return finding('event-scim-hides-members', 'hidden', seen, !seen.includes('shown'));
}

function createdGroups(groups: readonly Delivered[]): Finding {
  const seen = groups.map(({ parameters }) =>
    JSON.stringify(parameters)?.includes('members') ? 'with members' : 'without members',
  );
  return finding('event-scim-create-group', 'with members', seen, seen.includes('with members'));
}

/** Events come from both accounts: an execution shows in which of them each was recorded. */
function recordedByOwner(scim: readonly Delivered[], owner: string | undefined): Finding {
  const seen = scim.map(({ account }) => (account === owner ? 'the account of the instance' : 'another account'));
  const isOwner = scim.every(({ account }) => account === owner);
  const found = finding('event-scim-account', 'the account of the instance', seen, isOwner);
  return owner === undefined ? { ...found, holds: undefined } : found;
}

/** Only the person knows in which account their session was. */
function recordedHere(console: readonly Delivered[], here: string): Finding {
  const seen = console.map(({ account }) => (account === here ? 'this account' : 'another account'));
  return { ...finding('event-console-account', 'the account of the session', seen, true), holds: undefined };
}

function named(belief: string, of: readonly Delivered[], keys: readonly string[], areThere: boolean): Finding {
  const seen = of.map(
    ({ parameters }) =>
      keys.filter((key) => JSON.stringify(parameters)?.includes(`"${key}"`)).join(' and ') || 'neither group nor user',
  );
  const expected = areThere ? 'group and user' : 'neither group nor user';
  return finding(
    belief,
    expected,
    seen,
    seen.every((one) => (one === 'neither group nor user') !== areThere),
  );
}

function duplicates(all: readonly Delivered[]): Finding {
  const more = all.length - new Set(all.map(({ eventId }) => eventId)).size;
  // That none came twice so far says nothing.
  return {
    belief: 'event-duplicates',
    expected: 'some come twice',
    seen: `${more} of ${all.length} came again`,
    holds: more > 0 ? true : undefined,
  };
}

function latency(all: readonly Delivered[]): Finding {
  const seconds = all.flatMap((one) => one.seconds ?? []).sort((a, b) => a - b);
  const [median, most] = [seconds[Math.floor(seconds.length / 2)], seconds.at(-1)];
  const belief = 'event-latency';
  const expected = 'about five minutes';
  if (median === undefined || most === undefined) return { belief, expected, seen: 'no such event', holds: undefined };
  return { belief, expected, seen: `median ${Math.round(median)} s, longest ${Math.round(most)} s`, holds: most < 900 };
}

function nativeNames(natives: readonly object[]): Finding {
  const seen = natives.map((input) => String(own(input, 'detail-type') ?? ''));
  return finding(
    'event-native-names',
    'a detail-type about memberships',
    seen,
    seen.some((one) => /member/i.test(one)),
  );
}

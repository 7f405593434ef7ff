import { describe, expect, it } from 'vitest';
import { type RecordedChange, recordOf, type Via } from '../../../../emulator/aws/cloudtrail/cloudtrail.ts';
import { lookupEvents } from '../../../../emulator/aws/cloudtrail/lookup-events.ts';
import { GROUP, REGION, STORE_ID, user } from '../../../support/ids.ts';

const NOW = new Date('2026-11-30T10:00:00.000Z');
const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:usher-local-onboarding:${name}`;
const started = (name: string, input: unknown, daysAgo = 0) => ({
  arn: arnOf(name),
  name,
  input: JSON.stringify(input),
  startedAt: new Date(NOW.getTime() - daysAgo * 86_400_000),
});
const EXECUTIONS = [
  started('old', {}, 91),
  started('tick', { scope: 'tick' }, 2),
  started('event', { 'detail-type': 'x' }, 1),
  started('person', { scope: 'everything' }),
];
const LEAVE: RecordedChange = { change: 'leave', userId: user(1), groupId: GROUP };
const changed = (via: Via, change: RecordedChange = LEAVE) =>
  recordOf(change, { via, at: NOW, sequence: 1, identityStoreId: STORE_ID, region: REGION }).detail;
const CHANGES = [
  changed('console'),
  changed('scim'),
  changed('api', { change: 'deleteGroup', groupId: GROUP }),
  changed('scim', { change: 'deleteGroup', groupId: GROUP }),
];
const lookUp = lookupEvents(
  { executions: () => EXECUTIONS, changes: () => CHANGES },
  { now: () => NOW, sleep: async () => undefined },
);
const NAMED = { LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'StartExecution' }] };

interface Answer {
  Events: { CloudTrailEvent: string }[];
  NextToken?: string;
}
const ask = (input: object) => lookUp({ ...NAMED, ...input }) as Answer;
const recordsOf = ({ Events }: Answer) => Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent));
const namesOf = (answer: Answer) =>
  recordsOf(answer).map(({ responseElements }) => responseElements.executionArn.split(':').at(-1));

describe('LookupEvents', () => {
  it('returns the starts of 90 days, the newest first, by pages', () => {
    const first = ask({ MaxResults: 2 });
    expect(namesOf(first)).toEqual(['person', 'event']);
    expect(namesOf(ask({ MaxResults: 2, NextToken: first.NextToken }))).toEqual(['tick']);
  });

  it('returns those of a time', () => {
    const day = (days: number) => NOW.getTime() / 1000 - days * 86_400;
    expect(namesOf(ask({ StartTime: day(1.5), EndTime: day(0.5) }))).toEqual(['event']);
    expect(() => ask({ StartTime: day(1), EndTime: day(2) })).toThrow(/start time/);
  });

  it('names the caller, and hides the input', () => {
    const [person, event, tick] = recordsOf(ask({}));
    expect(person).toMatchObject({ requestParameters: { input: 'HIDDEN_DUE_TO_SECURITY_REASONS' } });
    expect([person, event, tick].map(({ userIdentity }) => userIdentity.invokedBy)).toEqual([
      undefined,
      'events.amazonaws.com',
      'scheduler.amazonaws.com',
    ]);
  });

  it('returns changes in the identity store by the console and the API, as CloudTrail records them', () => {
    const named = (AttributeValue: string) =>
      recordsOf(lookUp({ LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue }] }) as Answer);
    expect(named('RemoveMemberFromGroup')).toEqual([CHANGES[0]]);
    expect(named('DeleteGroup')).toEqual([CHANGES[2]]);
    expect(named('PatchGroup')).toEqual([]);
  });

  it('knows no other call', () => {
    const attribute = { AttributeKey: 'EventName', AttributeValue: 'StopExecution' };
    expect(lookUp({ LookupAttributes: [attribute] })).toMatchObject({ Events: [] });
    expect(() => lookUp({})).toThrow(/LookupAttributes/);
  });
});

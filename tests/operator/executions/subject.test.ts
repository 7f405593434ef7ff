import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { commandFor, subjectInWords, subjectOf, triggerInWords } from '../../../operator/executions/subject.ts';
import { anAddMemberToGroup } from '../../support/events.ts';
import { APPLICATION, ENTITLEMENT, execution, GROUP, group, START, user } from '../../support/ids.ts';

const ENTITLEMENTS = exampleEntitlements();
const ADMIN = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding-admin:x';
const DIGEST = 'a'.repeat(64);
const EVENT = anAddMemberToGroup({ userId: user(1), groupId: GROUP });

const about = (input: unknown, arn = execution('x')) =>
  subjectOf({ input: typeof input === 'string' ? input : JSON.stringify(input), arn, startedAt: START }, ENTITLEMENTS);

describe('the subject of an execution', () => {
  it.each<[string, unknown, string, string, string | undefined]>([
    ['an event about a user', EVENT, 'AddMemberToGroup of sso-directory', user(1), `usher start --user ${user(1)}`],
    ['a start by user', { userId: user(2) }, 'manual start', user(2), `usher start --user ${user(2)}`],
    ['a start by group', { groupId: GROUP }, 'manual start', `group ${GROUP}`, `usher start --group ${GROUP}`],
    ['a start of everything', { scope: 'everything' }, 'manual start', 'everything', 'usher start --all'],
    ['a tick', { scope: 'tick' }, 'tick', 'what is due', undefined],
    [
      'a start by name, whose name it does not say',
      { userName: 'alice' },
      'manual start',
      'a user by userName',
      undefined,
    ],
    ['a start by application', { application: APPLICATION }, 'manual start', APPLICATION, undefined],
    ['a release', { release: DIGEST }, 'manual start', 'hold aaaaaaaaaaaa', 'usher held'],
    ['an adoption', { adopt: ENTITLEMENT }, 'manual start', `adopts in ${APPLICATION}`, `usher adopt ${ENTITLEMENT}`],
    [
      'an event that is ignored',
      { ...EVENT, detail: { ...EVENT.detail, errorCode: 'AccessDenied' } },
      'AddMemberToGroup of sso-directory',
      '',
      undefined,
    ],
    ['an event of another service', { 'detail-type': 'Something', source: 'x' }, 'Something', '', undefined],
    ['an event that lacks its type', { source: 'x' }, 'unknown input', '', undefined],
    ['an input that is nothing known', { hello: 1 }, 'unknown input', '', undefined],
    ['an input that is no JSON', '{', 'unknown input', '', undefined],
  ])('is told of %s', (_fact, input, trigger, subject, command) => {
    const found = about(input, ADMIN);
    expect([triggerInWords(found), subjectInWords(found), commandFor(found, ENTITLEMENTS)]).toEqual([
      trigger,
      subject,
      command,
    ]);
  });

  it('has ids only: neither names nor other texts of the input', () => {
    expect(JSON.stringify(about({ email: 'alice@example.com', groupId: GROUP }))).toBe(
      JSON.stringify({ trigger: 'manual', groupIds: [GROUP], selector: 'email' }),
    );
  });

  it('cannot move the cursor of a terminal', () => {
    const hostile = { ...EVENT, detail: { ...EVENT.detail, eventName: `\u001b[31m${'x'.repeat(100)}` } };
    expect(about(hostile).event).toBe(`?[31m${'x'.repeat(59)}`);
  });

  it('counts users and groups beyond the first', () => {
    const many = { trigger: 'event', users: [1, 2, 3].map((id) => ({ userId: user(id) })) } as const;
    const users = { ...many, users: [...many.users] };
    expect(subjectInWords(users)).toBe(`${user(1)} and 2 more`);
    expect(commandFor(users, ENTITLEMENTS)).toBe('usher start --all');
    const groups = { trigger: 'event', groupIds: [group(1), group(2)] } as const;
    expect(subjectInWords({ ...groups, groupIds: [...groups.groupIds] })).toBe('2 groups');
    expect(commandFor({ ...groups, groupIds: [...groups.groupIds] }, ENTITLEMENTS)).toBe('usher start --all');
  });

  it('names a user whose name is known', () => {
    expect(subjectInWords({ trigger: 'manual', users: [{ userId: user(1), name: 'alice' }] })).toBe(`alice ${user(1)}`);
  });
});

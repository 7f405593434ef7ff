import { describe, expect, it } from 'vitest';
import { manualStart } from '../../../domain/request/manual-start.ts';
import type { StartContext } from '../../../domain/request/request.ts';
import { InvalidRequestError } from '../../../domain/shared/errors.ts';
import type { Fields } from '../../../domain/shared/json.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { aDigest, anEntitlement } from '../../support/builders.ts';
import { application, GROUP, group, ME, OTHER_APPLICATION, STORE_ID, user } from '../../support/ids.ts';

const userId = user(1);
const groupId = GROUP;
const unwatched = group(9);
const KIRO = OTHER_APPLICATION;
const RETIRED = application(3);

const EXECUTION = ME;
const STARTED = '2026-11-01T10:00:07.000Z';
const context: StartContext = {
  entitlements: exampleEntitlements({
    entitlements: [anEntitlement(1), anEntitlement(2, { name: 'kiro' })],
    retired: [RETIRED],
  }),
  execution: EXECUTION,
  startedAt: new Date(STARTED),
};
const ADMIN = EXECUTION.replace('-onboarding:', '-onboarding-admin:');
/** A start of the machine that needs a permission of its own. */
const admin: StartContext = { ...context, execution: ADMIN };

const manual = {
  version: 1,
  trigger: 'manual',
  cause: EXECUTION,
  at: STARTED,
  startedAt: STARTED,
  users: [],
  groups: [],
};
const unseen = { visible: false, checkAfterSeconds: 0 };

function faultOf(input: Fields, by = context): InvalidRequestError {
  try {
    manualStart(input, by);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error;
    throw error;
  }
  throw new Error('expected a fault');
}

describe('a manual start', () => {
  const deadline = '2026-11-02T10:00:07.000Z';
  const externalId = { issuer: 'https://scim.example.com/1', id: 'employee-17' };

  it.each([
    ['a user id', { userId }, { userId }],
    ['the ARN of a user', { userId: `arn:aws:identitystore:::user/${userId}` }, { userId }],
    ['a user with the identity store', { userId: `${STORE_ID}.${userId}` }, { userId }],
    ['a group with the identity store', { userId, groupId: `${STORE_ID}.${groupId}` }, { userId, groupId }],
    ['a user name', { userName: 'jane' }, { selector: { userName: 'jane' } }],
    ['an e-mail address', { email: 'jané.doe@example.com' }, { selector: { email: 'jané.doe@example.com' } }],
    ['an external id', { externalId }, { selector: { externalId } }],
    ['a user and a group', { userId, groupId }, { userId, groupId }],
    ['an e-mail address and a group', { email: 'j@x.org', groupId }, { selector: { email: 'j@x.org' }, groupId }],
  ])('waits a day for %s', (_what, input, waitedFor) => {
    expect(manualStart(input, context)).toEqual({
      request: manual,
      propagation: { ...unseen, deadline, ...waitedFor },
    });
  });

  it.each([
    [0, STARTED],
    [3600, '2026-11-01T11:00:07.000Z'],
    [604_800, '2026-11-08T10:00:07.000Z'],
  ])('waits %i seconds if it says so', (waitSeconds, until) => {
    expect(manualStart({ userName: 'jane', waitSeconds }, context).propagation.deadline).toBe(until);
  });

  it('refuses a user of another identity store with what is wrong', () => {
    const { message } = faultOf({ userId: `d-0987654321.${userId}` });
    expect(message).toBe('userId: expected the id of a user in the configured identity store, not in another');
  });

  it('checks a group', () => {
    expect(manualStart({ groupId }, context)).toEqual({
      request: { ...manual, groups: [groupId] },
      propagation: unseen,
    });
  });

  it('checks everything', () => {
    const request = { ...manual, sweep: 'everything' };
    expect(manualStart({ scope: 'everything' }, context)).toEqual({ request, propagation: unseen });
  });

  it('checks what is due if it is a tick', () => {
    const request = { ...manual, trigger: 'tick', sweep: 'due' };
    expect(manualStart({ scope: 'tick' }, context)).toEqual({ request, propagation: unseen });
  });

  it.each([
    ['input', {}],
    ['input', { userid: userId }],
    ['input', { userId, email: 'j@x.org' }],
    ['input', { userId, note: 'x' }],
    ['input', { groupId, note: 'x' }],
    ['input', { userId, constructor: 'x' }],
    ['input', JSON.parse(`{"userId":"${userId}","__proto__":{"groupId":"${groupId}"}}`)],
    ['input', { detail: {} }],
    ['input', { scope: 'everything', groupId }],
    ['input', { scope: 'tick', waitSeconds: 1 }],
    ['input', { waitSeconds: 1 }],
    ['input', { application: KIRO, groupId }],
    ['input', { application: KIRO, waitSeconds: 1 }],
    ['input', { application: KIRO, userId }],
    ['input', { scope: 'tick', release: aDigest() }],
    ['scope', { scope: 'all' }],
    ['scope', { scope: ['everything'] }],
    ['userId', { userId: 'jane' }],
    ['userId', { userId: `${userId}\u0000` }],
    ['userId', { userId: [userId] }],
    ['userId', { userId: `arn:aws:identitystore:::group/${userId}` }],
    ['userId', { userId: `d-0987654321.${userId}` }],
    ['userId', { userId: STORE_ID }],
    ['groupId', { groupId: `d-0987654321.${groupId}` }],
    ['userName', { userName: '' }],
    ['userName', { userName: 'j'.repeat(129) }],
    ['userName', { userName: 'jane\u0000' }],
    ['email', { email: 'a@' }],
    ['email', { email: 'jane@example.com\r\n' }],
    ['email', { email: { toString: 'x' } }],
    ['externalId', { externalId: 'x' }],
    ['externalId', { externalId: null }],
    ['externalId', { externalId: { issuer: 'x' } }],
    ['externalId', { externalId: { ...externalId, id: 17 } }],
    ['externalId', { externalId: { ...externalId, note: 'x' } }],
    ['externalId', { externalId: JSON.parse('{"issuer":"x","id":"y","__proto__":"z"}') }],
    ['externalId', { externalId: { ...externalId, issuer: '\u0007' } }],
    ['externalId', { externalId: { ...externalId, issuer: 'the directory' } }],
    ['externalId', { externalId: { ...externalId, id: 'employee 17' } }],
    ['externalId', { externalId: { ...externalId, id: '1'.repeat(257) } }],
    ['groupId', { groupId: 'analysts' }],
    ['groupId', { groupId: null }],
    ['groupId', { groupId: unwatched }],
    ['groupId', { userId, groupId: unwatched }],
    ['waitSeconds', { groupId, waitSeconds: 1 }],
    ['waitSeconds', { userId, waitSeconds: -1 }],
    ['waitSeconds', { userId, waitSeconds: 604_801 }],
    ['waitSeconds', { userId, waitSeconds: 1.5 }],
    ['waitSeconds', { userId, waitSeconds: '60' }],
    ['waitSeconds', { userId, waitSeconds: null }],
    ['waitSeconds', { userId, waitSeconds: Number.NaN }],
  ])('is at fault in %s: %j', (path, input) => {
    expect(faultOf(input).path).toBe(path);
  });

  it.each([
    ['of an entitlement', KIRO],
    ['that was retired', RETIRED],
  ])('checks an application %s', (_fact, application) => {
    const request = { ...manual, applications: [application] };
    expect(manualStart({ application }, context)).toEqual({ request, propagation: unseen });
  });

  it.each([
    ['that is neither configured nor retired', application(9)],
    ['by its name', 'kiro'],
    ['in a list', [KIRO]],
    ['that is nothing', null],
    ['with more after its ARN', `${KIRO}\n`],
  ])('is at fault in an application %s', (_fact, application) => {
    expect(faultOf({ application }).path).toBe('application');
  });
});

describe('what only an operator may ask for', () => {
  const asked = { ...manual, cause: ADMIN };

  it.each([
    ['releases what a digest covers', { release: aDigest(7) }, { release: aDigest(7) }],
    ['adopts for an entitlement, by its name', { adopt: 'kiro' }, { adopt: KIRO }],
  ])('%s', (_fact, input, look) => {
    expect(manualStart(input, admin)).toEqual({ request: { ...asked, ...look }, propagation: unseen });
  });

  it.each([
    ['the state machine that events start', EXECUTION],
    ['an execution that only calls itself so', `${EXECUTION}-onboarding-admin`],
    ['a state machine whose name is longer', ADMIN.replace('-admin:', '-admins:')],
    ['what is no execution', 'usher-prod-onboarding-admin'],
    ['nobody', ''],
  ])('is refused to %s, whatever it holds', (_fact, execution) => {
    for (const [key, value] of [
      ['release', aDigest()],
      ['adopt', 'kiro'],
      ['release', 'x'],
      ['adopt', 'x'],
    ] as const) {
      const { path, message } = faultOf({ [key]: value }, { ...context, execution });
      expect([path, message]).toEqual([key, `${key}: only the state machine onboarding-admin accepts this`]);
    }
  });

  it('adopts nothing for an entitlement that only observes', () => {
    const rules = context.entitlements.entitlements.map((one) => ({ ...one, mode: 'observe' as const }));
    const observing = { ...admin, entitlements: { ...context.entitlements, entitlements: rules } };
    expect(faultOf({ adopt: 'kiro' }, observing).message).toBe('adopt: an entitlement in observe mode adopts nothing');
  });

  it.each([
    ['release', { release: 'x' }],
    ['release', { release: '' }],
    ['release', { release: null }],
    ['release', { release: aDigest().slice(1) }],
    ['release', { release: `${aDigest()}0` }],
    ['release', { release: `${aDigest()}\n` }],
    ['release', { release: 'A'.repeat(64) }],
    ['release', { release: [aDigest()] }],
    ['release', { release: { digest: aDigest() } }],
    ['adopt', { adopt: 'x' }],
    ['adopt', { adopt: '' }],
    ['adopt', { adopt: null }],
    ['adopt', { adopt: KIRO }],
    ['adopt', { adopt: 'KIRO' }],
    ['adopt', { adopt: ['kiro'] }],
    ['adopt', { adopt: 'toString' }],
    ['input', { release: aDigest(), adopt: 'kiro' }],
    ['input', { release: aDigest(), groupId }],
    ['input', { release: aDigest(), waitSeconds: 0 }],
    ['input', { adopt: 'kiro', groupId }],
    ['input', { adopt: 'kiro', waitSeconds: 0 }],
    ['input', { adopt: 'kiro', userId }],
    ['input', { Release: aDigest() }],
  ])('is at fault in %s: %j', (path, input) => {
    expect(faultOf(input, admin).path).toBe(path);
  });

  it('is an ordinary start where it asks for nothing else', () => {
    expect(manualStart({ userId }, admin).request).toEqual({ ...asked, users: [] });
  });
});

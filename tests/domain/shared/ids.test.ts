import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  ApplicationArn,
  Cause,
  ExecutionArn,
  idNamedBy,
  isEventId,
  normalizeId,
  parseResourceArn,
  ResourceId,
  recordableExecution,
} from '../../../domain/shared/ids.ts';

const ID = '94e80458-9021-70ea-08fa-c3a10a1d8a92';
const LEGACY = '93670dc30f-6d321996-4c0f-4a53-9f13-2d8c2a5f0001';

const NOT_IDS: [string, unknown][] = [
  ['an empty text', ''],
  ['a number', 42],
  ['null', null],
  ['undefined', undefined],
  ['a list of ids', [ID]],
  ['an object with toString', { toString: () => ID }],
  ['a text that AWS hid', 'HIDDEN_DUE_TO_SECURITY_REASONS'],
  ['an id that ends with a line feed', `${ID}\n`],
  ['an id with a null character at its end', `${ID}\u0000`],
  ['an id with a blank before it', ` ${ID}`],
  ['an id without its last digit', ID.slice(0, -1)],
  ['an id with a digit too many', `${ID}0`],
  ['an id with a digit that is not hexadecimal', ID.replace('9', 'g')],
  ['a prefix of nine digits', LEGACY.slice(1)],
  ['an id in full-width digits', ID.replaceAll('0', '\uff10')],
  ['the ARN of an identity store', 'arn:aws:identitystore::111122223333:identitystore/d-1234567890'],
  ['an ARN of another service', `arn:aws:sso:::user/${ID}`],
  ['an ARN without its id', 'arn:aws:identitystore:::user/'],
  ['an ARN with more after the id', `arn:aws:identitystore:::user/${ID}/x`],
];

describe('normalizeId', () => {
  it.each([
    ['keeps a UUID', ID, ID],
    ['keeps a legacy id', LEGACY, LEGACY],
    ['lowers the case of an id', ID.toUpperCase(), ID],
    ['cuts an ARN down to its id', `arn:aws:identitystore:::user/${ID}`, ID],
    ['cuts an ARN down to its legacy id', `arn:aws:identitystore:::user/${LEGACY}`, LEGACY],
    ['cuts an ARN of another partition', `arn:aws-us-gov:identitystore:::user/${ID.toUpperCase()}`, ID],
  ])('%s', (_fact, value, id) => {
    expect(normalizeId(value, 'user')).toBe(id);
  });

  it.each(['group', 'membership'])('refuses the ARN of a %s where a user is meant', (kind) => {
    expect(normalizeId(`arn:aws:identitystore:::${kind}/${ID}`, 'user')).toBeUndefined();
  });

  it.each(NOT_IDS)('refuses %s', (_what, value) => {
    expect(normalizeId(value, 'user')).toBeUndefined();
  });
});

const STORE = 'd-1234567890';
const UUID_STORE = '11112222-3333-4444-8555-666677778888';
const STORE_ARN = `arn:aws:identitystore::111122223333:identitystore/${STORE}`;

describe('idNamedBy', () => {
  it.each([
    ['an id', ID, ID],
    ['an id in upper case', ID.toUpperCase(), ID],
    ['a legacy id', LEGACY, LEGACY],
    ['an ARN', `arn:aws:identitystore:::user/${ID}`, ID],
    ['an ARN of another partition', `arn:aws-cn:identitystore:::user/${LEGACY}`, LEGACY],
    ['an id with its store, as Kiro prints it', `${STORE}.${ID}`, ID],
    ['a legacy id with its store', `${STORE}.${LEGACY}`, LEGACY],
    ['an id with its store in upper case', `${STORE}.${ID}`.toUpperCase(), ID],
    ['an id below the ARN of its store', `${STORE_ARN}/user/${ID}`, ID],
  ])('reads a user from %s', (_form, text, id) => {
    expect(idNamedBy(text, 'user', STORE)).toEqual({ id });
    expect(idNamedBy(text.replace(/user(?=\/)/i, 'group'), 'group', STORE)).toEqual({ id });
  });

  it('reads a user of a store whose id is a UUID', () => {
    expect(idNamedBy(`${UUID_STORE}.${ID}`, 'user', UUID_STORE)).toEqual({ id: ID });
    expect(idNamedBy(UUID_STORE, 'user', UUID_STORE)).toEqual({ id: UUID_STORE });
  });

  it.each([
    ['a group', `arn:aws:identitystore:::group/${ID}`, 'a-group'],
    ['a group below its store', `${STORE_ARN}/group/${ID}`, 'a-group'],
    ['a membership', `arn:aws:identitystore:::membership/${ID}`, 'a-membership'],
    ['the store', STORE, 'a-store'],
    ['the ARN of the store', STORE_ARN, 'a-store'],
    ['a user of another store', `d-0987654321.${ID}`, 'another-store'],
    ['a user below another store', `${STORE_ARN.replace(STORE, 'd-0987654321')}/user/${ID}`, 'another-store'],
    ['a user of a store whose id is a UUID', `${UUID_STORE}.${ID}`, 'another-store'],
  ])('says that a text names %s, where a user is meant', (_what, text, problem) => {
    expect(idNamedBy(text, 'user', STORE)).toEqual({ problem });
  });

  it('says that a text names a user, where a group is meant', () => {
    for (const text of [`arn:aws:identitystore:::user/${ID}`, `${STORE_ARN}/user/${ID}`]) {
      expect(idNamedBy(text, 'group', STORE)).toEqual({ problem: 'a-user' });
    }
  });

  it.each([
    ['a store without an id', `${STORE}.`],
    ['a store with a name', `${STORE}.jane`],
    ['a store with more after the id', `${STORE}.${ID}.x`],
    ['a store with a line feed after the id', `${STORE}.${ID}\n`],
    ['an ARN of a store with an ARN', `${STORE_ARN}.arn:aws:identitystore:::user/${ID}`],
    ...NOT_IDS.filter(([what]) => what !== 'the ARN of an identity store'),
  ])('takes nothing from %s', (_what, text) => {
    expect(idNamedBy(text, 'user', STORE)).toBeUndefined();
  });
});

describe('parseResourceArn', () => {
  it.each(['user', 'group', 'membership'])('reads the ARN of a %s', (kind) => {
    expect(parseResourceArn(`arn:aws:identitystore:::${kind}/${LEGACY.toUpperCase()}`)).toEqual({ kind, id: LEGACY });
  });

  it.each([['a bare id', ID], ...NOT_IDS])('finds nothing in %s', (_what, value) => {
    expect(parseResourceArn(value)).toBeUndefined();
  });
});

describe('ResourceId', () => {
  it.each([ID, LEGACY])('accepts %s', (id) => {
    expect(z.safeParse(ResourceId, id).success).toBe(true);
  });

  it.each([['an id in upper case', ID.toUpperCase()], ['an ARN', `arn:aws:identitystore:::user/${ID}`], ...NOT_IDS])(
    'refuses %s',
    (_what, value) => {
      expect(z.safeParse(ResourceId, value).success).toBe(false);
    },
  );
});

describe('ApplicationArn', () => {
  it.each([
    'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888',
    'arn:aws-cn:sso::111122223333:application/ins-1111222233334444/apl-5555666677778888',
  ])('accepts %s', (arn) => {
    expect(z.safeParse(ApplicationArn, arn).success).toBe(true);
  });

  it.each([
    ['an instance', 'arn:aws:sso:::instance/ssoins-1111222233334444'],
    [
      'an account of eleven digits',
      'arn:aws:sso::11112222333:application/ssoins-1111222233334444/apl-5555666677778888',
    ],
    ['a line feed at the end', 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888\n'],
  ])('refuses %s', (_what, arn) => {
    expect(z.safeParse(ApplicationArn, arn).success).toBe(false);
  });
});

const EXECUTIONS = 'arn:aws:states:eu-west-1:111122223333:execution:usher-prod-onboarding';
/** Names that Step Functions accepts, and others that a payload may have. */
const FREE_TEXTS = [
  'jane@example.com',
  'Jane.Doe',
  "O'Neill",
  '=cmd()',
  'Zoë',
  '林',
  'a b',
  'a\n',
  `${ID}:jane`,
  'x'.repeat(81),
];

describe('ExecutionArn', () => {
  it.each([
    ['a UUID', `${EXECUTIONS}:${ID}`],
    ['two UUIDs, as EventBridge makes them', `${EXECUTIONS}:${ID}_${ID}`],
    ['a name of letters, digits, hyphens and underscores', `${EXECUTIONS}:Ticket_4711-b`],
    ['another partition', `arn:aws-us-gov:states:us-gov-west-1:111122223333:execution:usher:${ID}`],
  ])('is one with %s', (_what, arn) => {
    expect(ExecutionArn.safeParse(arn).success).toBe(true);
    expect(Cause.safeParse(arn).success).toBe(true);
    expect(recordableExecution(arn)).toBe(arn);
  });

  it.each(FREE_TEXTS)('is none with the name %j, which is recorded as its hash', (name) => {
    const arn = `${EXECUTIONS}:${name}`;
    expect(ExecutionArn.safeParse(arn).success).toBe(false);
    expect(Cause.safeParse(arn).success).toBe(false);
    const recorded = recordableExecution(arn);
    expect(ExecutionArn.safeParse(recorded).success).toBe(true);
    expect(recorded).toMatch(/:execution:usher-prod-onboarding:sha256-[0-9a-f]{64}$/);
    expect(recordableExecution(arn)).toBe(recorded);
    expect(recordableExecution(`${arn}!`)).not.toBe(recorded);
  });

  it.each([
    ...NOT_IDS,
    ['a name alone', 'jane@example.com'],
    ['the ARN of a state machine', EXECUTIONS.replace(':execution:', ':stateMachine:')],
    ['an ARN without a name', `${EXECUTIONS}:`],
    ['free text as the state machine', `arn:aws:states:eu-west-1:111122223333:execution:jane@example.com:${ID}`],
    ['free text as the Region', EXECUTIONS.replace('eu-west-1', 'Jane Doe')],
    ['text before the ARN', `jane ${EXECUTIONS}:${ID}`],
  ])('is not %s, which is not recorded', (_what, value) => {
    expect(ExecutionArn.safeParse(value).success).toBe(false);
    expect(recordableExecution(value)).toBeUndefined();
  });
});

describe('the id of an event', () => {
  it('is a UUID', () => {
    for (const id of [ID, ID.toUpperCase()]) {
      expect(isEventId(id)).toBe(true);
      expect(Cause.safeParse(id).success).toBe(true);
    }
  });

  it.each([...NOT_IDS, ...FREE_TEXTS.map((text): [string, unknown] => [`the text ${JSON.stringify(text)}`, text])])(
    'is not %s',
    (_what, value) => {
      expect(isEventId(value)).toBe(false);
      expect(Cause.safeParse(value).success).toBe(false);
    },
  );
});

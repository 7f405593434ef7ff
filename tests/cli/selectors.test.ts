// @module-tag long

import { describe, expect, it } from 'vitest';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator } from '../support/operator.ts';

const operator = anOperator({ people: 3, assigned: [2] });

const COMMANDS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ['why', ['why']],
  ['start', ['start', '--user']],
  ['audit', ['audit', '--user']],
];
const FORMS: readonly (readonly [form: string, text: string])[] = [
  ['an id', user(1)],
  ['an id between spaces', ` ${user(1)} `],
  ['an id with its identity store, as Kiro prints it', `${STORE_ID}.${user(1)}`],
  ['an ARN', `arn:aws:identitystore:::user/${user(1)}`],
  [
    'an id below the ARN of its identity store',
    `arn:aws:identitystore::111122223333:identitystore/${STORE_ID}/user/${user(1)}`,
  ],
];
const REFUSED: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ['the id of a group', GROUP, new RegExp(`${GROUP} is the id of a group, not of a user`)],
  ['the id of a group with its identity store', `${STORE_ID}.${GROUP}`, /is the id of a group, not of a user/],
  ['the ARN of a group', `arn:aws:identitystore:::group/${GROUP}`, /is a group: expected a user of d-/],
  [
    'a user of another identity store',
    `d-0987654321.${user(1)}`,
    /is of another identity store: expected a user of d-/,
  ],
  ['the identity store', STORE_ID, /is an identity store: expected a user of d-/],
  ['the id of no one', user(9), new RegExp(`The identity store has no user ${user(9)}`)],
];

describe.each(COMMANDS)('a user of usher %s', (_name, args) => {
  it.each(FORMS)('may be named by %s', async (_form, text) => {
    const { code, error } = await operator.run(...args, text, '--json');
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it.each(REFUSED)('may not be %s', async (_what, text, says) => {
    const { code, error } = await operator.run(...args, text);
    expect(error).toMatch(says);
    expect(code).toBe(2);
  });
});

describe('a group of usher start', () => {
  it.each([
    ['an id', GROUP],
    ['an id with its identity store', `${STORE_ID}.${GROUP}`],
    ['an ARN', `arn:aws:identitystore:::group/${GROUP}`],
    ['a name', 'developers'],
  ])('may be named by %s', async (_form, text) => {
    expect((await operator.run('start', '--group', text)).code).toBe(0);
  });

  it.each([
    ['the ARN of a user', `arn:aws:identitystore:::user/${user(1)}`, /is a user: expected a group of d-/],
    ['a group of another identity store', `d-0987654321.${GROUP}`, /is of another identity store: expected a group/],
  ])('may not be %s', async (_what, text, says) => {
    const { code, error } = await operator.run('start', '--group', text);
    expect(error).toMatch(says);
    expect(code).toBe(2);
  });
});

describe('the id of no one', () => {
  it('is one of no user if AWS does not say whether it is a group', async () => {
    await operator.fault({ operation: 'IdentityStore.DescribeGroup', kind: 'refuse', times: 1 });
    const { code, error } = await operator.run('why', GROUP);
    await operator.clearFaults();
    expect(error).toMatch(new RegExp(`The identity store has no user ${GROUP}`));
    expect(code).toBe(2);
  });
});

import { describe, expect, it } from 'vitest';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { type Places, seeTwice } from '../../../domain/subscription/twice.ts';
import { numberOf, user } from '../../support/ids.ts';
import { aSubscription } from '../../support/subscriptions.ts';

const REFUSED = new RefusedError('access-denied', 'ListApplicationClaims: AccessDeniedException');
const FAILED = new TransientAwsError('ListApplicationClaims: ThrottlingException');

const usersOf = (...numbers: number[]) => new Set(numbers.map(user));
const elsewhere = (...all: ReturnType<typeof aSubscription>[]) => [{ title: 'kiro eu-west-1', all }];

/** Who is charged twice, of users 1 and 2 of a Region. */
function twice(places: Partial<Places>): { users: number[]; unseen: string[] } {
  const { users, unseen } = seeTwice({
    all: [aSubscription(1), aSubscription(2)],
    elsewhere: [],
    claims: [],
    before: new Set(),
    ...places,
  });
  return { users: [...users].map(numberOf), unseen: unseen.map(({ where, error }) => `${where}: ${error.message}`) };
}

describe('a user is charged twice', () => {
  it.each<[string, Partial<Places>, number[]]>([
    ['who has a subscription in two Regions', { elsewhere: elsewhere(aSubscription(1), aSubscription(3)) }, [1]],
    ['whom the claims of two applications name', { claims: [usersOf(1, 2), usersOf(2, 3), usersOf(3)] }, [2]],
  ])('%s', (_fact, places, expected) => {
    expect(twice(places)).toEqual({ users: expected, unseen: [] });
  });

  it.each<[string, Partial<Places>]>([
    ['who has one subscription', {}],
    ['whose other one is cancelled', { elsewhere: elsewhere(aSubscription(1, { status: 'cancelled' })) }],
    ['whose other one a group gives', { elsewhere: elsewhere(aSubscription(1, { source: 'group' })) }],
    ['who is in one Region twice: the same profile is charged once', { all: [aSubscription(1), aSubscription(1)] }],
    ['whom one application names', { claims: [usersOf(1), usersOf(2)] }],
    ['whom the list no longer shows', { all: [], claims: [usersOf(1), usersOf(1)], before: usersOf(1) }],
    [
      'whose own one is cancelled',
      { all: [aSubscription(1, { status: 'cancelled' })], elsewhere: elsewhere(aSubscription(1)) },
    ],
    ['who was found before, and is not now', { before: usersOf(1) }],
  ])('not %s', (_fact, places) => {
    expect(twice(places)).toEqual({ users: [], unseen: [] });
  });
});

describe('who is charged twice stays found', () => {
  const before = usersOf(1);

  it.each<[string, Partial<Places>, string[]]>([
    ['another list may not be read now', { elsewhere: [{ title: 'kiro eu-west-1', all: undefined }] }, []],
    [
      'another list is refused',
      { elsewhere: [{ title: 'kiro eu-west-1', all: REFUSED }] },
      [`kiro eu-west-1: ${REFUSED.message}`],
    ],
    ['the claims fail for now', { claims: FAILED }, [`another application of this Region: ${FAILED.message}`]],
  ])('while %s', (_fact, places, unseen) => {
    expect(twice({ ...places, before })).toEqual({ users: [1], unseen });
    expect(twice({ ...places, before, all: [aSubscription(2)] }).users).toEqual([]);
  });

  it('but not while AWS refuses the claims, which few have seen', () => {
    const unseen = [`another application of this Region: ${REFUSED.message}`];
    expect(twice({ claims: REFUSED, before })).toEqual({ users: [], unseen });
    expect(twice({ claims: REFUSED, elsewhere: elsewhere(aSubscription(2)) })).toEqual({ users: [2], unseen });
  });
});

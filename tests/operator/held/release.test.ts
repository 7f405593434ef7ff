import { describe, expect, it } from 'vitest';
import type { ActiveHold } from '../../../operator/held/holds.ts';
import { coveredBy } from '../../../operator/held/release.ts';
import { aDigest, aHold, aSeat } from '../../support/builders.ts';
import { ENTITLEMENT } from '../../support/ids.ts';

const digests = [1, 2].map((number) => ({
  digest: aDigest(number).split('').reverse().join(''),
  generation: number,
  count: number,
}));
const [first = '', second = ''] = digests.map(({ digest }) => digest);

/** A hold that two users have joined, one after the other. */
function anActiveHold(...generations: readonly number[]): ActiveHold {
  const members = generations.map((hold, index) => aSeat(index + 1, { status: 'held', hold }));
  return { hold: aHold({ digests }), members, seats: members, groups: undefined };
}

describe('what a digest covers', () => {
  const both = anActiveHold(1, 2);

  it('is everyone who is held with the newest digest', () => {
    expect(coveredBy(second, [both])).toEqual({ active: both, digest: second, members: both.members, later: 0 });
  });

  it('is who was held when an older digest was the newest; the others are counted', () => {
    expect(coveredBy(first.slice(0, 8), [both])).toMatchObject({
      digest: first,
      members: [{ hold: 1 }],
      later: 1,
    });
  });

  it.each<[string, string, ActiveHold[], RegExp]>([
    ['a digest that no hold has', 'abcdef01', [both], /^No hold has this digest\. Held now: /],
    ['any digest when nothing is held', first, [], /^No hold has this digest\. Nothing is held$/],
    [
      'a digest whose users have all come back',
      first,
      [anActiveHold(2)],
      /^No user whom this digest covers is held\. Held now: /,
    ],
    [
      'a digest of a hold that everyone has left',
      second,
      [anActiveHold()],
      /^No user whom .* is held\. Nothing is held$/,
    ],
  ])('is nothing for %s', (_fact, given, holds, message) => {
    expect(() => coveredBy(given, holds)).toThrow(message);
  });

  it('is named with the present digests, as the command takes them', () => {
    const named = `${ENTITLEMENT} ${second.slice(0, 12)} (2 revocations). Show them: usher held`;
    expect(() => coveredBy('abcdef01', [both])).toThrow(`Held now: ${named}`);
  });

  it('is not decided by a beginning that several digests have', () => {
    const alike = {
      ...both,
      hold: aHold({ digests: [1, 2].map((generation) => ({ digest: aDigest(generation), generation, count: 1 })) }),
    };
    expect(() => coveredBy('00000000', [alike])).toThrow(/Ambiguous digest/);
  });
});

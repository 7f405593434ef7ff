import fc from 'fast-check';
import type { Via } from '../../emulator/aws/cloudtrail/cloudtrail.ts';
import { someGroup, someone } from './cast.ts';
import { type Deed, deeds } from './deeds.ts';
import { stayingOfOne } from './faults.ts';

/** What happens one after the other. */
export type Episode = readonly { afterSeconds: number; deed: Deed }[];

const afterSeconds = fc.constantFrom(0, 0, 1, 3, 8, 20, 45, 100, 400, 2000, 20_000, 90_000);
const soon = fc.constant({ afterSeconds: 1, times: 1 });

/** One who joins and leaves again and again, faster than anybody looks. */
const flicker: fc.Arbitrary<Episode> = fc
  .tuple(
    someone,
    someGroup,
    fc.constantFrom<Via>('console', 'console', 'api'),
    soon,
    fc.array(fc.nat(4), { minLength: 2, maxLength: 4 }),
  )
  .map(([one, at, by, delivery, gaps]) =>
    gaps.map((gap) => ({
      afterSeconds: gap,
      deed: { do: 'toggle', user: one, group: at, via: by, delivery } as const,
    })),
  );
/** A join among so many calls that AWS throttles the look for it. */
const rush: fc.Arbitrary<Episode> = fc
  .tuple(afterSeconds, someone, someGroup, soon, fc.constantFrom(1, 2))
  .map(([pause, one, at, delivery, times]) => [
    {
      afterSeconds: pause,
      deed: { do: 'fault', fault: { operation: 'IdentityStore.IsMemberInGroups', kind: 'throttle', times } },
    },
    { afterSeconds: 0, deed: { do: 'join', user: one, group: at, via: 'console', delivery } },
  ]);

/** Somebody whose event arrives while whole applications are looked at. */
const interruption: fc.Arbitrary<Episode> = fc
  .tuple(afterSeconds, someone, someGroup, fc.constantFrom<Via>('console', 'api'), soon, fc.constantFrom(0, 1, 2))
  .map(([pause, one, at, by, delivery, gap]) => [
    { afterSeconds: pause, deed: { do: 'everything' } },
    { afterSeconds: gap, deed: { do: 'toggle', user: one, group: at, via: by, delivery } },
  ]);

/** One who leaves, whose assignment is not taken back at once; and one who would have the place. */
const vacancy = (told: boolean): fc.Arbitrary<Episode> =>
  fc
    .record({
      pause: afterSeconds,
      membership: fc.nat(20),
      user: someone,
      group: someGroup,
      delivery: soon,
      kind: told ? fc.constantFrom('internal', 'conflict') : fc.constantFrom('lost', 'internal', 'conflict'),
      times: fc.constantFrom(1, 2, 3),
      gap: fc.constantFrom(2, 5, 20),
    })
    .map(({ pause, membership, user, group, delivery, kind, times, gap }) => [
      {
        afterSeconds: pause,
        deed: { do: 'fault', fault: { operation: 'SSOAdmin.DeleteApplicationAssignment', kind, times } },
      },
      { afterSeconds: 0, deed: { do: 'leave', membership, via: 'console', delivery } },
      { afterSeconds: gap, deed: { do: 'join', user, group, via: 'console', delivery } },
    ]);

/** One whose calls fail for hours, and others who join meanwhile. */
const neighbors: fc.Arbitrary<Episode> = fc
  .record({
    fault: stayingOfOne,
    others: fc.array(fc.tuple(someone, someGroup, fc.constantFrom<Via>('console', 'api')), {
      minLength: 2,
      maxLength: 4,
    }),
    gaps: fc.tuple(fc.constantFrom(0, 8, 400), fc.constantFrom(0, 1, 20), fc.constantFrom(0, 60, 700)),
  })
  .map(({ fault, others, gaps }) => [
    { afterSeconds: gaps[0], deed: { do: 'fault', fault } },
    ...others.map(([one, at, by], index) => ({
      afterSeconds: gaps[(index % 2) + 1] ?? 0,
      deed: { do: 'toggle', user: one, group: at, via: by, delivery: { afterSeconds: 1, times: 1 } } as const,
    })),
  ]);

/** Many who come and go, faster than Usher can write. */
const stream: fc.Arbitrary<Episode> = fc
  .array(fc.tuple(someone, someGroup, fc.constantFrom<Via>('console', 'api', 'scim'), fc.constantFrom(0, 1, 1, 2, 5)), {
    minLength: 8,
    maxLength: 20,
  })
  .map((many) =>
    many.map(([one, at, by, gap]) => ({
      afterSeconds: gap,
      deed: { do: 'toggle', user: one, group: at, via: by, delivery: { afterSeconds: 1, times: 1 } } as const,
    })),
  );

/** More than a year later: longer than tombstones are kept. */
const yearLater: fc.Arbitrary<Episode> = fc
  .constantFrom<Deed>({ do: 'expire' }, { do: 'tick' }, { do: 'everything' })
  .map((deed) => [{ afterSeconds: YEAR_LATER_SECONDS, deed }]);
const YEAR_LATER_SECONDS = 410 * 86_400;

/** @param told as in {@link deeds} */
export function episodes(told: boolean): fc.Arbitrary<Episode> {
  const single = fc.record({ afterSeconds, deed: deeds(told) }).map((one) => [one]);
  return fc.oneof(
    { weight: 60, arbitrary: single },
    { weight: 9, arbitrary: flicker },
    { weight: 3, arbitrary: rush },
    { weight: 9, arbitrary: interruption },
    { weight: 6, arbitrary: vacancy(told) },
    ...(told ? [] : [{ weight: 6, arbitrary: neighbors }]),
    { weight: 1, arbitrary: stream },
    { weight: 2, arbitrary: yearLater },
  );
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DirectoryCheck,
  expectationOf,
  isLongWait,
  propagationAfter,
} from '../../../domain/request/propagation.ts';
import { type Propagation, PropagationSchema, type Request } from '../../../domain/request/request.ts';
import { PropagationTimeoutError } from '../../../domain/shared/errors.ts';
import { aJoin, aPropagation, aRequest, at, iso } from '../../support/builders.ts';
import { GROUP, user } from '../../support/ids.ts';

const DAY = 24 * 3600;
const SELECTOR = { email: 'someone@example.com' };

/** When, in seconds after the request, the checks of a wait take place; `seen` returns what each shows. */
function checksOf(
  request: Request,
  before: Propagation,
  seen: (seconds: number) => DirectoryCheck = () => ({ met: false }),
): { times: number[]; end: 'visible' | 'timeout' } {
  const times: number[] = [];
  let propagation = before;
  for (let seconds = 0; ; seconds += propagation.checkAfterSeconds) {
    times.push(seconds);
    try {
      propagation = PropagationSchema.parse(propagationAfter(request, propagation, seen(seconds), at(seconds)));
    } catch (error) {
      if (error instanceof PropagationTimeoutError) return { times, end: 'timeout' };
      throw error;
    }
    if (propagation.visible) return { times, end: 'visible' };
  }
}

const JOIN = aRequest({ users: [aJoin()] });
const MANUAL = aRequest({ trigger: 'manual' });

describe('expectationOf', () => {
  it.each<[string, Request, Propagation, string | undefined, ReturnType<typeof expectationOf>]>([
    [
      'the membership that an event announced',
      aRequest({ users: [aJoin(1, { membership: 'absent' })] }),
      aPropagation(),
      undefined,
      { userId: user(1), groupId: GROUP, membership: 'absent' },
    ],
    [
      'nothing if an event named no group',
      aRequest({ users: [{ userId: user(1) }] }),
      aPropagation(),
      undefined,
      undefined,
    ],
    ['nothing if an event named no user', aRequest({ groups: [GROUP] }), aPropagation(), undefined, undefined],
    [
      'that the user of a manual start exists',
      MANUAL,
      aPropagation(),
      user(2),
      { userId: user(2), membership: 'member' },
    ],
    [
      'the group that a manual start names, too',
      MANUAL,
      aPropagation({ groupId: GROUP }),
      user(2),
      { userId: user(2), groupId: GROUP, membership: 'member' },
    ],
  ])('is %s', (_fact, request, propagation, userId, expected) => {
    expect(expectationOf(request, propagation, userId)).toEqual(expected);
  });
});

describe('propagationAfter', () => {
  it('continues at once if the expected state is visible', () => {
    expect(propagationAfter(JOIN, aPropagation(), { met: true }, at(0))).toEqual({
      visible: true,
      checkAfterSeconds: 0,
    });
  });

  it('checks again after 5 s, 10 s, 20 s … at most 5 min, and continues when an event is 15 min old', () => {
    expect(checksOf(JOIN, aPropagation())).toEqual({ times: [0, 5, 15, 35, 75, 155, 315, 615, 915], end: 'visible' });
  });

  it('continues at the check that shows the expected state', () => {
    const { times, end } = checksOf(JOIN, aPropagation(), (seconds) => ({ met: seconds >= 36 }));
    expect({ last: times.at(-1), end }).toEqual({ last: 75, end: 'visible' });
  });

  it.each([
    ['late', 20, 15],
    ['a check late', 75, 80],
    ['at the last moment', 899.999, 16],
  ])('counts from the request, also for an event that arrives %s', (_fact, elapsed, wait) => {
    expect(propagationAfter(JOIN, aPropagation(), { met: false }, at(elapsed)).checkAfterSeconds).toBe(wait);
  });

  it('takes an event from a clock ahead of ours for one of now', () => {
    expect(propagationAfter(JOIN, aPropagation(), { met: false }, at(-2)).checkAfterSeconds).toBe(7);
  });

  it('lets the truth stand 15 min after an event, and not a moment before', () => {
    expect(propagationAfter(JOIN, aPropagation(), { met: false }, at(899.999)).visible).toBe(false);
    expect(propagationAfter(JOIN, aPropagation(), { met: false }, at(900)).visible).toBe(true);
  });

  it('waits a day for a manual start with fewer than 45 checks, the last at its deadline', () => {
    const { times, end } = checksOf(MANUAL, aPropagation({ selector: SELECTOR, deadline: iso(DAY) }));
    expect(end).toBe('timeout');
    expect(times.length).toBeLessThan(45);
    expect(times.at(-1)).toBe(DAY);
  });

  it('finds a user who appears at the deadline of a manual start', () => {
    const propagation = aPropagation({ selector: SELECTOR, deadline: iso(60) });
    const { times, end } = checksOf(MANUAL, propagation, (seconds) => ({ met: seconds >= 60, userId: user(1) }));
    expect({ last: times.at(-1), end }).toEqual({ last: 60, end: 'visible' });
  });

  it('checks once if a manual start does not wait', () => {
    expect(checksOf(MANUAL, aPropagation({ deadline: iso(0) }))).toEqual({ times: [0], end: 'timeout' });
  });

  it.each([
    ['the user did not appear', { selector: SELECTOR }, 'The identity store had no such user before the deadline'],
    [
      'the user was not in the group',
      { groupId: GROUP },
      'The reads did not show the user as expected before the deadline',
    ],
  ])('says that %s, and quotes nothing', (_fact, parts, message) => {
    const propagation = aPropagation({ ...parts, deadline: iso(10) });
    expect(() => propagationAfter(MANUAL, propagation, { met: false }, at(10))).toThrow(
      new PropagationTimeoutError(message),
    );
  });

  it('drops the selector once the user is known', () => {
    const propagation = aPropagation({ selector: SELECTOR, groupId: GROUP, deadline: iso(DAY) });
    expect(propagationAfter(MANUAL, propagation, { met: true, userId: user(1) }, at(3))).toEqual({
      visible: true,
      checkAfterSeconds: 0,
      userId: user(1),
      groupId: GROUP,
      deadline: iso(DAY),
    });
  });

  it('keeps the selector while it waits', () => {
    const propagation = aPropagation({ selector: SELECTOR, deadline: iso(DAY) });
    expect(propagationAfter(MANUAL, propagation, { met: false }, at(0)).selector).toEqual(SELECTOR);
  });

  it.each<[string, Partial<Request>, number[]]>([
    ['10 s after a change of a group', { groups: [GROUP] }, [0, 10]],
    ['10 s after an event that may concern every user', { sweep: 'everything' }, [0, 10]],
    ['at once when a user is named', { users: [{ userId: user(1) }] }, [0]],
    ['at once for a manual start', { trigger: 'manual', groups: [GROUP] }, [0]],
    ['at once for a tick', { trigger: 'tick', sweep: 'due' }, [0]],
  ])('continues %s', (_fact, parts, times) => {
    expect(checksOf(aRequest(parts), aPropagation(), () => ({ met: true }))).toEqual({ times, end: 'visible' });
  });

  it('lets a hint that arrives late settle only for the rest of its 10 s', () => {
    const hint = aRequest({ groups: [GROUP] });
    expect(propagationAfter(hint, aPropagation(), { met: true }, at(7.2)).checkAfterSeconds).toBe(3);
    expect(propagationAfter(hint, aPropagation(), { met: true }, at(10)).visible).toBe(true);
  });

  it('checks every 5 min in the first hour, and then every hour, at a second of its own', () => {
    const [one = [], other = []] = ['one', 'other'].map((cause) =>
      checksOf({ ...MANUAL, cause }, aPropagation({ deadline: iso(7 * DAY) })).times.filter(
        (seconds) => seconds >= 315,
      ),
    );
    const early = one.filter((seconds) => seconds <= 3615);
    expect(early).toEqual([315, 615, 915, 1215, 1515, 1815, 2115, 2415, 2715, 3015, 3315, 3615]);
    const [first = 0, ...later] = one.slice(early.length, -1);
    expect(later).toEqual(later.map((_, index) => first + 3600 * (index + 1)));
    expect(first - 3615).toBeLessThanOrEqual(3600);
    expect((other[early.length] ?? 0) % 3600).not.toBe(first % 3600);
  });

  it.each<[boolean, Partial<Request>, number]>([
    [false, { trigger: 'manual' }, 3599],
    [true, { trigger: 'manual' }, 3600],
    [false, { trigger: 'event' }, 3600],
  ])('calls it a long wait (%s): %j after %i s', (long, parts, seconds) => {
    expect(isLongWait(aRequest(parts), at(seconds))).toBe(long);
  });

  it('waits from 1 s to 5 min after each check of the first hour, and then to an hour', () => {
    const moments = fc.record({
      elapsed: fc.integer({ min: 0, max: 7 * DAY * 1000 }).map((milliseconds) => milliseconds / 1000),
      deadline: fc.option(fc.integer({ min: 1, max: 7 * DAY }), { nil: undefined }),
    });
    fc.assert(
      fc.property(moments, ({ elapsed, deadline }) => {
        fc.pre(deadline === undefined || elapsed < deadline);
        const before = aPropagation(deadline === undefined ? {} : { deadline: iso(deadline) });
        const { visible, checkAfterSeconds } = propagationAfter(MANUAL, before, { met: false }, at(elapsed));
        expect(visible).toBe(false);
        expect(checkAfterSeconds).toBeGreaterThanOrEqual(1);
        expect(checkAfterSeconds).toBeLessThanOrEqual(elapsed < 3600 ? 300 : 3600);
      }),
    );
  });
});

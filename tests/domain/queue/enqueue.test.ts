import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeItems } from '../../../domain/queue/claim.ts';
import { enqueue, enqueueJoined, enqueueSweeps } from '../../../domain/queue/enqueue.ts';
import { askedAtOf, type SweepItem, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import type { Request } from '../../../domain/request/request.ts';
import { aJoin, anEntitlement, aQueue, aRequest, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
import { EVENT_ID } from '../../support/events.ts';
import {
  APPLICATION,
  application,
  execution,
  GROUP,
  group,
  ME,
  OTHER,
  OTHER_APPLICATION,
  OTHER_GROUP,
  people,
  START,
  user,
} from '../../support/ids.ts';
import { DEAD, dueAt, enqueued, heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const USER = user(1);

describe('enqueue', () => {
  it('adds a user who is due at once, with the expected membership', () => {
    expect(enqueued(aQueue({ revision: 4 }), { users: [aJoin(1)], at: iso(-3) })).toEqual(
      aQueue({
        revision: 4,
        users: {
          [USER]: aUserItem({
            at: iso(-3),
            since: iso(-3),
            hints: 5,
            expected: [{ groupId: GROUP, membership: 'member', at: iso(-3) }],
          }),
        },
      }),
    );
  });

  it.each<[string, Partial<Request>, string[]]>([
    ['the application of a group', { groups: [GROUP] }, [APPLICATION]],
    ['all applications of a group', { groups: [group(3)] }, [APPLICATION, OTHER_APPLICATION]],
    ['everything', { sweep: 'everything' }, [APPLICATION, OTHER_APPLICATION]],
    ['nothing for a group that no entitlement names', { groups: [group(9)] }, []],
  ])('adds a sweep of %s', (_fact, request, applications) => {
    expect(Object.keys(enqueued(aQueue(), request).sweeps)).toEqual(applications);
  });

  it.each<[string, Partial<Request>, string[], Partial<SweepItem>]>([
    ['an application that an operator names', { applications: [OTHER_APPLICATION] }, [OTHER_APPLICATION], {}],
    [
      'an application once, even if it is named twice',
      { applications: [APPLICATION], groups: [group(3)] },
      [APPLICATION, OTHER_APPLICATION],
      {},
    ],
    ['an application to adopt what others assigned', { adopt: APPLICATION }, [APPLICATION], { adopt: true }],
    [
      'an application that is no longer configured, to give it up',
      { trigger: 'manual', applications: [application(9)] },
      [application(9)],
      { giveUp: true },
    ],
    [
      'such an application for a tick, to check it only',
      { trigger: 'tick', applications: [application(9)] },
      [application(9)],
      {},
    ],
    [
      'an application with status',
      { applications: [APPLICATION], withStatus: [APPLICATION] },
      [APPLICATION],
      { withStatus: true },
    ],
  ])('adds a sweep of %s', (_fact, request, applications, orders) => {
    const { sweeps } = enqueued(aQueue(), { trigger: 'manual', ...request });
    expect(Object.keys(sweeps).sort()).toEqual(applications.sort());
    for (const sweep of Object.values(sweeps)) {
      const { withStatus, adopt, giveUp } = sweep;
      expect({ withStatus, adopt, giveUp }).toEqual({ withStatus: false, ...orders });
    }
  });

  it('adopts assignments of the named application only', () => {
    const { sweeps } = enqueued(aQueue(), { trigger: 'manual', adopt: APPLICATION, sweep: 'everything' });
    expect([sweeps[APPLICATION]?.adopt, sweeps[OTHER_APPLICATION]?.adopt]).toEqual([true, undefined]);
  });

  it.each(['adopt', 'giveUp', 'withStatus'] as const)('keeps an order when other hints follow: %s', (order) => {
    const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem({ [order]: true }) } });
    expect(enqueued(queue, { groups: [GROUP] }).sweeps[APPLICATION]?.[order]).toBe(true);
  });

  it('keeps the start of the first execution that asked for a user, in any order of arrival', () => {
    for (const times of [
      [10, 20, 15],
      [20, 15, 10],
    ]) {
      let queue = aQueue();
      for (const time of times) queue = enqueued(queue, { startedAt: iso(time), users: [aJoin(1)] }, 30);
      expect(queue.users[USER]?.since).toBe(iso(10));
    }
  });

  it.each([
    ['years ago', '2009-09-09T09:09:09Z'],
    ['in the far future', '8999-12-31T23:59:59Z'],
    ['at the same time', iso()],
  ])('keeps that time whatever an event says of its own: %s', (_fact, when) => {
    const started = iso(-2);
    const { users } = enqueued(aQueue(), { at: when, startedAt: started, users: [aJoin(1)] });
    expect(users[USER]?.since).toBe(started);
    const { sweeps } = enqueued(aQueue(), { at: when, startedAt: started, groups: [GROUP] });
    expect(sweeps[APPLICATION]?.since).toBe(started);
  });

  it('takes no time for later than the start of the execution that brings it', () => {
    const late = { at: '8999-12-31T23:59:59Z', startedAt: iso(-2) } as const;
    const { users, sweeps } = enqueued(aQueue(), { ...late, users: [aJoin(1), { userId: user(2) }], groups: [GROUP] });
    expect(users[USER]).toMatchObject({ at: iso(-2), dueAt: iso(), expected: [{ at: iso(-2) }] });
    for (const item of [users[user(2)], sweeps[APPLICATION]]) {
      expect(item).toMatchObject({ at: iso(-2), dueAt: iso(), lookAgainAt: iso(118) });
    }
    const forged = enqueued(aQueue(), { at: late.at, startedAt: late.at, users: [aJoin(1)] });
    expect(forged.users[USER]).toMatchObject({ at: iso(), since: iso() });
  });

  it('lets no hint from outside put off a check, whatever its times', () => {
    const time = fc.constantFrom(
      '0001-01-01T00:00:00Z',
      '2009-09-09T09:09:09Z',
      iso(-1),
      iso(),
      '9999-12-31T23:59:59Z',
    );
    const hint = fc.constantFrom<Partial<Request>>(
      { users: [aJoin(1)] },
      { users: [{ userId: USER }] },
      { groups: [GROUP] },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(hint, time, time), { minLength: 1 }), (hints) => {
        let queue = aQueue();
        for (const [parts, when, startedAt] of hints)
          queue = reread(enqueued(queue, { ...parts, at: when, startedAt }));
        for (const item of [...Object.values(queue.users), ...Object.values(queue.sweeps)]) {
          expect(item.dueAt).toBe(iso());
          expect(Date.parse(item.lookAgainAt ?? iso())).toBeLessThanOrEqual(Date.parse(iso(120)));
          expect(Date.parse(item.since ?? '')).toBeLessThanOrEqual(Date.parse(iso()));
          expect(Date.parse(item.at)).toBeLessThanOrEqual(Date.parse(iso()));
        }
      }),
    );
  });

  it.each<[string, Partial<WorkQueue>, string]>([
    ['the enqueuing execution if no execution holds the lease', {}, ME],
    ['the enqueuing execution if the lease has expired', heldBy(OTHER, 0), ME],
    ['the holder of the lease', heldBy(OTHER), OTHER],
  ])('assigns the item to %s', (_fact, parts, by) => {
    const queue = enqueued(aQueue(parts), { users: [aJoin(1)], groups: [OTHER_GROUP] });
    expect(queue.users[USER]?.by).toBe(by);
    expect(queue.sweeps[OTHER_APPLICATION]?.by).toBe(by);
  });

  it('follows the newest hint, in any order of arrival', () => {
    const entries = { users: { [USER]: aUserItem() }, sweeps: { [APPLICATION]: aSweepItem() } };
    const hint: Partial<Request> = {
      cause: 'event-2',
      trigger: 'manual',
      users: [{ userId: USER }],
      groups: [GROUP],
    };
    const newer = enqueued(aQueue(entries), { ...hint, at: iso(1) }, 1);
    const older = enqueued(aQueue(entries), { ...hint, at: iso(-1) }, 1);
    for (const [queue, expected] of [
      [newer, { at: iso(1), cause: 'event-2', trigger: 'manual' }],
      [older, { at: iso(), cause: EVENT_ID, trigger: 'event' }],
    ] as const) {
      expect(queue.users[USER]).toMatchObject(expected);
      expect(queue.sweeps[APPLICATION]).toMatchObject(expected);
    }
  });

  it.each<[string, Partial<Request>, string | undefined]>([
    ['an update of a user, which does not name what it changed', { users: [{ userId: USER }] }, iso(110)],
    ['a join, which names it', { users: [aJoin(1)] }, undefined],
    ['a user whom an operator names', { trigger: 'manual', users: [{ userId: USER }] }, undefined],
  ])('plans a second check, 120 s after the event, for %s', (_fact, request, expected) => {
    expect(enqueued(aQueue(), { at: iso(-10), ...request }).users[USER]?.lookAgainAt).toBe(expected);
  });

  it.each<[Request['trigger'], string | undefined]>([
    ['event', iso(110)],
    ['manual', undefined],
    ['tick', undefined],
  ])('plans a second check of an application, 120 s after an event: %s', (trigger, expected) => {
    const queue = enqueued(aQueue(), { at: iso(-10), trigger, groups: [GROUP] });
    expect(queue.sweeps[APPLICATION]?.lookAgainAt).toBe(expected);
  });

  it('keeps the time of the latest second check', () => {
    const lookAgainAt = iso(115);
    const queue = aQueue({
      users: { [USER]: aUserItem({ lookAgainAt }) },
      sweeps: { [APPLICATION]: aSweepItem({ lookAgainAt }) },
    });
    const after = enqueued(queue, { at: iso(-60), users: [{ userId: USER }], groups: [GROUP] });
    expect([after.users[USER]?.lookAgainAt, after.sweeps[APPLICATION]?.lookAgainAt]).toEqual([
      lookAgainAt,
      lookAgainAt,
    ]);
  });

  describe('what is expected of a user', () => {
    const JOIN = { membership: 'member', after: 10 } as const;
    const LEAVE = { membership: 'absent', after: 11 } as const;

    it.each([
      ['join, then leave', [JOIN, LEAVE], 'absent'],
      ['join and leave that arrive the other way round', [LEAVE, JOIN], 'absent'],
      ['a second join after the leave', [JOIN, LEAVE, { membership: 'member', after: 12 }], 'member'],
      ['a leave of the same second, which arrives later', [JOIN, { membership: 'absent', after: 10 }], 'absent'],
    ] as const)('is what the newest event of the group says: %s', (_fact, events, expected) => {
      let queue = aQueue();
      for (const { membership, after } of events)
        queue = enqueued(queue, { at: iso(after), users: [aJoin(1, { membership })] }, 20);
      expect(queue.users[USER]?.expected.map(({ membership }) => membership)).toEqual([expected]);
    });

    it('is the newest of each group, in any order of arrival', () => {
      const events = fc.uniqueArray(
        fc.record({
          after: fc.nat(50),
          groupId: fc.constantFrom(GROUP, OTHER_GROUP),
          membership: fc.constantFrom('member' as const, 'absent' as const),
        }),
        { selector: ({ after }) => after, maxLength: 12 },
      );
      fc.assert(
        fc.property(events, (arrived) => {
          let queue = aQueue();
          for (const { after, ...expected } of arrived) {
            queue = enqueued(queue, { at: iso(after), users: [{ userId: USER, expected }] }, 60);
          }
          const newest = new Map(
            [...arrived]
              .sort((a, b) => a.after - b.after)
              .map(({ after, ...told }) => [told.groupId, { ...told, at: iso(after) }]),
          );
          const told = queue.users[USER]?.expected ?? [];
          expect(new Map(told.map((one) => [one.groupId, one]))).toEqual(newest);
          expect(told).toHaveLength(newest.size);
        }),
      );
    });
  });

  it('remembers that a hint named no group when other hints follow', () => {
    const queue = enqueued(enqueued(aQueue(), { users: [{ userId: USER }] }), { users: [aJoin(1)] });
    expect(queue.users[USER]).toMatchObject({ whole: true, expected: [{ groupId: GROUP }] });
  });

  it('is due even while the changes for an earlier hint are applied', () => {
    const entry = { by: OTHER, planned: 7, failed: true };
    const queue = aQueue({
      ...heldBy(OTHER),
      users: { [USER]: aUserItem(entry) },
      sweeps: { [APPLICATION]: aSweepItem(entry) },
    });
    const after = enqueued(queue, { users: [{ userId: USER }], groups: [GROUP] });
    expect(dueAt(after)).toEqual({ users: after.users, sweeps: after.sweeps });
    expect(after.users[USER]?.failed).toBeUndefined();
  });

  describe('a hint about a group', () => {
    it.each([
      ['due at once if there was no recent sweep', undefined, 0],
      ['due 30 s after the start of the latest sweep', iso(-12), 18],
      ['due at once if that time has passed', iso(-30), 0],
    ])('is %s', (_fact, sweptAt, due) => {
      const queue = enqueued(aQueue({ sweptAt: sweptAt ? { [APPLICATION]: sweptAt } : {} }), { groups: [GROUP] });
      expect(queue.sweeps[APPLICATION]?.dueAt).toBe(iso(due));
    });

    it.each<[string, Partial<SweepItem>, Partial<WorkQueue>, Partial<SweepItem>]>([
      ['is left to an execution that comes back soon', { dueAt: iso(10) }, {}, { by: OTHER, dueAt: iso(10) }],
      ['is not left to an execution that comes back later', { dueAt: iso(19) }, {}, { by: ME, dueAt: iso(18) }],
      ['is not left to an execution that is overdue', { dueAt: iso(0) }, {}, { by: ME, dueAt: iso(18) }],
      ['is not left to an execution that failed', { dueAt: iso(10), failed: true }, {}, { by: ME, dueAt: iso(18) }],
      ['is given to the lease holder instead', { dueAt: iso(10) }, heldBy(DEAD), { by: DEAD, dueAt: iso(18) }],
    ])('%s', (_fact, waiting, parts, expected) => {
      const sweeps = { [APPLICATION]: aSweepItem({ by: OTHER, ...waiting }) };
      const queue = enqueued(aQueue({ ...parts, sweeps, sweptAt: { [APPLICATION]: iso(-12) } }), { groups: [GROUP] });
      expect(queue.sweeps[APPLICATION]).toMatchObject(expected);
      expect(queue.sweeps[APPLICATION]?.hints).toBe(1);
    });

    it('keeps the order to read the status of every user', () => {
      const queue = aQueue({ sweeps: { [APPLICATION]: aSweepItem({ withStatus: true }) } });
      expect(enqueued(queue, { groups: [GROUP] }).sweeps[APPLICATION]?.withStatus).toBe(true);
    });
  });

  describe('a join', () => {
    const both = (parts: Partial<SweepItem> = {}) => ({
      [APPLICATION]: aSweepItem(parts),
      [OTHER_APPLICATION]: aSweepItem(),
    });

    it.each<[string, Partial<WorkQueue>, Request['users'][number], boolean]>([
      ['is covered by the sweep that is due', { sweeps: both() }, aJoin(1), true],
      ['is covered by all sweeps that are due', { sweeps: both() }, aJoin(1, { groupId: group(3) }), true],
      [
        'is an item of its own if one of the sweeps is not due',
        { sweeps: both({ dueAt: iso(1) }) },
        aJoin(1, { groupId: group(3) }),
        false,
      ],
      ['is an item of its own if there is no sweep', {}, aJoin(1), false],
      [
        'is an item of its own if the sweep is of another application',
        { sweeps: { [OTHER_APPLICATION]: aSweepItem() } },
        aJoin(1),
        false,
      ],
      [
        'is an item of its own while the changes of the sweep are applied',
        { ...heldBy(OTHER), sweeps: both({ planned: 7 }), rounds: [aRound({ id: 7 })] },
        aJoin(1),
        false,
      ],
    ])('%s', (_fact, parts, join, folded) => {
      const before = aQueue(parts);
      const after = enqueued(before, { users: [join], at: iso(-5), startedAt: iso(-2) });
      expect(Object.keys(after.users)).toEqual(folded ? [] : [USER]);
      expect(after.sweeps[APPLICATION]?.asked).toEqual(folded ? { [USER]: iso(-2) } : undefined);
      expect(after.sweeps[APPLICATION]?.lookAgainAt).toBe(folded ? iso(115) : undefined);
    });

    it('leaves other users of that sweep the time of its own request', () => {
      const after = enqueued(aQueue({ sweeps: both() }), { users: [aJoin(1)], startedAt: iso(-60) });
      expect(after.sweeps[APPLICATION]?.since).toBe(iso());
    });

    it('is unlike an update of the user, which no sweep covers', () => {
      expect(Object.keys(enqueued(aQueue({ sweeps: both() }), { users: [{ userId: USER }] }).users)).toEqual([USER]);
    });
  });

  describe('too many users', () => {
    const joins = (count: number) => Array.from({ length: count }, (_, number) => aJoin(number));

    it('are named one by one up to 100', () => {
      const queue = enqueued(aQueue(), { users: joins(100) });
      expect(Object.keys(queue.users)).toHaveLength(100);
      expect(queue.sweeps).toEqual({});
    });

    it('are not counted while they are put aside: what fails for them takes the check of their own from no one', () => {
      const later = { failed: true, dueAt: iso(3600) };
      const aside = joins(100).map(({ userId }) => [userId, aUserItem(later)] as const);
      const queue = enqueued(aQueue({ users: Object.fromEntries(aside) }), { users: [aJoin(200)] });
      expect(Object.keys(queue.users)).toHaveLength(101);
      expect(queue.sweeps).toEqual({});
    });

    it('become sweeps of the applications of their groups, now and 120 s after the newest', () => {
      const queue = enqueued(enqueued(aQueue(), { users: joins(100), at: iso(-50) }), {
        users: [aJoin(200)],
        at: iso(-5),
      });
      expect(queue.users).toEqual({});
      const { asked, ...sweep } = queue.sweeps[APPLICATION] ?? aSweepItem();
      expect(sweep).toEqual(aSweepItem({ at: iso(-5), lookAgainAt: iso(115) }));
      expect(Object.keys(queue.sweeps)).toEqual([APPLICATION]);
      // Each of them keeps their own time.
      expect(Object.keys(asked ?? {})).toHaveLength(101);
      expect([asked?.[user(0)], asked?.[user(200)]]).toEqual([iso(-50), iso(-5)]);
    });

    it('keep their own times up to 200, and then come after these', () => {
      let queue = enqueued(aQueue(), { groups: [GROUP] });
      for (let crowd = 1; crowd <= 5; crowd += 1) {
        const users = Array.from({ length: 101 }, (_, number) => aJoin(crowd * 101 + number));
        queue = enqueued(queue, { users, at: iso(crowd) }, crowd);
      }
      const sweep = queue.sweeps[APPLICATION] ?? aSweepItem();
      expect(Object.keys(sweep.asked ?? {})).toHaveLength(200);
      expect([101, 202, 300, 301, 9999].map((number) => askedAtOf(sweep, user(number)))).toEqual(
        [1, 2, 2, 2, 2].map((crowd) => iso(crowd)),
      );
    });

    it('become sweeps of everything with status if one of them needs a full check', () => {
      const whole = enqueued(enqueued(aQueue(), { users: [{ userId: USER }], trigger: 'manual' }), {
        users: [aJoin(1)],
      });
      const crowd = Array.from({ length: 100 }, (_, number) => aJoin(1000 + number));
      const queue = enqueued(whole, { users: crowd });
      expect(queue.sweeps).toMatchObject({
        [APPLICATION]: { withStatus: true },
        [OTHER_APPLICATION]: { withStatus: true },
      });
    });

    it('give their sweeps to the enqueuing execution instead of one that waits', () => {
      const queue = aQueue({
        sweeps: { [APPLICATION]: aSweepItem({ by: OTHER, dueAt: iso(10) }) },
        sweptAt: { [APPLICATION]: iso(-20) },
      });
      expect(enqueued(queue, { users: joins(101) }).sweeps[APPLICATION]).toMatchObject({ by: ME, dueAt: iso(10) });
    });

    it('become sweeps as well if few users are expected in very many groups', () => {
      const groups = Array.from({ length: 100 }, (_, number) => group(number));
      const entitlements = [anEntitlement(1, { groups })];
      const users = Array.from({ length: 11 }, (_, number) =>
        groups.map((groupId) => aJoin(number, { groupId })),
      ).flat();
      const queue = enqueue(aQueue(), aRequest({ users }), { me: ME, entitlements, now: START });
      expect([Object.keys(queue.users), Object.keys(queue.sweeps)]).toEqual([[], [APPLICATION]]);
    });

    it('stay below the 400 KB of a DynamoDB item', () => {
      const groups = Array.from({ length: 100 }, (_, number) => group(number));
      const entitlements = groups.map((_, number) => anEntitlement(number));
      const me = execution('x'.repeat(150));
      const request = fc.record({
        trigger: fc.constantFrom('event' as const, 'manual' as const),
        users: fc.nat(110),
        groups: fc.nat(100),
        sweep: fc.constantFrom('everything' as const, 'due' as const),
      });
      fc.assert(
        fc.property(fc.array(request, { maxLength: 4 }), (requests) => {
          let queue = aQueue(heldBy(me));
          for (const { users: named, groups: joined, ...parts } of requests) {
            const users = Array.from({ length: named }, (_, number) =>
              groups.slice(0, joined).map((groupId) => ({
                userId: `0123456789-${user(number)}`,
                expected: { groupId, membership: 'absent' as const },
              })),
            ).flat();
            queue = reread(
              enqueue(queue, aRequest({ ...parts, users, cause: 'c'.repeat(256) }), { me, entitlements, now: START }),
            );
            // The text is longer than what DynamoDB counts: names and values, and up to three bytes an element.
            expect(JSON.stringify(queue).length).toBeLessThan(400_000);
          }
        }),
        { numRuns: 8, examples: [[[{ trigger: 'event', users: 100, groups: 100, sweep: 'everything' }]]] },
      );
    });
  });
});

describe('enqueueSweeps', () => {
  const context = { me: ME, cause: ME, now: START };
  const owed = new Map([[APPLICATION, { withStatus: false }]]);

  it('enqueues one sweep per application for the lease holder, due at once', () => {
    const queue = enqueueSweeps(aQueue(heldBy(ME)), owed, context);
    expect(queue.sweeps).toEqual({ [APPLICATION]: aSweepItem({ by: ME, cause: ME, trigger: 'tick' }) });
    expect(dueAt(queue).sweeps).toHaveProperty([APPLICATION]);
  });

  it('keeps the pause after the latest sweep', () => {
    const queue = enqueueSweeps(aQueue({ ...heldBy(ME), sweptAt: { [APPLICATION]: iso(-12) } }), owed, context);
    expect(queue.sweeps[APPLICATION]?.dueAt).toBe(iso(18));
  });

  it('adds a hint that outlasts the current check', () => {
    const taken = reread(aQueue({ ...heldBy(ME), sweeps: { [APPLICATION]: aSweepItem() } }));
    const looks = { users: {}, sweeps: taken.sweeps };
    const queue = reread(enqueueSweeps(taken, owed, context));
    expect(
      Object.keys(
        completeItems(queue, looks, { me: ME, startedAt: START, requeueAt: new Map(), faulted: new Set<string>() })
          .sweeps,
      ),
    ).toEqual([APPLICATION]);
  });

  it('asks for the status of every user if that is needed', () => {
    const doubtful = new Map([[APPLICATION, { withStatus: true }]]);
    expect(enqueueSweeps(aQueue(heldBy(ME)), doubtful, context).sweeps[APPLICATION]).toMatchObject({
      withStatus: true,
    });
  });

  it('changes nothing for no application', () => {
    expect(enqueueSweeps(aQueue(heldBy(ME)), new Map(), context)).toEqual(aQueue(heldBy(ME)));
  });
});

describe('a hint about an application whose changes are planned', () => {
  const sweeps = { [APPLICATION]: aSweepItem({ planned: 7, cause: 'event-1' }) };
  const queue = aQueue({ ...heldBy(OTHER), sweeps, rounds: [aRound({ id: 7 })] });
  const itemAfter = (request: Parameters<typeof enqueued>[1], before = queue) =>
    enqueued(before, request).sweeps[APPLICATION];

  it('stands beside its item if it is about a group: the round stays', () => {
    const item = itemAfter({ groups: [GROUP], cause: 'event-2' });
    expect(item).toMatchObject({ planned: 7, cause: 'event-1', hints: sweeps[APPLICATION]?.hints });
    expect(item?.hinted).toMatchObject({ groups: [GROUP], cause: 'event-2', dueAt: iso() });
  });

  it('joins those that stand there, and keeps the time of the first', () => {
    const once = reread(enqueued(queue, { groups: [GROUP], cause: 'event-2' }));
    const again = enqueued(once, { groups: [group(3)], cause: 'event-3' }, 30).sweeps[APPLICATION]?.hinted;
    expect(again).toMatchObject({ groups: [GROUP, group(3)], cause: 'event-3', dueAt: iso() });
  });

  it.each<[string, Parameters<typeof enqueued>[1]]>([
    ['it is a manual start', { trigger: 'manual', groups: [GROUP] }],
    ['it is about everything', { sweep: 'everything' }],
    ['it names the application', { applications: [APPLICATION] }],
  ])('ends the round if %s', (_fact, request) => {
    expect(itemAfter(request)?.planned).toBeUndefined();
  });

  it('ends the round if it is one of too many groups to tell apart', () => {
    const groups = people(11, 20).map((number) => group(number));
    const hinted = { groups, dueAt: iso(), at: iso(), since: iso(), cause: 'event-2', hints: 1 };
    const full = { ...queue, sweeps: { [APPLICATION]: aSweepItem({ planned: 7, hinted }) } };
    expect(itemAfter({ groups: [GROUP] }, full)?.planned).toBeUndefined();
  });

  it('ends the round if it is one of too many groups in all applications', () => {
    const others = people(1, 10).map((number) => {
      const groups = people(10 * number, 10 * number + 9).map((one) => group(one));
      const hinted = { groups, dueAt: iso(), at: iso(), since: iso(), cause: 'event-2', hints: 1 };
      return [`${APPLICATION.slice(0, -2)}${10 + number}`, aSweepItem({ planned: 7, hinted })] as const;
    });
    const full = { ...queue, sweeps: { ...sweeps, ...Object.fromEntries(others) } };
    const almost = { ...queue, sweeps: { ...sweeps, ...Object.fromEntries(others.slice(1)) } };
    expect(itemAfter({ groups: [GROUP] }, full)?.planned).toBeUndefined();
    expect(itemAfter({ groups: [GROUP] }, almost)?.planned).toBe(7);
  });

  it('changes nothing if it comes from a tick', () => {
    const tick = { trigger: 'tick' as const, applications: [APPLICATION] };
    expect(itemAfter(tick)).toEqual({ ...sweeps[APPLICATION], by: OTHER });
  });
});

describe('those who have joined in the middle of a round', () => {
  const hinted = { groups: [GROUP], dueAt: iso(), at: iso(-5), since: iso(-4), cause: 'event-2', hints: 3 };
  const queue = aQueue({
    ...heldBy(ME),
    sweeps: { [APPLICATION]: aSweepItem({ planned: 7, hinted }) },
    rounds: [aRound({ id: 7 })],
  });
  const found = (...numbers: number[]) => ({
    application: APPLICATION,
    hinted,
    joined: new Map(numbers.map((number) => [user(number), GROUP])),
    readAt: iso(20),
  });

  it('are checked by name, with the cause of the hint and the time of its execution', () => {
    const after = enqueueJoined(queue, found(1), { me: ME, now: at(25) });
    expect(after?.users).toMatchObject({
      [user(1)]: { by: ME, cause: 'event-2', trigger: 'event', since: iso(-4), expected: [{ groupId: GROUP }] },
    });
    expect(after?.sweeps[APPLICATION]).toMatchObject({ planned: 7 });
    expect(after?.sweeps[APPLICATION]?.hinted).toBeUndefined();
  });

  it('leave a hint that was added meanwhile for a later turn', () => {
    const later = { ...hinted, groups: [GROUP, group(3)], hints: 4 };
    const added = { ...queue, sweeps: { [APPLICATION]: aSweepItem({ planned: 7, hinted: later }) } };
    const after = enqueueJoined(added, found(), { me: ME, now: at(25) });
    expect(after?.sweeps[APPLICATION]?.hinted).toEqual({ ...later, dueAt: iso(20) });
  });

  it('are too many if there are more than a hundred', () => {
    expect(enqueueJoined(queue, found(...people(1, 100)), { me: ME, now: at(25) })).toBeDefined();
    expect(enqueueJoined(queue, found(...people(1, 101)), { me: ME, now: at(25) })).toBeUndefined();
  });
});

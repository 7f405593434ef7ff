import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  claim,
  completeItems,
  dueItems,
  isRedriven,
  markPlanned,
  reclaimOverdue,
  releaseIfIdle,
  requeueFailed,
  startSettleWait,
} from '../../../domain/queue/claim.ts';
import { enqueue, enqueueSweeps } from '../../../domain/queue/enqueue.ts';
import { acquireLease, holderOf, LEASE_SECONDS, renewTerm } from '../../../domain/queue/lease.ts';
import { emptyQueue, type SweepItem, type WorkQueue, WorkQueueSchema } from '../../../domain/queue/work-queue.ts';
import type { Request } from '../../../domain/request/request.ts';
import { aJoin, anEntitlement, aQueue, aRequest, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
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
  START,
  user,
} from '../../support/ids.ts';

const DEAD = execution('dead');
/** Groups 1 and 2 have an application each, group 3 has both. */
const ENTITLEMENTS = [
  anEntitlement(1, { groups: [GROUP, group(3)] }),
  anEntitlement(2, { groups: [OTHER_GROUP, group(3)] }),
];
const USER = user(1);

/** A lease that runs out so many seconds from now. */
function heldBy(holder: string, seconds = LEASE_SECONDS, term = 7): Pick<WorkQueue, 'lease' | 'term'> {
  return { term, lease: { holder, term, until: iso(seconds) } };
}

function posted(work: WorkQueue, request: Partial<Request>, seconds = 0, me = ME): WorkQueue {
  return enqueue(work, aRequest(request), { me, entitlements: ENTITLEMENTS, now: at(seconds) });
}

/** The mailbox as it is read again after a write. */
function saved(work: WorkQueue): WorkQueue {
  return WorkQueueSchema.parse(JSON.parse(JSON.stringify({ ...work, revision: work.revision + 1 })));
}

function looksAt(work: WorkQueue, seconds = 0): ReturnType<typeof dueItems> {
  return dueItems(work, at(seconds));
}

describe('the lease', () => {
  it('is held until it runs out', () => {
    expect(holderOf(aQueue(heldBy(ME, 0.001)), START)).toBe(ME);
    expect(holderOf(aQueue(heldBy(ME, 0)), START)).toBeUndefined();
    expect(holderOf(emptyQueue(), START)).toBeUndefined();
  });

  it.each<[string, Partial<WorkQueue>, { holder: string; term: number } | undefined]>([
    ['is taken where it is free', { term: 7 }, { holder: ME, term: 8 }],
    ['is taken where it has run out', heldBy(OTHER, 0), { holder: ME, term: 8 }],
    ['is renewed by its holder', heldBy(ME, 1), { holder: ME, term: 7 }],
    ['begins a new term where the own one has run out', heldBy(ME, 0), { holder: ME, term: 8 }],
    ['is not to be had while somebody else holds it', heldBy(OTHER, 1), undefined],
  ])('%s', (_fact, parts, expected) => {
    const work = acquireLease(aQueue(parts), ME, START);
    expect(work?.lease).toEqual(expected && { ...expected, until: iso(LEASE_SECONDS) });
    expect(work?.term).toBe(expected?.term);
  });

  it.each<[string, Partial<WorkQueue>, number, boolean]>([
    ['by its holder', heldBy(ME, 1), 7, true],
    ['not after it has run out', heldBy(ME, 0), 7, false],
    ['not by somebody else', heldBy(OTHER, 1), 7, false],
    ['not for an earlier term', heldBy(ME, 1), 6, false],
    ['not where nobody holds it', { term: 7 }, 7, false],
  ])('is renewed %s', (_fact, parts, term, expected) => {
    const renewed = renewTerm(aQueue(parts), ME, term, START);
    expect(renewed?.lease).toEqual(expected ? heldBy(ME).lease : undefined);
  });
});

describe('post', () => {
  it('puts a user in, due at once, with what is expected', () => {
    expect(posted(aQueue({ revision: 4 }), { users: [aJoin(1)], at: iso(-3) })).toEqual(
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
    ['nothing for a group that no entitlement names any more', { groups: [group(9)] }, []],
  ])('wants a sweep of %s', (_fact, request, applications) => {
    expect(Object.keys(posted(aQueue(), request).sweeps)).toEqual(applications);
  });

  it.each<[string, Partial<Request>, string[], Partial<SweepItem>]>([
    ['an application that a person names', { applications: [OTHER_APPLICATION] }, [OTHER_APPLICATION], {}],
    [
      'an application once, however it is named',
      { applications: [APPLICATION], groups: [group(3)] },
      [APPLICATION, OTHER_APPLICATION],
      {},
    ],
    ['an application to adopt what others assigned', { adopt: APPLICATION }, [APPLICATION], { adopt: true }],
    [
      'an application that is configured no more, to give it up',
      { trigger: 'manual', applications: [application(9)] },
      [application(9)],
      { giveUp: true },
    ],
    ['such a one for a tick, to look only', { trigger: 'tick', applications: [application(9)] }, [application(9)], {}],
    [
      'everything with status',
      { sweep: 'everything', withStatus: true },
      [APPLICATION, OTHER_APPLICATION],
      { withStatus: true },
    ],
  ])('wants a sweep of %s', (_fact, request, applications, orders) => {
    const { sweeps } = posted(aQueue(), { trigger: 'manual', ...request });
    expect(Object.keys(sweeps).sort()).toEqual(applications.sort());
    for (const sweep of Object.values(sweeps)) {
      const { withStatus, adopt, giveUp } = sweep;
      expect({ withStatus, adopt, giveUp }).toEqual({ withStatus: false, ...orders });
    }
  });

  it('adopts nothing for an application beside the one that is named', () => {
    const { sweeps } = posted(aQueue(), { trigger: 'manual', adopt: APPLICATION, sweep: 'everything' });
    expect([sweeps[APPLICATION]?.adopt, sweeps[OTHER_APPLICATION]?.adopt]).toEqual([true, undefined]);
  });

  it.each(['adopt', 'giveUp', 'withStatus'] as const)('keeps an order, whatever hints follow: %s', (order) => {
    const work = aQueue({ sweeps: { [APPLICATION]: aSweepItem({ [order]: true }) } });
    expect(posted(work, { groups: [GROUP] }).sweeps[APPLICATION]?.[order]).toBe(true);
  });

  it('remembers the first of all hints about a user, in any order of arrival', () => {
    for (const times of [
      [10, 20, 15],
      [20, 15, 10],
    ]) {
      let work = aQueue();
      for (const time of times) work = posted(work, { at: iso(time), users: [aJoin(1)] }, 30);
      expect(work.users[USER]).toMatchObject({ since: iso(10), at: iso(20) });
    }
  });

  it.each<[string, Partial<WorkQueue>, string]>([
    ['whoever posts where nobody holds the lease', {}, ME],
    ['whoever posts where the lease has run out', heldBy(OTHER, 0), ME],
    ['the holder of the lease', heldBy(OTHER), OTHER],
  ])('makes it a matter of %s', (_fact, parts, by) => {
    const work = posted(aQueue(parts), { users: [aJoin(1)], groups: [OTHER_GROUP] });
    expect(work.users[USER]?.by).toBe(by);
    expect(work.sweeps[OTHER_APPLICATION]?.by).toBe(by);
  });

  it('goes by the newest hint, whatever the order of arrival', () => {
    const entries = { users: { [USER]: aUserItem() }, sweeps: { [APPLICATION]: aSweepItem() } };
    const hint: Partial<Request> = {
      cause: 'event-2',
      trigger: 'manual',
      users: [{ userId: USER }],
      groups: [GROUP],
    };
    const newer = posted(aQueue(entries), { ...hint, at: iso(1) });
    const older = posted(aQueue(entries), { ...hint, at: iso(-1) });
    for (const [work, expected] of [
      [newer, { at: iso(1), cause: 'event-2', trigger: 'manual' }],
      [older, { at: iso(), cause: 'event-1', trigger: 'event' }],
    ] as const) {
      expect(work.users[USER]).toMatchObject(expected);
      expect(work.sweeps[APPLICATION]).toMatchObject(expected);
    }
  });

  it.each<[string, Partial<Request>, string | undefined]>([
    ['an update of a user, which does not tell what it changed', { users: [{ userId: USER }] }, iso(110)],
    ['a join, which does', { users: [aJoin(1)] }, undefined],
    ['a user whom a person names', { trigger: 'manual', users: [{ userId: USER }] }, undefined],
  ])('looks a second time, 120 s after the event, after %s', (_fact, request, expected) => {
    expect(posted(aQueue(), { at: iso(-10), ...request }).users[USER]?.lookAgainAt).toBe(expected);
  });

  it.each<[Request['trigger'], string | undefined]>([
    ['event', iso(110)],
    ['manual', undefined],
    ['tick', undefined],
  ])('looks a second time at an application, 120 s after an event: %s', (trigger, expected) => {
    const work = posted(aQueue(), { at: iso(-10), trigger, groups: [GROUP] });
    expect(work.sweeps[APPLICATION]?.lookAgainAt).toBe(expected);
  });

  it('keeps the latest second look', () => {
    const lookAgainAt = iso(115);
    const work = aQueue({
      users: { [USER]: aUserItem({ lookAgainAt }) },
      sweeps: { [APPLICATION]: aSweepItem({ lookAgainAt }) },
    });
    const after = posted(work, { at: iso(-60), users: [{ userId: USER }], groups: [GROUP] });
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
    ] as const)('is what the newest event of the group tells: %s', (_fact, events, expected) => {
      let work = aQueue();
      for (const { membership, after } of events)
        work = posted(work, { at: iso(after), users: [aJoin(1, { membership })] }, 20);
      expect(work.users[USER]?.expected.map(({ membership }) => membership)).toEqual([expected]);
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
          let work = aQueue();
          for (const { after, ...expected } of arrived) {
            work = posted(work, { at: iso(after), users: [{ userId: USER, expected }] }, 60);
          }
          const newest = new Map(
            [...arrived]
              .sort((a, b) => a.after - b.after)
              .map(({ after, ...told }) => [told.groupId, { ...told, at: iso(after) }]),
          );
          const told = work.users[USER]?.expected ?? [];
          expect(new Map(told.map((one) => [one.groupId, one]))).toEqual(newest);
          expect(told).toHaveLength(newest.size);
        }),
      );
    });
  });

  it('remembers that a hint named no group, whatever hints follow', () => {
    const work = posted(posted(aQueue(), { users: [{ userId: USER }] }), { users: [aJoin(1)] });
    expect(work.users[USER]).toMatchObject({ whole: true, expected: [{ groupId: GROUP }] });
  });

  it('wants a look of its own even while changes for an earlier hint are being made', () => {
    const entry = { by: OTHER, planned: 7, failed: true };
    const work = aQueue({
      ...heldBy(OTHER),
      users: { [USER]: aUserItem(entry) },
      sweeps: { [APPLICATION]: aSweepItem(entry) },
    });
    const after = posted(work, { users: [{ userId: USER }], groups: [GROUP] });
    expect(looksAt(after)).toEqual({ users: after.users, sweeps: after.sweeps });
    expect(after.users[USER]?.failed).toBeUndefined();
  });

  describe('a hint about a group', () => {
    it.each([
      ['due at once when there was no sweep lately', undefined, 0],
      ['due 30 s after the start of the latest sweep', iso(-12), 18],
      ['due at once when that is past', iso(-30), 0],
    ])('is %s', (_fact, sweptAt, due) => {
      const work = posted(aQueue({ sweptAt: sweptAt ? { [APPLICATION]: sweptAt } : {} }), { groups: [GROUP] });
      expect(work.sweeps[APPLICATION]?.dueAt).toBe(iso(due));
    });

    it.each<[string, Partial<SweepItem>, Partial<WorkQueue>, Partial<SweepItem>]>([
      ['is left to somebody who comes back soon', { dueAt: iso(10) }, {}, { by: OTHER, dueAt: iso(10) }],
      ['is not left to somebody who comes back later', { dueAt: iso(19) }, {}, { by: ME, dueAt: iso(18) }],
      ['is not left to somebody who should be here already', { dueAt: iso(0) }, {}, { by: ME, dueAt: iso(18) }],
      ['is not left to somebody who failed', { dueAt: iso(10), failed: true }, {}, { by: ME, dueAt: iso(18) }],
      ['is given to the holder instead', { dueAt: iso(10) }, heldBy(DEAD), { by: DEAD, dueAt: iso(18) }],
    ])('%s', (_fact, waiting, parts, expected) => {
      const sweeps = { [APPLICATION]: aSweepItem({ by: OTHER, ...waiting }) };
      const work = posted(aQueue({ ...parts, sweeps, sweptAt: { [APPLICATION]: iso(-12) } }), { groups: [GROUP] });
      expect(work.sweeps[APPLICATION]).toMatchObject(expected);
      expect(work.sweeps[APPLICATION]?.hints).toBe(1);
    });

    it('keeps that everybody is to be read with the status', () => {
      const work = aQueue({ sweeps: { [APPLICATION]: aSweepItem({ withStatus: true }) } });
      expect(posted(work, { groups: [GROUP] }).sweeps[APPLICATION]?.withStatus).toBe(true);
    });
  });

  describe('a join', () => {
    const both = (parts: Partial<SweepItem> = {}) => ({
      [APPLICATION]: aSweepItem(parts),
      [OTHER_APPLICATION]: aSweepItem(),
    });

    it.each<[string, Partial<WorkQueue>, Request['users'][number], boolean]>([
      ['is read by the sweep that is due', { sweeps: both() }, aJoin(1), true],
      ['is read by all sweeps that are due', { sweeps: both() }, aJoin(1, { groupId: group(3) }), true],
      [
        'is looked at itself where one of them is not due',
        { sweeps: both({ dueAt: iso(1) }) },
        aJoin(1, { groupId: group(3) }),
        false,
      ],
      ['is looked at itself where there is none', {}, aJoin(1), false],
      [
        'is looked at itself where the sweep is of another application',
        { sweeps: { [OTHER_APPLICATION]: aSweepItem() } },
        aJoin(1),
        false,
      ],
      [
        'is looked at itself while the changes of the sweep are made',
        { ...heldBy(OTHER), sweeps: both({ planned: 7 }) },
        aJoin(1),
        false,
      ],
    ])('%s', (_fact, parts, join, folded) => {
      const before = aQueue(parts);
      const after = posted(before, { users: [join], at: iso(5) });
      expect(Object.keys(after.users)).toEqual(folded ? [] : [USER]);
      expect(after.sweeps[APPLICATION]?.lookAgainAt).toBe(folded ? iso(125) : undefined);
    });

    it('is not taken for an update of the user, which no sweep covers', () => {
      expect(Object.keys(posted(aQueue({ sweeps: both() }), { users: [{ userId: USER }] }).users)).toEqual([USER]);
    });
  });

  describe('of too many users', () => {
    const joins = (count: number) => Array.from({ length: count }, (_, number) => aJoin(number));

    it('names up to 100', () => {
      const work = posted(aQueue(), { users: joins(100) });
      expect(Object.keys(work.users)).toHaveLength(100);
      expect(work.sweeps).toEqual({});
    });

    it('sweeps the applications of their groups instead, now and 120 s after the newest', () => {
      const work = posted(posted(aQueue(), { users: joins(100), at: iso(-50) }), { users: [aJoin(200)], at: iso(-5) });
      expect(work.users).toEqual({});
      expect(work.sweeps).toEqual({ [APPLICATION]: aSweepItem({ at: iso(-5), lookAgainAt: iso(115) }) });
    });

    it('sweeps everything with status when of one of them all is to be looked at', () => {
      const whole = posted(posted(aQueue(), { users: [{ userId: USER }], trigger: 'manual' }), { users: [aJoin(1)] });
      const crowd = Array.from({ length: 100 }, (_, number) => aJoin(1000 + number));
      const work = posted(whole, { users: crowd });
      expect(work.sweeps).toMatchObject({
        [APPLICATION]: { withStatus: true },
        [OTHER_APPLICATION]: { withStatus: true },
      });
    });

    it('gives the sweeps to the holder, who is there, instead of to somebody who waits', () => {
      const work = aQueue({
        sweeps: { [APPLICATION]: aSweepItem({ by: OTHER, dueAt: iso(10) }) },
        sweptAt: { [APPLICATION]: iso(-20) },
      });
      expect(posted(work, { users: joins(101) }).sweeps[APPLICATION]).toMatchObject({ by: ME, dueAt: iso(10) });
    });

    it('sweeps as well when few users are expected in very many groups', () => {
      const groups = Array.from({ length: 100 }, (_, number) => group(number));
      const entitlements = [anEntitlement(1, { groups })];
      const users = Array.from({ length: 11 }, (_, number) =>
        groups.map((groupId) => aJoin(number, { groupId })),
      ).flat();
      const work = enqueue(aQueue(), aRequest({ users }), { me: ME, entitlements, now: START });
      expect([Object.keys(work.users), Object.keys(work.sweeps)]).toEqual([[], [APPLICATION]]);
    });

    it('stays below the 400 KB of an item, whatever is posted', () => {
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
          let work = aQueue(heldBy(me));
          for (const { users: named, groups: joined, ...parts } of requests) {
            const users = Array.from({ length: named }, (_, number) =>
              groups.slice(0, joined).map((groupId) => ({
                userId: `0123456789-${user(number)}`,
                expected: { groupId, membership: 'absent' as const },
              })),
            ).flat();
            work = saved(
              enqueue(work, aRequest({ ...parts, users, cause: 'c'.repeat(256) }), { me, entitlements, now: START }),
            );
            // The text is longer than what DynamoDB counts: names and values, and up to three bytes an element.
            expect(JSON.stringify(work).length).toBeLessThan(400_000);
          }
        }),
        { numRuns: 8, examples: [[[{ trigger: 'event', users: 100, groups: 100, sweep: 'everything' }]]] },
      );
    });
  });
});

describe('postSweeps', () => {
  const context = { me: ME, cause: ME, now: START };
  const owed = new Map([[APPLICATION, { withStatus: false }]]);

  it('has applications swept by the holder itself, at once and only once', () => {
    const work = enqueueSweeps(aQueue(heldBy(ME)), owed, context);
    expect(work.sweeps).toEqual({ [APPLICATION]: aSweepItem({ by: ME, cause: ME, trigger: 'tick' }) });
    expect(looksAt(work).sweeps).toHaveProperty([APPLICATION]);
  });

  it('keeps the pause after the latest sweep', () => {
    const work = enqueueSweeps(aQueue({ ...heldBy(ME), sweptAt: { [APPLICATION]: iso(-12) } }), owed, context);
    expect(work.sweeps[APPLICATION]?.dueAt).toBe(iso(18));
  });

  it('is a hint that survives the look under way', () => {
    const taken = saved(aQueue({ ...heldBy(ME), sweeps: { [APPLICATION]: aSweepItem() } }));
    const looks = { users: {}, sweeps: taken.sweeps };
    const work = saved(enqueueSweeps(taken, owed, context));
    expect(Object.keys(completeItems(work, looks, { me: ME, startedAt: START, lookAt: new Map() }).sweeps)).toEqual([
      APPLICATION,
    ]);
  });

  it('asks for everybody’s status where that is needed', () => {
    const doubtful = new Map([[APPLICATION, { withStatus: true }]]);
    expect(enqueueSweeps(aQueue(heldBy(ME)), doubtful, context).sweeps[APPLICATION]).toMatchObject({
      withStatus: true,
    });
  });

  it('changes nothing for no application', () => {
    expect(enqueueSweeps(aQueue(heldBy(ME)), new Map(), context)).toEqual(aQueue(heldBy(ME)));
  });
});

describe('dueLooks', () => {
  it.each<[string, Partial<WorkQueue>, Partial<SweepItem>, boolean]>([
    ['is due', {}, {}, true],
    ['is due later', {}, { dueAt: iso(0.001) }, false],
    ['is among the changes of the present term', heldBy(OTHER), { planned: 7 }, false],
    ['was among the changes of an earlier term', heldBy(OTHER), { planned: 6 }, true],
    ['was among the changes of a holder who is gone', heldBy(OTHER, 0), { planned: 7 }, true],
  ])('has a look that %s: %s', (_fact, parts, entry, up) => {
    const { expected, ...shared } = aUserItem(entry);
    const work = aQueue({
      ...parts,
      users: { [USER]: { ...shared, expected } },
      sweeps: { [APPLICATION]: aSweepItem(entry) },
    });
    expect(dueItems(work, START)).toEqual(up ? { users: work.users, sweeps: work.sweeps } : { users: {}, sweeps: {} });
  });
});

describe('takeTurn', () => {
  it('takes the lease where something is due', () => {
    const work = aQueue({ term: 7, users: { [USER]: aUserItem({ by: ME }) } });
    const turn = claim(work, ME, START);
    expect(turn).toMatchObject({ turn: 'work', term: 8, work: { users: work.users, lease: { holder: ME, term: 8 } } });
  });

  it('also takes up what a dead execution left, once it is there for a look of its own', () => {
    const users = { [USER]: aUserItem({ by: DEAD }), [user(2)]: aUserItem({ by: ME, dueAt: iso(30) }) };
    expect(claim(aQueue({ users }), ME, START).turn).toBe('work');
  });

  it('waits until the first of its looks is due, without the lease', () => {
    const users = {
      [USER]: aUserItem({ by: ME, dueAt: iso(60) }),
      [user(2)]: aUserItem({ by: ME, dueAt: iso(29.5) }),
      [user(3)]: aUserItem({ by: OTHER, dueAt: iso(10) }),
    };
    expect(claim(aQueue({ ...heldBy(ME), users }), ME, START)).toEqual({
      turn: 'wait',
      waitSeconds: 30,
      work: aQueue({ term: 7, users }),
    });
  });

  it('hands its looks over to the holder, and nobody else’s', () => {
    const users = { [USER]: aUserItem({ by: ME }), [user(2)]: aUserItem({ by: DEAD, dueAt: iso(30) }) };
    const before = aQueue({ ...heldBy(OTHER), users });
    expect(claim(before, ME, START)).toEqual({
      turn: 'handedOver',
      to: OTHER,
      work: { ...before, users: { ...users, [USER]: aUserItem({ by: OTHER }) } },
    });
  });

  it.each<[string, Partial<WorkQueue>, string | undefined]>([
    ['to whoever waits to sweep', { sweeps: { [APPLICATION]: aSweepItem({ by: OTHER, dueAt: iso(10) }) } }, OTHER],
    ['to nobody where nothing is left', {}, undefined],
    [
      'to nobody where only users are waited for: nothing is folded into that',
      { users: { [USER]: aUserItem({ by: OTHER, dueAt: iso(10) }) } },
      undefined,
    ],
  ])('ends where nothing is left for it: handed over %s', (_fact, parts, to) => {
    expect(claim(aQueue(parts), ME, START)).toMatchObject({ turn: 'handedOver', to, work: aQueue(parts) });
  });

  it('begins a new term where its own plan got lost on the way to the machine', () => {
    const users = { [USER]: aUserItem({ by: ME, planned: 7, dueAt: iso(-5) }) };
    const turn = claim(aQueue({ ...heldBy(ME), users }), ME, START);
    expect(turn).toMatchObject({ turn: 'wait', waitSeconds: 0 });
    expect(claim(turn.work, ME, START)).toMatchObject({ turn: 'work', term: 8 });
  });

  it('looks at once at what failed, when the execution is redriven', () => {
    const work = aQueue({ users: { [USER]: aUserItem({ by: ME, failed: true, dueAt: iso(3600) }) } });
    expect(isRedriven(work, ME)).toBe(true);
    const { turn, work: after } = claim(work, ME, START);
    expect(turn).toBe('work');
    expect(looksAt(after).users).toHaveProperty(USER);
    expect(isRedriven(after, ME)).toBe(false);
  });

  it('leaves alone what failed in another execution', () => {
    const users = {
      [USER]: aUserItem({ by: OTHER, failed: true, dueAt: iso(3600) }),
      [user(2)]: aUserItem({ by: ME }),
    };
    const work = aQueue({ users });
    expect(isRedriven(work, ME)).toBe(false);
    expect(claim(work, ME, START).work.users[USER]).toEqual(users[USER]);
  });
});

describe('markPlanned', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD, failed: true }) },
    sweeps: { [APPLICATION]: aSweepItem({ by: DEAD }) },
  };
  const context = { term: 7, startedAt: at(-4) };

  it('takes the looks out of everybody’s sight, for as long as the holder carries them out', () => {
    const work = aQueue({ ...heldBy(ME), ...entries });
    const marked = saved(markPlanned(work, entries, context));
    expect(looksAt(marked)).toEqual({ users: {}, sweeps: {} });
    expect(marked.users[USER]).toEqual(aUserItem({ by: ME, planned: 7 }));
    expect(marked.sweptAt).toEqual({ [APPLICATION]: iso(-4) });
  });

  it('leaves in sight what a hint was added to, sweeps after a pause', () => {
    const work = posted(saved(aQueue({ ...heldBy(ME), ...entries })), {
      users: [{ userId: USER }],
      groups: [GROUP],
    });
    const marked = markPlanned(work, entries, context);
    expect(Object.keys(looksAt(marked).users)).toEqual([USER]);
    expect(Object.keys(looksAt(marked, 25.9).sweeps)).toEqual([]);
    expect(Object.keys(looksAt(marked, 26).sweeps)).toEqual([APPLICATION]);
  });

  it.each<[string, Partial<WorkQueue>]>([
    ['has changed hands', heldBy(OTHER, LEASE_SECONDS, 8)],
    ['has been given back', { term: 7 }],
  ])('changes nothing once the lease %s', (_fact, parts) => {
    const work = aQueue({ ...parts, ...entries });
    expect(markPlanned(work, entries, context)).toBe(work);
  });
});

describe('closeLooks', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD, failed: true }), [user(2)]: aUserItem() },
    sweeps: { [APPLICATION]: aSweepItem() },
  };
  const context = { me: ME, startedAt: at(-4), lookAt: new Map() };

  it('strikes off what is proven, and nothing else', () => {
    const { [user(2)]: rest, ...users } = entries.users;
    const closed = completeItems(aQueue({ ...heldBy(ME), ...entries }), { users, sweeps: entries.sweeps }, context);
    expect(closed).toMatchObject({ users: { [user(2)]: rest }, sweeps: {}, sweptAt: { [APPLICATION]: iso(-4) } });
    expect(Object.keys(closed.users)).toEqual([user(2)]);
  });

  it('looks again at the rest, itself, and no longer as at something that failed', () => {
    const lookAt = new Map([[USER, iso(26)]]);
    const closed = saved(completeItems(aQueue({ ...heldBy(ME), ...entries }), entries, { ...context, lookAt }));
    expect(closed.users).toEqual({ [USER]: aUserItem({ by: ME, dueAt: iso(26) }) });
  });

  it('keeps what a hint was added to during the look, sweeps with a pause', () => {
    const work = posted(saved(aQueue({ ...heldBy(ME), ...entries })), {
      users: [{ userId: USER }],
      groups: [GROUP],
    });
    const closed = completeItems(work, entries, context);
    expect(closed.users).toEqual({ [USER]: work.users[USER] });
    expect(closed.sweeps).toEqual({ [APPLICATION]: { ...work.sweeps[APPLICATION], dueAt: iso(26) } });
  });

  it('keeps a hint about a user who was folded into a sweep during the look, and named anew', () => {
    const taken = saved(aQueue({ ...heldBy(ME), ...entries }));
    const crowd = Array.from({ length: 101 }, (_, number) => aJoin(1000 + number, { groupId: OTHER_GROUP }));
    const folded = saved(posted(taken, { users: crowd }));
    expect(folded.users).toEqual({});
    const named = saved(posted(folded, { users: [{ userId: USER }] }));
    expect(Object.keys(completeItems(named, entries, context).users)).toEqual([USER]);
  });

  it('changes nothing once the lease has changed hands: the look is another’s now', () => {
    const work = aQueue({ ...heldBy(OTHER), ...entries });
    expect(completeItems(work, entries, context)).toBe(work);
  });
});

describe('settle', () => {
  it('looks again 30 s after the changes, or at the second look if that is later, without the lease', () => {
    const work = aQueue({
      ...heldBy(ME),
      users: { [USER]: aUserItem({ planned: 7 }) },
      sweeps: { [APPLICATION]: aSweepItem({ planned: 7, lookAgainAt: iso(100) }) },
    });
    const settled = startSettleWait(work, ME, START);
    expect(settled.waitSeconds).toBe(30);
    expect(saved(settled.work)).toEqual({
      ...aQueue({ revision: 1, term: 7 }),
      users: { [USER]: aUserItem({ dueAt: iso(30) }) },
      sweeps: { [APPLICATION]: aSweepItem({ dueAt: iso(100), lookAgainAt: iso(100) }) },
    });
  });

  it('keeps the lease, and does not wait, while something else is due', () => {
    const work = aQueue({
      ...heldBy(ME),
      users: { [USER]: aUserItem({ planned: 7 }), [user(2)]: aUserItem({ by: OTHER }) },
    });
    expect(startSettleWait(work, ME, START)).toMatchObject({ waitSeconds: 0, work: { lease: work.lease } });
  });

  it('may run twice', () => {
    const work = aQueue({ ...heldBy(ME), users: { [USER]: aUserItem({ planned: 7 }) } });
    const once = startSettleWait(work, ME, START);
    expect(startSettleWait(once.work, ME, at(2))).toEqual({ work: once.work, waitSeconds: 28 });
  });

  it('leaves everything to whoever has the lease now', () => {
    const work = aQueue({ ...heldBy(OTHER, 60, 8), users: { [USER]: aUserItem({ by: OTHER, planned: 8 }) } });
    expect(startSettleWait(work, ME, START)).toEqual({ work, waitSeconds: 0 });
  });
});

describe('abandon', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD }), [user(2)]: aUserItem() },
    sweeps: { [APPLICATION]: aSweepItem() },
  };
  const { [user(2)]: _, ...users } = entries.users;
  const looks = { users, sweeps: entries.sweeps };

  it('gives the lease back, and keeps the looks for a redrive, and for later', () => {
    const after = requeueFailed(aQueue({ ...heldBy(ME), ...entries }), looks, { me: ME, retryAt: iso(3600) });
    const failed = { by: ME, failed: true, dueAt: iso(3600) };
    expect(after).toEqual(
      aQueue({
        term: 7,
        users: { ...entries.users, [USER]: aUserItem(failed) },
        sweeps: { [APPLICATION]: aSweepItem(failed) },
      }),
    );
    expect(isRedriven(after, ME)).toBe(true);
  });

  it('lets anybody look at once at what a hint was added to', () => {
    const work = posted(saved(aQueue({ ...heldBy(ME), ...entries })), { users: [{ userId: USER }] });
    const after = requeueFailed(work, looks, { me: ME, retryAt: iso(3600) });
    expect(after.users[USER]).toMatchObject({ by: ME, failed: true, dueAt: iso() });
  });

  it('changes nothing once the lease has changed hands', () => {
    const work = aQueue({ ...heldBy(OTHER), ...entries });
    expect(requeueFailed(work, looks, { me: ME, retryAt: iso(3600) })).toBe(work);
  });
});

describe('finish', () => {
  it('keeps the lease while something is due, whoever should look at it', () => {
    const work = aQueue({ ...heldBy(ME), users: { [USER]: aUserItem({ by: OTHER }) } });
    expect(releaseIfIdle(work, ME, START)).toEqual({ work, due: true, waitSeconds: 0 });
  });

  it('gives it back and waits for its own looks', () => {
    const users = {
      [USER]: aUserItem({ by: ME, dueAt: iso(12.1) }),
      [user(2)]: aUserItem({ by: OTHER, dueAt: iso(3) }),
    };
    expect(releaseIfIdle(aQueue({ ...heldBy(ME), users }), ME, START)).toEqual({
      work: aQueue({ term: 7, users }),
      due: false,
      waitSeconds: 13,
    });
  });

  it('gives it back and is at an end when only others have looks', () => {
    const users = { [USER]: aUserItem({ by: OTHER, dueAt: iso(3) }) };
    expect(releaseIfIdle(aQueue({ ...heldBy(ME), users }), ME, START)).toMatchObject({
      due: false,
      waitSeconds: undefined,
    });
  });
});

describe('adoptOverdue', () => {
  const users = {
    [USER]: aUserItem({ by: DEAD, dueAt: iso(-60) }),
    [user(2)]: aUserItem({ by: OTHER, dueAt: iso(-59.9) }),
  };

  it('takes over what is a minute overdue, and leaves the rest to whoever comes', () => {
    expect(reclaimOverdue(aQueue({ users }), ME, START).users).toMatchObject({
      [USER]: { by: ME },
      [user(2)]: { by: OTHER },
    });
  });

  it('takes nothing while somebody holds the lease, and will look', () => {
    const work = aQueue({ ...heldBy(OTHER), users });
    expect(reclaimOverdue(work, ME, START)).toBe(work);
  });

  it('takes up what was refused an hour ago', () => {
    const failed = { [USER]: aUserItem({ by: DEAD, failed: true, dueAt: iso(-60) }) };
    expect(claim(reclaimOverdue(aQueue({ users: failed }), ME, START), ME, START).turn).toBe('work');
  });
});

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
} from '../../../domain/queue/claim.ts';
import type { SweepItem, WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aJoin, aQueue, aSweepItem, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER, OTHER_GROUP, START, user } from '../../support/ids.ts';
import { DEAD, dueAt, enqueued, heldBy, reread } from '../../support/queue.ts';
import { aRound } from '../../support/rounds.ts';

const USER = user(1);

describe('dueItems', () => {
  it.each<[string, Partial<WorkQueue>, Partial<Pick<SweepItem, 'dueAt' | 'planned'>>, boolean]>([
    ['is due', {}, {}, true],
    ['is due later', {}, { dueAt: iso(0.001) }, false],
    ['is among the changes of a stored round', { rounds: [aRound({ id: 7 })] }, { planned: 7 }, false],
    ['was among the changes of a round that has ended', { rounds: [aRound({ id: 7 })] }, { planned: 6 }, true],
  ])('returns an item that %s: %s', (_fact, parts, entry, up) => {
    const { expected, ...shared } = aUserItem(entry);
    const queue = aQueue({
      ...parts,
      users: { [USER]: { ...shared, expected } },
      sweeps: { [APPLICATION]: aSweepItem(entry) },
    });
    expect(dueItems(queue, START)).toEqual(
      up ? { users: queue.users, sweeps: queue.sweeps } : { users: {}, sweeps: {} },
    );
  });
});

describe('claim', () => {
  it('claims the lease if something is due', () => {
    const queue = aQueue({ term: 7, users: { [USER]: aUserItem({ by: ME }) } });
    const turn = claim(queue, ME, START);
    expect(turn).toMatchObject({
      turn: 'work',
      term: 8,
      queue: { users: queue.users, lease: { holder: ME, term: 8 } },
    });
  });

  it('also picks up the items of a dead execution once it has an item of its own', () => {
    const users = { [USER]: aUserItem({ by: DEAD }), [user(2)]: aUserItem({ by: ME, dueAt: iso(30) }) };
    expect(claim(aQueue({ users }), ME, START).turn).toBe('work');
  });

  it('waits without the lease until its first item is due', () => {
    const users = {
      [USER]: aUserItem({ by: ME, dueAt: iso(60) }),
      [user(2)]: aUserItem({ by: ME, dueAt: iso(29.5) }),
      [user(3)]: aUserItem({ by: OTHER, dueAt: iso(10) }),
    };
    expect(claim(aQueue({ ...heldBy(ME), users }), ME, START)).toEqual({
      turn: 'wait',
      waitSeconds: 30,
      queue: aQueue({ term: 7, users }),
    });
  });

  it('hands its own items over to the lease holder, and no others', () => {
    const users = { [USER]: aUserItem({ by: ME }), [user(2)]: aUserItem({ by: DEAD, dueAt: iso(30) }) };
    const before = aQueue({ ...heldBy(OTHER), users });
    expect(claim(before, ME, START)).toEqual({
      turn: 'handedOver',
      to: OTHER,
      queue: { ...before, users: { ...users, [USER]: aUserItem({ by: OTHER }) } },
    });
  });

  it.each<[string, Partial<WorkQueue>, string | undefined]>([
    [
      'to the execution that waits to sweep',
      { sweeps: { [APPLICATION]: aSweepItem({ by: OTHER, dueAt: iso(10) }) } },
      OTHER,
    ],
    ['to no execution if nothing is left', {}, undefined],
    [
      'to no execution if only users are left, because a sweep does not cover them',
      { users: { [USER]: aUserItem({ by: OTHER, dueAt: iso(10) }) } },
      undefined,
    ],
  ])('ends if nothing is left for it: handed over %s', (_fact, parts, to) => {
    expect(claim(aQueue(parts), ME, START)).toMatchObject({ turn: 'handedOver', to, queue: aQueue(parts) });
  });

  it('continues with the stored round if its own plan did not reach the state machine', () => {
    const users = { [USER]: aUserItem({ by: ME, planned: 5, dueAt: iso(-5) }) };
    const turn = claim(aQueue({ ...heldBy(ME), users, rounds: [aRound({ id: 5 })] }), ME, START);
    expect(turn).toMatchObject({ turn: 'work', term: 7 });
    expect(dueAt(turn.queue)).toEqual({ users: {}, sweeps: {} });
  });

  it('takes on a round whose execution has ended, whatever else it was started for', () => {
    const rounds = [aRound()];
    expect(claim(aQueue({ rounds }), ME, START)).toMatchObject({ turn: 'work' });
    const waiting = aQueue({ rounds, users: { [USER]: aUserItem({ by: ME, dueAt: iso(60) }) } });
    expect(claim(waiting, ME, START)).toMatchObject({ turn: 'work' });
    expect(claim(aQueue({ ...heldBy(OTHER), rounds }), ME, START)).toMatchObject({ turn: 'handedOver', to: OTHER });
  });

  it('serves failed items at once when their execution is redriven', () => {
    const queue = aQueue({ users: { [USER]: aUserItem({ by: ME, failed: true, dueAt: iso(3600) }) } });
    expect(isRedriven(queue, ME)).toBe(true);
    const { turn, queue: after } = claim(queue, ME, START);
    expect(turn).toBe('work');
    expect(dueAt(after).users).toHaveProperty(USER);
    expect(isRedriven(after, ME)).toBe(false);
  });

  it('does not touch items that failed in another execution', () => {
    const users = {
      [USER]: aUserItem({ by: OTHER, failed: true, dueAt: iso(3600) }),
      [user(2)]: aUserItem({ by: ME }),
    };
    const queue = aQueue({ users });
    expect(isRedriven(queue, ME)).toBe(false);
    expect(claim(queue, ME, START).queue.users[USER]).toEqual(users[USER]);
  });
});

describe('markPlanned', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD, failed: true }) },
    sweeps: { [APPLICATION]: aSweepItem({ by: DEAD }) },
  };
  const context = { round: 5, me: ME, startedAt: at(-4) };

  it('hides the items from every execution while the round is stored', () => {
    const queue = aQueue({ ...entries, rounds: [aRound({ id: 5 })] });
    const marked = reread(markPlanned(queue, entries, context));
    expect(dueAt(marked)).toEqual({ users: {}, sweeps: {} });
    expect(dueAt({ ...marked, rounds: [] })).toEqual({ users: marked.users, sweeps: marked.sweeps });
    expect(marked.users[USER]).toEqual(aUserItem({ by: ME, planned: 5 }));
    expect(marked.sweptAt).toEqual({ [APPLICATION]: iso(-4) });
  });

  it('leaves items visible that got a new hint, sweeps after a pause', () => {
    const queue = enqueued(reread(aQueue({ ...heldBy(ME), ...entries })), {
      users: [{ userId: USER }],
      applications: [APPLICATION],
    });
    const marked = markPlanned(queue, entries, context);
    expect(Object.keys(dueAt(marked).users)).toEqual([USER]);
    expect(Object.keys(dueAt(marked, 25.9).sweeps)).toEqual([]);
    expect(Object.keys(dueAt(marked, 26).sweeps)).toEqual([APPLICATION]);
  });

  it('hides a sweep to which a hint about a group was added, and keeps that hint', () => {
    const { users: _, ...before } = aQueue({ ...entries, rounds: [aRound({ id: 5 })] });
    const hinted = enqueued(reread({ ...before, users: {} }), { groups: [GROUP], cause: 'event-2' });
    const marked = markPlanned(hinted, entries, context);
    expect(marked.sweeps[APPLICATION]).toMatchObject({ planned: 5, hinted: { groups: [GROUP], cause: 'event-2' } });
    const seen = markPlanned(hinted, { users: {}, sweeps: hinted.sweeps }, context);
    expect(seen.sweeps[APPLICATION]?.hinted).toBeUndefined();
  });
});

describe('completeItems', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD, failed: true }), [user(2)]: aUserItem() },
    sweeps: { [APPLICATION]: aSweepItem() },
  };
  const context = { me: ME, startedAt: at(-4), requeueAt: new Map(), faulted: new Set<string>() };

  it('completes the items that were verified, and no others', () => {
    const { [user(2)]: rest, ...users } = entries.users;
    const closed = completeItems(aQueue({ ...heldBy(ME), ...entries }), { users, sweeps: entries.sweeps }, context);
    expect(closed).toMatchObject({ users: { [user(2)]: rest }, sweeps: {}, sweptAt: { [APPLICATION]: iso(-4) } });
    expect(Object.keys(closed.users)).toEqual([user(2)]);
  });

  it('requeues the other items for itself, and clears their failure', () => {
    const requeueAt = new Map([[USER, iso(26)]]);
    const closed = reread(
      completeItems(aQueue({ ...heldBy(ME), ...entries }), entries, {
        ...context,
        requeueAt,
        faulted: new Set<string>(),
      }),
    );
    expect(closed.users).toEqual({ [USER]: aUserItem({ by: ME, dueAt: iso(26) }) });
  });

  it('keeps items that got a hint during the check, sweeps with a pause', () => {
    const queue = enqueued(reread(aQueue({ ...heldBy(ME), ...entries })), {
      users: [{ userId: USER }],
      groups: [GROUP],
    });
    const closed = completeItems(queue, entries, context);
    expect(closed.users).toEqual({ [USER]: queue.users[USER] });
    expect(closed.sweeps).toEqual({ [APPLICATION]: { ...queue.sweeps[APPLICATION], dueAt: iso(26) } });
  });

  describe('leaves the times of requests', () => {
    const asked = { [USER]: iso(-300) };
    const sweep = aSweepItem({ since: iso(-300), asked, lookAgainAt: iso(90) });
    const before = reread(aQueue({ ...heldBy(ME), sweeps: { [APPLICATION]: sweep } }));
    const snapshot = { users: {}, sweeps: before.sweeps };
    const requeueAt = new Map([[APPLICATION, iso(90)]]);

    it('to the second check of a sweep, as long as no one else asks', () => {
      const { sweeps } = completeItems(before, snapshot, { ...context, requeueAt });
      expect(sweeps[APPLICATION]).toMatchObject({ since: iso(-300), asked });
    });

    it('of which a read has answered all to no later request', () => {
      const requeued = reread(completeItems(before, snapshot, { ...context, requeueAt }));
      const { sweeps } = enqueued(requeued, { groups: [GROUP] }, 60);
      expect(sweeps[APPLICATION]).toMatchObject({ since: iso() });
      expect(sweeps[APPLICATION]).not.toHaveProperty('asked');
    });

    it('that came during the check, and no earlier one, to the next check', () => {
      const hinted = reread(enqueued(before, { users: [aJoin(2)], startedAt: iso(-1) }));
      const { sweeps } = completeItems(hinted, snapshot, { ...context, requeueAt });
      expect(sweeps[APPLICATION]).toMatchObject({ since: iso(-4), asked: { [user(2)]: iso(-1) } });
      expect(sweeps[APPLICATION]?.asked).not.toHaveProperty(USER);
    });

    it('to the next check if AWS refused this one', () => {
      const refused = new Set([APPLICATION]);
      const requeued = reread(completeItems(before, snapshot, { ...context, requeueAt, refused }));
      expect(enqueued(requeued, { groups: [GROUP] }, 60).sweeps[APPLICATION]).toMatchObject({
        since: iso(-300),
        asked,
      });
    });
  });

  it('keeps a hint about a user who was folded into a sweep during the check and then named again', () => {
    const named = { ...entries.users, [USER]: aUserItem({ by: DEAD }) };
    const taken = reread(aQueue({ ...heldBy(ME), ...entries, users: named }));
    const crowd = Array.from({ length: 101 }, (_, number) => aJoin(1000 + number, { groupId: OTHER_GROUP }));
    const folded = reread(enqueued(taken, { users: crowd }));
    expect(folded.users).toEqual({});
    const again = reread(enqueued(folded, { users: [{ userId: USER }] }));
    expect(Object.keys(completeItems(again, entries, context).users)).toEqual([USER]);
  });

  it('changes nothing once another execution holds the lease', () => {
    const queue = aQueue({ ...heldBy(OTHER), ...entries });
    expect(completeItems(queue, entries, context)).toBe(queue);
  });
});

describe('requeueFailed', () => {
  const entries = {
    users: { [USER]: aUserItem({ by: DEAD }), [user(2)]: aUserItem() },
    sweeps: { [APPLICATION]: aSweepItem() },
  };
  const { [user(2)]: _, ...users } = entries.users;
  const looks = { users, sweeps: entries.sweeps };

  it('releases the lease, and keeps the items for a redrive and for later', () => {
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

  it('makes items that got a new hint due at once', () => {
    const queue = enqueued(reread(aQueue({ ...heldBy(ME), ...entries })), { users: [{ userId: USER }] });
    const after = requeueFailed(queue, looks, { me: ME, retryAt: iso(3600) });
    expect(after.users[USER]).toMatchObject({ by: ME, failed: true, dueAt: iso() });
  });

  it('changes nothing if another execution holds the lease', () => {
    const queue = aQueue({ ...heldBy(OTHER), ...entries });
    expect(requeueFailed(queue, looks, { me: ME, retryAt: iso(3600) })).toBe(queue);
  });
});

describe('releaseIfIdle', () => {
  it('keeps the lease while an item of any execution is due', () => {
    const queue = aQueue({ ...heldBy(ME), users: { [USER]: aUserItem({ by: OTHER }) } });
    expect(releaseIfIdle(queue, ME, START)).toEqual({ queue, due: true, waitSeconds: 0 });
  });

  it('releases the lease and waits for its own items', () => {
    const users = {
      [USER]: aUserItem({ by: ME, dueAt: iso(12.1) }),
      [user(2)]: aUserItem({ by: OTHER, dueAt: iso(3) }),
    };
    expect(releaseIfIdle(aQueue({ ...heldBy(ME), users }), ME, START)).toEqual({
      queue: aQueue({ term: 7, users }),
      due: false,
      waitSeconds: 13,
    });
  });

  it('releases the lease and ends if only other executions have items', () => {
    const users = { [USER]: aUserItem({ by: OTHER, dueAt: iso(3) }) };
    expect(releaseIfIdle(aQueue({ ...heldBy(ME), users }), ME, START)).toMatchObject({
      due: false,
      waitSeconds: undefined,
    });
  });
});

describe('reclaimOverdue', () => {
  const users = {
    [USER]: aUserItem({ by: DEAD, dueAt: iso(-60) }),
    [user(2)]: aUserItem({ by: OTHER, dueAt: iso(-59.9) }),
  };

  it('takes over items that are a minute overdue, and no others', () => {
    expect(reclaimOverdue(aQueue({ users }), ME, START).users).toMatchObject({
      [USER]: { by: ME },
      [user(2)]: { by: OTHER },
    });
  });

  it('takes over nothing while another execution holds the lease', () => {
    const queue = aQueue({ ...heldBy(OTHER), users });
    expect(reclaimOverdue(queue, ME, START)).toBe(queue);
  });

  it('keeps in mind that an execution has failed for an item which it takes over', () => {
    const reported = { reason: 'access-denied', at: iso(-120) };
    const users = { [USER]: aUserItem({ by: DEAD, failed: true, reported, dueAt: iso(-60) }) };
    expect(claim(reclaimOverdue(aQueue({ users }), ME, START), ME, START).queue.users[USER]).toMatchObject({
      by: ME,
      failed: undefined,
      reported,
    });
  });

  it('picks up items that were refused an hour ago', () => {
    const failed = { [USER]: aUserItem({ by: DEAD, failed: true, dueAt: iso(-60) }) };
    expect(claim(reclaimOverdue(aQueue({ users: failed }), ME, START), ME, START).turn).toBe('work');
  });
});

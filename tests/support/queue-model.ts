import type { Claim } from '../../domain/queue/claim.ts';
import {
  claim,
  completeItems,
  dueItems,
  markPlanned,
  reclaimOverdue,
  releaseIfIdle,
  requeueFailed,
  requeueServed,
} from '../../domain/queue/claim.ts';
import { enqueue, enqueueJoined } from '../../domain/queue/enqueue.ts';
import { holderOf, renewTerm } from '../../domain/queue/lease.ts';
import {
  addRound,
  advanceRound,
  type BatchRef,
  dropRounds,
  outdatedRounds,
  roundAt,
  roundsOf,
} from '../../domain/queue/rounds.ts';
import { nextTurn } from '../../domain/queue/turns.ts';
import {
  type StoredRound,
  type UserItem,
  type WorkItems,
  type WorkQueue,
  WorkQueueSchema,
} from '../../domain/queue/work-queue.ts';
import type { Request } from '../../domain/request/request.ts';
import { SETTLE_SECONDS } from '../../domain/shared/limits.ts';
import { isDue, plusSeconds } from '../../domain/shared/time.ts';
import { aQueue } from './builders.ts';
import { execution, START, user } from './ids.ts';
import { TWO_ENTITLEMENTS } from './queue.ts';

/** Who is found in a group that was hinted at. */
const PERSON = user(1);
/** Fewer than a history names, so that passes leave some of them due. */
const USERS_PER_PASS = 2;
const CONFIGURATION = 'the present one';

/** What becomes of an execution's next step. Where a choice makes no sense, the step is an ordinary one. */
export type Choice =
  /** The look led to no change, and proves everything. */
  | 'proven'
  /** The look led to no change, and has to be repeated. */
  | 'again'
  /** Changes were planned; afterwards, that they are done. */
  | 'apply'
  /** Changes were planned for several batches, and did not fit in one round. */
  | 'more'
  /** AWS refuses: the execution gives the lease back and fails. */
  | 'refuse'
  /** The execution dies before it writes. */
  | 'crash'
  /** The step's write is made, its answer is lost, and the machine runs the step again. */
  | 'lostAnswer';

/** One execution, as far as the mailbox is concerned. */
interface Actor {
  name: string;
  request: Request;
  state: 'entering' | 'waiting' | 'planning' | 'reading' | 'applying' | 'recording' | 'ended' | 'dead';
  /** What a redrive begins with. */
  resume: 'entering' | 'waiting' | 'applying' | 'recording';
  wakeAt: Date;
  term: number;
  /** The batch that it makes. */
  batch: BatchRef;
  looks: WorkItems;
  readAt: Date;
  /** Writes of the mailbox that were made before the reads of the look began. */
  readStep: number;
  /** When to look again at what these reads can't prove yet: something was changed shortly before. */
  unsettled: ReadonlyMap<string, string>;
}

/** A look that was posted: until it is proven, something in the mailbox has to stand for it. */
interface Owed {
  user?: string;
  /** Applications that have to be swept, unless the user is looked at. */
  applications: Set<string>;
  /** Only a sweep that reads every user's status stands for it. */
  status: boolean;
  step: number;
}

/**
 * Several executions at one mailbox, each of them doing what PlanChanges, ApplyChanges and RecordAudit do with it. Every
 * write is checked against the rules of the protocol.
 */
export function aMailbox() {
  let queue: WorkQueue = aQueue();
  let now = START;
  let step = 0;
  let actors: Actor[] = [];
  let owed: Owed[] = [];
  /** Start of every sweep, by application. */
  let sweeps = new Map<string, Date[]>();
  /** When something was changed last for a look, by user id or application. */
  let changedAt = new Map<string, Date>();
  /** How many passes in a row have served others while an item was due, by user id or application. */
  let passedOver = new Map<string, number>();

  /** One conditional write; nobody else can write between its read and itself. */
  function write(me: string, next: WorkQueue): void {
    if (next === queue) return;
    const before = queue;
    queue = WorkQueueSchema.parse(JSON.parse(JSON.stringify({ ...next, revision: before.revision + 1 })));
    step += 1;
    const holder = holderOf(before, now);
    if (holder !== undefined && holder !== me && JSON.stringify(queue.lease) !== JSON.stringify(before.lease)) {
      throw new Error(`${me} changed the lease that ${holder} holds`);
    }
    if (queue.lease && queue.lease.holder !== me && holder === undefined && queue.lease.term !== before.lease?.term) {
      throw new Error(`${me} gave the lease to ${queue.lease.holder}`);
    }
    if (queue.term < before.term) throw new Error('the term counts backwards');
  }

  function owe(request: Request): void {
    const applicationsOf = (groups: readonly string[]) =>
      new Set(
        TWO_ENTITLEMENTS.filter((one) => one.groups.some((group) => groups.includes(group))).map(
          (one) => one.application,
        ),
      );
    const all = () => new Set(TWO_ENTITLEMENTS.map(({ application }) => application));
    for (const { userId, expected } of request.users) {
      const applications = expected ? applicationsOf([expected.groupId]) : all();
      owed.push({ user: userId, applications, status: !expected, step });
    }
    const swept = request.sweep === 'everything' ? all() : applicationsOf(request.groups);
    if (swept.size > 0) owed.push({ applications: swept, status: false, step });
  }

  function isSettled(key: string, readAt: Date): boolean {
    const changed = changedAt.get(key);
    return !changed || isDue(plusSeconds(changed, SETTLE_SECONDS), readAt);
  }

  /** Strikes off what a look proved that began after it was posted. */
  function prove({ looks, readStep, readAt }: Actor, before: WorkQueue): void {
    const gone = <T>(known: Readonly<Record<string, T>>, was: Record<string, T>, is: Record<string, T>) =>
      Object.keys(known).filter((key) => was[key] && !is[key]);
    const users = new Set(gone(looks.users, before.users, queue.users));
    const applications = gone(looks.sweeps, before.sweeps, queue.sweeps);
    for (const key of [...users, ...applications]) {
      if (!isSettled(key, readAt)) throw new Error(`${key} is proved by reads that began too soon after a change`);
    }
    owed = owed.filter((look) => {
      if (look.step > readStep) return true;
      if (look.user && users.has(look.user)) return false;
      for (const application of applications) {
        if (!look.status || looks.sweeps[application]?.withStatus) look.applications.delete(application);
      }
      return look.applications.size > 0;
    });
  }

  /** Every look that isn't proven yet is still in the mailbox, itself or as sweeps. */
  function checkNothingIsLost(): void {
    for (const { user, applications, status } of owed) {
      if (user && queue.users[user]) continue;
      for (const application of applications) {
        const sweep = queue.sweeps[application];
        if (!sweep || (status && !sweep.withStatus)) throw new Error(`lost: ${user ?? 'everybody'} of ${application}`);
      }
    }
  }

  /** Whoever is to look is under way, and comes back in time unless somebody else has the lease. */
  function checkSomebodyLooks(): void {
    const holder = holderOf(queue, now);
    for (const [key, { by, dueAt }] of [...Object.entries(queue.users), ...Object.entries(queue.sweeps)]) {
      const actor = actors.find(({ name }) => name === by);
      if (!actor || actor.state === 'ended') throw new Error(`nobody looks at ${key}: ${by} has ended`);
      // A wait has whole seconds.
      const inTime = Math.max(now.getTime(), Date.parse(dueAt) + 1000);
      if (actor.state === 'waiting' && holder === undefined && actor.wakeAt.getTime() > inTime) {
        throw new Error(`${key} is due at ${dueAt}, and ${by} sleeps until ${actor.wakeAt.toISOString()}`);
      }
    }
    if (actors.some(({ name, state }) => name === holder && state === 'ended')) {
      throw new Error(`${holder} has ended with the lease in hand`);
    }
  }

  /** An execution may write as long as it can renew its term. */
  function checkOneWriter(): void {
    const writers = actors.filter(({ name, term, state }) => state !== 'ended' && renewTerm(queue, name, term, now));
    if (writers.length > 1) throw new Error(`${writers.map(({ name }) => name).join(' and ')} may write`);
  }

  function check(): void {
    checkNothingIsLost();
    checkSomebodyLooks();
    checkOneWriter();
  }

  function follow(actor: Actor, turn: Claim): void {
    write(actor.name, turn.queue);
    if (turn.turn === 'work') Object.assign(actor, { state: 'planning', term: turn.term });
    else if (turn.turn === 'wait') sleep(actor, turn.waitSeconds);
    else actor.state = 'ended';
  }

  function sleep(actor: Actor, waitSeconds: number): void {
    Object.assign(actor, { state: 'waiting', resume: 'waiting', wakeAt: new Date(plusSeconds(now, waitSeconds)) });
  }

  function enter(actor: Actor, choice: Choice): void {
    const { request, name } = actor;
    const overdue = request.trigger === 'tick' ? reclaimOverdue(queue, name, now) : queue;
    const turn = claim(enqueue(overdue, request, { me: name, entitlements: TWO_ENTITLEMENTS, now }), name, now);
    follow(actor, turn);
    owe(request);
    if (choice === 'lostAnswer') actor.state = 'entering';
  }

  /** Renews the lease; an execution that has lost it asks at once whose turn it is. */
  function keep(actor: Actor): boolean {
    const renewed = renewTerm(queue, actor.name, actor.term, now);
    if (renewed) write(actor.name, renewed);
    else sleep(actor, 0);
    return renewed !== undefined;
  }

  function plan(actor: Actor): void {
    if (!keep(actor)) return;
    write(actor.name, dropRounds(queue, outdatedRounds(queue, CONFIGURATION, now), now));
    const turn = nextTurn(queue, now, USERS_PER_PASS);
    if (turn?.serves === 'round') {
      begin(actor, turn.round);
      return;
    }
    if (turn?.serves === 'joins') {
      const { application, hinted } = turn;
      const joined = new Map([[PERSON, hinted.groups[0] ?? '']]);
      const found = { application, hinted, joined, readAt: now.toISOString() };
      const next = enqueueJoined(queue, found, { me: actor.name, now });
      const dropped = next ?? dropRounds(queue, roundsOf(queue, [application]), now);
      write(actor.name, { ...dropped, served: 'joins' });
      return;
    }
    const { items: looks = { users: {}, sweeps: {} }, serves = 'users', contested = false } = turn ?? {};
    write(actor.name, dropRounds(queue, roundsOf(queue, Object.keys(looks.sweeps)), now));
    const due = keysOf(dueItems(queue, now)).filter((key) => !keysOf(looks).includes(key));
    passedOver = new Map(due.map((key) => [key, (passedOver.get(key) ?? 0) + 1]));
    if (contested) write(actor.name, { ...queue, served: serves });
    for (const application of Object.keys(looks.sweeps)) {
      sweeps.set(application, [...(sweeps.get(application) ?? []), now]);
    }
    const unsettled = new Map(
      keysOf(looks).flatMap((key) => (isSettled(key, now) ? [] : [[key, plusSeconds(now, SETTLE_SECONDS)]])),
    );
    Object.assign(actor, { state: 'reading', looks, readAt: now, readStep: step, unsettled });
  }

  function decide(actor: Actor, choice: Choice): void {
    const { name, looks, readAt, term } = actor;
    if (choice === 'apply' || choice === 'more' || choice === 'lostAnswer') {
      if (holderOf(queue, now) !== name || queue.lease?.term !== term) {
        sleep(actor, 0);
        return;
      }
      const at = readAt.toISOString();
      const round: StoredRound = {
        id: queue.revision + 1,
        readAt: at,
        configuration: CONFIGURATION,
        servedAt: at,
        next: 0,
        applications: Object.keys(looks.sweeps),
        ...(choice === 'more' ? { batches: 3, more: true } : { batches: 1 }),
      };
      const marked = markPlanned(requeueServed(queue, looks, readAt), looks, {
        round: round.id,
        me: name,
        startedAt: readAt,
      });
      write(name, addRound(marked, round));
      if (choice === 'lostAnswer') sleep(actor, 0);
      else begin(actor, round);
    } else if (choice === 'refuse') {
      write(name, requeueFailed(queue, looks, { me: name, retryAt: plusSeconds(now, 3600) }));
      Object.assign(actor, { state: 'dead', resume: 'waiting' });
    } else {
      const again = keysOf(looks).map((key) => [key, plusSeconds(readAt, SETTLE_SECONDS)] as const);
      close(actor, choice === 'again' ? new Map(again) : actor.unsettled);
    }
  }

  function close(actor: Actor, requeueAt: ReadonlyMap<string, string>): void {
    const { name, looks, readAt } = actor;
    const before = queue;
    const closed = releaseIfIdle(
      completeItems(queue, looks, { me: name, startedAt: readAt, requeueAt, faulted: new Set() }),
      name,
      now,
    );
    write(name, closed.queue);
    prove(actor, before);
    if (closed.due) actor.state = 'planning';
    else if (closed.waitSeconds === undefined) actor.state = 'ended';
    else sleep(actor, closed.waitSeconds);
  }

  function begin(actor: Actor, { id, next }: StoredRound): void {
    Object.assign(actor, { state: 'applying', resume: 'applying', batch: { round: id, batch: next } });
  }

  function apply(actor: Actor): void {
    if (!keep(actor)) return;
    const round = roundAt(queue, actor.batch);
    if (!round) {
      sleep(actor, 0);
      return;
    }
    for (const [key, { planned }] of [...Object.entries(queue.users), ...Object.entries(queue.sweeps)]) {
      if (planned === round.id) changedAt.set(key, now);
    }
    actor.state = 'recording';
  }

  function record(actor: Actor, choice: Choice): void {
    const settled = advanceRound(queue, actor.batch, { me: actor.name, now });
    write(actor.name, settled.queue);
    if (choice !== 'lostAnswer') sleep(actor, settled.waitSeconds);
  }

  function act(actor: Actor, choice: Choice): void {
    if (choice === 'crash' && actor.state !== 'ended' && actor.state !== 'dead') {
      const { state } = actor;
      actor.resume = state === 'entering' || state === 'applying' || state === 'recording' ? state : 'waiting';
      actor.state = 'dead';
      return;
    }
    if (actor.state === 'entering') enter(actor, choice);
    else if (actor.state === 'waiting' && isDue(actor.wakeAt.toISOString(), now)) {
      follow(actor, claim(queue, actor.name, now));
    } else if (actor.state === 'planning') plan(actor);
    else if (actor.state === 'reading') decide(actor, choice);
    else if (actor.state === 'applying') apply(actor);
    else if (actor.state === 'recording') record(actor, choice);
  }

  const save = () => ({
    queue,
    now,
    step,
    actors: actors.map((actor) => ({ ...actor })),
    owed: owed.map((look) => ({ ...look, applications: new Set(look.applications) })),
    sweeps: new Map(sweeps),
    changedAt: new Map(changedAt),
    passedOver,
  });

  /** Everything that decides what can still happen; what only a finished step has needed is left out. */
  const future = () => ({
    queue,
    now,
    step,
    owed,
    passedOver,
    changedAt: new Map([...changedAt].filter(([key]) => !isSettled(key, now))),
    actors: actors.map((actor) => {
      const { name, state, wakeAt, term, looks, readAt, readStep, unsettled } = actor;
      if (state === 'waiting') return { name, state, wakeAt };
      if (state === 'planning') return { name, state, term };
      if (state === 'reading') return { name, state, term, looks, readAt, readStep, unsettled };
      if (state === 'applying') return { name, state, term, keys: keysOf(looks) };
      return { name, state };
    }),
  });

  const alive = () => actors.filter(({ state }) => state !== 'ended' && state !== 'dead');
  const mailbox = {
    /** Begins an execution; nothing happens before its first step. */
    start(request: Request): void {
      const name = execution(`actor-${actors.length + 1}`);
      const nothing = {
        term: 0,
        batch: { round: 0, batch: 0 },
        looks: { users: {}, sweeps: {} },
        readAt: now,
        readStep: 0,
        unsettled: new Map(),
      };
      actors.push({ name, request, state: 'entering', resume: 'entering', wakeAt: now, ...nothing });
    },
    pass(seconds: number): void {
      now = new Date(plusSeconds(now, seconds));
    },
    /** The next step of the execution of this number, counted among those that have not ended. */
    step(number: number, choice: Choice): void {
      const able = alive();
      const actor = able[number % able.length];
      if (!actor) return;
      act(actor, choice);
      check();
    },
    /** Starts an execution that has died again, at the step that failed. */
    redrive(number: number): void {
      const dead = actors.filter(({ state }) => state === 'dead');
      const actor = dead[number % dead.length];
      if (actor) Object.assign(actor, { state: actor.resume, wakeAt: now });
    },
    /** Lets everybody who is alive come to an end, with nothing going wrong any more. */
    drain(choose: (number: number) => Choice = () => 'proven'): void {
      for (let steps = 0; alive().length > 0; steps += 1) {
        if (steps > 5000) throw new Error('does not come to an end');
        const [next] = alive().sort((a, b) => wakeOf(a) - wakeOf(b));
        if (!next) return;
        now = new Date(Math.max(now.getTime(), wakeOf(next)));
        act(next, choose(steps));
        check();
      }
    },
    /** Returns a copy of everything, for `restore`. */
    save,
    future,
    /** Continues from what `save` returned, any number of times. */
    restore(saved: ReturnType<typeof save>): void {
      ({ queue, now, step, passedOver } = saved);
      actors = saved.actors.map((actor) => ({ ...actor }));
      owed = saved.owed.map((look) => ({ ...look, applications: new Set(look.applications) }));
      sweeps = new Map(saved.sweeps);
      changedAt = new Map(saved.changedAt);
    },
    /** The executions that have neither ended nor died, in the order that `step` counts. */
    alive: (): readonly Pick<Actor, 'name' | 'state' | 'wakeAt'>[] => alive(),
    queue: () => queue,
    now: () => now,
    sweeps: (): ReadonlyMap<string, readonly Date[]> => sweeps,
    entries: (): Pick<UserItem, 'by'>[] => [...Object.values(queue.users), ...Object.values(queue.sweeps)],
    isDead: (name: string) => actors.some((actor) => actor.name === name && actor.state === 'dead'),
  };
  return mailbox;
}

function keysOf({ users, sweeps }: WorkItems): string[] {
  return [...Object.keys(users), ...Object.keys(sweeps)];
}

function wakeOf({ state, wakeAt }: Actor): number {
  return state === 'waiting' ? wakeAt.getTime() : 0;
}

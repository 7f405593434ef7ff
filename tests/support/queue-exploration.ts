import type { Request } from '../../domain/request/request.ts';
import { isDue, secondsBetween } from '../../domain/shared/time.ts';
import { aRequest } from './builders.ts';
import { aMailbox, type Choice } from './queue-model.ts';

type Mailbox = ReturnType<typeof aMailbox>;
type Saved = ReturnType<Mailbox['save']>;

/**
 * How often each kind of choice may be made in one history; one that is not named, any number of times. `expiry`: time
 * passes until a lease expires whose holder is alive.
 */
export type Limits = Partial<Record<Choice | 'expiry', number>>;

/** What one history can still do. */
interface Node {
  saved: Saved;
  left: Limits;
}

/** What an exploration found. */
export interface Exploration {
  states: number;
  transitions: number;
  /** States in which every execution has ended or died, and in how many of them nothing is left. */
  ends: number;
  done: number;
  /** The most passes in a row that served others while an item was due. */
  passedOver: number;
}

/**
 * Plays every interleaving of executions that ask for these: each step of each, with everything that may become of it, and
 * between any two steps, time up to the next moment at which something is due or the lease expires. A state is what
 * decides about the future: two histories that lead to the same one are continued once.
 *
 * @throws Error with the history, if a rule of the protocol is broken or executions can go round in a circle
 */
export function explore(requests: readonly Partial<Request>[], limits: Limits): Exploration {
  const mailbox = aMailbox();
  for (const request of requests) mailbox.start(aRequest(request));
  const found: Exploration = { states: 0, transitions: 0, ends: 0, done: 0, passedOver: 0 };
  /** By state: whether it is on the path from the beginning to the present one. */
  const known = new Map<string, boolean>();
  const leftovers = new Set<string>();
  const path: string[] = [];

  /** One state that was entered, and the actions that are still to be tried there. */
  interface Frame extends Node {
    key: string;
    actions: Action[];
  }
  const frames: Frame[] = [];

  function enter(node: Node): void {
    const key = canonical({ ...mailbox.future(), left: node.left });
    const isOnPath = known.get(key);
    if (isOnPath) throw new Error('executions can go round in a circle');
    if (isOnPath === false) return;
    known.set(key, true);
    found.states += 1;
    found.passedOver = Math.max(found.passedOver, ...node.saved.passedOver.values());
    const actions = actionsOf(mailbox, node.left);
    if (mailbox.alive().length === 0) end();
    frames.push({ ...node, key, actions });
  }

  /** What is left belongs to executions that died: ticks do it. */
  function end(): void {
    found.ends += 1;
    if (mailbox.entries().length === 0) found.done += 1;
    const { queue, now, owed, changedAt } = mailbox.future();
    const key = canonical({ queue, now, owed, changedAt });
    if (leftovers.has(key)) return;
    leftovers.add(key);
    for (let tick = 0; tick < 14 && mailbox.entries().length > 0; tick += 1) {
      mailbox.pass(300);
      mailbox.start(aRequest({ trigger: 'tick', at: mailbox.now().toISOString() }));
      mailbox.drain();
    }
    if (mailbox.entries().length > 0) throw new Error('ticks leave something behind');
  }

  try {
    enter({ saved: mailbox.save(), left: limits });
    for (let frame = frames.at(-1); frame; frame = frames.at(-1)) {
      const action = frame.actions.pop();
      if (!action) {
        known.set(frame.key, false);
        frames.pop();
        path.pop();
        continue;
      }
      found.transitions += 1;
      const depth = frames.length;
      path.push(action.name);
      mailbox.restore(frame.saved);
      action.take();
      enter({ saved: mailbox.save(), left: action.left });
      if (frames.length === depth) path.pop();
    }
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : error}, after:\n${path.join('\n')}`, { cause: error });
  }
  return found;
}

interface Action {
  name: string;
  left: Limits;
  take(): void;
}

/** By state of an execution: what may become of its step. */
const CHOICES: Readonly<Record<string, readonly Choice[]>> = {
  entering: ['proven', 'crash', 'lostAnswer'],
  waiting: ['proven', 'crash'],
  planning: ['proven', 'crash'],
  reading: ['proven', 'again', 'apply', 'more', 'refuse', 'crash', 'lostAnswer'],
  applying: ['proven', 'crash'],
  recording: ['proven', 'crash', 'lostAnswer'],
};

function actionsOf(mailbox: Mailbox, left: Limits): Action[] {
  const once = (name: string, kind: keyof Limits, take: () => void): Action[] => {
    const times = left[kind];
    if (times === undefined) return [{ name, left, take }];
    return times > 0 ? [{ name, left: { ...left, [kind]: times - 1 }, take }] : [];
  };
  const steps = mailbox.alive().flatMap(({ name, state, wakeAt }, number) => {
    if (state === 'waiting' && !isDue(wakeAt.toISOString(), mailbox.now())) return [];
    return (CHOICES[state] ?? []).flatMap((choice) =>
      once(`${name.split(':').at(-1)} ${state}: ${choice}`, choice, () => mailbox.step(number, choice)),
    );
  });
  const next = nextMoment(mailbox);
  if (mailbox.alive().length === 0 || next === undefined) return steps;
  const { lease } = mailbox.queue();
  const holder = lease && mailbox.alive().find(({ name }) => name === lease.holder);
  const isExpiry = holder !== undefined && secondsBetween(mailbox.now(), lease?.until ?? mailbox.now()) === next;
  const pass = { name: `${next} s pass`, left, take: () => mailbox.pass(next) };
  return [...steps, ...(isExpiry ? once(pass.name, 'expiry', pass.take) : [pass])];
}

/** Seconds until something is due, an execution wakes up or the lease expires. */
function nextMoment(mailbox: Mailbox): number | undefined {
  const { lease, users, sweeps } = mailbox.queue();
  const times = [
    ...(lease ? [lease.until] : []),
    ...[...Object.values(users), ...Object.values(sweeps)].map(({ dueAt }) => dueAt),
    ...mailbox.alive().flatMap(({ state, wakeAt }) => (state === 'waiting' ? [wakeAt.toISOString()] : [])),
  ];
  const ahead = times.map((time) => secondsBetween(mailbox.now(), time)).filter((seconds) => seconds > 0);
  return ahead.length > 0 ? Math.min(...ahead) : undefined;
}

/** Numbers of which only the order matters, and equality: each family is counted together. */
const FAMILIES: Readonly<Record<string, string>> = {
  revision: 'revision',
  hints: 'revision',
  step: 'step',
  readStep: 'step',
  term: 'term',
  planned: 'revision',
  id: 'revision',
  round: 'revision',
};
const ISO = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
/** Of times that are longer ago than everything that a queue counts from, only the order matters. */
const LONG_AGO_SECONDS = -130;

/**
 * Returns a text that is the same for two states with the same future: times count from now, and counters by their order.
 * It knows no shape: a field that it has never heard of keeps its value.
 */
function canonical(state: { now: Date } & Record<string, unknown>): string {
  const { now } = state;
  const families = new Map<string, Set<number>>();
  const count = (family: string, value: number) => {
    const numbers = families.get(family) ?? new Set();
    families.set(family, numbers.add(value));
    return `${family}#${value}`;
  };
  const text = JSON.stringify(state, (key, value) => {
    if (value instanceof Map) return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    if (value instanceof Set) return [...value].sort();
    if (typeof value === 'number') return FAMILIES[key] ? count(FAMILIES[key], value) : value;
    if (typeof value !== 'string' || !ISO.test(value)) return value;
    const seconds = secondsBetween(now, value);
    return seconds < LONG_AGO_SECONDS ? count('past', seconds) : seconds;
  });
  const ranks = new Map<string, number>();
  for (const [family, numbers] of families) {
    for (const [rank, number] of [...numbers].sort((a, b) => a - b).entries()) ranks.set(`${family}#${number}`, rank);
  }
  return text.replaceAll(
    /(?:past|revision|step|term)#-?[\d.]+/g,
    (counter) => `${counter.split('#')[0]}${ranks.get(counter)}`,
  );
}

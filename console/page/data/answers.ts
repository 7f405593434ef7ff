import { batch, type Signal, signal, useSignal } from '@preact/signals';
import { createParser } from 'eventsource-parser';
import { useEffect, useRef } from 'preact/hooks';
import type { Line } from '../../../operator/lines/all.ts';
import type { News } from '../../follower.ts';
import { post, request } from './session.ts';

export type LineOf<Type extends Line['type']> = Extract<Line, { type: Type }>;
type Params = Readonly<Record<string, string | undefined>>;

/** What is known of the answer to a question. */
interface State {
  lines: readonly Line[];
  /** No answer has come yet. */
  isLoading: boolean;
  /** Another answer is on its way, or the connection is lost: what is shown may be old. */
  isStale: boolean;
  /** Why there is no answer: the console does not answer. */
  problem?: string;
  at?: Date;
  command?: string;
}

/** An answer, for a component. */
export interface Answer extends State {
  /** The lines of a type, in their order. */
  of<Type extends Line['type']>(type: Type): LineOf<Type>[];
  /** Why the command failed. What it printed before is in `lines`. */
  error: LineOf<'error'> | undefined;
  /** What AWS refused to show. */
  unread: LineOf<'unread'>[];
  /** Asks again. */
  again(): void;
}

const EMPTY: State = { lines: [], isLoading: true, isStale: false };
const states = new Map<string, Signal<State>>();
/** How many components show the answer to a question, by question; `live` ones are followed. */
const shown = { live: new Map<string, number>(), once: new Map<string, number>() };
/** The connection to the console is lost. */
export const isOffline = signal(false);
/** The time of what the page shows, as of the last answer: the emulator has its own. */
export const now = signal(new Date());
/** When anything that is followed changed last: what is not followed may be old since then. */
export const changedAt = signal(0);

/**
 * Asks a question, and again when the component asks another.
 *
 * @param options `live`: the answer is followed as it changes; `skip`: nothing is asked yet
 */
export function useAnswer(
  question: string,
  params: Params = {},
  { live = false, skip = false }: { live?: boolean; skip?: boolean } = {},
): Answer {
  const ask = askOf(question, params);
  const state = stateOf(ask);
  useEffect(() => {
    if (skip) return undefined;
    const counted = live ? shown.live : shown.once;
    counted.set(ask, (counted.get(ask) ?? 0) + 1);
    if (live) follow();
    else if (performance.now() - (begun.get(ask) ?? Number.NEGATIVE_INFINITY) > FRESH_MILLISECONDS) load(ask);
    return () => {
      const left = (counted.get(ask) ?? 1) - 1;
      if (left > 0) counted.set(ask, left);
      else counted.delete(ask);
      if (live) follow();
    };
  }, [ask, live, skip]);
  return viewOf(state.value, () => load(ask));
}

/**
 * Sends what is no question, and returns what was answered last; undefined before that.
 *
 * @param path of a route that answers with the lines of a command
 */
export function usePosted(path: string): { answer: Answer | undefined; send(body: object): void } {
  const state = useSignal<State | undefined>(undefined);
  const sent = useRef({});
  const send = (body: object) => {
    sent.current = body;
    state.value = { ...EMPTY, ...state.value, isStale: state.value !== undefined };
    settle(post(path, body), (next) => {
      // Of two that were sent, the later one counts.
      if (sent.current === body) state.value = next(state.value ?? EMPTY);
    });
  };
  return { answer: state.value && viewOf(state.value, () => send(sent.current)), send };
}

function askOf(question: string, params: Params): string {
  const given = Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const query = new URLSearchParams(given).toString();
  return query === '' ? question : `${question}?${query}`;
}

function stateOf(ask: string): Signal<State> {
  const known = states.get(ask);
  if (known) return known;
  const made = signal(EMPTY);
  states.set(ask, made);
  return made;
}

function viewOf(state: State, again: () => void): Answer {
  const of = <Type extends Line['type']>(type: Type) =>
    state.lines.filter((line): line is LineOf<Type> => line.type === type);
  return { ...state, of, error: of('error')[0], unread: of('unread'), again };
}

/** How long a component shows an answer that another one has asked for, instead of asking again. */
const FRESH_MILLISECONDS = 15_000;
/** When each question was asked last. */
const begun = new Map<string, number>();

/** Asks once. What is shown stays until the answer is there. */
function load(ask: string): void {
  begun.set(ask, performance.now());
  const state = stateOf(ask);
  state.value = { ...state.value, isStale: !state.value.isLoading };
  settle(request(`/api/ask/${ask}`), (next) => {
    state.value = next(state.value);
  });
}

/** Waits for the lines of a command. @param to `take`: is given what makes the state of the one before */
function settle(response: Promise<Response>, take: (next: (before: State) => State) => void): void {
  response.then(printedIn).then(
    (answer) => {
      batch(() => {
        isOffline.value = false;
        now.value = answer.at;
        take((before) => after(before, answer));
      });
    },
    (error: unknown) => {
      const problem = error instanceof TypeError ? OFFLINE : String(error instanceof Error ? error.message : error);
      take((before) => ({ ...before, isLoading: false, isStale: true, problem }));
    },
  );
}

/** Reads the lines of a command. @throws Error if the console refuses to run it */
export async function printedIn(response: Response): Promise<{ lines: Line[]; command: string; at: Date }> {
  const text = await response.text();
  if (!response.ok) throw new Error(messageIn(text));
  const command = decodeURIComponent(response.headers.get('x-usher-command') ?? '');
  const at = new Date(response.headers.get('x-usher-now') ?? Date.now());
  return { lines: parsed(text.split('\n')), command, at };
}

/** An answer that says only what went wrong, as one does while there are no credentials, leaves what was known before. */
function after(before: State, answer: Required<Pick<State, 'lines' | 'command' | 'at'>>): State {
  const isEmpty = answer.lines.every(
    (line) => isTrouble(line) && !(line.type === 'error' && line.exitCode === WRONG_USE),
  );
  const known = before.lines.filter((line) => !isTrouble(line));
  if (!isEmpty || known.length === 0 || answer.lines.length === 0)
    return { ...answer, isLoading: false, isStale: false };
  return { ...before, lines: [...answer.lines, ...known], isLoading: false, isStale: true };
}

function isTrouble({ type }: Line): boolean {
  return type === 'error' || type === 'unread';
}

/** The exit code of what was asked wrongly: what was known before is about something else. */
const WRONG_USE = 2;

const OFFLINE = 'The console does not answer. Does usher console still run?';

function messageIn(text: string): string {
  try {
    return String(JSON.parse(text).message);
  } catch {
    return text.slice(0, 200);
  }
}

function parsed(lines: readonly string[]): Line[] {
  // Printed by the command whose schemas these types are.
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** How long a lost stream is left alone, in milliseconds. */
const RETRY_MILLISECONDS = 2000;
/** How often a page asks by itself if others have the connections: as often as the console asks for all while nothing runs. */
const ALONE_MILLISECONDS = 15_000;
let stream: { asks: string; ending: AbortController } | undefined;
/** Newer pages have the connections: this one gets one again when its user looks at it. */
let isAlone = false;
let isPlanned = false;

/** Follows what the components show, while someone looks: a hidden tab has no stream. */
function follow(): void {
  if (isPlanned) return;
  isPlanned = true;
  queueMicrotask(() => {
    isPlanned = false;
    const asks = document.hidden || isAlone ? [] : [...shown.live.keys()].sort();
    const key = asks.join('\n');
    if (stream?.asks === key) return;
    stream?.ending.abort();
    stream = undefined;
    if (asks.length === 0) return;
    stream = { asks: key, ending: new AbortController() };
    read(asks, stream.ending.signal);
  });
}

document.addEventListener('visibilitychange', comeBack);
addEventListener('focus', comeBack);

function comeBack(): void {
  if (!document.hidden) isAlone = false;
  follow();
}

setInterval(() => {
  if (isAlone && !document.hidden) for (const ask of shown.live.keys()) load(ask);
}, ALONE_MILLISECONDS);

/** Reads a stream to its end; then, unless the page has left it, another one after a while. */
function read(asks: readonly string[], signal: AbortSignal): void {
  receive(asks, signal)
    .catch(() => {
      if (!signal.aborted) isOffline.value = true;
    })
    .finally(() => {
      setTimeout(() => {
        if (signal.aborted) return;
        stream = undefined;
        follow();
      }, RETRY_MILLISECONDS);
    })
    .catch(() => undefined);
}

async function receive(asks: readonly string[], signal: AbortSignal): Promise<void> {
  const response = await request(`/api/live?${new URLSearchParams(asks.map((ask) => ['ask', ask]))}`, { signal });
  if (!response.ok || !response.body) throw new Error(messageIn(await response.text()));
  isOffline.value = false;
  const parser = createParser({ onEvent: ({ data }) => take(JSON.parse(data)) });
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) parser.feed(chunk);
}

function take(news: News): void {
  batch(() => {
    now.value = new Date(news.now);
    if (news.isLast) isAlone = true;
    if (!news.answer) return;
    const { ask, command, lines } = news.answer;
    const state = stateOf(ask);
    state.value = after(state.value, { lines: parsed(lines), command, at: now.value });
    changedAt.value = Date.now();
  });
}

/** The console ends when it has not heard of a page for 30 minutes. A hidden page is one. */
const HERE_MILLISECONDS = 10 * 60_000;

setInterval(() => {
  request('/api/about').catch(() => undefined);
}, HERE_MILLISECONDS);

/** Asks everything again that is shown and not followed. */
export function refresh(): void {
  for (const ask of shown.once.keys()) load(ask);
}

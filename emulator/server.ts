import { SFNServiceException } from '@aws-sdk/client-sfn';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Delivery } from '../domain/notices/delivery.ts';
import type { Templates } from '../domain/notices/message.ts';
import { takesSlot } from '../domain/seat/seat.ts';
import { TICK_SECONDS } from './aws/control-plane/control-plane.ts';
import type { DirectorySeed } from './aws/identity-center/directory-seed.ts';
import { Pace } from './engine/pace.ts';
import { pagesOf } from './pages.ts';
import type { Script } from './scenario/script.ts';
import { Story } from './scenario/story.ts';
import type { StackListener } from './stack/listener.ts';
import { readState, type SavedState, unusableState, writeState } from './stack/snapshot.ts';
import { openStack, type Stack, type StackOptions } from './stack/stack.ts';
import { lockFolder, type StateLock } from './stack/state-lock.ts';

/** How the emulator is served. */
export interface ServeOptions {
  entitlements: Entitlements;
  /** What Identity Center holds if no state was saved. */
  directory: DirectorySeed;
  /** What notices are made of. By default the shipped templates, and in the checkout those of one's own. */
  templates?: Templates | undefined;
  port: number;
  /** Virtual seconds per real second. */
  speed: number;
  /** Folder in which the state is kept. By default it is not kept. */
  folder?: string | undefined;
  /** What happens by itself, from its own start of time on. */
  script?: Script | undefined;
  /** Stops the server. */
  signal: AbortSignal;
  /** Called when the server listens. */
  onListen(details: Listening): void;
  /** Called when NotifyUser has recorded what became of a notice. */
  onNotice(delivery: Delivery): void;
  /** Called with what went wrong while the emulator runs, and did not end it. */
  onProblem(problem: string): void;
}

/** Where an emulator listens, and what is in it. */
export interface Listening {
  endpoint: string;
  region: string;
  /** Whether it continues from a saved state. */
  resumed: boolean;
  users: number;
  groups: number;
  applications: number;
  /** Seats that take a slot. */
  seats: number;
  /** Events that EventBridge still has to deliver. */
  pendingEvents: number;
  /** Page with the e-mails to users, the newest last; only with notices. */
  outbox?: string;
}

/** At most this much work is lost when the process is killed. */
const SAVE_EVERY_MILLISECONDS = 2000;
const MOST_KEPT_EXECUTIONS = 2000;

/** An emulator that listens. Its caller makes time pass. */
interface ListeningEmulator {
  stack: Stack;
  endpoint: string;
  /** Takes no more requests. */
  stopListening(): Promise<void>;
  close(): Promise<void>;
}

interface ListenOptions
  extends Pick<ServeOptions, 'entitlements' | 'directory' | 'templates' | 'port'>,
    Pick<StackOptions, 'caller' | 'quirks'> {
  /** How fast its caller lets time pass. */
  pace: Pace;
  story?: Story | undefined;
  /** Start of virtual time. */
  start: Date;
  saved?: SavedState | undefined;
  listener?: Pick<StackListener, 'request' | 'bug' | 'notice'>;
}

/** Opens an emulator over HTTP, which delivers an event of each change of the identity store. Its time stands still. */
export async function listen(options: ListenOptions): Promise<ListeningEmulator> {
  const { entitlements, directory, templates, port, pace, story, start, saved, caller, quirks } = options;
  const listener: StackListener = { ...options.listener, changed: (change) => stack.record(change, 'api') };
  const stack = await openStack({
    entitlements,
    directory,
    templates,
    start,
    transport: 'in-process',
    saved,
    caller,
    ...(quirks ? { quirks } : {}),
    listener,
  });
  try {
    const gateway = await stack.listen(port, pagesOf(stack, { entitlements, pace, story }));
    const close = async () => {
      await gateway.close();
      await stack.close();
    };
    return { stack, endpoint: gateway.endpoint, stopListening: gateway.close, close };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/**
 * Serves the emulator over HTTP until the signal. Virtual time follows real time, and the schedule's tick runs.
 *
 * @throws InputError if the saved state is not usable; FolderInUseError if another process keeps its state in the folder;
 *   Error `EADDRINUSE` if another process uses the port
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { folder } = options;
  if (folder === undefined) return serveState(options);
  const lock = lockFolder(folder);
  try {
    await serveState(options, { folder, listensAt: lock.listensAt });
  } finally {
    lock.release();
  }
}

/** Where the state is kept, and what records the port. */
interface Keeping extends Pick<StateLock, 'listensAt'> {
  folder: string;
}

async function serveState(options: ServeOptions, keeping?: Keeping): Promise<void> {
  const { signal, onListen, onProblem } = options;
  const pace = new Pace(options.speed);
  const story = options.script && new Story(options.script);
  const { stack, endpoint, resumed, stopListening, close } = await resume({ ...options, pace, story }, keeping?.folder);
  try {
    keeping?.listensAt(Number(new URL(endpoint).port));
    const outbox = options.entitlements.notices ? { outbox: `${endpoint}/outbox` } : {};
    onListen({ endpoint, resumed, ...(await contentsOf(stack, options.entitlements)), ...outbox });
    tick(stack);
    let savedAt = performance.now();
    await stack.follow(pace, signal, async () => {
      stack.forgetAllBut(MOST_KEPT_EXECUTIONS);
      story?.goOn(stack, pace);
      if (!keeping || performance.now() - savedAt < SAVE_EVERY_MILLISECONDS) return;
      savedAt = performance.now();
      try {
        await writeState(keeping.folder, await stack.save());
      } catch (error) {
        onProblem(`The state was not saved: ${error}`);
      }
    });
    // What is answered after the state was saved would be lost.
    await stopListening();
    if (keeping) await writeState(keeping.folder, await stack.save());
  } finally {
    await close();
  }
}

/** Opens the emulator with its saved state, if there is one. */
async function resume(options: ServeOptions & Pick<ListenOptions, 'pace' | 'story'>, folder: string | undefined) {
  const saved = folder === undefined ? undefined : await readState(folder, options.directory.identityStoreId);
  const start =
    options.script?.start ?? new Date(Math.max(Date.now(), Date.parse(saved?.now ?? '1970-01-01T00:00:00Z')));
  const bug = (error: unknown, call: string | undefined) => {
    options.onProblem(`${call ?? 'A request'} failed with a bug of the emulator: ${stackOf(error)}`);
  };
  try {
    const listener = { bug, notice: options.onNotice };
    return { ...(await listen({ ...options, start, saved, listener })), resumed: saved !== undefined };
  } catch (error) {
    // One of the system is about the port.
    if (!(folder && saved && error instanceof Error) || 'code' in error) throw error;
    throw unusableState(folder, `cannot be restored (${error.message})`, { cause: error });
  }
}

function stackOf(error: unknown): string {
  return (error instanceof Error && error.stack) || String(error);
}

async function contentsOf(stack: Stack, { identityCenter }: Entitlements) {
  const { users, groups, applications } = stack.identityCenter.seed();
  return {
    region: identityCenter.region,
    users: users.length,
    groups: groups.length,
    applications: applications.length,
    seats: (await stack.seats()).filter(takesSlot).length,
    pendingEvents: stack.pendingEvents().length,
  };
}

function tick(stack: Stack): void {
  stack.at(new Date(stack.clock.now().getTime() + TICK_SECONDS * 1000), async () => {
    tick(stack);
    try {
      await stack.start({ scope: 'tick' });
    } catch (error) {
      // The next tick does the work of this one.
      if (!(error instanceof SFNServiceException)) throw error;
    }
  });
}

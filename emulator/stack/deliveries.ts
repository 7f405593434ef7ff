import type { VirtualTime } from '../engine/virtual-time.ts';

/** An event on its way to a target. */
export interface PendingEvent {
  target: string;
  /** JSON. */
  event: string;
  /** Virtual time of the next try, in milliseconds since the epoch. */
  dueAt: number;
  /** Number of tries that failed. */
  tries: number;
}

/** Where a rule of EventBridge sends its events. */
export interface Target {
  /** Takes an event. A refusal makes it come again. */
  deliver(event: string): Promise<unknown>;
  /** Whether an error is a refusal; any other one is a bug. */
  refuses(error: unknown): boolean;
  /** Seconds between the tries. */
  retrySeconds: readonly number[];
  /** Takes an event that was refused at every try. */
  giveUp?(event: string): void;
}

/** Delivers events as EventBridge does: later, and again where a target refuses them. */
export class Deliveries {
  readonly #time: VirtualTime;
  readonly #targets: Readonly<Record<string, Target>>;
  readonly #pending = new Set<PendingEvent>();

  constructor(time: VirtualTime, targets: Readonly<Record<string, Target>>) {
    this.#time = time;
    this.#targets = targets;
  }

  /** Returns the events that no target has accepted yet, the one that is being delivered included. */
  pending(): PendingEvent[] {
    return [...this.#pending].map((one) => ({ ...one }));
  }

  /** Delivers an event at once or, if there are seconds, later. */
  send(target: string, event: string, seconds = 0): void {
    const pending = { target, event, dueAt: this.#now() + seconds * 1000, tries: 0 };
    this.#pending.add(pending);
    if (seconds === 0) this.#try(pending);
    else this.#schedule(pending);
  }

  /** Continues with the events that an earlier process left. */
  restore(pending: readonly PendingEvent[]): void {
    for (const one of pending) {
      const restored = { ...one };
      this.#pending.add(restored);
      this.#schedule(restored);
    }
  }

  #now(): number {
    return this.#time.now().getTime();
  }

  #schedule(pending: PendingEvent): void {
    this.#time.after(Math.max(0, pending.dueAt - this.#now()) / 1000, () => this.#try(pending));
  }

  /** Not awaited: the delivery itself stops time while it works. */
  #try(pending: PendingEvent): void {
    const target = this.#targets[pending.target];
    if (!target) throw new Error(`No rule has the target ${pending.target}`);
    target.deliver(pending.event).then(
      () => this.#pending.delete(pending),
      (error: unknown) => {
        if (target.refuses(error)) this.#tryAgain(pending, target);
        else this.#time.during(() => Promise.reject(error));
      },
    );
  }

  #tryAgain(pending: PendingEvent, { retrySeconds, giveUp }: Target): void {
    const seconds = retrySeconds[pending.tries];
    if (seconds === undefined) {
      this.#pending.delete(pending);
      giveUp?.(pending.event);
      return;
    }
    pending.tries += 1;
    pending.dueAt = this.#now() + seconds * 1000;
    this.#schedule(pending);
  }
}

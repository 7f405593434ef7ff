import type { Pace } from '../engine/pace.ts';
import type { Stack } from '../stack/stack.ts';
import { perform } from './player.ts';
import type { Script } from './script.ts';

/** A step that has been played. */
interface ToldStep {
  at: string;
  title: string;
  say?: string;
}

/** What a served script has told so far. */
export interface Told {
  title?: string;
  description?: string;
  /** The newest last. */
  steps: readonly ToldStep[];
  /** What it comes to, once all is played. */
  closing?: string;
  isOver: boolean;
}

/** Virtual seconds per real second while something happens: two minutes of waiting for reads take three seconds. */
const SPEED = 40;
/** Afterwards, for one who plays on: a join is verified within some seconds. */
const SPEED_AFTERWARDS = 10;
/** What comes is seen to come. */
const PAUSE_SECONDS = 60;

/** Plays a script on an emulator that listens, in time that its readers can follow. It begins when someone looks. */
export class Story {
  readonly #script: Script;
  readonly #steps: ToldStep[] = [];
  #state: 'unseen' | 'seen' | 'playing' | 'over' = 'unseen';

  constructor(script: Script) {
    this.#script = script;
  }

  /** Returns what has been played. */
  look(): Told {
    if (this.#state === 'unseen') this.#state = 'seen';
    const isOver = this.#state === 'over';
    const { title, description, closing } = this.#script;
    return {
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      steps: this.#steps,
      ...(closing !== undefined && isOver ? { closing } : {}),
      isOver,
    };
  }

  #begin(stack: Stack, pace: Pace): void {
    this.#state = 'playing';
    pace.speed = SPEED;
    perform(stack, this.#script.steps, async ({ at, title, say }, make) => {
      this.#steps.push({ at: at.toISOString(), title, ...(say === undefined ? {} : { say }) });
      await make();
    });
  }

  /** Called again and again: leaves out the time in which nothing happens. */
  goOn(stack: Stack, pace: Pace): void {
    if (this.#state === 'seen') this.#begin(stack, pace);
    if (this.#state !== 'playing' || stack.isBusy()) return;
    const next = this.#script.steps[this.#steps.length];
    if (!next) {
      this.#state = 'over';
      pace.speed = SPEED_AFTERWARDS;
      return;
    }
    const seconds = (next.at.getTime() - stack.clock.now().getTime()) / 1000 - PAUSE_SECONDS;
    if (seconds > 0) pace.step(seconds);
  }
}

/** How fast virtual time follows real time, which can be changed while it does. */
export class Pace {
  /** Virtual seconds per real second; 0 while time stands still. */
  speed: number;
  #stepMilliseconds = 0;

  constructor(speed: number) {
    this.speed = speed;
  }

  /** Lets this much time pass as soon as possible, also while time stands still. */
  step(seconds: number): void {
    this.#stepMilliseconds += seconds * 1000;
  }

  /** Returns the virtual milliseconds that pass in real ones, with the steps since the last call. */
  take(realMilliseconds: number): number {
    const passing = realMilliseconds * this.speed + this.#stepMilliseconds;
    this.#stepMilliseconds = 0;
    return passing;
  }
}

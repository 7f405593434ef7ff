import { handler as applyChanges } from '../../functions/apply-changes.ts';
import { handler as checkPropagation } from '../../functions/check-propagation.ts';
import type { Platform } from '../../functions/handler.ts';
import { handler as normalizeRequest } from '../../functions/normalize-request.ts';
import { handler as planChanges } from '../../functions/plan-changes.ts';
import { handler as recordAudit } from '../../functions/record-audit.ts';
import type { Faults } from '../aws/faults.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import { type Handler, type Invocations, TaskError } from './invocations.ts';

const FUNCTIONS: Readonly<Record<string, { on(platform: () => Platform): Handler }>> = {
  normalizeRequest,
  checkPropagation,
  planChanges,
  applyChanges,
  recordAudit,
};

/** EventBridge invokes a function that failed two more times: one minute later, and two minutes after that. */
const REDELIVER_SECONDS = [60, 120];

/** Runs the five functions as Lambda does: a sandbox serves one invocation at a time, and ends when one fails. */
export class Functions {
  readonly #invocations: Invocations;
  readonly #time: VirtualTime;
  readonly #faults: Faults;
  readonly #platform: () => Platform;
  readonly #idle = new Map<string, Handler[]>();

  /** @param platform returns the platform of a new sandbox, which has its own rate limiter */
  constructor(
    { invocations, time, faults }: { invocations: Invocations; time: VirtualTime; faults: Faults },
    platform: () => Platform,
  ) {
    this.#invocations = invocations;
    this.#time = time;
    this.#faults = faults;
    this.#platform = platform;
  }

  /**
   * Invokes a function in an idle sandbox, or in a new one.
   *
   * @param payload JSON, like the result
   * @throws Error as {@link Invocations.invoke}, or with the name of a fault of Lambda itself
   */
  async invoke(key: string, payload: string, limitSeconds: number): Promise<string> {
    const refused = this.#faults.invocationError(key, payload);
    if (refused !== undefined) throw new TaskError(refused, 'Injected: Lambda does not run the function');
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const sandbox = idle.pop() ?? FUNCTIONS[key]?.on(this.#platform);
    if (!sandbox) throw new Error(`There is no function ${key}`);
    const result = await this.#invocations.invoke(key, sandbox, payload, limitSeconds);
    // A sandbox from before a deployment is not used again.
    if (this.#idle.get(key) === idle) idle.push(sandbox);
    return result;
  }

  /** Invokes a function with an event, as EventBridge does: if it fails, it is invoked again later. */
  deliver(key: string, event: string, limitSeconds: number, tries = 0): void {
    // Not awaited: the invocation itself stops time while it works.
    this.invoke(key, event, limitSeconds).catch(() => {
      const again = REDELIVER_SECONDS[tries];
      if (again !== undefined) this.#time.after(again, () => this.deliver(key, event, limitSeconds, tries + 1));
    });
  }

  /** Deploys: later invocations run in new sandboxes. */
  renew(): void {
    this.#idle.clear();
  }
}

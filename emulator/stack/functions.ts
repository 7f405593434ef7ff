import { handler as applyChanges } from '../../functions/apply-changes.ts';
import { handler as checkPropagation } from '../../functions/check-propagation.ts';
import type { Platform } from '../../functions/handler.ts';
import { handler as normalizeRequest } from '../../functions/normalize-request.ts';
import { handler as planChanges } from '../../functions/plan-changes.ts';
import { handler as recordAudit } from '../../functions/record-audit.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import type { Handler, Invocations } from './invocations.ts';

const FUNCTIONS: Readonly<Record<string, { on(platform: () => Platform): Handler }>> = {
  normalizeRequest,
  checkPropagation,
  planChanges,
  applyChanges,
  recordAudit,
};

/** EventBridge invokes a function again when it failed: after a minute, and after two more. */
const REDELIVER_SECONDS = [60, 120];

/** The five functions as Lambda runs them: each sandbox serves one invocation at a time, and ends with one that fails. */
export class Functions {
  readonly #invocations: Invocations;
  readonly #time: VirtualTime;
  readonly #platform: () => Platform;
  readonly #idle = new Map<string, Handler[]>();

  /** @param platform a new sandbox's own, and with it its own pace */
  constructor(invocations: Invocations, time: VirtualTime, platform: () => Platform) {
    this.#invocations = invocations;
    this.#time = time;
    this.#platform = platform;
  }

  /**
   * Invokes a function in a sandbox that is idle, or in a new one.
   *
   * @param payload JSON, as is what it resolves to
   * @throws Error as {@link Invocations.invoke}
   */
  async invoke(key: string, payload: string, limitSeconds: number): Promise<string> {
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const sandbox = idle.pop() ?? FUNCTIONS[key]?.on(this.#platform);
    if (!sandbox) throw new Error(`There is no function ${key}`);
    const result = await this.#invocations.invoke(key, sandbox, payload, limitSeconds);
    // One of before a deployment serves nobody any more.
    if (this.#idle.get(key) === idle) idle.push(sandbox);
    return result;
  }

  /** Invokes a function with an event, as EventBridge does: again some time later when it failed. */
  deliver(key: string, event: string, limitSeconds: number, tries = 0): void {
    // The invocation keeps time from passing by itself, and lets it pass while it waits for an answer.
    this.invoke(key, event, limitSeconds).catch(() => {
      const again = REDELIVER_SECONDS[tries];
      if (again !== undefined) this.#time.after(again, () => this.deliver(key, event, limitSeconds, tries + 1));
    });
  }

  /** A deployment: whatever is invoked from now on runs in a new sandbox. */
  renew(): void {
    this.#idle.clear();
  }
}

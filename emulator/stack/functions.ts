import { handler as applyChanges } from '../../functions/apply-changes.ts';
import { handler as checkPropagation } from '../../functions/check-propagation.ts';
import type { Platform } from '../../functions/handler.ts';
import { handler as normalizeRequest } from '../../functions/normalize-request.ts';
import { handler as notifyUser } from '../../functions/notify-user.ts';
import { handler as planChanges } from '../../functions/plan-changes.ts';
import { handler as recordAudit } from '../../functions/record-audit.ts';
import type { Faults } from '../aws/faults.ts';
import { type Handler, type Invocations, TaskError } from './invocations.ts';

const FUNCTIONS: Readonly<Record<string, { on(platform: () => Platform): Handler }>> = {
  normalizeRequest,
  checkPropagation,
  planChanges,
  applyChanges,
  recordAudit,
  notifyUser,
};

/** What Step Functions gets if the account or the function has no concurrency left. */
const THROTTLED = 'Lambda.TooManyRequestsException';

interface FunctionsParts {
  invocations: Invocations;
  faults: Faults;
  /** Most invocations at the same time, of all functions together. */
  concurrency: number | undefined;
}

/** Runs the functions as Lambda does: a sandbox serves one invocation at a time, and ends when one fails. */
export class Functions {
  readonly #invocations: Invocations;
  readonly #faults: Faults;
  readonly #platform: () => Platform;
  readonly #concurrency: number;
  #running = 0;
  readonly #idle = new Map<string, Handler[]>();

  /** @param platform returns the platform of a new sandbox, which has its own rate limiter */
  constructor({ invocations, faults, concurrency }: FunctionsParts, platform: () => Platform) {
    this.#invocations = invocations;
    this.#faults = faults;
    this.#concurrency = concurrency ?? Number.POSITIVE_INFINITY;
    this.#platform = platform;
  }

  /**
   * Invokes a function in an idle sandbox, or in a new one.
   *
   * @param payload JSON, like the result
   * @throws Error as {@link Invocations.invoke}, or with the name of a fault of Lambda itself, also if too many run already
   */
  async invoke(key: string, payload: string, limitSeconds: number): Promise<string> {
    const refused = this.#faults.invocationError(key, payload);
    if (refused !== undefined) throw new TaskError(refused, 'Injected: Lambda does not run the function');
    if (this.#running >= this.#concurrency) throw new TaskError(THROTTLED, 'Rate Exceeded.');
    this.#running += 1;
    try {
      return await this.#run(key, payload, limitSeconds);
    } finally {
      this.#running -= 1;
    }
  }

  async #run(key: string, payload: string, limitSeconds: number): Promise<string> {
    const idle = this.#idle.get(key) ?? [];
    this.#idle.set(key, idle);
    const sandbox = idle.pop() ?? FUNCTIONS[key]?.on(this.#platform);
    if (!sandbox) throw new Error(`There is no function ${key}`);
    const result = await this.#invocations.invoke(key, sandbox, payload, limitSeconds);
    // A sandbox from before a deployment is not used again.
    if (this.#idle.get(key) === idle) idle.push(sandbox);
    return result;
  }

  /** Deploys: later invocations run in new sandboxes. */
  renew(): void {
    this.#idle.clear();
  }
}

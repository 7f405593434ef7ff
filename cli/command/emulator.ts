import * as z from 'zod/mini';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { jsonIn } from '../../domain/shared/json.ts';
import { Timestamp } from '../../domain/shared/timestamp.ts';
import { InputError } from '../../input/input-error.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { request } from '../shared/request.ts';

/** The emulator that `--local` asks. */
export interface Emulator {
  endpoint: string;
  region: string;
  /** Its own time, which may run faster. */
  clock: Clock;
  /** Returns the configuration with which it was started. @throws MissingPrecondition, InputError */
  entitlements(): Promise<Entitlements>;
  /**
   * Has it do what an identity provider does.
   *
   * @returns the id of the membership that begins or ends, if there is one
   * @throws UsageError if it refuses that; MissingPrecondition
   */
  trigger(action: object): Promise<string | undefined>;
  /** Asks one of its pages. @throws MissingPrecondition */
  page(method: string, path: string, body?: string): Promise<{ status: number; text: string }>;
}

/** Longer than a busy emulator takes; another server may never answer. */
const PATIENCE_MILLISECONDS = 15_000;
/** Codes and names of errors of a server that was reached. */
const REACHED = /^(?:ECONNRESET|EPIPE|HPE_\w+|TimeoutError|AbortError)$/;

/** Strict: what a server of another kind answers in JSON is not taken for this. */
const ClockSchema = z.strictObject({ now: Timestamp, speed: z.number().check(z.minimum(0)), region: z.string() });
const TriggeredSchema = z.object({ membershipId: z.optional(z.string()) });
const RefusalSchema = z.object({ error: z.array(z.string()) });

/**
 * Asks who answers at an endpoint.
 *
 * @param patience returns a signal that ends one request
 * @throws UsageError if the endpoint is no address; MissingPrecondition if no emulator answers there
 */
export async function connectEmulator(
  endpoint: string,
  patience: () => AbortSignal = () => AbortSignal.timeout(PATIENCE_MILLISECONDS),
): Promise<Emulator> {
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UsageError('AWS_ENDPOINT_URL is no address: expected one such as http://127.0.0.1:4599');
  }
  const page: Emulator['page'] = async (method, path, body) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      const { status = 0, text } = await request(endpoint + path, { method, headers, signal: patience() }, body);
      return { status, text };
    } catch (error) {
      throw failureOf(error, endpoint);
    }
  };
  const answered = await page('GET', '/clock');
  const { data } = ClockSchema.safeParse(answered.status === 200 ? jsonIn(answered.text) : undefined);
  if (!data) throw noEmulator(endpoint);
  const { now, speed, region } = data;
  const [start, realStart] = [Date.parse(now), performance.now()];
  return {
    endpoint,
    region,
    clock: {
      now: () => new Date(start + (performance.now() - realStart) * speed),
      sleep: (seconds) => systemClock.sleep(seconds / speed),
    },
    page,
    async entitlements() {
      const result = parseEntitlements(jsonIn((await page('GET', '/entitlements')).text));
      if ('issues' in result) throw new InputError('the emulator', result.issues);
      return result.entitlements;
    },
    async trigger(action) {
      const { status, text } = await page('POST', '/trigger', JSON.stringify(action));
      if (status === 200) return z.parse(TriggeredSchema, jsonIn(text)).membershipId;
      throw new UsageError(RefusalSchema.safeParse(jsonIn(text)).data?.error.join('\n') ?? 'The emulator refuses this');
    },
  };
}

function failureOf(error: unknown, endpoint: string): Error {
  const cause = error instanceof Error ? error.cause : undefined;
  const signs = [error, cause].flatMap((one) =>
    one instanceof Error ? [one.name, ...('code' in one ? [String(one.code)] : [])] : [],
  );
  if (signs.some((sign) => REACHED.test(sign))) return noEmulator(endpoint, error);
  return new MissingPrecondition(`No emulator answers at ${endpoint}. Start one: usher local`, { cause: error });
}

function noEmulator(endpoint: string, cause?: unknown): Error {
  return new MissingPrecondition(
    `What answers at ${endpoint} is no local stack of Usher. Start one with usher local, and set AWS_ENDPOINT_URL to the address that it prints`,
    { cause },
  );
}

import { Logger } from '@aws-lambda-powertools/logger';
import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import type * as z from 'zod/mini';
import { type Environment, lambdaEnvironment } from '../adapters/environment.ts';
import {
  InvalidRequestError,
  LeaseLostError,
  NotConvergedError,
  PropagationTimeoutError,
  RefusedError,
  TransientAwsError,
} from '../domain/shared/errors.ts';
import { recordableExecution } from '../domain/shared/ids.ts';
import { own } from '../domain/shared/json.ts';
import type { Measure, MetricName } from '../reconcile/ports.ts';

/** Units of the metrics that are not counts. */
const METRIC_UNITS: Partial<Record<MetricName, (typeof MetricUnit)[keyof typeof MetricUnit]>> = {
  /** From the event to AWS's answer. */
  JoinToSeat: MetricUnit.Seconds,
  /** The longest time that a user has waited in a waitlist. */
  OldestWait: MetricUnit.Seconds,
  /** Of the application whose last full sweep is the oldest. */
  SweepAge: MetricUnit.Seconds,
  /** Of the entitlement with the fewest free slots, relative to its cap. */
  CapUsed: MetricUnit.Percent,
};

/** Where a handler runs: in Lambda or in the emulator. */
export interface Platform {
  environment: Environment;
  logger: Logger;
  metrics: Metrics;
}

/** What defines the Lambda handler of a state. */
export interface HandlerDefinition<Input, Services, Output> {
  /** Parsed on every call: the output of another state is untrusted, too. */
  input: z.ZodMiniType<Input>;
  /** Built once per cold start, and again if building failed. */
  services(environment: Environment): Services;
  /** Returns the state's result; the state machine decides which state comes next. */
  run(input: Input, services: Services & { measure: Measure }): Promise<Output>;
  /** Returns what the caller gets, if it is not the whole output. */
  respond?(output: Output): unknown;
  /** Selects the fields of output and input that are logged; ids and counts only. */
  logFields?(output: Output, input: Input): Record<string, unknown>;
}

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** Errors whose messages Usher writes, with ids and reasons only. Any other message may quote input values. */
const USHER_ERRORS = [
  TransientAwsError,
  RefusedError,
  InvalidRequestError,
  PropagationTimeoutError,
  NotConvergedError,
  LeaseLostError,
];

/**
 * Defines the Lambda handler of a state: it parses the input, runs, logs start, end and failure, and publishes metrics.
 *
 * @returns the handler; its `on` makes the same handler for another platform
 */
export function defineHandler<Input, Services extends object, Output>(
  definition: HandlerDefinition<Input, Services, Output>,
): Handler & { on(platform: () => Platform): Handler } {
  const on = (platform: () => Platform) => lazily(() => handlerOf(definition, platform()));
  return Object.assign(on(lambdaPlatform), { on });
}

/** Makes the handler at its first call, so that importing a function touches no environment. */
function lazily(make: () => Handler): Handler {
  let made: Handler | undefined;
  return async (event, context) => {
    made ??= make();
    return made(event, context);
  };
}

function lambdaPlatform(): Platform {
  return { environment: lambdaEnvironment(process.env), logger: new Logger(), metrics: new Metrics() };
}

function handlerOf<Input, Services extends object, Output>(
  { input, services, run, respond, logFields }: HandlerDefinition<Input, Services, Output>,
  { environment, logger, metrics }: Platform,
): Handler {
  const { measure, publish } = metricsOf(metrics);
  const built = { ...services(environment), measure };
  // Without an early timeout of middy's, Lambda's own limit ends the call: Step Functions sees Sandbox.Timedout and retries.
  return middy({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(logger))
    .handler(async (event: unknown) => {
      const execution = executionOf(event);
      logger.info('started', { execution });
      try {
        const given = parseInput(input, event);
        const output = await run(given, built);
        logger.info('completed', { execution, ...logFields?.(output, given) });
        return respond ? respond(output) : output;
      } catch (error) {
        logger.error('failed', { execution, ...describeError(error) });
        if (error instanceof PropagationTimeoutError) measure('PropagationTimeouts', 1);
        if (error instanceof TransientAwsError && error.isThrottled) measure('StepsThrottled', 1);
        throw redactError(error);
      } finally {
        publish();
      }
    });
}

/** Publishes the metrics of each entitlement in a log line of their own: all metrics of a line share its dimensions. */
function metricsOf(metrics: Metrics): { measure: Measure; publish(): void } {
  const add = (name: MetricName, value: number) =>
    metrics.addMetric(name, METRIC_UNITS[name] ?? MetricUnit.Count, value);
  // The middleware of Powertools would warn in every invocation without metrics.
  const send = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  const perEntitlement: { name: MetricName; value: number; entitlement: string }[] = [];
  return {
    measure(name, value, entitlement) {
      if (entitlement === undefined) add(name, value);
      else perEntitlement.push({ name, value, entitlement });
    },
    publish() {
      send();
      for (const { name, value, entitlement } of perEntitlement.splice(0)) {
        metrics.addDimension('entitlement', entitlement);
        add(name, value);
        send();
      }
    },
  };
}

/** The execution that a payload names. A caller who invokes the function directly, or starts an execution, may write any text there. */
function executionOf(event: unknown): string | undefined {
  return recordableExecution(own(event, 'execution'));
}

/** @throws InvalidRequestError with the path, never the value */
function parseInput<Input>(schema: z.ZodMiniType<Input>, event: unknown): Input {
  const result = schema.safeParse(event);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InvalidRequestError(issue?.path.join('.') || 'input', 'expected what the previous state writes');
}

/** Replaces the message of an error that Usher did not write, because Step Functions stores the message as the cause. */
function redactError(error: unknown): unknown {
  if (USHER_ERRORS.some((known) => error instanceof known)) return error;
  const unexpected = new Error("Unexpected error. Find its stack in the function's log");
  if (error instanceof Error) unexpected.name = error.name;
  return unexpected;
}

/** Describes an error for the log: by its message only if Usher wrote it. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  if (USHER_ERRORS.some((known) => error instanceof known)) return { error: error.name, reason: error.message };
  // A stack begins with the message, which may have several lines.
  const frames = error.stack?.split('\n').filter((line) => /^ {4}at .+:\d+:\d+\)?$/.test(line));
  return { error: error.name, stack: frames?.join('\n') };
}

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
import type { Measure, MetricName } from '../reconcile/ports.ts';

/** Of metrics that are no counts. */
const UNITS: Partial<Record<MetricName, (typeof MetricUnit)[keyof typeof MetricUnit]>> = {
  /** From the event to AWS's answer. */
  JoinToSeat: MetricUnit.Seconds,
  /** How long the person who is longest in a line has waited. */
  OldestWait: MetricUnit.Seconds,
  /** Of the entitlement that has the least room. */
  CapUsed: MetricUnit.Percent,
};

/** Where a step runs: in Lambda, or in the local stack. */
export interface Platform {
  environment: Environment;
  logger: Logger;
  metrics: Metrics;
}

/** A state's function, before it is a Lambda handler. */
export interface HandlerDefinition<Input, Services, Output> {
  /** Parsed on every call: what another state wrote is untrusted too. */
  input: z.ZodMiniType<Input>;
  /** Built once per cold start, and again if building failed. */
  services(environment: Environment): Services;
  /** Its return value is the state's result; the machine decides where it goes. */
  run(input: Input, services: Services & { measure: Measure }): Promise<Output>;
  /** What of output and input is worth a log line; ids and counts only. */
  logFields?(output: Output, input: Input): Record<string, unknown>;
}

type Handler = (event: unknown, context: Context) => Promise<unknown>;

/** Errors whose messages are ours: ids and reasons. Any other message may quote what it was given. */
const OURS = [
  TransientAwsError,
  RefusedError,
  InvalidRequestError,
  PropagationTimeoutError,
  NotConvergedError,
  LeaseLostError,
];

/**
 * Makes a Lambda handler of a step: parses, runs, logs start, end and failure, and sends the metrics.
 *
 * @returns the handler; its `on` makes the same handler for another platform
 */
export function defineHandler<Input, Services extends object, Output>(
  definition: HandlerDefinition<Input, Services, Output>,
): Handler & { on(platform: () => Platform): Handler } {
  const on = (platform: () => Platform) => lazily(() => handlerOf(definition, platform()));
  return Object.assign(on(lambdaPlatform), { on });
}

/** Importing a function touches no environment: the handler is made at its first call. */
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
  { input, services, run, logFields }: HandlerDefinition<Input, Services, Output>,
  { environment, logger, metrics }: Platform,
): Handler {
  const { measure, publish } = metricsOf(metrics);
  const built = { ...services(environment), measure };
  // The time limit is Lambda's own: Step Functions sees it as Sandbox.Timedout and retries.
  return middy({ timeoutEarlyInMillis: 0 })
    .use(injectLambdaContext(logger))
    .handler(async (event: unknown) => {
      const execution = executionOf(event);
      logger.info('started', { execution });
      try {
        const given = parseInput(input, event);
        const output = await run(given, built);
        logger.info('completed', { execution, ...logFields?.(output, given) });
        return output;
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

/** Metrics of a line of their own for each entitlement: all metrics of a line share its dimensions. */
function metricsOf(metrics: Metrics): { measure: Measure; publish(): void } {
  const add = (name: MetricName, value: number) => metrics.addMetric(name, UNITS[name] ?? MetricUnit.Count, value);
  // The middleware of Powertools warns of every invocation that had nothing to count.
  const send = () => {
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
  const apart: { name: MetricName; value: number; entitlement: string }[] = [];
  return {
    measure(name, value, entitlement) {
      if (entitlement === undefined) add(name, value);
      else apart.push({ name, value, entitlement });
    },
    publish() {
      send();
      for (const { name, value, entitlement } of apart.splice(0)) {
        metrics.addDimension('entitlement', entitlement);
        add(name, value);
        send();
      }
    },
  };
}

function executionOf(event: unknown): unknown {
  return typeof event === 'object' && event !== null && 'execution' in event ? event.execution : undefined;
}

/** @throws InvalidRequestError naming the place, never the value */
function parseInput<Input>(schema: z.ZodMiniType<Input>, event: unknown): Input {
  const result = schema.safeParse(event);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InvalidRequestError(issue?.path.join('.') || 'input', 'not what the state before should have written');
}

/** Step Functions keeps an error's message as the cause: one that isn't ours goes no further than its name. */
function redactError(error: unknown): unknown {
  if (OURS.some((known) => error instanceof known)) return error;
  const unexpected = new Error('Unexpected: the log of the function has where it happened');
  if (error instanceof Error) unexpected.name = error.name;
  return unexpected;
}

function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  if (OURS.some((known) => error instanceof known)) return { error: error.name, reason: error.message };
  // A stack begins with the message, which may have lines of its own.
  const frames = error.stack?.split('\n').filter((line) => /^ {4}at .+:\d+:\d+\)?$/.test(line));
  return { error: error.name, stack: frames?.join('\n') };
}

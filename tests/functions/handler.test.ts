import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import {
  InvalidRequestError,
  LeaseLostError,
  NotConvergedError,
  PropagationTimeoutError,
  RefusedError,
  TransientAwsError,
} from '../../domain/shared/errors.ts';
import { defineHandler } from '../../functions/handler.ts';
import type { Measure } from '../../reconcile/ports.ts';
import { ME } from '../support/ids.ts';
import { aPlatform } from '../support/platform.ts';

const NAME = 'jane.doe@example.com';
const CONTEXT = { awsRequestId: 'request-1', functionName: 'aStep', memoryLimitInMB: '512' } as Context;

const Input = z.object({ execution: z.string(), place: z.object({ userIds: z.array(z.string()) }) });
const INPUT = { execution: ME, place: { userIds: ['u'] } };

function aStep(run: (input: z.infer<typeof Input>, services: { measure: Measure }) => Promise<unknown>) {
  const { platform, ...rest } = aPlatform();
  const handler = defineHandler({ input: Input, services: () => ({}), run, logFields: () => ({ count: 1 }) }).on(
    () => platform,
  );
  return { ...rest, call: (event: unknown) => handler(event, CONTEXT) };
}

describe('a handler', () => {
  it('returns what its function returns', async () => {
    const { call } = aStep(async ({ place }) => place);
    expect(await call(INPUT)).toEqual(INPUT.place);
  });

  it('answers with a part of what its function returns, if it says so, and logs from all of it', async () => {
    const { platform, logged } = aPlatform();
    const handler = defineHandler({
      input: Input,
      services: () => ({}),
      run: async () => ({ answer: 1, count: 2 }),
      respond: ({ answer }) => ({ answer }),
      logFields: ({ count }) => ({ count }),
    }).on(() => platform);
    expect(await handler(INPUT, CONTEXT)).toEqual({ answer: 1 });
    expect(logged()).toMatchObject([{ message: 'started' }, { message: 'completed', count: 2 }]);
  });

  it('passes on only the fields that it knows', async () => {
    const { call } = aStep(async (input) => input);
    expect(await call({ ...INPUT, email: NAME })).toEqual(INPUT);
  });

  it.each([
    ['no object', NAME, 'input'],
    ['nothing', null, 'input'],
    ['a field that is missing', { execution: ME }, 'place'],
    ['a field of another type, deep down', { execution: ME, place: { userIds: [NAME, 7] } }, 'place.userIds.1'],
  ])('refuses %s as an error of the previous state, and quotes no value', async (_fact, event, path) => {
    const { call, lines } = aStep(async () => 'never');
    await expect(call(event)).rejects.toThrow(new InvalidRequestError(path, 'expected what the previous state writes'));
    expect(JSON.stringify(lines)).not.toContain(NAME);
  });

  it('logs its start and its end with the execution and its log fields, and no input', async () => {
    const { call, logged } = aStep(async () => ({ secret: NAME }));
    await call({ ...INPUT, place: { userIds: [NAME] } });
    expect(logged()).toMatchObject([
      { message: 'started', execution: ME, function_request_id: 'request-1' },
      { message: 'completed', execution: ME, count: 1 },
    ]);
    expect(JSON.stringify(logged())).not.toContain(NAME);
  });

  it.each([
    new TransientAwsError('DescribeUser: ThrottlingException (user u)'),
    new RefusedError('quota-exceeded', 'CreateApplicationAssignment: ServiceQuotaExceededException'),
    new InvalidRequestError('detail.userId', 'expected an id'),
    new PropagationTimeoutError('The identity store had no such user before the deadline'),
    new NotConvergedError('The same changes were planned 6 times without effect'),
    new LeaseLostError('The execution no longer holds the lease of term 3'),
  ])('throws $name as it is, and logs its message', async (error) => {
    const { call, logged } = aStep(() => Promise.reject(error));
    await expect(call(INPUT)).rejects.toBe(error);
    expect(logged().at(-1)).toMatchObject({
      level: 'ERROR',
      message: 'failed',
      execution: ME,
      error: error.name,
      reason: error.message,
    });
  });

  it('logs the name and the place of a foreign error, but not its message', async () => {
    const { call, logged } = aStep(() => Promise.reject(new TypeError(`${NAME}\n    at ${NAME}\nat ${NAME}`)));
    const error: unknown = await call(INPUT).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TypeError' });
    expect(logged().at(-1)).toMatchObject({ message: 'failed', execution: ME, error: 'TypeError' });
    expect(logged().at(-1)?.['stack']).toMatch(/^\s+at .*handler\.test\.ts/);
    for (const told of [logged(), String(error), error instanceof Error && error.stack]) {
      expect(JSON.stringify(told)).not.toContain(NAME);
    }
  });

  it('does not log the cause of an error of ours', async () => {
    const cause = new Error(NAME);
    const { call, logged } = aStep(() => Promise.reject(new RefusedError('validation', 'PutEvents', { cause })));
    await expect(call(INPUT)).rejects.toThrow('PutEvents');
    expect(JSON.stringify(logged())).not.toContain(NAME);
  });

  it('does not log a thrown value that is no error', async () => {
    const { call, logged } = aStep(() => Promise.reject(NAME));
    await expect(call(INPUT)).rejects.toMatchObject({ name: 'Error', message: expect.stringMatching(/^Unexpected/) });
    expect(logged().at(-1)).toMatchObject({ message: 'failed', error: 'string' });
    expect(JSON.stringify(logged())).not.toContain(NAME);
  });

  it('sends its metrics with their units', async () => {
    const { call, counted } = aStep(async (_input, { measure }) => {
      measure('SeatsGranted', 2);
      measure('JoinToSeat', 31);
    });
    await call(INPUT);
    expect(counted()).toMatchObject([{ SeatsGranted: 2, JoinToSeat: 31 }]);
    expect(JSON.stringify(counted())).toContain('{"Name":"JoinToSeat","Unit":"Seconds"}');
    expect(JSON.stringify(counted())).toContain('{"Name":"SeatsGranted","Unit":"Count"}');
  });

  it('sends the metrics that it measured before it failed', async () => {
    const { call, counted } = aStep(async (_input, { measure }) => {
      measure('SeatsRefused', 1);
      throw new TransientAwsError('again');
    });
    await expect(call(INPUT)).rejects.toThrow(TransientAwsError);
    expect(counted()).toMatchObject([{ SeatsRefused: 1 }]);
  });

  it('counts each call separately', async () => {
    const { call, counted } = aStep(async (_input, { measure }) => measure('SeatsGranted', 1));
    await call(INPUT);
    await call(INPUT);
    expect(counted()).toMatchObject([{ SeatsGranted: 1 }, { SeatsGranted: 1 }]);
  });

  it('sends the metrics of each entitlement separately, and all others without one', async () => {
    const { call, counted } = aStep(async (_input, { measure }) => {
      measure('Seats', 7, 'amazon-q-developer');
      measure('Seats', 0, 'kiro');
      measure('CapUsed', 70);
    });
    await call(INPUT);
    expect(counted()).toMatchObject([
      { service: 'usher', CapUsed: 70 },
      { service: 'usher', entitlement: 'amazon-q-developer', Seats: 7 },
      { service: 'usher', entitlement: 'kiro', Seats: 0 },
    ]);
    expect(counted()[0]).not.toHaveProperty('entitlement');
    expect(JSON.stringify(counted())).toContain('{"Name":"CapUsed","Unit":"Percent"}');
    await call(INPUT);
    expect(counted()).toHaveLength(6);
  });

  it.each([
    ['a call that AWS throttled', TransientAwsError.throttled('again'), 'StepsThrottled'],
    ['a user who did not appear in time', new PropagationTimeoutError('late'), 'PropagationTimeouts'],
  ])('counts %s', async (_fact, error, metric) => {
    const { call, counted } = aStep(() => Promise.reject(error));
    await expect(call(INPUT)).rejects.toThrow();
    expect(counted()).toMatchObject([{ [metric]: 1 }]);
  });

  it('counts no other failure, because the state machine does', async () => {
    const { call, counted } = aStep(() => Promise.reject(new TransientAwsError('again')));
    await expect(call(INPUT)).rejects.toThrow();
    expect(counted()).toEqual([]);
  });

  it('sends nothing if nothing was measured', async () => {
    const { call, counted } = aStep(async () => undefined);
    await call(INPUT);
    expect(counted()).toEqual([]);
  });
});

describe('the services of a handler', () => {
  function built(failures: number) {
    const { platform } = aPlatform();
    let builds = 0;
    const made = defineHandler({
      input: z.object({}),
      services: ({ version }) => {
        builds += 1;
        if (builds <= failures) throw new Error('no configuration');
        return { version };
      },
      run: async (_input, { version }) => version,
    });
    return { handler: made.on(() => platform), made, builds: () => builds };
  }

  it('are built at the first call and kept', async () => {
    const { handler, builds } = built(0);
    expect(builds()).toBe(0);
    expect(await handler({}, CONTEXT)).toBe('1.2.3');
    expect(await handler({}, CONTEXT)).toBe('1.2.3');
    expect(builds()).toBe(1);
  });

  it('are built again after building failed', async () => {
    const { handler, builds } = built(1);
    await expect(handler({}, CONTEXT)).rejects.toThrow('no configuration');
    expect(await handler({}, CONTEXT)).toBe('1.2.3');
    expect(builds()).toBe(2);
  });

  it('are those of Lambda by default, and read its environment only when called', async () => {
    const { made, builds } = built(0);
    await expect(made({}, CONTEXT)).rejects.toThrow('Environment variables missing or empty: AWS_REGION');
    expect(builds()).toBe(0);
  });
});

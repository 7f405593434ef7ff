import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { INITIAL_PROGRESS } from '../../domain/decision/progress.ts';
import { handler } from '../../functions/normalize-request.ts';
import { aPatchGroup, EVENT_ID, EVENT_TIME } from '../support/events.ts';
import { GROUP, ME, OTHER_GROUP, START, user } from '../support/ids.ts';
import { aPlatform } from '../support/platform.ts';

function normalizing() {
  const { platform, logged } = aPlatform();
  const on = handler.on(() => platform);
  const call = (input: unknown) =>
    on({ input, execution: ME, startedAt: START.toISOString(), machine: 1 }, {} as Context);
  return { call, on, logged };
}

describe('NormalizeRequest', () => {
  it('makes a request of an event, with nothing planned yet', async () => {
    const { call, logged } = normalizing();
    expect(await call(aPatchGroup({ groupId: GROUP }))).toEqual({
      request: {
        version: 1,
        trigger: 'event',
        cause: EVENT_ID,
        at: new Date(EVENT_TIME).toISOString(),
        startedAt: new Date(EVENT_TIME).toISOString(),
        users: [],
        groups: [GROUP],
      },
      propagation: { visible: false, checkAfterSeconds: expect.any(Number) },
      plan: { progress: INITIAL_PROGRESS },
    });
    expect(logged().at(-1)).toMatchObject({ message: 'completed', cause: EVENT_ID });
  });

  it('says why an event is ignored, and nothing else', async () => {
    const { call, logged } = normalizing();
    expect(await call(aPatchGroup({ groupId: OTHER_GROUP }))).toEqual({ ignored: 'unwatched-group' });
    expect(logged().at(-1)).toMatchObject({ message: 'completed', ignored: 'unwatched-group' });
  });

  it('names the execution as the cause of a manual start', async () => {
    const { call } = normalizing();
    expect(await call({ userId: user(1) })).toMatchObject({ request: { trigger: 'manual', cause: ME } });
  });

  it.each([
    ['an input that is neither event nor manual start', 'someone@example.com', 'input'],
    ['a manual start by an unknown field', { user: 'someone@example.com' }, ''],
    ['an event of a user without an id', { ...aPatchGroup({ groupId: 'someone@example.com' }) }, 'detail.'],
  ])('fails on %s, quoting nothing', async (_fact, input, path) => {
    const { call, logged } = normalizing();
    const error: unknown = await call(input).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InvalidRequestError', path: expect.stringContaining(path) });
    expect(JSON.stringify([String(error), logged()])).not.toContain('someone@');
  });

  it('fails on input that the state machine should have given and did not', async () => {
    const { on } = normalizing();
    await expect(on({ input: {}, execution: ME }, {} as Context)).rejects.toMatchObject({
      name: 'InvalidRequestError',
      path: 'startedAt',
    });
  });
});

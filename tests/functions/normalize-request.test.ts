import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { INITIAL_PROGRESS } from '../../domain/decision/progress.ts';
import { handler } from '../../functions/normalize-request.ts';
import { aPatchGroup, EVENT_ID, EVENT_TIME } from '../support/events.ts';
import { GROUP, ME, OTHER_GROUP, START, user } from '../support/ids.ts';
import { aPlatform } from '../support/platform.ts';

function normalizing() {
  const { platform, logged, counted } = aPlatform();
  const on = handler.on(() => platform);
  const call = (input: unknown, execution = ME) =>
    on({ input, execution, startedAt: START.toISOString(), machine: 1 }, {} as Context);
  return { call, on, logged, counted };
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

  it('replaces an id of an event that may be free text by the execution, and counts it', async () => {
    const { call, logged, counted } = normalizing();
    const event = { ...aPatchGroup({ groupId: GROUP, eventId: 'Jane Doe' }), id: 'jane@example.com' };
    expect(await call(event)).toMatchObject({ request: { cause: ME } });
    expect(counted()).toMatchObject([{ ForeignIds: 2 }]);
    expect(JSON.stringify([logged(), counted()])).not.toMatch(/jane/i);
  });

  it('counts nothing if all ids have the form that AWS gives them', async () => {
    const { call, counted } = normalizing();
    await call(aPatchGroup({ groupId: GROUP }));
    await call({ userId: user(1) });
    expect(counted()).toEqual([]);
  });

  it('refuses a start whose name may be free text, counts it, and repeats the name nowhere', async () => {
    const { call, logged, counted } = normalizing();
    const error: unknown = await call({ userId: user(1) }, ME.replace(/[^:]*$/, 'jane@example.com')).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      name: 'InvalidRequestError',
      message: 'execution: expected a name of letters, digits, hyphens and underscores only',
    });
    expect(counted()).toMatchObject([{ ForeignIds: 1 }]);
    expect(logged().at(-1)).toMatchObject({ message: 'failed', execution: expect.stringMatching(/:sha256-/) });
    expect(JSON.stringify([String(error), logged(), counted()])).not.toContain('jane');
  });

  it('fails on input that the state machine should have given and did not', async () => {
    const { on } = normalizing();
    await expect(on({ input: {}, execution: ME }, {} as Context)).rejects.toMatchObject({
      name: 'InvalidRequestError',
      path: 'startedAt',
    });
  });
});

import { describe, expect, it } from 'vitest';
import { aConsole } from '../support/console.ts';
import { GROUP, user } from '../support/ids.ts';

describe('the lab of the console', () => {
  const served = aConsole({ people: 4, members: 2 });
  const ask = async (method: string, path: string, body?: object) => {
    const url = new URL(served.url);
    const headers = { authorization: `Bearer ${url.hash.slice(1)}`, 'content-type': 'application/json' };
    const response = await fetch(url.origin + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    return { status: response.status, json: JSON.parse(await response.text()) };
  };

  it.each(['clock', 'directory', 'calls', 'outbox', 'faults'])('reads the %s of the emulator', async (page) => {
    expect(await ask('GET', `/api/lab/${page}`)).toMatchObject({ status: 200 });
  });

  it('has someone join a group, also in a console that may not change anything', async () => {
    const join = { user: user(3), group: GROUP };
    expect(await ask('POST', '/api/lab/trigger', { join })).toEqual({
      status: 200,
      json: { membershipId: expect.any(String) },
    });
    const { groups } = (await ask('GET', '/api/lab/directory')).json;
    expect(groups[0].members).toEqual([1, 2, 3].map(user));
  });

  it('passes the words of a refusal on', async () => {
    const leave = { user: user(9), group: GROUP };
    expect(await ask('POST', '/api/lab/trigger', { leave })).toEqual({
      status: 400,
      json: { error: ['trigger.leave.user: there is no such user at that time'] },
    });
  });

  it('adds faults and clears them', async () => {
    await ask('POST', '/api/lab/faults', [
      { operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'lost', for: 'ever' },
    ]);
    expect((await ask('GET', '/api/lab/faults')).json).toHaveLength(1);
    await ask('POST', '/api/lab/clear-faults', {});
    expect((await ask('GET', '/api/lab/faults')).json).toEqual([]);
  });

  it.each([
    ['GET', '/api/lab/entitlements'],
    ['GET', '/api/lab/../clock'],
    ['GET', '/api/lab/constructor'],
    ['POST', '/api/lab/clock'],
    ['DELETE', '/api/lab/faults'],
  ])('has no route for %s %s', async (method, path) => {
    expect((await ask(method, path, method === 'POST' ? {} : undefined)).status).toBe(404);
  });

  it('needs the token', async () => {
    const url = new URL(served.url);
    expect((await fetch(`${url.origin}/api/lab/clock`)).status).toBe(401);
  });
});

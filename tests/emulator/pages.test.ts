import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Pace } from '../../emulator/engine/pace.ts';
import { exampleDirectory } from '../../emulator/scenario/example-directory.ts';
import { openVirtualEmulator, type VirtualEmulator } from '../../emulator/virtual-server.ts';
import { GROUP, user } from '../support/ids.ts';
import { configuration } from '../support/operator.ts';

let emulator: VirtualEmulator;
beforeAll(async () => {
  const entitlements = configuration();
  emulator = await openVirtualEmulator(entitlements, exampleDirectory(entitlements, 3, { [GROUP]: [1, 2] }));
});
afterAll(() => emulator.close());

async function ask(method: string, path: string, posted?: object) {
  const body = posted && JSON.stringify(posted);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(emulator.endpoint + path, { method, headers, ...(body ? { body } : {}) });
  return { status: response.status, json: JSON.parse(await response.text()) };
}
const now = async () => Date.parse((await ask('GET', '/clock')).json.now);
const members = async () =>
  (await ask('GET', '/directory')).json.groups.find(({ groupId }: { groupId: string }) => groupId === GROUP).members;

describe('the emulator', () => {
  it('lists users and groups by id and name', async () => {
    const { users, groups } = (await ask('GET', '/directory')).json;
    expect(users).toHaveLength(3);
    expect(users[0]).toEqual({ userId: user(1), userName: 'person-0001', status: 'ENABLED' });
    expect(groups[0]).toEqual({ groupId: GROUP, displayName: 'group-1', members: [user(1), user(2)] });
  });

  it('lists the faults that are left', async () => {
    const fault = { operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'throttle', times: 2, skip: 0 };
    await ask('POST', '/faults', [fault]);
    expect((await ask('GET', '/faults')).json).toEqual([fault]);
    await ask('DELETE', '/faults');
    expect((await ask('GET', '/faults')).json).toEqual([]);
  });

  it('takes another speed', async () => {
    expect(await ask('POST', '/speed', { speed: 60 })).toEqual({ status: 200, json: {} });
    expect((await ask('GET', '/clock')).json.speed).toBe(60);
    await ask('POST', '/speed', { speed: 0 });
  });

  it.each([
    ['/speed', { speed: -1 }],
    ['/speed', { speed: '60' }],
    ['/speed', {}],
    ['/step', { seconds: 0 }],
    ['/step', { seconds: 1e12 }],
    ['/step', { seconds: 1, minutes: 1 }],
    ['/trigger', [{ leave: { user: user(1), group: GROUP } }, { leave: { user: user(9), group: GROUP } }]],
    ['/trigger', [{ empty: GROUP }]],
    ['/trigger', []],
  ])('refuses, at %s, %j', async (path, posted) => {
    const { status, json } = await ask('POST', path, posted);
    expect({ status, error: json.error.at(-1) }).toEqual({ status: 400, error: expect.stringMatching(/^[^\n]+$/) });
    expect(await members()).toHaveLength(2);
  });

  it('lets time pass at once', async () => {
    const before = await now();
    await ask('POST', '/step', { seconds: 3600 });
    await emulator.during(Promise.resolve());
    expect(await now()).toBeGreaterThanOrEqual(before + 3_600_000);
  });

  it('has several members leave at one time', async () => {
    const leaving = [1, 2].map((number) => ({ leave: { user: user(number), group: GROUP } }));
    expect((await ask('POST', '/trigger', leaving)).status).toBe(200);
    expect(await members()).toEqual([]);
  });
});

describe('a pace', () => {
  it('follows real time at its speed, and takes each step once', () => {
    const pace = new Pace(60);
    expect(pace.take(1000)).toBe(60_000);
    pace.step(5);
    pace.speed = 0;
    expect([pace.take(1000), pace.take(1000)]).toEqual([5000, 0]);
  });
});

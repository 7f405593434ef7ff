// @module-tag long
import { describe, expect, it } from 'vitest';
import { aConsole } from '../support/console.ts';
import { GROUP, people, STORE_ID, user } from '../support/ids.ts';
import { linesOf } from '../support/operator.ts';

const query = (values: Record<string, string>) => new URLSearchParams(values).toString();

describe('a console with --allow-changes', () => {
  const { operator, ask } = aConsole({ people: 6, members: 5, changes: true });
  const change = (action: string, values: object) => ask(`/api/change/${action}`, values);
  const preview = (action: string, values: Record<string, string>) => ask(`/api/preview/${action}?${query(values)}`);

  it.each<[string, Record<string, string>, string, object, string]>([
    ['everything', { all: 'true' }, '--all', { scope: 'everything' }, 'plan'],
    ['a group', { group: GROUP }, `--group=${GROUP}`, { groupId: GROUP }, 'plan'],
    ['a user', { user: user(1) }, `--user=${user(1)}`, { userId: user(1) }, 'user'],
  ])('starts %s, and shows what that does and the command before', async (_what, values, option, input, type) => {
    const before = await preview('start', values);
    expect(before).toMatchObject({ status: 200, command: `usher --local start ${option}` });
    expect(before.lines()).toContainEqual(expect.objectContaining({ type }));
    const started = await change('start', values);
    expect(started).toMatchObject({ status: 200, command: before.command });
    expect(started.lines()).toEqual([
      expect.objectContaining({ type: 'start', input: expect.objectContaining(input) }),
    ]);
  });

  it('starts nothing before it is confirmed', async () => {
    await operator.run('start', '--all', '--wait');
    const executions = async () => linesOf((await operator.run('status', '--executions', '--json')).out).length;
    const before = await executions();
    await preview('start', { all: 'true' });
    await preview('start', { user: user(1) });
    expect(await executions()).toBe(before);
  });

  it('redrives one failed execution', async () => {
    await operator.fault({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', principalId: user(6) });
    const membership = { IdentityStoreId: STORE_ID, GroupId: GROUP, MemberId: { UserId: user(6) } };
    await operator.call('AWSIdentityStore.CreateGroupMembership', membership);
    const listed = linesOf((await operator.run('status', '--executions', '--json')).out);
    const execution = String(listed.find(({ status }) => status === 'FAILED')?.['execution']);
    const before = await preview('redrive', { execution });
    expect(before).toMatchObject({ status: 200, command: `usher --local redrive ${execution}` });
    expect(before.lines()).toEqual([expect.objectContaining({ type: 'failure', execution })]);
    expect((await change('redrive', { execution })).lines()).toEqual([
      ...before.lines(),
      { type: 'redrive', execution, outcome: 'redriven' },
    ]);
  });

  it('releases what a digest covers', async () => {
    for (const one of people(1, 5)) {
      await operator.run('local', 'trigger', 'leave', user(one), GROUP);
    }
    await operator.run('start', '--all', '--wait');
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    const digest = String(hold?.['digest']);
    const before = await preview('release', { digest });
    expect(before).toMatchObject({ status: 200, command: `usher --local release ${digest}` });
    expect(before.lines()).toEqual([expect.objectContaining({ type: 'release', digest })]);
    const released = await change('release', { digest });
    expect(released.command).toBe(before.command);
    expect(released.lines()).toEqual([
      ...before.lines(),
      expect.objectContaining({ type: 'start', input: { release: digest } }),
    ]);
    await operator.run('start', '--all', '--wait');
    expect((await operator.run('held', '--json')).out).toBe('{"type":"none","of":"hold"}\n');
  });

  it.each<[string, string, object]>([
    ['no such change', 'adopt', { application: 'x' }],
    ['no such change, but a property of all objects', 'constructor', {}],
    ['a redrive of nothing, which would redrive everything', 'redrive', {}],
    ['a redrive of an empty name', 'redrive', { execution: '' }],
    ['a release without a digest', 'release', {}],
    ['a start of nothing', 'start', {}],
    ['a start of two things', 'start', { user: user(1), all: 'true' }],
    ['a value that is no text', 'redrive', { execution: ['a', 'b'] }],
    ['another option', 'release', { digest: 'abcdef12', yes: 'true' }],
    ['a value with half a character', 'start', { user: '\ud800' }],
  ])('knows %s', async (_what, action, values) => {
    expect(await change(action, values)).toMatchObject({ status: 400, command: '' });
  });

  it.each([
    ['release', { digest: '--yes' }],
    ['redrive', { execution: '--yes' }],
    ['start', { user: '--all' }],
  ])('takes no value of %s for an option', async (action, values) => {
    const { lines } = await change(action, values);
    expect(lines().at(-1)).toMatchObject({ type: 'error' });
  });
});

describe('a console without --allow-changes', () => {
  const { operator, ask } = aConsole({ people: 3 });

  it.each(['start', 'release', 'redrive'])('has no route for %s', async (action) => {
    expect(await ask(`/api/change/${action}`, { all: 'true' })).toMatchObject({ status: 404 });
  });

  it('shows the command of a change, and runs nothing for it', async () => {
    const before = await operator.calls();
    const { status, command, text } = await ask(`/api/preview/release?${query({ digest: 'abcdef12' })}`);
    expect({ status, command, text }).toEqual({ status: 200, command: 'usher --local release abcdef12', text: '' });
    expect(await operator.calls()).toEqual(before);
  });
});

describe('the names of a console', () => {
  const { operator, ask } = aConsole({ people: 3 });

  it('are those of the users and groups that the page asks for, and no others', async () => {
    const answer = await ask('/api/names', { users: [user(1), user(99)], groups: [GROUP, 'gone'] });
    expect(answer.status).toBe(200);
    const { users, groups } = JSON.parse(answer.text);
    expect(Object.keys(users)).toEqual([user(1)]);
    expect(groups).toEqual({ [GROUP]: 'developers' });
  });

  it('are missing where AWS refuses to show them', async () => {
    await operator.fault({ operation: 'IdentityStore.DescribeUser', kind: 'refuse', principalId: user(1) });
    const answer = await ask('/api/names', { users: [user(1), user(2)] });
    expect(Object.keys(JSON.parse(answer.text).users)).toEqual([user(2)]);
  });

  it.each<[string, object]>([
    ['too many', { users: people(1, 101).map(user) }],
    ['no ids', { users: [7] }],
    ['something else', { applications: [] }],
  ])('are refused to a request with %s', async (_what, body) => {
    expect(await ask('/api/names', body)).toMatchObject({ status: 400 });
  });
});

// @module-tag long

import { describe, expect, it } from 'vitest';
import { GROUP, group, OTHER_GROUP, user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

const operator = anOperator({
  people: 6,
  members: 3,
  // Names of the emulator have no prefix, whatever the configuration says.
  entitlements: (configured) => ({ ...configured, namePrefix: 'acme-' }),
  directory: (seed) => ({
    ...seed,
    users: [
      ...seed.users.map((one, index) => ({
        ...one,
        userName: index === 0 ? `${SECRET}\u001b[31m` : `user-${index + 1}`,
      })),
      { userId: user(98), userName: 'twin', email: 'twin@example.com' },
      { userId: user(99), userName: 'other twin', email: 'Twin@example.com' },
    ],
    groups: [...seed.groups, { groupId: group(3), displayName: 'nobody asked', members: [] }],
  }),
});

const ended = (out: string) => linesOf(out).at(-1);

describe('usher start', () => {
  it.each([
    ['id', user(1)],
    ['userName', 'user-2'],
    ['e-mail address', `${SECRET}-3@example.com`],
    ['external id', `externalId:${SECRET}-3`, '--issuer', 'https://idp.example.com'],
  ])('starts for a user by %s, with nothing but the id in the execution', async (_kind, who, ...more) => {
    const { code, out, error } = await operator.child('start', '--user', who, ...more, '--json');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    const [start] = linesOf(out);
    expect(start).toEqual({
      type: 'start',
      execution: expect.stringContaining(':execution:'),
      input: { userId: expect.any(String) },
    });
  });

  it('follows the execution state by state to its end with --wait', async () => {
    const { code, out } = await operator.child('start', '--group', 'developers', '--wait', '--json');
    expect(code).toBe(0);
    const lines = linesOf(out);
    expect(lines[0]).toMatchObject({ type: 'start', input: { groupId: GROUP } });
    expect(lines.filter(({ type }) => type === 'state').map(({ state }) => state)).toEqual(
      expect.arrayContaining(['NormalizeRequest', 'CheckPropagation', 'PlanChanges']),
    );
    expect(lines.at(-1)).toMatchObject({ type: 'end', outcome: 'converged' });
  });

  it('describes each state in words', async () => {
    const { out } = await operator.run('start', '--all', '--wait');
    expect(out).toMatch(/^started arn:/m);
    expect(out).toMatch(/PlanChanges +reads who is entitled/);
    expect(out).toMatch(/converged: fresh reads show the desired state|handed over/);
  });

  it('waits for a user whom SCIM will provision, with --expected', async () => {
    const { code, out } = await operator.run(
      'start',
      '--user',
      'userName:new',
      '--expected',
      '--wait-seconds',
      '60',
      '--json',
    );
    expect(code).toBe(0);
    expect(ended(out)).toMatchObject({ input: { userName: 'new', waitSeconds: 60 } });
  });

  it('ends with 1 if the execution fails', async () => {
    const { code, error } = await operator.run(
      'start',
      '--user',
      'userName:never',
      '--expected',
      '--wait-seconds',
      '1',
      '--wait',
    );
    expect(code).toBe(1);
    expect(error).toMatch(/PropagationTimeoutError.*did not appear in time/);
  });

  it.each([
    [
      'an unknown user',
      ['--user', 'nobody@example.com'],
      /has no user nobody@example.com\. If SCIM will provision them/,
    ],
    [
      'two users with one address',
      ['--user', 'twin@example.com'],
      /may mean 2 users: twin \(.*98\), other twin \(.*99\)\. Name one/,
    ],
    ['a missing group', ['--group', 'developpers'], /has no group developpers\. Did you mean developers\?/],
    [
      'a group that is not configured',
      ['--group', 'nobody asked'],
      new RegExp(`No entitlement names.*2 groups are configured: ${GROUP}, ${OTHER_GROUP}`),
    ],
    ['no target', [], /Name one of --user, --group or --all/],
    ['two targets', ['--all', '--user', 'user-2'], /Name one of/],
    ['an external id without issuer', ['--user', 'externalId:7'], /needs --issuer/],
    ['an escape sequence', ['--user', 'x\u001b[31m'], /has no user x\\u001b\[31m/],
    ['an ambiguous name', ['--user', 'a@b.example', '--expected'], /userName:… or email:…/],
  ])('ends with 2 for %s, and starts nothing', async (_what, args, message) => {
    const before = (await operator.calls())['SFN.StartExecution'];
    const { code, out, error } = await operator.run('start', ...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
    expect(error).not.toContain('\u001b');
    expect((await operator.calls())['SFN.StartExecution']).toBe(before);
  });

  it('retries when AWS throttles, and says so', async () => {
    await operator.fault({ operation: 'SFN.StartExecution', kind: 'throttle', principalId: user(2) });
    const { code, error } = await operator.run('start', '--user', user(2));
    expect(code).toBe(0);
    expect(error).toMatch(/AWS throttles this command; retrying/);
  });

  it.each([
    [
      'expired credentials',
      { operation: 'STS.GetCallerIdentity', kind: 'expired' },
      3,
      /Credentials are missing, expired or wrong/,
    ],
    [
      'a missing permission',
      { operation: 'SFN.StartExecution', kind: 'refuse', principalId: user(1) },
      1,
      /AccessDeniedException[\s\S]*lists the permissions/,
    ],
    [
      'another stage',
      { operation: 'SFN.StartExecution', kind: 'not-found', principalId: user(1) },
      3,
      /Is Usher deployed here/,
    ],
  ])('ends with a hint for %s', async (_what, fault, code, message) => {
    await operator.fault(fault);
    const ended = await operator.run('start', '--user', user(1));
    expect(ended.error).toMatch(message);
    expect(ended.code).toBe(code);
  });
});

describe('usher status EXECUTION', () => {
  it('shows one execution in full: states, audit events, reason', async () => {
    const joined = await operator.run('start', '--user', user(4), '--wait', '--json');
    const execution = String(linesOf(joined.out)[0]?.['execution']);
    const { out } = await operator.child('status', execution, '--json');
    expect(linesOf(out)[0]).toMatchObject({
      execution,
      outcome: 'converged',
      subject: { trigger: 'manual', users: [{ userId: user(4) }] },
      changes: { gained: 0, lost: 0 },
      states: expect.arrayContaining([expect.objectContaining({ state: 'PlanChanges', failures: [] })]),
      audit: [],
      moves: [
        { from: 'NormalizeRequest', to: 'IsForUs', count: 1 },
        { from: 'IsForUs', to: 'CheckPropagation', count: 1 },
        { from: 'CheckPropagation', to: 'IsVisible', count: 1 },
        { from: 'IsVisible', to: 'PlanChanges', count: 1 },
        { from: 'PlanChanges', to: 'WhatNow', count: 1 },
        { from: 'WhatNow', to: 'Converged', count: 1 },
      ],
    });
    const words = await operator.run('status', execution.split(':').at(-1) ?? '');
    expect(words.out).toMatch(/NormalizeRequest/);
    expect(words.out).toMatch(/It recorded no audit event/);
    expect(words.out).toContain(`manual start: ${user(4)}\n`);
  });

  it('lists its history with --steps, those of states that only choose, too', async () => {
    const joined = await operator.run('start', '--user', user(4), '--wait', '--json');
    const execution = String(linesOf(joined.out)[0]?.['execution']);
    const steps = linesOf((await operator.run('status', execution, '--steps', '--json')).out);
    expect(steps[0]).toMatchObject({ type: 'step', execution, id: 1, what: 'other', event: 'ExecutionStarted' });
    expect(steps.map(({ id }) => id)).toEqual(steps.map((_step, index) => index + 1));
    expect(steps).toContainEqual(
      expect.objectContaining({ what: 'exited', event: 'ChoiceStateExited', state: 'WhatNow' }),
    );
    const rest = await operator.run('status', execution, '--steps', '--after', '3', '--json');
    expect(linesOf(rest.out)).toEqual(steps.slice(3));
    const end = await operator.run('status', execution, '--steps', '--after', String(steps.length), '--json');
    expect(linesOf(end.out)).toEqual([{ type: 'none', of: 'step' }]);
    const words = await operator.run('status', execution, '--steps');
    expect(words.out).toMatch(/^STEP\tTIME\tEVENT\tSTATE\tERROR\n1\t\S+Z\tExecutionStarted\t\t\n/);
  });

  it.each([
    ['steps of nothing', ['--steps'], /--steps goes with an EXECUTION/],
    ['steps and who started it', ['x', '--steps', '--by'], /--steps excludes/],
    ['what comes after nothing', ['x', '--after', '3'], /--after goes with --steps/],
    ['what comes after no number', ['x', '--steps', '--after', '-1'], /--after/],
    ['more steps than an execution has', ['x', '--steps', '--after', '25001'], /--after/],
  ])('ends with 2 for %s', async (_what, args, message) => {
    const { code, error } = await operator.run('status', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });

  it('shows failed attempts', async () => {
    await operator.fault({ operation: 'DynamoDB.GetItem', kind: 'throttle', times: 1 });
    const joined = await operator.run('start', '--user', user(5), '--wait', '--json');
    expect(joined.code).toBe(0);
    const execution = String(linesOf(joined.out)[0]?.['execution']);
    const [shown] = linesOf((await operator.run('status', execution, '--json')).out);
    expect(shown?.['states']).toContainEqual(
      expect.objectContaining({ state: 'PlanChanges', failures: expect.arrayContaining(['TransientAwsError']) }),
    );
  });

  it.each([
    ['a missing execution', 'nothing', /There is no execution nothing/],
    [
      'an ARN of another account',
      'arn:aws:states:us-east-1:999999999999:execution:usher-local-onboarding:x',
      /not an execution of this stage, account and Region/,
    ],
  ])('ends with 2 for %s', async (_what, name, message) => {
    const { code, error } = await operator.run('status', name);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});

// @module-tag long
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf, resultsOf } from '../support/operator.ts';

const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
/** Progress is no trouble: a slow machine prints it, too. */
const TROUBLE = /error:|not read:/;
const operator = anOperator({ people: 10, members: 8, max: 7 });

const startWith = (input: object) =>
  operator.call('AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE, input: JSON.stringify(input) });
const startTick = () => startWith({ scope: 'tick' });

/** Removes users from GROUP: more than the brake allows. */
async function empty(number: number): Promise<void> {
  const list = await operator.call('AWSIdentityStore.ListGroupMemberships', {
    IdentityStoreId: STORE_ID,
    GroupId: GROUP,
  });
  for (const { MembershipId } of (list['GroupMemberships'] as { MembershipId: string }[]).slice(0, number))
    await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
}

const status = async (...args: readonly string[]) => {
  const { code, out, error } = await operator.run('status', '--json', ...args);
  expect(error).not.toMatch(TROUBLE);
  return { code, lines: linesOf(out) };
};

afterEach(() => operator.clearFaults());

// The tests of this file are one story.
describe('usher status', () => {
  it('answers as a process with exit code 0 that nothing needs a person', async () => {
    const { code, out, error } = await operator.child('status');
    expect(error).not.toMatch(TROUBLE);
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('Nothing needs you.');
    expect(out).toMatch(/^Ticks: ENABLED, the next within 5 min\.$/m);
    expect(out).toMatch(/none yet$/m);
  });

  it('lists no execution before there is one', async () => {
    expect((await status('--executions')).lines).toEqual([{ type: 'none', of: 'execution' }]);
    expect((await operator.run('status', '--executions')).out).toBe('There is no execution yet.\n');
  });

  it('does not promise that nothing needs a person if a read fails', async () => {
    await operator.fault({ operation: 'SQS.GetQueueAttributes', kind: 'refuse', for: 'ever' });
    const { code, out } = await operator.run('status');
    expect(out).toMatch(/^Nothing that could be read needs you, but 4 reads failed\.\n/);
    expect(code).toBe(1);
  });

  it('says what the last sweeps found: seats, waitlist, and when', async () => {
    await startTick();
    await operator.run('start', '--all', '--wait');
    const { code, lines } = await status();
    expect(code).toBe(0);
    expect(lines).toEqual([
      {
        type: 'status',
        attention: 0,
        unread: 0,
        running: 0,
        sweptAt: expect.stringMatching(/Z$/),
        ticks: 'ENABLED',
        tickEverySeconds: 300,
        entitlements: [
          expect.objectContaining({ entitlement: ENTITLEMENT, seats: 7, max: 7, waitlisted: 1, held: 0 }),
          expect.objectContaining({ entitlement: 'kiro', seats: 0, waitlisted: 0 }),
        ],
      },
    ]);
    const { out } = await operator.run('status');
    expect(out).toMatch(new RegExp(`^${ENTITLEMENT}\t7\t7\t1\t0\t\\d{4}-.*Z$`, 'm'));
  });

  it('forgets a failed execution once a full sweep has made up for it', async () => {
    await startWith({ hello: 1 });
    const { code, lines } = await status();
    expect(code).toBe(0);
    expect(lines[0]).toMatchObject({
      type: 'attention',
      kind: 'failed-execution',
      title: '1 execution failed with InvalidRequestError',
      count: 1,
      since: expect.any(String),
      fix: expect.stringMatching(/^usher status \S+$/),
    });
    expect(lines.at(-1)).toMatchObject({ type: 'status', attention: 1 });
    await operator.run('start', '--all', '--wait');
    expect((await status()).lines).toEqual([expect.objectContaining({ type: 'status', attention: 0 })]);
  });

  it('shows everything that needs a person on one screen', async () => {
    await empty(6);
    await operator.run('start', '--all', '--wait');
    await operator.call('AmazonSQS.SendMessage', { QueueUrl: 'x/usher-local-undelivered-events', MessageBody: '{}' });
    const { code, lines } = await status();
    expect(code).toBe(0);
    expect(lines.map(({ type, kind }) => kind ?? type)).toEqual(['hold', 'dead-letter', 'status']);
    expect(lines[0]).toMatchObject({
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      since: expect.any(String),
      reason: 'more revocations than the brake allows in 24 hours',
      fix: 'Undo or release them: usher held',
    });
    expect(lines[1]).toMatchObject({ count: 1, queue: 'usher-local-undelivered-events', fix: 'usher redrive' });
    const { out } = await operator.run('status');
    expect(out).toMatch(/^2 things need you\.\n\n✗ amazon-q-developer: \d revocations held, since \d{4}-.*Z\n/);
  });

  it('takes a bounded number of requests', async () => {
    const before = Object.values(await operator.calls()).reduce((sum, calls) => sum + calls, 0);
    await status();
    const after = Object.values(await operator.calls()).reduce((sum, calls) => sum + calls, 0);
    expect(after - before).toBeLessThan(45);
  });

  it('counts the same as problems of usher doctor', async () => {
    const { code, out } = await operator.run('doctor', '--json');
    expect(code).toBe(1);
    const found = new Map(resultsOf(out).map((one) => [one['check'], one]));
    expect(found.get('holds')).toMatchObject({
      type: 'check',
      section: 'Activity',
      verdict: 'problem',
      found: expect.stringMatching(/^amazon-q-developer: \d revocations held since .* ago: more revocations than/),
      fix: 'Undo or release them: usher held',
    });
    expect(found.get('failed executions')).toMatchObject({ verdict: 'ok' });
    expect(found.get('dead letters events')).toMatchObject({ verdict: 'problem' });
  });
});

describe('usher status --executions', () => {
  it('says what started each, about whom, how it ended, and what it changed; ticks are folded', async () => {
    await startTick();
    await startTick();
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId: user(9) },
    });
    const { lines } = await status('--executions', '--names');
    expect(lines[0]).toMatchObject({
      type: 'execution',
      outcome: 'converged',
      subject: {
        trigger: 'event',
        event: 'CreateGroupMembership',
        source: 'identitystore',
        users: [{ userId: user(9), name: expect.any(String) }],
        groupIds: [GROUP],
      },
    });
    expect(lines[1]).toMatchObject({ type: 'fold', of: 'tick', count: 2 });
    const granting = lines.filter(({ changes }) => (changes as { gained: number } | undefined)?.gained === 7);
    expect(granting).toHaveLength(1);
    const words = (await operator.run('status', '--executions')).out;
    expect(words).toMatch(/^STARTED\tTRIGGER\tSUBJECT\tOUTCOME\tCHANGES\tTOOK\tEXECUTION$/m);
    expect(words).toMatch(new RegExp(`\tCreateGroupMembership of identitystore\t${user(9)}\tconverged\t`));
    expect(words).toMatch(/^\d{4}-\S+Z\t2 ticks\t\tnothing to do\tnone\t\t$/m);
    expect(words).toMatch(/\tunknown input\t\tfailed\tnone\t/);
    expect(words).toMatch(/\t\+7\t/);
  });

  it('shows each tick with --ticks, and says that there are more', async () => {
    const { lines } = await status('--executions', '--ticks', '--limit', '2');
    expect(lines.map(({ type }) => type)).toEqual(['execution', 'execution', 'more']);
    expect(lines[2]).toEqual({ type: 'more', of: 'execution', read: 2 });
    expect((await operator.run('status', '--executions', '--limit', '2')).out).toMatch(
      /^The newest \d executions; there are more/m,
    );
  });

  it.each([
    ['a list of one', ['execution-1', '--executions'], /Name an EXECUTION, or list/],
    ['a limit of no list', ['--limit', '3'], /go with --executions/],
    ['a limit of nothing', ['--executions', '--limit', '0'], /--limit/],
    ['a limit of too many', ['--executions', '--limit', '1001'], /--limit/],
  ])('ends with 2 for %s', async (_fact, args, message) => {
    const { code, error } = await operator.run('status', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('usher status --watch', () => {
  /** Reads the output of a command until it has matched. */
  async function read(child: ReturnType<typeof operator.start>, until: RegExp): Promise<string> {
    let out = '';
    while (!until.test(out)) out += String((await once(child.stdout, 'data'))[0]);
    return out;
  }

  it('appends only what is new in a pipe, with its time, and ends with 130 on Ctrl-C', async () => {
    const child = operator.start('status', '--watch');
    const first = await read(child, /More checks/);
    expect(first).toMatch(/^\d{4}-\S+Z\t2 things need you\.\n/);
    await operator.call('AmazonSQS.SendMessage', { QueueUrl: 'x/usher-local-undelivered-events', MessageBody: '{}' });
    const news = (await read(child, /2 messages/)).trimEnd().split('\n');
    expect(news).toEqual([expect.stringMatching(/Z\t✗ 2 messages in usher-local-undelivered-events$/)]);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
  });

  it('follows an execution to its end', async () => {
    const { out: started } = await operator.run('start', '--user', user(3), '--json');
    const name = String(linesOf(started)[0]?.['execution']);
    const { code, out } = await operator.run('status', name, '--watch', '--json');
    expect(code).toBe(0);
    expect(linesOf(out).at(-1)).toMatchObject({ type: 'execution', outcome: 'held' });
  });

  it('survives a read that fails', async () => {
    await operator.fault({ operation: 'SQS.GetQueueAttributes', kind: 'refuse', times: 4 });
    const child = operator.start('status', '--watch', '--json');
    const out = await read(child, /"unread":0/);
    expect(out).toMatch(/"type":"unread"/);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
  });
});

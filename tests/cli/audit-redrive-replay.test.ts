// @module-tag long
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anAddMemberToGroup } from '../support/events.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf, resultsOf } from '../support/operator.ts';

const operator = anOperator({ people: 6, members: 4 });
const JOIN = anAddMemberToGroup({ userId: user(1), groupId: GROUP });
const EVENTS = 'usher-local-undelivered-events';
const TICKS = 'usher-local-undelivered-ticks';

const send = (queue: string, body: unknown) =>
  operator.call('AmazonSQS.SendMessage', {
    QueueUrl: `https://sqs.example.com/000000000000/${queue}`,
    MessageBody: typeof body === 'string' ? body : JSON.stringify(body),
  });

async function left(queue: string): Promise<string[]> {
  const { Attributes } = (await operator.call('AmazonSQS.GetQueueAttributes', { QueueUrl: `x/${queue}` })) as {
    Attributes: Record<string, string>;
  };
  return [Attributes['ApproximateNumberOfMessages'] ?? '', Attributes['ApproximateNumberOfMessagesNotVisible'] ?? ''];
}

describe('usher audit', () => {
  it('shows who got what, when and why', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const { code, out } = await operator.child('audit', '--since', '1h');
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n')).toHaveLength(4);
    expect(out).toMatch(new RegExp(`^2\\d{3}-.*\tSeat Assigned\t${user(1)}\tamazon-q-developer\tmanual$`, 'm'));
  });

  it.each([
    ['user', ['--user', user(2)], 1],
    ['entitlement', ['--entitlement', 'kiro'], 0],
    ['type', ['--type', 'assigned'], 4],
    ['another type', ['--type', 'Seat Revoked'], 0],
    ['time', ['--since', '2020-01-01', '--until', '2020-01-02T00:00Z'], 0],
  ])('filters by %s, and prints the events themselves with --json', async (_what, args, number) => {
    const { code, out } = await operator.run('audit', ...args, '--json');
    expect(code).toBe(0);
    const events = resultsOf(out);
    expect(events).toHaveLength(number);
    for (const event of events)
      expect(event).toMatchObject({ source: 'usher', 'detail-type': 'Seat Assigned', detail: { class_uid: 3005 } });
  });

  it('follows the stream until Ctrl-C, and shows each event once', async () => {
    const child = operator.start('audit', '--follow', '--since', '1h', '--json');
    let out = '';
    // What comes while nothing listens is lost.
    child.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    const waitFor = async (lines: number) => {
      while (linesOf(out.slice(0, out.lastIndexOf('\n') + 1)).length < lines) await once(child.stdout, 'data');
    };
    await waitFor(4);
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId: user(5) },
    });
    await waitFor(5);
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
    const userIds = linesOf(out).map(({ detail }) => (detail as { user: { uid: string } }).user.uid);
    expect(userIds.sort()).toEqual([1, 2, 3, 4, 5].map(user));
  });

  it.each([
    ['a time', ['--since', 'yesterday'], /--since: expected 15m/],
    ['a type', ['--type', 'gone'], /--type: expected one of Seat Assigned/],
    ['a user', ['--user', 'nobody'], /no user nobody/],
  ])('ends with 2 if %s is invalid', async (_what, args, message) => {
    const { code, error } = await operator.run('audit', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('usher redrive', () => {
  it('reports that there is nothing to do', async () => {
    const { code, error } = await operator.run('redrive');
    expect(error).toMatch(/There are no failed executions and no dead-letter messages/);
    expect(code).toBe(0);
    expect(linesOf((await operator.run('redrive', '--json')).out)).toEqual([{ type: 'none', of: 'failure' }]);
  });

  it('redrives a failed execution at the step that failed', async () => {
    await operator.fault({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', principalId: user(6) });
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId: user(6) },
    });
    const listed = linesOf((await operator.run('status', '--executions', '--json')).out);
    const failed = listed.filter(({ status }) => status === 'FAILED');
    const asked = await operator.run('redrive');
    expect(asked.code).toBe(2);
    expect(asked.out).toMatch(
      new RegExp(`\tFAILED\t.*\t${user(6)}\tRefusedError.*AWS, or a limit of the configuration, refuses`),
    );
    const { code, out } = await operator.child('redrive', '--yes', '--json');
    expect(code).toBe(0);
    const [{ execution } = {}] = failed;
    expect(linesOf(out)).toEqual([
      {
        type: 'failure',
        execution,
        status: 'FAILED',
        since: expect.any(String),
        error: 'RefusedError',
        reason: expect.stringMatching(/^RefusedError: /),
        subject: expect.objectContaining({ trigger: 'event', users: [{ userId: user(6) }] }),
        redrive: { possible: 'yes', fix: expect.stringMatching(/^usher redrive \S+$/) },
      },
      { type: 'redrive', execution, outcome: 'redriven' },
    ]);
    const [after] = linesOf((await operator.run('status', String(execution), '--json')).out);
    expect(after).toMatchObject({ outcome: 'converged', redrives: 1 });
  });

  it('follows each to its end with --wait, and ends with 1 if one fails again', async () => {
    const input = ['start', '--user', 'userName:never', '--expected', '--wait-seconds', '1'];
    const started = linesOf((await operator.run(...input, '--json')).out);
    const [{ execution } = {}] = started;
    const { code, out, error } = await operator.run('redrive', String(execution), '--yes', '--wait', '--json');
    expect(linesOf(out).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['failure', 'redrive', 'state', 'attempt', 'end', 'error']),
    );
    expect(error).toMatch(/1 execution failed again/);
    expect(code).toBe(1);
    await operator.call('AWSIdentityStore.CreateUser', { IdentityStoreId: 'd-1234567890', UserName: 'never' });
    const again = await operator.run('redrive', '--yes', '--wait');
    expect(again.out).toMatch(/^redriven \S+\n\S+\n[\s\S]*^converged/m);
    expect(again.code).toBe(0);
  });

  it('says why a failure is not redriven by itself, and what helps', async () => {
    const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
    const wrong = { stateMachineArn, name: 'wrong', input: JSON.stringify({ userId: 'nobody' }) };
    await operator.call('AWSStepFunctions.StartExecution', wrong);
    const { code, out } = await operator.run('redrive', '--yes');
    expect(out).toMatch(
      /^wrong is redriven only by name: a redrive repeats it with the same input\. See what its input asks for: usher explain --execution wrong$/m,
    );
    expect(out).not.toMatch(/^redriven/m);
    expect(code).toBe(0);
    expect((await operator.run('status', 'wrong')).out).toMatch(
      /^Not redriven by itself: a redrive repeats it with the same input\.\nSee what its input asks for: usher explain --execution wrong$/m,
    );
    const explained = await operator.run('explain', '--execution', 'wrong');
    expect(explained.out).toMatch(/invalid: userId: expected the id of a user/);
    expect(explained.code).toBe(1);
    const named = await operator.run('redrive', 'wrong', '--yes', '--wait');
    expect(named.out).toMatch(/^redriven wrong$/m);
    expect(named.code).toBe(1);
  });

  it('redrives no execution that has succeeded, and says so', async () => {
    const { code, error } = await operator.run('redrive', 'execution-1', '--yes');
    expect(error).toMatch(/execution-1 is not redriven: it has succeeded\./);
    expect(code).toBe(1);
  });

  it('starts one execution per dead-letter event, and leaves all other messages', async () => {
    await send(EVENTS, JOIN);
    // SQS takes no escape character, but the one that means the same to a terminal.
    await send(EVENTS, 'not JSON\u009b31m');
    await send(EVENTS, { release: 'a'.repeat(64) });
    await send(EVENTS, { scope: 'everything' });
    await send(EVENTS, { ...JOIN, detail: { ...JOIN.detail, requestParameters: { groupId: 'x' } } });
    for (let tick = 0; tick < 3; tick += 1) await send(TICKS, { scope: 'tick' });
    await send(TICKS, { scope: 'everything' });
    await send('usher-local-unrecorded-failures', {});
    const asked = await operator.run('redrive');
    expect(asked.code).toBe(2);
    expect(asked.error).toMatch(/unrecorded-failures: 1 message/);
    expect(asked.out).toMatch(/event AddMemberToGroup of sso-directory/);
    expect(asked.out).toMatch(/not JSON: stays in the queue/);
    expect(asked.out).not.toContain('\u009b');
    expect(await left(EVENTS)).toEqual(['5', '0']);
    const { code, out } = await operator.run('redrive', '--yes', '--json');
    expect(code).toBe(0);
    const started = linesOf(out).filter(({ type }) => type === 'start');
    expect(linesOf(out)).toContainEqual({
      type: 'queue',
      queue: 'usher-local-unrecorded-failures',
      messages: 1,
      reason: expect.any(String),
    });
    expect(linesOf(out).filter(({ startable }) => startable === false)).toHaveLength(5);
    expect(started).toHaveLength(4);
    expect(new Set(started.map(({ execution }) => execution)).size).toBe(2);
    expect(await left(EVENTS)).toEqual(['4', '0']);
    expect(await left(TICKS)).toEqual(['1', '0']);
  });

  it('deletes a message only after its start has succeeded', async () => {
    const other = anAddMemberToGroup({ userId: user(3), groupId: GROUP });
    await send(EVENTS, other);
    await operator.fault({ operation: 'SFN.StartExecution', kind: 'refuse', principalId: user(3) });
    expect((await operator.run('redrive', '--yes')).code).toBe(1);
    expect(await left(EVENTS)).toEqual(['5', '0']);
    expect((await operator.run('redrive', '--yes')).code).toBe(0);
    expect(await left(EVENTS)).toEqual(['4', '0']);
  });

  it('ends with 2 if an execution does not exist, and touches no message', async () => {
    const { code, error } = await operator.run('redrive', 'nothing', '--yes');
    expect(error).toMatch(/There is no execution nothing/);
    expect(code).toBe(2);
  });
});

describe('usher replay', () => {
  it('starts one execution per event of a file', async () => {
    writeFileSync(join(operator.folder, 'events.jsonl'), [JOIN, JOIN].map((one) => JSON.stringify(one)).join('\n'));
    const { code, out, error } = await operator.child('replay', 'events.jsonl', '--yes', '--json');
    expect(error).toMatch(/2 events, 0 of which will be ignored/);
    expect(code).toBe(0);
    expect(new Set(linesOf(out).map(({ execution }) => execution)).size).toBe(2);
  });

  it('starts one execution per event in messages, and leaves out the rest', async () => {
    const messages = [JOIN, 'hello', JOIN].map((body) => ({ MessageId: 'm', Body: JSON.stringify(body) }));
    writeFileSync(join(operator.folder, 'messages.json'), JSON.stringify({ Messages: messages }));
    const { code, out, error } = await operator.run('replay', 'messages.json', '--yes', '--json');
    expect(error).toMatch(/2 events, 0 of which will be ignored\.\n1 entry holds no event\./);
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual(
      [0, 2].map((index) => ({
        type: 'start',
        place: `Messages[${index}].Body`,
        execution: expect.stringMatching(/^arn:/),
      })),
    );
  });

  it('replays the archive to the audit bus, with the ids of the first events', async () => {
    const before = linesOf((await operator.run('audit', '--json')).out).length;
    const { code, out } = await operator.run('replay', '--since', '1d', '--yes', '--json');
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual([
      { type: 'replay', replay: expect.stringMatching(/^usher-local-/), status: 'COMPLETED' },
    ]);
    const kept = (
      await operator.call('Logs_20140328.FilterLogEvents', { logGroupName: '/aws/events/usher-local-audit' })
    )['events'];
    expect((kept as unknown[]).length).toBeGreaterThan(before);
    expect(linesOf((await operator.run('audit', '--json')).out)).toHaveLength(before);
  });

  it.each([
    ['neither file nor time', [], /Give FILE, or --since/],
    ['a time with a file', ['events.jsonl', '--since', '1h'], /--since and --until belong to the audit archive/],
    ['an invalid time', ['--since', 'x'], /expected 15m/],
    ['an end before its beginning', ['--since', '1h', '--until', '2h'], /must be before/],
    ['a bus', ['events.jsonl', '--bus', 'usher-local-audit'], /unknown option '--bus'/],
    ['a manual start', ['starts.json'], /not an event. For a manual start: usher start/],
    [
      'the input of an execution that was started by hand',
      ['execution.json'],
      /input: not an event. For a manual start/,
    ],
    ['an event of which a part is missing', ['broken.json'], /_raw: an event as a text that is not JSON/],
    ['an invalid event', ['invalid.json'], /Records\[1\]: requestParameters.groupId: expected the id of a group/],
    ['a file without an event', ['empty.json'], /empty.json: holds no event in Records/],
    ['no terminal to ask in', ['events.jsonl'], /add --yes/],
  ])('ends with 2 for %s, and starts nothing', async (_what, args, message) => {
    const invalid = { ...JOIN.detail, requestParameters: { groupId: 'x' } };
    for (const [name, content] of Object.entries({
      starts: { scope: 'everything' },
      execution: { executionArn: 'arn', status: 'FAILED', input: '{"scope":"everything"}' },
      broken: { _raw: JSON.stringify(JOIN).slice(0, -9) },
      invalid: { Records: [JOIN.detail, invalid] },
      empty: { Records: [] },
    })) {
      writeFileSync(join(operator.folder, `${name}.json`), JSON.stringify(content));
    }
    const before = await operator.calls();
    const { code, error } = await operator.run('replay', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
    const after = await operator.calls();
    for (const call of ['SFN.StartExecution', 'EventBridge.StartReplay', 'EventBridge.PutEvents'])
      expect(after[call]).toBe(before[call]);
  });
});

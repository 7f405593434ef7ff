// @module-tag long
import { describe, expect, it } from 'vitest';
import { AUDIT_BUCKET } from '../../emulator/aws/control-plane/control-plane.ts';
import { APPLICATION, ENTITLEMENT, GROUP, OTHER_APPLICATION, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf, resultsOf } from '../support/operator.ts';

const operator = anOperator({
  people: 8,
  members: 4,
  others: [7],
  entitlement: { costCentre: 'R-D 4711' },
});
const TODAY = '2026-11-30';
const OPERATOR = 'arn:aws:sts::000000000000:assumed-role/Operator/local';
const RULE = 'arn:aws:sts::000000000000:assumed-role/usher-local-events/rule';
const LOG_GROUP = '/aws/events/usher-local-audit';

const typesIn = (lines: readonly Record<string, unknown>[]) => [...new Set(lines.map(({ type }) => type))];
const ofType = (out: string, type: string) => linesOf(out).filter((line) => line['type'] === type);

describe('usher history', () => {
  it('shows who had a seat on a day, since when, and how far back it can see', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const { code, out } = await operator.child('history', ENTITLEMENT, '--at', TODAY, '--json');
    expect(code).toBe(0);
    expect(typesIn(linesOf(out))).toEqual(['reach', 'access']);
    expect(ofType(out, 'reach')).toEqual([{ type: 'reach', since: '2026-11-30T10:00:00.000Z', by: 'log-created' }]);
    expect(ofType(out, 'access').map(({ userId }) => userId)).toEqual([1, 2, 3, 4].map(user));
    expect(ofType(out, 'access')[0]).toEqual({
      type: 'access',
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      userId: user(1),
      status: 'seat',
      since: expect.stringMatching(/^2026-11-30T10:00/),
      reason: 'manual',
      execution: expect.stringContaining(':execution:'),
    });
  });

  it('says who started what people started', async () => {
    const { out } = await operator.run('history', ENTITLEMENT, '--by', '--json');
    expect(ofType(out, 'starter')).toEqual([
      {
        type: 'starter',
        execution: ofType(out, 'access')[0]?.['execution'],
        at: expect.stringMatching(/^2026-11-30T10:00/),
        by: OPERATOR,
      },
    ]);
    expect((await operator.run('history', ENTITLEMENT, '--by')).out).toContain(`\tmanual\t\t${OPERATOR}\n`);
  });

  it('lists every change of an entitlement, if asked, and how long each join took', async () => {
    const { out } = await operator.run('history', ENTITLEMENT, '--changes', '--json');
    const changes = ofType(out, 'audited-change');
    expect(changes.map(({ userId }) => userId).sort()).toEqual([1, 2, 3, 4].map(user));
    for (const change of changes) {
      expect(change).toMatchObject({ event: 'Seat Assigned', reason: 'manual', source: 'manual' });
      const seconds = (Date.parse(String(change['at'])) - Date.parse(String(change['requestedAt']))) / 1000;
      expect(change['joinToSeatSeconds']).toBeCloseTo(seconds);
    }
    expect((await operator.run('history', ENTITLEMENT, '--changes', '--names')).out).toMatch(
      new RegExp(
        `^TIME\\tEVENT\\tUSER\\tENTITLEMENT\\tREASON\\n.*\\tSeat Assigned\\t${user(1)}\\t${ENTITLEMENT}\\tmanual$`,
        'm',
      ),
    );
  });

  it('shows what it can, and fails, if CloudTrail cannot be read', async () => {
    await operator.fault({ operation: 'CloudTrail.LookupEvents', kind: 'refuse', times: 9 });
    const { code, out, error } = await operator.run('history', ENTITLEMENT, '--by', '--json');
    await operator.clearFaults();
    expect(code).toBe(1);
    expect(ofType(out, 'access')).toHaveLength(4);
    expect(typesIn(linesOf(out))).toEqual(['reach', 'access', 'unread', 'error']);
    expect(error).toMatch(/LookupEvents/);
  });

  it('shows the whole history of a user who was deleted, by id', async () => {
    await operator.call('AWSIdentityStore.DeleteUser', { IdentityStoreId: STORE_ID, UserId: user(2) });
    const { code, out, error } = await operator.run('history', user(2), '--json');
    expect(code).toBe(0);
    expect(error).toMatch(/User .* is no longer in the identity store/);
    const [access] = ofType(out, 'access');
    expect(access).toMatchObject({ userId: user(2), status: 'seat', reason: 'manual', endReason: 'user-deleted' });
    expect(String(access?.['until']) > String(access?.['since'])).toBe(true);
    expect(ofType(out, 'audited-change').map(({ event, reason }) => [event, reason])).toEqual([
      ['Seat Assigned', 'manual'],
      ['Seat Revoked', 'user-deleted'],
    ]);
  });

  it.each([
    ['ARN', `arn:aws:identitystore:::user/${user(2)}`],
    ['store and id', `${STORE_ID}.${user(2)}`],
  ])('shows the history of a user who was deleted, by %s', async (_form, named) => {
    const { code, out } = await operator.run('history', named, '--json');
    expect(code).toBe(0);
    expect(ofType(out, 'access')).toMatchObject([{ userId: user(2), endReason: 'user-deleted' }]);
  });

  it('prints names of users who still exist, and only if asked', async () => {
    const { out } = await operator.run('history', ENTITLEMENT, '--at', TODAY, '--names', '--json');
    const named = ofType(out, 'access').filter((line) => 'name' in line);
    expect(named.map(({ userId }) => userId)).toEqual([1, 3, 4].map(user));
    expect((await operator.run('history', ENTITLEMENT, '--at', TODAY)).out).not.toContain('SECRET');
  });

  it('has an explicit line for no one', async () => {
    const { code, out } = await operator.run('history', user(8), '--json');
    expect(code).toBe(0);
    expect(linesOf(out).at(-1)).toEqual({ type: 'none', of: 'access' });
    expect((await operator.run('history', user(8))).error).toMatch(/No one had a seat of Usher then/);
  });

  it.each([
    [
      'a deleted user by name',
      ['reader@example.com'],
      /name them by id.*CreateUser.*No entitlement has this name either\. Existing: .*kiro/,
    ],
    ['an entitlement with a typing error', ['kirp'], /No entitlement has this name either\. Did you mean kiro\?$/m],
    ['an id of which nothing is recorded', [user(99)], /neither the ledger nor the audit stream/],
    ['the future', [ENTITLEMENT, '--at', '2027-01-01'], /--at: 2027-01-01 is in the future/],
    ['no time', [ENTITLEMENT, '--at', 'yesterday'], /--at: expected a day such as/],
    ['a day that no calendar has', [ENTITLEMENT, '--at', '2026-02-30'], /--at: expected a day such as/],
    ['a time and a period', [ENTITLEMENT, '--at', TODAY, '--to', TODAY], /--at excludes/],
    ['a period backwards', [ENTITLEMENT, '--from', '1h', '--to', '2h'], /--from must be before --to/],
  ])('ends with 2 if asked for %s', async (_what, args, message) => {
    const { code, error } = await operator.run('history', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    ['a day before the records begin', ['--at', '2026-01-30'], /reach back to 2026-11-30T10:00.*is not known/],
    ['a bucket that does not exist', ['--bucket', 'nothing'], /NoSuchBucket/],
  ])('ends with 1 and shows no one if asked for %s', async (_what, args, message) => {
    const { code, out, error } = await operator.run('history', ENTITLEMENT, ...args, '--json');
    expect(error).toMatch(message);
    expect(code).toBe(1);
    expect(resultsOf(out)).toEqual([]);
  });

  it('reaches back to the oldest event if AWS does not show how long the log keeps them', async () => {
    await operator.fault({ operation: 'CloudWatchLogs.DescribeLogGroups', kind: 'refuse' });
    const { code, out } = await operator.run('history', ENTITLEMENT, '--json');
    expect(code).toBe(0);
    const [reach] = ofType(out, 'reach');
    expect(reach).toMatchObject({ by: 'oldest-event', since: expect.stringMatching(/^2026-11-30T10:0/) });
    expect(reach?.['since']).not.toBe('2026-11-30T10:00:00.000Z');
  });

  it('says unknown, never no one, if the ledger cannot be read', async () => {
    await operator.fault({ operation: 'DynamoDB.Query', kind: 'refuse' });
    const { code, out } = await operator.run('history', ENTITLEMENT, '--at', '1s', '--json');
    expect(code).toBe(1);
    expect(ofType(out, 'none')).toEqual([]);
    expect(ofType(out, 'unread')).toHaveLength(1);
  });
});

describe('usher why and usher audit', () => {
  it.each([
    ['an identity store with the id', `${STORE_ID}.${user(2)}`],
    ['an ARN', `arn:aws:identitystore:::user/${user(2)}`],
  ])('know a user who was deleted by %s, as history does', async (_what, text) => {
    for (const command of [['history'], ['why'], ['audit', '--user']]) {
      const { code, out } = await operator.run(...command, text, '--json');
      expect({ command, code }).toEqual({ command, code: 0 });
      expect(out).toContain(user(2));
    }
  });

  it('answer for a user who was deleted, by id', async () => {
    const why = await operator.run('why', user(2));
    expect(why.code).toBe(0);
    expect(why.out).toMatch(/not in the identity store/);
    expect(why.out).toMatch(/Seat Revoked\t.*\tuser-deleted/);
    const audit = await operator.child('audit', '--user', user(2), '--json');
    expect(audit.code).toBe(0);
    expect(ofType(audit.out, 'audit-event').map((line) => line['detail-type'])).toEqual([
      'Seat Assigned',
      'Seat Revoked',
    ]);
  });

  it.each(['why', 'audit --user'])('%s says what is needed for a name that no one has now', async (command) => {
    const { code, error } = await operator.run(...command.split(' '), 'gone@example.com');
    expect(error).toMatch(/ids only.*CreateUser and DeleteUser.*identity provider/);
    expect(code).toBe(2);
  });

  it('audit says who started each execution', async () => {
    const { out } = await operator.run('audit', '--user', user(2), '--by', '--json');
    expect(ofType(out, 'audit-event').map(({ startedBy }) => startedBy)).toEqual([OPERATOR, RULE]);
    const text = await operator.run('audit', '--user', user(2), '--by', '--names');
    expect(text.out).toContain(`\tuser-deleted\t\t${RULE} (events.amazonaws.com)\n`);
  });

  it('status says who started an execution, if asked', async () => {
    const { out: started } = await operator.run('start', '--user', user(3), '--json');
    const execution = String(linesOf(started)[0]?.['execution']);
    const { code, out } = await operator.run('status', execution, '--by', '--json');
    expect(code).toBe(0);
    expect(ofType(out, 'execution')).toMatchObject([{ execution, startedBy: OPERATOR }]);
    expect((await operator.run('status', execution, '--by')).out).toContain(`\nStarted by ${OPERATOR}.\n`);
    const without = await operator.run('status', execution, '--json');
    expect(ofType(without.out, 'execution')[0]).not.toHaveProperty('startedBy');
  });

  it.each([[[]], [['--executions']]])('status refuses --by without an execution', async (more) => {
    const { code, error } = await operator.run('status', ...more, '--by');
    expect(error).toMatch(/--by goes with an EXECUTION/);
    expect(code).toBe(2);
  });

  it('status shows an execution, and fails, if CloudTrail cannot be read', async () => {
    const [{ execution } = {}] = ofType((await operator.run('status', '--executions', '--json')).out, 'execution');
    await operator.fault({ operation: 'CloudTrail.LookupEvents', kind: 'refuse', times: 9 });
    const { code, out, error } = await operator.run('status', String(execution), '--by');
    await operator.clearFaults();
    expect(code).toBe(1);
    expect(out).toContain('Who started it is not in CloudTrail, or not yet.');
    expect(error).toMatch(/LookupEvents/);
  });

  it('audit takes as --since and --until what it prints', async () => {
    const { out } = await operator.run('audit', '--entitlement', ENTITLEMENT);
    const [time = ''] = out.split('\t');
    expect(time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    const since = await operator.run('audit', '--since', time, '--json');
    expect(ofType(since.out, 'audit-event').length).toBeGreaterThan(4);
    const until = await operator.run('audit', '--until', time, '--json');
    expect(linesOf(until.out)).toEqual([{ type: 'none', of: 'audit-event' }]);
  });

  it('audit suggests a type', async () => {
    const { code, error } = await operator.run('audit', '--type', 'revokd');
    expect(error).toMatch(/Did you mean revoked\?/);
    expect(code).toBe(2);
  });
});

describe('usher report', () => {
  it('counts the month so far, by entitlement and cost centre', async () => {
    const { code, out } = await operator.child('report', '--price', '19 USD', '--json');
    expect(code).toBe(0);
    expect(typesIn(linesOf(out))).toEqual(['reach', 'month']);
    const [first, second] = ofType(out, 'month');
    expect(first).toEqual({
      type: 'month',
      month: '2026-11',
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      costCentre: 'R-D 4711',
      since: '2026-11-30T10:00:00.000Z',
      until: expect.stringMatching(/^2026-11-30T10:/),
      seatDays: expect.any(Number),
      peak: 4,
      joins: 4,
      leaves: 1,
      waitlisted: 0,
      joinToSeatP50Seconds: expect.any(Number),
      joinToSeatP95Seconds: expect.any(Number),
      pricePerMonth: expect.any(Number),
      currency: 'USD',
    });
    expect(second).toMatchObject({ application: OTHER_APPLICATION, peak: 1, joins: 1, leaves: 0 });
  });

  it('says in words what it does not count', async () => {
    const { code, out, error } = await operator.run('report');
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^${ENTITLEMENT}\tR-D 4711\t[\\d.]+\t4\t4\t1\t0\t`, 'm'));
    expect(error).toMatch(/counts only from 2026-11-30 10:00:00 UTC/);
    expect(error).toMatch(/2026-11 is not over: it counts so far/);
  });

  it('writes a table for a spreadsheet', async () => {
    const { out } = await operator.run('report', '--csv');
    const [head = '', first = ''] = out.split('\n');
    expect(head.split(',').slice(0, 4)).toEqual(['month', 'entitlement', 'costCentre', 'application']);
    expect(first).toMatch(new RegExp(`^2026-11,${ENTITLEMENT},R-D 4711,${APPLICATION},`));
  });

  it('says what it could not read, never that there is nothing, if the ledger cannot be read', async () => {
    await operator.fault({ operation: 'DynamoDB.Query', kind: 'refuse', times: 9 });
    const { code, out } = await operator.run('report', '--json');
    await operator.clearFaults();
    expect(code).toBe(1);
    expect(typesIn(linesOf(out))).toEqual(['reach', 'unread', 'error']);
  });

  it.each([
    ['a month in the future', ['--month', '2026-12'], 2, /2026-12 is in the future/],
    ['no month', ['--month', '2026-13'], 2, /--month: expected a month such as/],
    ['no price', ['--price', 'much'], 2, /--price: expected an amount/],
    ['two formats', ['--csv', '--json'], 2, /exclude each other/],
    ['a month before the records begin', ['--month', '2026-10'], 1, /reach back to .* is not known/],
  ])('ends well if asked for %s', async (_what, args, expected, message) => {
    const { code, error } = await operator.run('report', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(expected);
  });
});

describe('once the log group keeps one day', () => {
  it('history and report reach further back with the copy in the bucket', async () => {
    await operator.call('Logs_20140328.PutRetentionPolicy', { logGroupName: LOG_GROUP, retentionInDays: 1 });
    // This execution waits a day for a user who never comes.
    await operator.run('start', '--user', 'userName:late', '--expected', '--wait-seconds', '172800');
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId: user(6) },
    });
    const args = ['history', ENTITLEMENT, '--at', TODAY, '--json'];
    const short = await operator.run(...args);
    expect(short.code).toBe(1);
    expect(short.error).toMatch(/what was before .* is not known.*--bucket NAME/);
    const { code, out } = await operator.run(...args, '--bucket', AUDIT_BUCKET);
    expect(code).toBe(0);
    expect(ofType(out, 'reach')).toMatchObject([{ by: 'bucket' }]);
    const seats = ofType(out, 'access').map(({ userId, status, until }) => [userId, status, until !== undefined]);
    expect(seats).toEqual([
      [user(1), 'seat', false],
      [user(2), 'seat', true],
      [user(3), 'seat', false],
      [user(4), 'seat', false],
    ]);
    const november = await operator.run('report', '--month', '2026-11', '--bucket', AUDIT_BUCKET, '--json');
    expect(ofType(november.out, 'month')[0]).toMatchObject({ peak: 4, leaves: 1 });
    expect(ofType(november.out, 'month')[0]).not.toHaveProperty('until');
  });
});

describe('after a hold was released', () => {
  it('history says who released it', async () => {
    const { GroupMemberships } = (await operator.call('AWSIdentityStore.ListGroupMemberships', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
    })) as { GroupMemberships: { MembershipId: string }[] };
    for (const { MembershipId } of GroupMemberships)
      await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
    const [{ digest } = {}] = resultsOf((await operator.run('held', '--json')).out);
    expect((await operator.run('release', String(digest), '--yes', '--wait')).code).toBe(0);
    const { code, out } = await operator.run('history', ENTITLEMENT, '--from', '1h', '--by', '--json');
    expect(code).toBe(0);
    // The first two were within the budget: their own events revoked them.
    const ends = ofType(out, 'access').map(({ endExecution }) => String(endExecution));
    const released = ends.filter((execution) => execution.includes('-onboarding-admin:'));
    expect([ends.length, released.length]).toEqual([4, 2]);
    expect(ofType(out, 'starter').map(({ execution, by }) => [execution, by])).toEqual([[released[0], OPERATOR]]);
  });
});

// @module-tag long
import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../domain/notices/delivery.ts';
import { GROUP, STORE_ID, user } from '../support/ids.ts';
import { aDelivery, noticeUid, withNotices } from '../support/notices.ts';
import { anOperator, linesOf, type Operator, resultsOf } from '../support/operator.ts';

const TABLE = 'usher-local-notices';
const DEAD_LETTERS = 'usher-local-undelivered-notices';

/** Writes markers as NotifyUser does. */
async function put(operator: Operator, deliveries: readonly (Delivery | object)[]): Promise<void> {
  for (let index = 0; index < deliveries.length; index += 25) {
    const requests = deliveries
      .slice(index, index + 25)
      .map((one) => ({ PutRequest: { Item: attributesOf({ ...one, open: '#open' }) } }));
    await operator.call('DynamoDB_20120810.BatchWriteItem', { RequestItems: { [TABLE]: requests } });
  }
}

function attributesOf(item: object) {
  return Object.fromEntries(
    Object.entries(item).map(([name, value]) => [
      name,
      typeof value === 'number' ? { N: String(value) } : { S: value },
    ]),
  );
}

const send = (operator: Operator, queue: string, body: object) =>
  operator.call('AmazonSQS.SendMessage', { QueueUrl: `x/${queue}`, MessageBody: JSON.stringify(body) });

/** Rejects the next messages to users. */
const rejecting = (times: number) => ({
  operation: 'SESv2.SendEmail',
  kind: 'exception',
  exception: 'MessageRejected',
  times,
});

async function noticesIn(operator: Operator, ...args: readonly string[]) {
  return resultsOf((await operator.run('notices', '--json', ...args)).out);
}

async function mailsOf(operator: Operator): Promise<number> {
  return (await operator.allCalls())['SESv2.SendEmail'] ?? 0;
}

/** Lets a minute pass: what is in the queue is served. */
async function aMinute(operator: Operator): Promise<void> {
  await operator.run('start', '--all', '--wait');
}

describe('without notices in the configuration', () => {
  const operator = anOperator({ people: 2 });

  it.each([
    [['notices']],
    [['notices', '--user', user(1)]],
    [['notices', 'resend', noticeUid(1)]],
    [['notices', 'resend', '--status', 'refused', '--yes']],
  ])('usher %j says so, and how to turn them on', async (args) => {
    const { code, error } = await operator.run(...args);
    expect(code).toBe(3);
    expect(error).toContain('Notices are off: entitlements.yml has no notices');
    expect(error).toContain('To turn them on, add notices at the top and to an entitlement, and deploy');
  });

  it('no command reads anything of notices', async () => {
    for (const args of [['status'], ['redrive', '--yes'], ['why', user(1)], ['plan']]) {
      const ended = await operator.run(...args);
      expect([args, ended.code]).toEqual([args, 0]);
      expect(ended.out).not.toMatch(/notice/i);
    }
  });

  it('usher status asks nothing because of them', async () => {
    const before = await operator.calls();
    await operator.run('status');
    const after = await operator.calls();
    const asked = Object.entries(after).map(([call, number]) => [call, number - (before[call] ?? 0)] as const);
    expect(Object.fromEntries(asked.filter(([call, number]) => number > 0 && /^(?:SQS|DynamoDB)/.test(call)))).toEqual({
      'DynamoDB.GetItem': 3,
      'SQS.GetQueueAttributes': 4,
      'SQS.GetQueueUrl': 4,
    });
  });
});

describe('with notices', () => {
  const operator = anOperator({ people: 12, members: 5, entitlements: (configured) => withNotices(configured) });
  let uids: Record<number, string> = {};
  const uidOf = (number: number) => uids[number] ?? '';

  it('usher plan says how many users would be written to', async () => {
    const { out } = await operator.run('plan');
    expect(out).toContain('At most 5 notices would be sent: to those who have an address.');
    const lines = linesOf((await operator.run('plan', '--json')).out);
    expect(lines.find(({ type }) => type === 'plan')).toMatchObject({ notices: 5, noticesChange: 'begin-now' });
    expect(lines.at(-1)).toMatchObject({ type: 'plan-total', notices: 5, noticesPerDay: 200 });
  });

  it('usher notices lists what was refused, and what may be lost', async () => {
    await operator.fault(rejecting(2), { operation: 'SESv2.SendEmail', kind: 'internal-after' });
    await operator.run('start', '--all', '--wait');
    const lines = await noticesIn(operator);
    expect(lines.map(({ status }) => status).sort()).toEqual(['in-doubt', 'refused', 'refused']);
    for (const line of lines)
      expect(line).toMatchObject({ type: 'notice', kind: 'assigned', resend: { possible: true } });
    const { out } = await operator.run('notices');
    expect(out).toContain('1 notice is in doubt: no one knows whether Amazon SES sent it.');
    expect(out).toContain('2 notices were refused: remove the cause first.');
    const all = await noticesIn(operator, '--since', '1d');
    uids = Object.fromEntries(all.map(({ userId, uid }) => [Number(String(userId).slice(-12)), String(uid)]));
    expect(all.map(({ status }) => status).sort()).toEqual(['in-doubt', 'refused', 'refused', 'sent', 'sent']);
  });

  it('usher notices lists only what is asked for, with names on request', async () => {
    const refused = await noticesIn(operator, '--status', 'refused', '--names');
    expect(refused).toHaveLength(2);
    for (const line of refused) expect(line['name']).toMatch(/^xSECRETx-\d/);
    expect(linesOf((await operator.run('notices', '--json', '--entitlement', 'kiro')).out)).toEqual([
      { type: 'none', of: 'notice' },
    ]);
    expect((await operator.run('notices', '--entitlement', 'kiro')).out).toBe('No notice needs you.\n');
  });

  it.each([
    [['--entitlement', 'nosuch'], 'No entitlement has the name nosuch'],
    [['--status', 'sent'], '--status sent goes with --user or --since'],
    [['--status', 'nosuch'], '--status: expected one of'],
    [['--since', 'yesterday'], '--since: expected 15m, 3h, 7d'],
    [['--user', 'nosuch'], 'The identity store has no user nosuch'],
    [['resend'], 'Name notices by their UID, or all of a status'],
    [['resend', 'nosuch\u001b[1m'], 'nosuch\\u001b[1m: expected the id of an audit event'],
    [['resend', noticeUid(7)], `No notice was begun for ${noticeUid(7)}`],
    [['resend', noticeUid(7), '--status', 'refused'], '--status and --entitlement go without UID'],
    [['resend', '--status', 'sent'], '--status: expected one of in-doubt, refused, limited'],
    [['resend', '--status', 'refused', '--entitlement', 'nosuch'], 'No entitlement has the name nosuch'],
    [['resend', '--status', 'refused', '--since', '1d'], 'usher notices resend has no option --since'],
    [['resend', '--status', 'refused'], 'This command needs confirmation'],
  ])('usher notices %j is wrong use', async (args, message) => {
    const { code, error } = await operator.run('notices', ...args);
    expect(code).toBe(2);
    expect(error).toContain(message);
  });

  it('usher status counts them', async () => {
    const { out } = await operator.run('status');
    expect(out).toContain('✗ 3 notices were not sent, or may be lost');
    expect(out).toContain('1 in doubt, 2 refused: none is tried again by itself.');
    const [first] = linesOf((await operator.run('status', '--json')).out);
    expect(first).toMatchObject({ type: 'attention', kind: 'notices', count: 3, fix: 'usher notices' });
  });

  it('usher why says what became of the notice of a seat', async () => {
    let text = '';
    for (const number of [1, 2, 3, 4, 5]) text += (await operator.run('why', user(number))).out;
    expect(text.match(/Notice: assigned, sent .* \(message /g)).toHaveLength(2);
    expect(text.match(/Notice: assigned, refused .* \(message-rejected\)\. Once the cause is removed: /g)).toHaveLength(
      2,
    );
    expect(text.match(/Notice: assigned, in doubt since .* To send it, perhaps twice: /g)).toHaveLength(1);
  });

  it('a notice that was sent is not sent again, even if an operator asks', async () => {
    const [sent] = await noticesIn(operator, '--since', '1d', '--status', 'sent');
    const mails = await mailsOf(operator);
    const { code, out, error } = await operator.run('notices', 'resend', String(sent?.['uid']), '--yes');
    expect(code).toBe(1);
    expect(out).toContain(`message ${sent?.['messageId']}`);
    expect(sent?.['resend']).toEqual({
      possible: false,
      reason: expect.stringMatching(/^it was sent at 2026-11-30 10:00:\d\d, message /),
    });
    expect(error).toContain('1 notice is not sent again');
    expect(await mailsOf(operator)).toBe(mails);
  });

  it('usher notices resend sends what was refused, once', async () => {
    const [one] = await noticesIn(operator, '--status', 'refused');
    const uid = String(one?.['uid']);
    const mails = await mailsOf(operator);
    const { code, out } = await operator.run('notices', 'resend', '--json', '--yes', uid.toUpperCase(), uid);
    expect([code, linesOf(out).map(({ type }) => type)]).toEqual([0, ['notice', 'resent']]);
    await aMinute(operator);
    expect(await mailsOf(operator)).toBe(mails + 1);
    expect(await noticesIn(operator, '--user', String(one?.['userId']))).toMatchObject([{ uid, status: 'sent' }]);
  });

  it('says that a notice in doubt may come twice; two operators at once send it once', async () => {
    const [one] = await noticesIn(operator, '--status', 'in-doubt');
    const [uid, userId] = [String(one?.['uid']), String(one?.['userId'])];
    const mails = await mailsOf(operator);
    const asked = await operator.run('notices', 'resend', '--status', 'in-doubt');
    expect(asked.error).toMatch(
      /^1 notice is in doubt: Amazon SES may have sent it, so that users may get the same message twice/,
    );
    expect(await mailsOf(operator)).toBe(mails);
    // In processes of their own: the slower one may find it sent.
    const args = ['notices', 'resend', uid, '--yes'];
    const codes = (await Promise.all([operator.child(...args), operator.child(...args)])).map(({ code }) => code);
    expect(codes).toContain(0);
    await aMinute(operator);
    expect(await mailsOf(operator)).toBe(mails + 1);
    expect(await noticesIn(operator, '--user', userId)).toMatchObject([{ uid, status: 'sent' }]);
  });

  it('what is no longer true of the seat is not sent again, and needs no one', async () => {
    const [one] = await noticesIn(operator);
    expect(one).toMatchObject({ status: 'refused', resend: { possible: true } });
    await operator.run('local', 'trigger', 'leave', String(one?.['userId']), GROUP);
    await aMinute(operator);
    expect(await noticesIn(operator)).toMatchObject([
      { uid: one?.['uid'], resend: { possible: false, reason: 'it is no longer true of the seat' } },
    ]);
    expect((await operator.run('status')).out).not.toMatch(/notice/);
    const { code, error } = await operator.run('notices', 'resend', '--status', 'refused', '--yes');
    expect([code, error]).toEqual([0, 'None of them can be sent again.\n']);
    expect(await noticesIn(operator, '--user', String(one?.['userId']))).toMatchObject([
      { kind: 'revoked', status: 'sent' },
      { kind: 'assigned', status: 'refused' },
    ]);
  });

  it('usher notices resend sends to a user who has an address now', async () => {
    const { UserId } = await operator.call('AWSIdentityStore.CreateUser', {
      IdentityStoreId: STORE_ID,
      UserName: 'without-address',
    });
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId },
    });
    await aMinute(operator);
    const [one] = await noticesIn(operator, '--user', String(UserId));
    expect(one).toMatchObject({ status: 'skipped', reason: 'no-address', resend: { possible: true } });
    expect((await operator.run('why', String(UserId))).out).toContain('as there was no one to write to (no-address)');
    const { out } = await operator.run('notices', '--user', String(UserId));
    expect(out).toMatch(/To send them again: usher notices resend UID$/m);
    await operator.run('notices', 'resend', String(one?.['uid']), '--yes');
    await aMinute(operator);
    const [again] = await noticesIn(operator, '--user', String(UserId));
    expect(again).toMatchObject({ status: 'skipped' });
    expect(again?.['since']).not.toBe(one?.['since']);
  });

  it('usher redrive moves back what leads to no notice, so that the queue of dead letters becomes empty', async () => {
    const [audited] = linesOf((await operator.run('audit', '--json', '--user', user(1))).out);
    const { type: _, ...event } = audited ?? {};
    const detail = { ...Object(event['detail']), status_detail: 'drift-healed' };
    await send(operator, DEAD_LETTERS, { ...event, detail });
    const ended = await operator.run('redrive', '--json', '--yes');
    expect(ended.error).toContain('NotifyUser sends nothing of 1 message');
    expect(resultsOf(ended.out)).toMatchObject([
      { type: 'message', title: 'no notice, because users get no notice of such a change', startable: true },
      { type: 'resent', messageId: expect.any(String) },
    ]);
    const mails = await mailsOf(operator);
    await aMinute(operator);
    expect(await mailsOf(operator)).toBe(mails);
    expect((await operator.run('status')).out).not.toContain(DEAD_LETTERS);
  });

  it('usher why says that a notice was throttled until it was no news', async () => {
    const [sent] = await noticesIn(operator, '--since', '1d', '--status', 'sent');
    await put(operator, [aDelivery({ uid: String(sent?.['uid']), status: 'skipped', reason: 'too-old' })]);
    expect((await operator.run('why', String(sent?.['userId']))).out).toContain(
      'after Amazon SES had throttled it, because the change is older than 24 hours. To send it: usher notices resend',
    );
  });

  it('usher redrive moves dead letters back, and leaves what is no notice', async () => {
    const [audited] = linesOf((await operator.run('audit', '--json', '--user', user(1))).out);
    const { type: _, ...event } = audited ?? {};
    const detail = { ...Object(event['detail']), time: Date.parse('2026-11-20T10:00:00Z') };
    await send(operator, DEAD_LETTERS, { resend: uidOf(1) });
    await send(operator, DEAD_LETTERS, { ...event, detail });
    await send(operator, DEAD_LETTERS, { not: 'a notice' });
    expect((await operator.run('status')).out).toContain(`3 messages in ${DEAD_LETTERS}`);
    const doctor = await operator.run('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/✗ dead letters notices: 3 messages in .*: changes of which no user was told/);
    const ended = await operator.run('redrive', '--json', '--yes');
    expect(ended.code).toBe(0);
    expect(ended.error).toContain('NotifyUser sends nothing of 1 message, such as a change older than 24 hours');
    const old = `assigned: user ${user(1)}, no longer sent: the change is older than 24 hours`;
    expect(resultsOf(ended.out)).toMatchObject([
      { type: 'message', title: `notice ${uidOf(1)}, asked for by an operator`, startable: true },
      { type: 'message', title: old, startable: true },
      { type: 'message', title: 'not a change of a seat: stays in the queue', startable: false },
      { type: 'resent', uid: uidOf(1), messageId: expect.any(String) },
      { type: 'resent', messageId: expect.any(String) },
    ]);
    const mails = await mailsOf(operator);
    await aMinute(operator);
    expect(await mailsOf(operator)).toBe(mails);
    expect((await operator.run('status')).out).toContain(`1 message in ${DEAD_LETTERS}`);
    const text = await operator.run('redrive', '--yes');
    expect(text.out).toContain('not a change of a seat: stays in the queue');
    expect(text.out).not.toContain('moved');
  });

  it('a marker of a newer version is unread, and the others are listed', async () => {
    await put(operator, [aDelivery({ number: 8 }), { ...aDelivery({ number: 9 }), schemaVersion: 2 }]);
    const { code, out } = await operator.run('notices', '--json', '--status', 'in-doubt');
    expect(code).toBe(1);
    expect(linesOf(out)).toMatchObject([
      { type: 'notice', uid: noticeUid(8) },
      { type: 'unread', message: expect.stringContaining(`schemaVersion (notice ${noticeUid(9)})`) },
      { type: 'error', exitCode: 1 },
    ]);
    await put(operator, [{ ...aDelivery({ number: 10 }), schemaVersion: 2 }]);
    const both = linesOf((await operator.run('notices', '--json')).out).filter(({ type }) => type === 'unread');
    expect(both).toEqual([expect.objectContaining({ message: expect.stringMatching(/, and 1 more$/) })]);
    const resent = await operator.run('notices', 'resend', noticeUid(9), '--yes');
    expect([resent.code, resent.error]).toEqual([1, expect.stringContaining('cannot read a marker')]);
  });

  it('lists a thousand of more', async () => {
    await put(
      operator,
      Array.from({ length: 1010 }, (_, index) => aDelivery({ number: 1000 + index, status: 'limited' })),
    );
    const lines = await noticesIn(operator, '--status', 'limited');
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toEqual({ type: 'more', of: 'notice', read: 1000 });
    expect((await operator.run('notices')).error).toContain('There are more than 1,000.');
    const resent = await operator.run('notices', 'resend', '--status', 'limited', '--yes');
    expect(resent.error).toContain('There are more than 1,000. Repeat the command after this');
  });

  it('what AWS refuses to show is left out', async () => {
    await operator.fault({ operation: 'DynamoDB.BatchGetItem', kind: 'refuse', times: 1 });
    const { code, out } = await operator.run('notices', '--json', '--status', 'in-doubt');
    expect(code).toBe(1);
    expect(linesOf(out)[0]).not.toHaveProperty('resend');
    await operator.fault({ operation: 'DynamoDB.Query', kind: 'refuse', times: 1 });
    const refused = await operator.run('notices');
    expect([refused.code, refused.error]).toEqual([1, expect.stringContaining('Query: AccessDeniedException')]);
    await operator.clearFaults();
  });

  it('says to deploy first if there is no table', async () => {
    await operator.call('DynamoDB_20120810.DeleteTable', { TableName: TABLE });
    for (const args of [['notices'], ['notices', '--since', '1d'], ['notices', 'resend', noticeUid(8), '--yes']]) {
      const { code, error } = await operator.run(...args);
      expect([code, error]).toEqual([3, expect.stringContaining('Deploy this entitlements.yml first')]);
    }
    expect((await operator.run('status')).out).toContain('✗ The notices are not deployed');
    expect((await operator.run('why', user(2))).out).toMatch(/Notice: none .* are not deployed/);
  });
});

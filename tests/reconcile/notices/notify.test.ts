import { describe, expect, it } from 'vitest';
import { seatEventUid } from '../../../domain/audit/event.ts';
import type { DeliveryStatus } from '../../../domain/notices/delivery.ts';
import type { NoticeKind } from '../../../domain/notices/schema.ts';
import { aQueue, aSweepReport, iso } from '../../support/builders.ts';
import { aPerson } from '../../support/directory.ts';
import { APPLICATION, START, user } from '../../support/ids.ts';
import { aDeliveredEvent } from '../../support/notice-events.ts';
import { type NoticeWorld, openNoticeWorld } from '../../support/notice-world.ts';
import { aDelivery, noticeUid } from '../../support/notices.ts';
import { SECRET } from '../../support/secret.ts';

const DAY = 24 * 3600;
const UID = seatEventUid('assigned', { applicationArn: APPLICATION, userId: user(1) }, 1);

/** The status and reason of the only marker of user 1; undefined if there is none. */
async function markerOf(world: NoticeWorld): Promise<string | undefined> {
  const [marker, ...others] = (await world.markers()).get(1) ?? [];
  expect(others).toEqual([]);
  return marker && [marker.status, marker.reason].filter(Boolean).join(' ');
}

/** What NotifyUser counted, by name. */
function counted({ logs }: NoticeWorld): Record<string, number> {
  const lines = logs.map((line) => JSON.parse(line)).filter((line) => '_aws' in line);
  const sums: Record<string, number> = {};
  for (const line of lines) {
    for (const [name, value] of Object.entries(line)) {
      if (name.startsWith('Notices')) sums[name] = (sums[name] ?? 0) + [value].flat().length;
    }
  }
  return sums;
}

/** A world in which user 1 has been given a seat a minute ago, and the directory says this of the user. */
async function assigned(parts: object = {}, options: Parameters<typeof openNoticeWorld>[0] = {}) {
  const { email: _, ...person } = aPerson(1);
  const users = [{ ...person, email: `${SECRET}-1@example.com`, ...parts }];
  const world = await openNoticeWorld({ ...options, directory: { users, groups: [] } });
  await world.seat(1, 'assigned');
  return world;
}

describe('a notice without anyone to write to', () => {
  it.each([
    ['has no address', { email: undefined }, 'no-address'],
    ['has none that Amazon SES takes', { email: `${SECRET} <${SECRET}@example.com>\r\nBcc: x` }, 'unusable-address'],
    ['is disabled', { status: 'DISABLED' }, 'user-disabled'],
    ['is deleted', { userId: user(9) }, 'user-deleted'],
  ])('is left out and counted if the user %s', async (_fact, parts, reason) => {
    const world = await assigned(parts);
    await world.enqueueEvent(1, 'assigned');
    world.after(1, () => world.enqueueEvent(1, 'assigned'));
    await world.play();
    expect(world.stack.ses.outbox.mails()).toEqual([]);
    expect(await markerOf(world)).toBe(`skipped ${reason}`);
    expect(world.outcomes()).toEqual([`assigned skipped ${reason}`, 'assigned skipped already-decided']);
    expect(counted(world)).toEqual({ NoticesSkipped: 2 });
  });
});

describe('a notice to a user', () => {
  it('goes to the primary of three addresses, with the name in the greeting alone', async () => {
    const world = await assigned({
      email: undefined,
      emails: [
        { value: `${SECRET}-home@example.com`, type: 'home' },
        { value: `${SECRET}-old@example.com`, type: 'work' },
        { value: `${SECRET}-work@example.com`, type: 'work', primary: true },
      ],
      name: { givenName: 'Ana\u202e\r\nMaria' },
      preferredLanguage: 'tlh, xx;q=0.5',
    });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    const [mail] = world.stack.ses.outbox.mails();
    expect(mail?.to).toEqual([`${SECRET}-work@example.com`]);
    expect(mail?.html).toContain('Ana Maria');
    expect(JSON.stringify([mail?.subject, mail?.headers])).not.toContain('Ana');
    expect(counted(world)).toEqual({ NoticesSent: 1 });
  });

  it('is sent once of three copies of its event, also with another id and another time', async () => {
    const world = await assigned();
    const event = aDeliveredEvent({ at: iso(-60) });
    const { detail } = event;
    await world.enqueue(event);
    await world.enqueue({ ...event, detail: { ...detail, metadata: { ...detail.metadata, uid: noticeUid(5) } } });
    await world.enqueue({ ...event, detail: { ...detail, time: detail.time + 30_000 } });
    await world.play();
    expect(world.mailsTo(1)).toHaveLength(1);
    expect([...(await world.markers()).values()].flat()).toMatchObject([
      { uid: UID, kind: 'assigned', userId: user(1), changeSeq: 1, status: 'sent', messageId: expect.any(String) },
    ]);
    expect(counted(world)).toEqual({ NoticesSent: 1, NoticesSkipped: 2 });
  });

  it.each<[string, NoticeKind | 'adopted', { changeSeq?: number; at?: string }, string]>([
    ['of a seat that was revoked since', 'assigned', { changeSeq: 1 }, 'behind-the-seat'],
    ['that is ahead of the seat', 'revoked', { changeSeq: 3 }, 'behind-the-seat'],
    ['that is older than a day', 'revoked', { changeSeq: 2, at: iso(-DAY - 1) }, 'too-old'],
  ])('is not sent for an event %s', async (_fact, kind, event, reason) => {
    const world = await openNoticeWorld();
    await world.seat(1, 'revoked', { changeSeq: 2 });
    await world.enqueueEvent(1, kind, event);
    await world.play();
    expect(world.stack.ses.outbox.mails()).toEqual([]);
    expect(await markerOf(world)).toBeUndefined();
    expect(world.outcomes()).toEqual([`${kind} skipped ${reason}`]);
  });

  it('is sent for the revocation alone if the events of grant and revocation arrive in the wrong order', async () => {
    const world = await openNoticeWorld();
    await world.seat(1, 'revoked', { changeSeq: 2 });
    await world.enqueueEvent(1, 'revoked', { changeSeq: 2 });
    world.after(1, () => world.enqueueEvent(1, 'assigned', { changeSeq: 1 }));
    await world.play();
    expect(world.outcomes()).toEqual(['revoked sent', 'assigned skipped behind-the-seat']);
  });

  it('waits while the same assignment is made again, and is sent then', async () => {
    const world = await openNoticeWorld();
    await world.seat(1, 'assigned', { status: 'creating', repeats: 1 });
    await world.enqueueEvent(1, 'assigned');
    world.after(1500, () => world.seat(1, 'assigned', { revision: 2, repeats: 1 }));
    await world.play();
    expect(new Set(world.outcomes())).toEqual(new Set(['assigned again seat-in-progress', 'assigned sent']));
    expect(world.mailsTo(1)).toHaveLength(1);
  });

  it.each([
    ['too-old', async () => undefined],
    ['behind-the-seat', (world: NoticeWorld) => world.seat(1, 'revoked', { revision: 2, changeSeq: 2 })],
  ] as const)(
    'that Amazon SES throttles until it is %s is left out, and its marker says so',
    { tags: ['long'] },
    async (reason, change) => {
      const world = await assigned();
      world.faults.add({ operation: 'SESv2.SendEmail', kind: 'throttle', for: '26h' });
      await world.enqueueEvent(1, 'assigned');
      world.after(3 * 3600, () => change(world));
      await world.play();
      expect(world.stack.ses.outbox.mails()).toEqual([]);
      expect(await markerOf(world)).toBe(`skipped ${reason}`);
      expect(world.outcomes().at(-1)).toBe(`assigned skipped ${reason}`);
      expect(await world.counted()).toMatchObject({ 'day#2026-11-01': 0 });
    },
  );

  it('is refused, and not tried again, if AWS does not show the user', async () => {
    const world = await assigned();
    world.faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'refuse' });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    expect(await markerOf(world)).toBe('refused access-denied');
    expect(counted(world)).toEqual({ NoticesRefused: 1 });
  });

  it.each(['throttle', 'internal-after'] as const)(
    'is counted as refused although DynamoDB does not say at first that it is recorded: %s',
    async (kind) => {
      const world = await assigned();
      world.faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'refuse' });
      world.faults.add({ operation: 'DynamoDB.PutItem', kind });
      await world.enqueueEvent(1, 'assigned');
      await world.play();
      expect(world.outcomes()).toEqual(['assigned refused access-denied']);
      expect(counted(world)).toEqual({ NoticesRefused: 1 });
    },
  );

  it('is sent later if AWS throttles the look-up of the user', async () => {
    const world = await assigned();
    world.faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'throttle' });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    expect(world.outcomes()).toEqual(['failed TransientAwsError', 'assigned sent']);
  });

  it.each([
    ['throttle', 2, 'sent'],
    ['throttle', 3, 'in-doubt left-behind'],
    ['internal-after', 1, 'sent'],
  ] as const)('whose record fails (%s, %s times) is %s', async (kind, times, expected) => {
    const world = await assigned();
    // The first write is the marker itself.
    world.faults.add({ operation: 'DynamoDB.PutItem', kind, skip: 1, times });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    expect(world.mailsTo(1)).toHaveLength(1);
    expect(await markerOf(world)).toBe(expected);
    expect(world.outcomes().at(-1)).toBe(`assigned ${expected}`);
  });
});

describe('the start of notices', () => {
  it.each([
    ['no full sweep has ended', {}, 'skipped before-start'],
    ['the change was made before the full sweep', { noticesFrom: iso(-30) }, 'skipped before-start'],
    ['the change was made after it', { noticesFrom: iso(-90) }, 'sent'],
  ])('is kept if %s', async (_fact, report, expected) => {
    const world = await assigned({}, { notices: { backfill: false } });
    const reports = { [APPLICATION]: aSweepReport(report) };
    await world.put({ ...aQueue({ reports, revision: 1 }), pk: '#work', sk: '#work' });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    expect(world.outcomes()).toEqual([`assigned ${expected}`]);
  });

  it.each([
    [false, 'skipped adopted'],
    [true, 'sent'],
  ])('with backfill %s, an adopted seat is %s', async (backfill, expected) => {
    const world = await assigned({}, { notices: { backfill } });
    await world.enqueueEvent(1, 'adopted');
    await world.play();
    expect(world.outcomes()).toEqual([`assigned ${expected}`]);
  });
});

describe('a notice that has a marker already', () => {
  it('waits while another invocation may be asking Amazon SES', async () => {
    const world = await assigned();
    await world.putMarker(aDelivery({ uid: UID, status: 'sending', at: iso(-10) }));
    await world.enqueueEvent(1, 'assigned');
    await world.stack.runUntilIdle();
    expect(world.outcomes()[0]).toBe('assigned again sending');
    expect(world.mailsTo(1)).toEqual([]);
  });

  it('is left out, and its marker says so, if Amazon SES throttled it until its change was a day old', async () => {
    const world = await openNoticeWorld();
    await world.seat(1, 'assigned', { grantedAt: iso(-DAY - 60), changedAt: iso(-DAY - 60) });
    await world.putMarker(aDelivery({ uid: UID, status: 'throttled', at: iso(-120) }));
    await world.enqueueEvent(1, 'assigned', { at: iso(-DAY - 60) });
    await world.play();
    expect(world.outcomes()).toEqual(['assigned skipped too-old']);
    expect(await markerOf(world)).toBe('skipped too-old');
  });
});

describe('the limit of a day', () => {
  it('leaves further notices for an operator, and begins anew the next day', async () => {
    const world = await openNoticeWorld({ people: 4, notices: { dailyLimit: 2 } });
    for (const number of [1, 2, 3]) {
      await world.seat(number, 'assigned');
      await world.enqueueEvent(number, 'assigned');
    }
    world.after(15 * 3600, async () => {
      await world.seat(4, 'assigned', { grantedAt: iso(15 * 3600) });
      await world.enqueueEvent(4, 'assigned', { at: iso(15 * 3600) });
    });
    await world.play();
    expect(world.outcomes()).toEqual([
      'assigned sent',
      'assigned sent',
      'assigned limited daily-limit',
      'assigned sent',
    ]);
    expect((await world.markers()).get(3)).toMatchObject([{ status: 'limited', reason: 'daily-limit' }]);
    expect(await world.counted()).toEqual({ 'day#2026-11-01': 2, 'day#2026-11-02': 1 });
  });

  it('does not count what Amazon SES throttled, and counts what it refused', async () => {
    const world = await openNoticeWorld({ people: 2, notices: { dailyLimit: 2 } });
    world.faults.add({ operation: 'SESv2.SendEmail', kind: 'throttle', times: 2 });
    world.faults.add({ operation: 'SESv2.SendEmail', kind: 'refuse' });
    for (const number of [1, 2]) {
      await world.seat(number, 'assigned');
      await world.enqueueEvent(number, 'assigned');
    }
    await world.play();
    expect(world.outcomes().sort()).toEqual([
      'assigned refused access-denied',
      'assigned sent',
      'assigned throttled TooManyRequestsException',
      'assigned throttled TooManyRequestsException',
    ]);
    expect(await world.counted()).toEqual({ 'day#2026-11-01': 2 });
  });
});

describe('a notice that an operator asks for again', () => {
  const old = { grantedAt: iso(-9 * DAY), changedAt: iso(-9 * DAY) };

  it.each<[DeliveryStatus]>([['in-doubt'], ['refused'], ['limited'], ['skipped']])(
    'is sent although it is %s and its change is old',
    async (status) => {
      const world = await openNoticeWorld();
      await world.seat(1, 'assigned', old);
      await world.putMarker(aDelivery({ uid: UID, status, at: iso(-8 * DAY) }));
      await world.enqueue({ resend: UID });
      await world.play();
      expect(world.outcomes()).toEqual(['assigned sent']);
      expect(world.mailsTo(1)).toHaveLength(1);
      expect(await markerOf(world)).toBe('sent');
    },
  );

  it.each<[string, DeliveryStatus, object, string]>([
    ['it was sent', 'sent', {}, 'assigned skipped already-decided'],
    ['the seat has changed since', 'in-doubt', { changeSeq: 2 }, 'assigned skipped behind-the-seat'],
    ['the seat is gone', 'in-doubt', { status: 'revoked' }, 'assigned skipped behind-the-seat'],
  ])('is not sent if %s', async (_fact, status, seat, expected) => {
    const world = await openNoticeWorld();
    await world.seat(1, 'assigned', { ...old, ...seat });
    await world.putMarker(aDelivery({ uid: UID, status }));
    await world.enqueue({ resend: UID });
    await world.play();
    expect(world.stack.ses.outbox.mails()).toEqual([]);
    expect(world.outcomes()).toEqual([expected]);
    expect(await markerOf(world)).toBe(status);
  });

  it('is not sent if no notice has this id', async () => {
    const world = await openNoticeWorld();
    await world.enqueue({ resend: noticeUid(1) });
    await world.play();
    expect(world.outcomes()).toEqual(['skipped unknown-notice']);
  });

  it('is tried once for each time that it is asked for, although SQS delivers every message twice', async () => {
    const world = await openNoticeWorld({ quirks: { messages: 'twice' } });
    await world.seat(1, 'assigned', old);
    await world.putMarker(aDelivery({ uid: UID, status: 'in-doubt' }));
    world.faults.add({ operation: 'SESv2.SendEmail', kind: 'internal-after', times: 2 });
    await world.enqueue({ resend: UID });
    await world.play();
    expect(world.mailsTo(1)).toHaveLength(1);
    expect(await markerOf(world)).toBe('in-doubt no-answer');
    await world.enqueue({ resend: UID });
    await world.play();
    expect(world.mailsTo(1)).toHaveLength(2);
  });

  it('comes again by itself if Amazon SES throttles it', async () => {
    const world = await openNoticeWorld();
    await world.seat(1, 'assigned', old);
    await world.putMarker(aDelivery({ uid: UID, status: 'refused' }));
    world.faults.add({ operation: 'SESv2.SendEmail', kind: 'throttle' });
    await world.enqueue({ resend: UID });
    await world.play();
    expect(world.outcomes()).toEqual(['assigned throttled TooManyRequestsException', 'assigned sent']);
  });
});

describe('a message of the queue', () => {
  it('that is none of Usher ends as a dead letter, and keeps no other from being served', async () => {
    const world = await assigned();
    await world.enqueue(`${SECRET}: not JSON`);
    await world.enqueue({ ...aDeliveredEvent(), source: SECRET });
    await world.enqueueEvent(1, 'assigned');
    await world.play();
    const outcomes = world.outcomes();
    expect(outcomes.filter((one) => one === 'assigned sent')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['assigned sent', 'failed InvalidRequestError']));
    expect(world.stack.pendingEvents()).toEqual([]);
    expect(world.now().getTime() - START.getTime()).toBeGreaterThan(DAY * 1000);
  });

  it('is left for later if the pace leaves no time for it', async () => {
    const world = await openNoticeWorld({ people: 10, notices: { perSecond: 0.1 } });
    for (let number = 1; number <= 10; number += 1) {
      await world.seat(number, 'assigned');
      await world.enqueueEvent(number, 'assigned');
    }
    await world.play();
    expect(world.stack.ses.outbox.mails()).toHaveLength(10);
    const reasons = new Set(world.outcomes());
    expect(reasons).toEqual(new Set(['assigned sent', 'assigned again no-time-left', 'again no-time-left']));
    const times = world.stack.ses.outbox.mails().map(({ at }) => Date.parse(at));
    const gaps = times.slice(2).map((time, index) => time - (times[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(20_000);
  });
});

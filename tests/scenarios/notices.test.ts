import { EventBridgeClient, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { ACCOUNT } from '../../emulator/aws/account/account.ts';
import { NAMES } from '../../emulator/aws/control-plane/control-plane.ts';
import { BUS, people, REGION, START } from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const SEND = 'SESv2.SendEmail';

/** A world whose users get notices of everything from the first change on. */
function noticing(options: WorldOptions = {}): Promise<World> {
  return openWorld({ notices: { backfill: true }, ...options });
}

/** The messages in the outbox: the number of the user to whom each goes, and its subject. */
function mails({ stack }: World): [number, string][] {
  return stack.ses.outbox.mails().map(({ to, subject }) => [Number(/-(\d+)@/.exec(to.join())?.[1]), subject]);
}

/** What NotifyUser logged of each message of the queue. */
function outcomes({ logs }: World): string[] {
  return logs
    .map((line) => JSON.parse(line))
    .filter(({ message, notices }) => message === 'completed' && notices)
    .flatMap(({ notices }) => notices)
    .map(({ kind, outcome, reason }) => [kind, outcome, reason].filter(Boolean).join(' '));
}

describe('a notice', () => {
  it('reaches a user who gets a seat, once and to the address in the directory', async () => {
    const world = await noticing();
    await world.joins(1);
    await world.play();
    const [mail, ...others] = world.stack.ses.outbox.mails();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ from: 'usher@example.com', to: [`${SECRET}-1@example.com`] });
    expect(mail?.subject).toContain('Kiro');
    for (const part of [mail?.text, mail?.html]) {
      expect(part).toContain('https://acme.awsapps.com/start');
      expect(part).toContain('us-east-1');
    }
    expect(outcomes(world)).toEqual(['assigned sent']);
  });

  it('says on which day a user who leaves loses the seat, and comes again when it is lost', async () => {
    const world = await noticing({
      entitlements: [{ onLeave: { revokeAfterDays: 7 } }],
      brake: { percent: 0, atLeast: 9 },
    });
    await world.joins(1);
    await world.play();
    await world.leaves(1);
    await world.play();
    const leaving = world.stack.ses.outbox.mails().at(-1);
    expect(leaving?.text).toContain('8 November 2026');
    world.after(8 * 24 * 3600, () => world.tick());
    await world.play();
    expect(outcomes(world)).toEqual(['assigned sent', 'leaving sent', 'revoked sent']);
    expect(new Set(mails(world).map(([number]) => number))).toEqual(new Set([1]));
  });

  it('tells a user who comes back that the seat is kept', async () => {
    const world = await noticing({ entitlements: [{ onLeave: { revokeAfterDays: 7 } }] });
    await world.joins(1);
    await world.play();
    await world.leaves(1);
    await world.play();
    await world.joins(1);
    await world.play();
    expect(outcomes(world)).toEqual(['assigned sent', 'leaving sent', 'kept sent']);
  });

  it('tells a user beyond the cap of the waitlist, and of the seat later', async () => {
    const world = await noticing({ entitlements: [{ seats: { max: 1 } }], brake: { percent: 0, atLeast: 9 } });
    await world.joins(1);
    await world.play();
    await world.joins(2);
    await world.play();
    await world.leaves(1);
    await world.play();
    await world.ticking(10);
    expect(outcomes(world).sort()).toEqual(['assigned sent', 'assigned sent', 'revoked sent', 'waitlisted sent']);
  });

  it('is sent once, although SQS delivers every message twice', async () => {
    const world = await noticing({ quirks: { messages: 'twice' } });
    await world.joins(1);
    await world.play();
    expect(mails(world)).toHaveLength(1);
    expect(outcomes(world)).toEqual(['assigned sent', 'assigned skipped already-decided']);
  });

  it('is sent later if Amazon SES throttles', async () => {
    const world = await noticing();
    world.faults.add({ operation: SEND, kind: 'throttle', times: 2 });
    await world.joins(1);
    await world.play();
    expect(mails(world)).toHaveLength(1);
    expect(world.calls(SEND)).toBe(3);
    expect(outcomes(world)).toEqual([
      'assigned throttled TooManyRequestsException',
      'assigned throttled TooManyRequestsException',
      'assigned sent',
    ]);
    expect(world.now().getTime() - START.getTime()).toBeGreaterThan(2 * 600_000);
  });

  it.each(['TooManyRequestsException', 'ThrottlingException', 'LimitExceededException'] as const)(
    'is sent the next day if the quota of 24 hours is used up: %s',
    { tags: ['long'] },
    async (overMailQuota) => {
      const world = await noticing({ mail: { perDay: 1 }, quirks: { overMailQuota } });
      await world.joins(1);
      await world.play();
      world.after(6 * 3600, () => world.joins(2));
      await world.play();
      expect(mails(world).map(([number]) => number)).toEqual([1, 2]);
      expect(new Set(outcomes(world))).toEqual(new Set(['assigned sent', `assigned throttled ${overMailQuota}`]));
    },
  );

  it('is not sent out of the sandbox, and is not tried again', async () => {
    const world = await noticing({ mail: { sandbox: true, verified: ['usher@example.com'] } });
    await world.joins(1);
    await world.play();
    expect(mails(world)).toEqual([]);
    expect(world.calls(SEND)).toBe(1);
    expect(outcomes(world)).toEqual(['assigned refused address-not-verified']);
  });

  it.each<[string, WorldOptions['mail'], string]>([
    ['sending is paused', { sending: 'paused' }, 'sending-paused'],
    ['the account is suspended', { sending: 'suspended' }, 'account-suspended'],
    ['its sender is not verified', { verified: [] }, 'address-not-verified'],
  ])('is refused while %s', async (_name, mail, reason) => {
    const world = await noticing({ ...(mail ? { mail } : {}) });
    await world.joins(1);
    await world.play();
    expect(outcomes(world)).toEqual([`assigned refused ${reason}`]);
  });

  it.each([
    ['crash-before', 0],
    ['crash-after', 1],
    ['timeout-after', 1],
  ] as const)('is in doubt if the function ends while it is sent: %s', async (kind, sent) => {
    const world = await noticing();
    world.faults.add({ operation: SEND, kind });
    await world.joins(1);
    await world.play();
    expect(mails(world)).toHaveLength(sent);
    expect(world.calls(SEND)).toBe(1);
    expect(outcomes(world)).toEqual(['assigned in-doubt left-behind']);
  });

  it.each(['internal', 'internal-after'] as const)('is in doubt without an answer: %s', async (kind) => {
    const world = await noticing();
    world.faults.add({ operation: SEND, kind });
    await world.joins(1);
    await world.play();
    expect(world.calls(SEND)).toBe(1);
    expect(outcomes(world)).toEqual(['assigned in-doubt no-answer']);
  });

  it('is sent although Lambda does not run the function at first', async () => {
    const world = await noticing();
    world.faults.add({ operation: 'Lambda.Invoke', function: 'notifyUser', kind: 'throttle' });
    await world.joins(1);
    await world.play();
    expect(outcomes(world)).toEqual(['assigned sent']);
  });

  it('ends as a dead letter if its function fails for more than a day', async () => {
    const world = await noticing();
    world.faults.add({ operation: 'Lambda.Invoke', function: 'notifyUser', kind: 'internal', for: '2d' });
    await world.joins(1);
    await world.play();
    const QueueUrl = `https://sqs.${REGION}.amazonaws.com/${ACCOUNT}/${NAMES.noticesDeadLetters}`;
    const { Attributes } = await new SQSClient(world.aws).send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '1' });
    expect(mails(world)).toEqual([]);
  });

  it('does not come of a replay', async () => {
    const world = await noticing();
    await world.joins(1);
    await world.play();
    const bus = `arn:aws:events:${REGION}:${ACCOUNT}:event-bus/${BUS}`;
    await new EventBridgeClient(world.aws).send(
      new StartReplayCommand({
        ReplayName: 'again',
        EventSourceArn: `arn:aws:events:${REGION}:${ACCOUNT}:archive/${NAMES.auditArchive}`,
        EventStartTime: START,
        EventEndTime: new Date(START.getTime() + 3_600_000),
        Destination: { Arn: bus },
      }),
    );
    await world.play();
    expect(outcomes(world)).toEqual(['assigned sent']);
  });

  it('does not come of what is only observed', async () => {
    const world = await noticing({ entitlements: [{ mode: 'observe' }] });
    await world.joins(1);
    await world.play();
    expect(world.copies()).toEqual(['Seat Observed']);
    expect(outcomes(world)).toEqual([]);
  });

  it('comes to the members of a first full sweep only with backfill', async () => {
    for (const [backfill, expected] of [
      [true, [1, 2, 3, 4]],
      [false, [4]],
    ] as const) {
      const world = await noticing({ people: 4, members: people(1, 3), notices: { backfill } });
      await world.tick();
      await world.play();
      await world.joins(4);
      await world.play();
      expect(
        mails(world)
          .map(([number]) => number)
          .sort(),
      ).toEqual(expected);
    }
  });

  it.each(['refuse', 'internal'] as const)(
    'does not come to the members of a first full sweep whose grants fail at first: %s',
    { tags: ['long'] },
    async (kind) => {
      const world = await noticing({ people: 4, members: people(1, 3), notices: { backfill: false } });
      world.faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind, for: '40m' });
      await world.tick();
      await world.ticking(200);
      await world.joins(4);
      await world.play();
      expect(world.audited()).toEqual(expect.arrayContaining(['Seat Assigned 3 reconciled']));
      expect(mails(world).map(([number]) => number)).toEqual([4]);
    },
  );

  it('comes to a user who has waited for a seat since before the first full sweep', async () => {
    const world = await noticing({
      members: people(1, 2),
      entitlements: [{ seats: { max: 1 } }],
      brake: { percent: 0, atLeast: 9 },
      notices: { backfill: false },
    });
    await world.tick();
    await world.ticking(20);
    await world.leaves(1);
    await world.play();
    await world.ticking(10);
    expect(mails(world).map(([number]) => number)).toEqual([1, 2]);
    expect(outcomes(world).slice(-2)).toEqual(['revoked sent', 'assigned sent']);
  });

  it('comes only once notices are configured', async () => {
    const world = await openWorld();
    await world.joins(1);
    await world.play();
    world.deploy({ notices: { backfill: true } });
    await world.joins(2);
    await world.play();
    world.deploy({ notices: undefined });
    await world.joins(3);
    await world.play();
    expect(mails(world).map(([number]) => number)).toEqual([2]);
  });
});

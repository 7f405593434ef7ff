import { describe, expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/executions.ts';
import { beginHold } from '../../../domain/decision/hold.ts';
import type { DeliveryStatus } from '../../../domain/notices/delivery.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { attentionIn, statusIn } from '../../../operator/attention/decide.ts';
import type { RecentFailures } from '../../../operator/attention/failures.ts';
import type { Readings } from '../../../operator/attention/read.ts';
import { anExecution, aSeat } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, execution, START, user } from '../../support/ids.ts';
import { aDelivery } from '../../support/notices.ts';

const HOUR = 3600;
const ago = (seconds: number) => plusSeconds(START, -seconds);
const SCHEDULE = {
  state: 'ENABLED',
  expression: 'rate(5 minutes)',
  target: { arn: '', deadLetterArn: undefined },
  input: undefined,
  createdAt: undefined,
};
const REPORT = {
  fullAt: ago(600),
  seats: 8,
  waiting: 2,
  waitingSince: ago(60),
  overCap: 0,
  held: 0,
  unmanaged: 0,
  assignedGroups: 0,
};

function aQueue(more: Partial<WorkQueue> = {}): WorkQueue {
  return { ...emptyQueue(), sweptAt: { [APPLICATION]: ago(600) }, reports: { [APPLICATION]: REPORT }, ...more };
}

/** Everything is well, unless the test says otherwise. */
function theReadings(more: Partial<Readings> = {}): Readings {
  return {
    entitlements: exampleEntitlements().entitlements,
    brake: exampleEntitlements().brake,
    now: START,
    queue: aQueue(),
    holds: [],
    running: [],
    failures: { found: [], details: new Map(), sweptAt: ago(600) },
    deadLetters: [],
    schedule: { value: SCHEDULE },
    ruleState: { value: 'ENABLED' },
    silentAccount: undefined,
    ...more,
  };
}

function aFailure(name: string, endedAt: string, more: Partial<ExecutionDetail> = {}): ExecutionDetail {
  const ended = { status: 'FAILED', endedAt: new Date(endedAt), error: 'RefusedError', isRedrivable: true } as const;
  return anExecution({ arn: execution(name), ...ended, ...more });
}

function theFailures(found: readonly ExecutionDetail[], more: Partial<RecentFailures> = {}): Partial<Readings> {
  const details = new Map(found.map((one) => [one.arn, one]));
  return { failures: { found, details, sweptAt: ago(600), ...more } };
}

const kindsOf = (more: Partial<Readings>) => attentionIn(theReadings(more)).map(({ kind }) => kind);

describe('what needs a person', () => {
  it('is nothing if everything is well, also if nothing could be read', () => {
    expect(attentionIn(theReadings())).toEqual([]);
    const unread = {
      queue: undefined,
      running: undefined,
      failures: undefined,
      schedule: undefined,
      ruleState: undefined,
    };
    expect(attentionIn(theReadings(unread))).toEqual([]);
  });

  it('is nothing right after a deployment, before the first sweep', () => {
    expect(kindsOf({ queue: emptyQueue(), ...theFailures([], { sweptAt: undefined }) })).toEqual([]);
  });

  it('is a hold, with its cause, and when the budget of the brake has more room', () => {
    const hold = beginHold(
      undefined,
      { applicationArn: APPLICATION, entitlement: ENTITLEMENT, userIds: [user(1), user(2)] },
      { now: new Date(ago(HOUR)), execution: execution('x'), reason: 'brake' },
    );
    const members = [1, 2].map((id) => aSeat(id, { status: 'held', hold: 1 }));
    const revoked = aSeat(3, { status: 'revoked', revocations: [ago(23 * HOUR), ago(30 * HOUR)] });
    const holds = [{ hold, members, seats: [...members, revoked], groups: undefined }];
    expect(attentionIn(theReadings({ holds }))).toEqual([
      {
        type: 'attention',
        kind: 'hold',
        title: `${ENTITLEMENT}: 2 revocations held`,
        count: 2,
        since: ago(HOUR),
        dueAt: plusSeconds(START, HOUR),
        entitlement: ENTITLEMENT,
        application: APPLICATION,
        reason: 'more revocations than the brake allows in 24 hours',
        fix: 'Undo or release them: usher held',
      },
    ]);
  });

  it('is no hold that frees itself: an empty group has no budget', () => {
    const hold = beginHold(
      undefined,
      { applicationArn: APPLICATION, entitlement: ENTITLEMENT, userIds: [user(1)] },
      { now: START, execution: execution('x'), reason: 'group-empty' },
    );
    const [found] = attentionIn(
      theReadings({ holds: [{ hold, members: [], seats: [aSeat(1, { revocations: [ago(1)] })], groups: undefined }] }),
    );
    expect(found).not.toHaveProperty('dueAt');
  });

  it('is a release that no sweep has carried out', () => {
    const hold = beginHold(
      undefined,
      { applicationArn: APPLICATION, entitlement: ENTITLEMENT, userIds: [user(1)] },
      { now: START, execution: execution('x'), reason: 'brake' },
    );
    const [found] = attentionIn(
      theReadings({ holds: [{ hold: { ...hold, released: 1 }, members: [], seats: [], groups: undefined }] }),
    );
    expect(found?.fix).toMatch(/^Released: the next sweep/);
  });

  describe('of failed executions', () => {
    it('is one for each error, with the number, the oldest end and the newest execution', () => {
      const found = [
        aFailure('3', ago(60)),
        aFailure('2', ago(120), { error: 'TransientAwsError' }),
        aFailure('1', ago(180)),
      ];
      expect(attentionIn(theReadings(theFailures(found)))).toEqual([
        expect.objectContaining({
          title: '2 executions failed with RefusedError',
          count: 2,
          since: ago(180),
          execution: execution('3'),
          fix: 'usher status --executions, then: usher redrive',
        }),
        expect.objectContaining({
          title: '1 execution failed with TransientAwsError',
          reason: expect.stringContaining('longer than all retries'),
          fix: 'usher status 2',
        }),
      ]);
    });

    it.each<[string, ExecutionDetail, number]>([
      ['counts one that ended after the last full sweep began', aFailure('x', ago(599)), 1],
      ['does not count one for which a full sweep has made up', aFailure('x', ago(601)), 0],
      [
        'counts a start that waited in vain for a day, because no sweep finds the user',
        aFailure('x', ago(23 * HOUR), { error: 'PropagationTimeoutError' }),
        1,
      ],
      ['forgets such a start after a day', aFailure('x', ago(25 * HOUR), { error: 'PropagationTimeoutError' }), 0],
      ['counts one that someone stopped', aFailure('x', ago(60), { status: 'ABORTED', error: undefined as never }), 1],
    ])('%s', (_fact, failure, number) => {
      expect(kindsOf(theFailures([failure]))).toHaveLength(number);
    });

    it('counts all if no application was swept in full so far', () => {
      expect(kindsOf(theFailures([aFailure('x', ago(300 * HOUR))], { sweptAt: undefined }))).toEqual([
        'failed-execution',
      ]);
    });

    it('counts those that were not described by themselves', () => {
      const found = [aFailure('2', ago(60)), aFailure('1', ago(60))];
      const details = new Map(found.slice(0, 1).map((one) => [one.arn, one]));
      const titles = attentionIn(theReadings(theFailures(found, { details }))).map(({ title }) => title);
      expect(titles).toEqual(['1 execution failed with RefusedError', '1 more execution failed']);
    });
  });

  it.each([
    ['events', 'usher redrive'],
    ['ticks', 'usher redrive'],
    ['failures', 'See docs/runbook.md#dead-letters'],
    ['audit', expect.stringContaining('usher replay')],
  ] as const)('is a queue with messages: %s', (kind, fix) => {
    expect(attentionIn(theReadings({ deadLetters: [{ kind, queue: 'q', messages: 2 }] }))).toEqual([
      {
        type: 'attention',
        kind: 'dead-letter',
        title: '2 messages in q',
        count: 2,
        queue: 'q',
        reason: expect.any(String),
        fix,
      },
    ]);
  });

  it.each<[string, readonly DeliveryStatus[], boolean, string, string]>([
    ['refused', ['refused', 'limited'], false, '2 notices were not sent', '1 refused, 1 above the daily limit'],
    ['in doubt', ['in-doubt'], false, '1 notice may be lost', '1 in doubt'],
    ['both', ['in-doubt', 'refused'], false, '2 notices were not sent, or may be lost', '1 in doubt, 1 refused'],
    ['many', ['refused'], true, 'More than 1 notice was not sent', '1 refused'],
  ])('is a notice that is %s', (_name, statuses, more, title, reason) => {
    const deliveries = statuses.map((status, index) => aDelivery({ number: index, status, at: ago(60 * index) }));
    const notices = { open: { value: { deliveries, more } }, deadLetters: 0, queue: 'q' };
    expect(attentionIn(theReadings({ notices }))).toEqual([
      {
        type: 'attention',
        kind: 'notices',
        title,
        count: statuses.length,
        since: ago(60 * (statuses.length - 1)),
        reason: `${reason}: none is tried again by itself`,
        fix: 'usher notices',
      },
    ]);
  });

  it('is what notices lack: a deployment, or a user who was told', () => {
    const notices = { open: { value: undefined }, deadLetters: 3, queue: 'q' };
    expect(attentionIn(theReadings({ notices }))).toMatchObject([
      { kind: 'not-deployed', title: 'The notices are not deployed' },
      { kind: 'dead-letter', title: '3 messages in q', queue: 'q', fix: 'usher redrive' },
    ]);
  });

  it('is no notice that could not be read, or that was sent', () => {
    const sent = { value: { deliveries: [], more: false } };
    for (const open of [undefined, sent])
      expect(attentionIn(theReadings({ notices: { open, deadLetters: 0, queue: 'q' } }))).toEqual([]);
  });

  it.each<[string, Partial<Readings>, string, string | RegExp]>([
    [
      'a tick that is off',
      { schedule: { value: { ...SCHEDULE, state: 'DISABLED' } } },
      'ticks-off',
      'The tick is DISABLED',
    ],
    ['a tick that is missing', { schedule: { value: undefined } }, 'ticks-off', 'There is no tick'],
    ['a rule that is off', { ruleState: { value: 'DISABLED' } }, 'events-off', 'The rule for events is DISABLED'],
    ['a rule that is missing', { ruleState: { value: undefined } }, 'events-off', 'There is no rule for events'],
    [
      'a silent forwarder',
      { silentAccount: '111122223333' },
      'forwarder-silent',
      /^No event of the management account 111122223333/,
    ],
    [
      'an application that was not swept for two hours',
      { queue: aQueue({ reports: { [APPLICATION]: { ...REPORT, fullAt: ago(2 * HOUR + 1) } } }) },
      'sweep-overdue',
      `${ENTITLEMENT} was not swept in full`,
    ],
    [
      'users who are put aside',
      { queue: aQueue({ reports: { [APPLICATION]: { ...REPORT, aside: 2, notConverged: 1 } } }) },
      'put-aside',
      `${ENTITLEMENT}: 3 users put aside`,
    ],
    [
      'an entitlement that only this configuration has',
      { queue: aQueue({ sweptAt: {}, reports: { other: REPORT } }) },
      'not-deployed',
      `${ENTITLEMENT} was never swept`,
    ],
  ])('is %s', (_fact, more, kind, title) => {
    expect(attentionIn(theReadings(more))).toEqual([
      expect.objectContaining({ kind, title: typeof title === 'string' ? title : expect.stringMatching(title) }),
    ]);
  });

  it('is no sweep that took place within two hours', () => {
    expect(kindsOf({ queue: aQueue({ reports: { [APPLICATION]: { ...REPORT, fullAt: ago(2 * HOUR) } } }) })).toEqual(
      [],
    );
  });

  it('is a user who is put aside by name, unless a seat says so, too', () => {
    const item = {
      by: 'x',
      dueAt: ago(1),
      at: ago(1),
      cause: 'c',
      trigger: 'event',
      hints: 1,
      expected: [],
      since: ago(1),
    } as const;
    const users = { [user(1)]: { ...item, expected: [], reported: { reason: 'access-denied', at: ago(1) } } };
    expect(kindsOf({ queue: aQueue({ users }) })).toEqual(['put-aside']);
    const reports = { [APPLICATION]: { ...REPORT, aside: 1 } };
    expect(kindsOf({ queue: aQueue({ users, reports }) })).toEqual(['put-aside']);
  });

  it('is an account to which AWS gives no new subscriptions, and when one is tried again', () => {
    const subscription = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'manage' };
    const { entitlements } = exampleEntitlements({ entitlements: [{ subscription: subscription as never }] });
    const queue = aQueue({ stopped: { [APPLICATION]: { since: ago(HOUR), probeAt: plusSeconds(START, HOUR) } } });
    expect(attentionIn(theReadings({ entitlements, queue }))).toEqual([
      expect.objectContaining({ kind: 'account-not-eligible', since: ago(HOUR), dueAt: plusSeconds(START, HOUR) }),
    ]);
  });
});

describe('the summary', () => {
  it('says what runs, when the next tick comes, and what the last sweeps found', () => {
    const running = ['b', 'a'].map((name, index) => ({
      arn: execution(name),
      name,
      status: 'RUNNING' as const,
      startedAt: new Date(ago(60 * (index + 1))),
    }));
    expect(statusIn(theReadings({ running }), { attention: 1, unread: 0 })).toEqual({
      type: 'status',
      attention: 1,
      unread: 0,
      running: 2,
      runningSince: ago(120),
      sweptAt: ago(600),
      ticks: 'ENABLED',
      tickEverySeconds: 300,
      entitlements: [
        {
          entitlement: ENTITLEMENT,
          application: APPLICATION,
          max: expect.any(Number),
          sweptAt: ago(600),
          seats: 8,
          waitlisted: 2,
          waitlistedSince: ago(60),
          held: 0,
        },
      ],
    });
  });

  it('leaves out what could not be read', () => {
    const unread = { queue: undefined, running: undefined, schedule: undefined };
    expect(statusIn(theReadings(unread), { attention: 0, unread: 3 })).toEqual({
      type: 'status',
      attention: 0,
      unread: 3,
      entitlements: [{ entitlement: ENTITLEMENT, application: APPLICATION, max: expect.any(Number) }],
    });
  });

  it.each([
    ['rate(1 hour)', 3600],
    ['rate(2 days)', 172_800],
    ['cron(0 * * * ? *)', undefined],
  ])('says how often a schedule comes: %s', (expression, seconds) => {
    const status = statusIn(theReadings({ schedule: { value: { ...SCHEDULE, expression } } }), {
      attention: 0,
      unread: 0,
    });
    expect(status.tickEverySeconds).toBe(seconds);
  });

  it('promises no tick if ticks are off', () => {
    const status = statusIn(theReadings({ schedule: { value: { ...SCHEDULE, state: 'DISABLED' } } }), {
      attention: 1,
      unread: 0,
    });
    expect(status).toMatchObject({ ticks: 'DISABLED' });
    expect(status).not.toHaveProperty('tickEverySeconds');
  });
});

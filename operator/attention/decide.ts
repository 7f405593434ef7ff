import { healthOf, namedAside } from '../../domain/queue/health.ts';
import { stopsOf } from '../../domain/queue/stops.ts';
import { SWEEP_OVERDUE_SECONDS } from '../../domain/queue/sweep-reports.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Attention, StatusLine } from '../lines/attention.ts';
import { count } from '../text.ts';
import { failedAttention } from './failures.ts';
import { FORWARDER_DAYS } from './forwarder.ts';
import { heldAttention } from './holds.ts';
import { noticeAttention } from './notices.ts';
import { lastSweepOf, type Readings } from './read.ts';

/** What the messages of each dead-letter queue are, and what to do about them. */
export const DEAD_LETTERS: Readonly<Record<Readings['deadLetters'][number]['kind'], { what: string; fix: string }>> = {
  events: { what: 'events that started no execution', fix: 'usher redrive' },
  ticks: { what: 'ticks that started no execution', fix: 'usher redrive' },
  failures: {
    what: 'failures that are missing on the audit stream',
    fix: 'See docs/runbook.md#dead-letters',
  },
  audit: {
    what: 'audit events that are missing in the log group or the bucket',
    fix: 'Fix the target, then: usher replay --since …. See docs/runbook.md#dead-letters',
  },
};

/** Decides what needs a person, the most urgent first. */
export function attentionIn(readings: Readings): Attention[] {
  return [
    ...readings.holds.map((hold) => heldAttention(hold, readings, readings.now)),
    ...(readings.failures ? failedAttention(readings.failures, readings.now) : []),
    ...readings.deadLetters.map(({ kind, queue, messages }): Attention => {
      const { what, fix } = DEAD_LETTERS[kind];
      return {
        type: 'attention',
        kind: 'dead-letter',
        title: `${count(messages, 'message')} in ${queue}`,
        count: messages,
        queue,
        reason: what,
        fix,
      };
    }),
    ...(readings.notices ? noticeAttention(readings.notices) : []),
    ...triggerAttention(readings),
    ...queueAttention(readings),
  ];
}

function triggerAttention({ schedule, ruleState, silentAccount }: Readings): Attention[] {
  const found: Attention[] = [];
  const enable = 'Deploy with Triggers=ENABLED: docs/deploy.md';
  if (schedule && schedule.value?.state !== 'ENABLED') {
    const title = schedule.value ? `The tick is ${schedule.value.state}` : 'There is no tick';
    found.push({
      type: 'attention',
      kind: 'ticks-off',
      title,
      reason: 'Nothing picks up unfinished work, and no sweep finds what events did not report',
      fix: enable,
    });
  }
  if (ruleState && ruleState.value !== 'ENABLED') {
    const title =
      ruleState.value !== undefined ? `The rule for events is ${ruleState.value}` : 'There is no rule for events';
    found.push({
      type: 'attention',
      kind: 'events-off',
      title,
      reason: 'Changes of users and groups start nothing until the next sweep',
      fix: enable,
    });
  }
  if (silentAccount !== undefined) {
    found.push({
      type: 'attention',
      kind: 'forwarder-silent',
      title: `No event of the management account ${silentAccount} in ${FORWARDER_DAYS} days`,
      reason: 'SCIM changes reach this account only through the forwarder; only the hourly sweep finds them',
      fix: 'Deploy forwarder.yml there, or test it with a change of a group: docs/deploy.md',
    });
  }
  return found;
}

/** What the work queue shows of each application. */
function queueAttention({ queue, entitlements, now }: Readings): Attention[] {
  if (!queue) return [];
  const applications = entitlements.map(({ application }) => application);
  const health = healthOf(queue, applications, now);
  const wasSwept = Object.keys(queue.reports ?? {}).length > 0;
  const found: Attention[] = [];
  let listed = 0;
  for (const { name: entitlement, application } of entitlements) {
    const about = { entitlement, application };
    const { unsweptSeconds = 0, aside = 0, notConverged = 0 } = health.get(application) ?? {};
    listed += aside + notConverged;
    if (wasSwept && queue.sweptAt[application] === undefined) {
      found.push({
        type: 'attention',
        kind: 'not-deployed',
        title: `${entitlement} was never swept`,
        ...about,
        reason: 'The deployed configuration does not have it',
        fix: 'Deploy this entitlements.yml',
      });
    } else if (unsweptSeconds > SWEEP_OVERDUE_SECONDS) {
      found.push({
        type: 'attention',
        kind: 'sweep-overdue',
        title: `${entitlement} was not swept in full`,
        since: plusSeconds(now, -unsweptSeconds),
        ...about,
        reason: 'Lost events and drift are not found',
        fix: 'See what runs or fails: usher status --executions. See docs/runbook.md#sweep-overdue',
      });
    }
    if (aside + notConverged > 0) {
      found.push({
        type: 'attention',
        kind: 'put-aside',
        title: `${entitlement}: ${count(aside + notConverged, 'user')} put aside`,
        count: aside + notConverged,
        ...about,
        reason: asideInWords({ aside, notConverged }),
        fix: `usher seats --people --entitlement ${entitlement}, then usher why`,
      });
    }
  }
  const named = namedAside(queue);
  const more = named.aside + named.notConverged;
  // A user who is put aside by name may have a seat that says the same.
  if (listed === 0 && more > 0)
    found.push({
      type: 'attention',
      kind: 'put-aside',
      title: `${count(more, 'user')} put aside`,
      count: more,
      reason: asideInWords(named),
      fix: 'usher status --executions names them in its errors, then usher why',
    });
  for (const { entitlement, application, since, probeAt } of stopsOf(queue, entitlements) ?? []) {
    found.push({
      type: 'attention',
      kind: 'account-not-eligible',
      title: `${entitlement}: AWS refuses new subscriptions to the account`,
      since,
      dueAt: probeAt,
      entitlement,
      application,
      reason: 'No new seat of this entitlement begins',
      fix: 'Only AWS Support lifts that: docs/runbook.md#subscriptions-stopped',
    });
  }
  return found;
}

function asideInWords({ aside, notConverged }: { aside: number; notConverged: number }): string {
  return [
    ...(aside > 0 ? [`AWS refuses calls about ${aside}, or they keep failing`] : []),
    ...(notConverged > 0 ? [`AWS accepts the changes of ${notConverged}, and no read shows them`] : []),
  ].join('; ');
}

/** Sums up how Usher is. */
export function statusIn(readings: Readings, { attention, unread }: { attention: number; unread: number }): StatusLine {
  const { queue, entitlements, running, schedule } = readings;
  const sweptAt = lastSweepOf(readings);
  const oldest = running?.map(({ startedAt }) => startedAt.toISOString()).sort()[0];
  const ticks = schedule && (schedule.value?.state ?? 'missing');
  const every = ticks === 'ENABLED' ? intervalIn(schedule?.value?.expression ?? '') : undefined;
  return {
    type: 'status',
    attention,
    unread,
    ...(running ? { running: running.length } : {}),
    ...(oldest === undefined ? {} : { runningSince: oldest }),
    ...(sweptAt === undefined ? {} : { sweptAt }),
    ...(ticks === undefined ? {} : { ticks }),
    ...(every === undefined ? {} : { tickEverySeconds: every }),
    entitlements: entitlements.map(({ name, application, seats }) => {
      const report = queue?.reports?.[application];
      return {
        entitlement: name,
        application,
        max: seats.max,
        ...(report?.fullAt === undefined ? {} : { sweptAt: report.fullAt }),
        ...(report
          ? {
              seats: report.seats,
              waitlisted: report.waiting,
              ...(report.waitingSince === undefined ? {} : { waitlistedSince: report.waitingSince }),
              held: report.held,
            }
          : {}),
      };
    }),
  };
}

/** Returns the seconds of `rate(5 minutes)`; undefined for another expression. */
function intervalIn(expression: string): number | undefined {
  const [, number, unit] = /^rate\((\d{1,4}) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const seconds = { minute: 60, hour: 3600, day: 86_400 }[unit ?? ''];
  return seconds && Number(number) * seconds;
}

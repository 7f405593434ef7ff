import { holderOf } from '../../domain/queue/lease.ts';
import { oldestSweep, SWEEP_OVERDUE_SECONDS } from '../../domain/queue/sweep-reports.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import { DEAD_LETTERS } from '../attention/decide.ts';
import { failedAttention, readRecentFailures } from '../attention/failures.ts';
import { FORWARDER_DAYS, type Forwarding, readForwarding } from '../attention/forwarder.ts';
import { heldAttention } from '../attention/holds.ts';
import { UNDELIVERED_NOTICES } from '../attention/notices.ts';
import { DEAD_LETTER_KINDS, lastSweepOf } from '../attention/read.ts';
import { listsOf } from '../executions/find.ts';
import { readHolds } from '../held/holds.ts';
import type { Attention } from '../lines/attention.ts';
import { readersOf } from '../readers.ts';
import type { Services } from '../services.ts';
import { count, relative } from '../text.ts';
import { ALL_OR_NOTHING } from '../unread.ts';
import { type about, type Finding, runCheck } from './check.ts';
import { DEPLOY } from './deployment.ts';

/** From this age on, an overdue sweep is no large sweep that still runs. */
const SWEEP_MISSING_SECONDS = 24 * 3600;

const NOT_FORWARDED: Readonly<Record<Extract<Forwarding, { needed: false }>['because'], string>> = {
  'no-organization': 'this account sees no organization',
  'management-account': 'this is the management account',
};

/** Makes the findings of one check. */
type Findings = ReturnType<typeof about>;

/** Checks what has happened lately, and what waits for a person. */
export async function activityFindings(asker: Asker): Promise<readonly Finding[]> {
  const services = await asker.services();
  const now = asker.clock.now();
  const findings: (readonly Finding[])[] = [];
  findings.push(
    await runCheck(
      {
        check: 'forwarder',
        why: 'CloudTrail records SCIM changes in the management account. They reach this account only through the forwarder',
      },
      (found) => forwarder(found, services, now),
    ),
  );
  const { names } = services;
  const letters: [string, DeadLetters][] = DEAD_LETTER_KINDS.map((kind) => [
    kind,
    { queue: names.queues[kind], ...DEAD_LETTERS[kind] },
  ]);
  if ((await asker.entitlements()).notices)
    letters.push(['notices', { queue: names.noticesDeadLetters, ...UNDELIVERED_NOTICES }]);
  for (const [kind, about] of letters) {
    findings.push(
      await runCheck(
        { check: `dead letters ${kind}`, why: 'Nothing is lost, but nothing was done about these messages either' },
        (found) => deadLetters(found, about, services),
      ),
    );
  }
  findings.push(
    await runCheck(
      { check: 'holds', why: 'The brake holds these revocations until an operator undoes or releases them' },
      (found) => holds(found, asker, now),
    ),
    await runCheck(
      { check: 'failed executions', why: 'What they left undone waits for the next full sweep, or for a redrive' },
      (found) => failures(found, asker, now),
    ),
    await runCheck(
      {
        check: 'reconciliation',
        why: 'Once an hour, a sweep of each application finds what lost events did not report',
      },
      (found) => reconciliation(found, asker, now),
    ),
  );
  return findings.flat();
}

/** A dead-letter queue, what its messages are, and what to do about them. */
interface DeadLetters {
  queue: string;
  what: string;
  fix: string;
}

async function deadLetters(found: Findings, { queue, what, fix }: DeadLetters, services: Services): Promise<Finding> {
  const messages = await (await services.queues()).size(queue);
  if (messages === undefined) return found.problem(`There is no queue ${queue}`, DEPLOY);
  if (messages === 0) return found.ok('none');
  return found.problem(`${count(messages, 'message')} in ${queue}: ${what}`, fix);
}

async function holds(found: Findings, asker: Asker, now: Date): Promise<Finding | Finding[]> {
  const readers = await readersOf(asker);
  const active = await readHolds(readers, ALL_OR_NOTHING);
  const held = active.map((hold) => heldAttention(hold, readers.entitlements, now));
  return held.length === 0 ? found.ok('none') : held.map((one) => problemOf(found, one, now));
}

async function failures(found: Findings, asker: Asker, now: Date): Promise<Finding | Finding[]> {
  const { entitlements } = await asker.entitlements();
  const services = await asker.services();
  const queue = await (await services.ledger()).queue();
  const sweptAt = lastSweepOf({ entitlements, queue });
  const lists = listsOf(await services.executions());
  const failed = failedAttention(await readRecentFailures(sweptAt, asker, lists), now);
  return failed.length === 0
    ? found.ok('none that a later sweep has not made up for')
    : failed.map((one) => problemOf(found, one, now));
}

function problemOf(found: Findings, { title, since, reason, fix }: Attention, now: Date): Finding {
  const when = since === undefined ? '' : ` since ${relative(since, now)}`;
  return found.problem(`${title}${when}${reason === undefined ? '' : `: ${reason}`}`, fix);
}

async function forwarder(found: Findings, services: Services, now: Date): Promise<Finding> {
  const forwarding = await readForwarding(services, now);
  if (!forwarding.needed) return found.ok(`not needed: ${NOT_FORWARDED[forwarding.because]}`);
  const { managementAccountId, seen } = forwarding;
  if (seen) return found.ok(`events of ${managementAccountId} arrived in the last ${FORWARDER_DAYS} days`);
  if (seen === undefined) return found.problem(`There is no log group ${services.names.normalizeLogGroup}`, DEPLOY);
  return found.warning(
    `No event of ${managementAccountId} in the last ${FORWARDER_DAYS} days`,
    'Deploy forwarder.yml in the management account, or test it with a change of a group. The hourly sweep works without it',
  );
}

async function reconciliation(found: Findings, asker: Asker, now: Date): Promise<Finding> {
  const { entitlements } = await asker.entitlements();
  const queue = await (await (await asker.services()).ledger()).queue();
  const { sweptAt, reports = {} } = queue;
  if (Object.keys(reports).length === 0) {
    return found.warning(
      'There was none yet',
      'The tick starts it within five minutes of the deployment. To start it now: usher start --all --wait',
    );
  }
  const never = entitlements.filter(({ application }) => sweptAt[application] === undefined).map(({ name }) => name);
  if (never.length > 0) {
    return found.problem(
      `There was none of ${never.join(', ')}: the deployed configuration does not have it`,
      'Deploy this entitlements.yml',
    );
  }
  const configured = entitlements.map(({ application }) => application);
  const oldest = oldestSweep(queue, configured);
  if (oldest === undefined) {
    const names = entitlements.filter(({ application }) => !reports[application]?.fullAt).map(({ name }) => name);
    return found.warning(
      `No sweep of ${names.join(', ')} was complete so far`,
      'Check what fails: usher status --executions',
    );
  }
  const age = secondsBetween(oldest, now);
  const last = entitlements.filter(({ application }) => reports[application]?.fullAt === oldest);
  const when = `${relative(oldest, now)}${last.length < entitlements.length ? ` (${last.map(({ name }) => name).join(', ')})` : ''}`;
  const holder = holderOf(queue, now);
  if (age > SWEEP_MISSING_SECONDS)
    return found.problem(`The last full sweep began ${when}`, 'Check what fails: usher status --executions');
  if (age > SWEEP_OVERDUE_SECONDS) {
    return found.warning(
      `The last full sweep began ${when}${holder === undefined ? '' : `; ${holder} holds the lease`}`,
      'A large sweep may still run. Check it: usher status --executions',
    );
  }
  return found.ok(when);
}

import type { Deployment, Target } from '../../adapters/operator/deployment.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import { oldestSweep } from '../../domain/queue/sweep-reports.ts';
import { EVENT_FAMILIES } from '../../domain/request/event-families.ts';
import { isObject, own } from '../../domain/shared/json.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Services } from '../../operator/services.ts';
import { count, relative } from '../../operator/text.ts';
import type { Context } from '../command/context.ts';
import { type about, type Finding, runCheck } from './check.ts';

const DEPLOY = 'Deploy Usher: docs/deploy.md';
const FORWARDER_DAYS = 30;
/** The tick sweeps once an hour. */
const SWEEP_LATE_SECONDS = 2 * 3600;
const SWEEP_MISSING_SECONDS = 24 * 3600;

/** Makes the findings of one check. */
type Findings = ReturnType<typeof about>;

/** Checks the trail and the deployed resources. */
export async function deploymentFindings(context: Context): Promise<readonly Finding[]> {
  const services = await context.services();
  const deployment = await services.deployment();
  const { names } = services;
  return [
    await runCheck(
      {
        check: 'trail',
        why: 'EventBridge gets changes of users and groups only if a trail with logging enabled records management events',
      },
      (found) => trail(found, deployment),
    ),
    await runCheck(
      { check: 'rule', why: 'It starts the state machine when a user joins or leaves a group' },
      async (found) => rule(found, deployment, services, await services.machineArn(names.machine)),
    ),
    await runCheck(
      { check: 'schedule', why: 'The tick picks up unfinished work, and sweeps once an hour' },
      async (found) => {
        const schedule = await deployment.schedule(names.schedule, names.scheduleGroup);
        if (!schedule) return found.problem(`There is no schedule ${names.schedule}`, DEPLOY);
        if (schedule.state !== 'ENABLED')
          return found.problem(`It is ${schedule.state}`, 'Enable it: deploy with Triggers=ENABLED');
        if (schedule.target.arn !== (await services.machineArn(names.machine)))
          return found.problem(`It starts ${schedule.target.arn}`, DEPLOY);
        if (schedule.target.deadLetterArn === undefined)
          return found.warning(`${schedule.expression}, without a dead-letter queue`, DEPLOY);
        return found.ok(`${schedule.expression}, ENABLED`);
      },
    ),
    await runCheck({ check: 'failure rule', why: 'It puts failed executions on the audit stream' }, async (found) => {
      const failures = await deployment.rule(names.failureRule);
      if (!failures) return found.problem(`There is no rule ${names.failureRule}`, DEPLOY);
      return failures.state === 'ENABLED' ? found.ok('ENABLED') : found.problem(`It is ${failures.state}`, DEPLOY);
    }),
    await runCheck({ check: 'ledger', why: 'It records the seats that Usher assigned' }, async (found) => {
      const status = await deployment.table(names.ledger);
      if (status === undefined) return found.problem(`There is no table ${names.ledger}`, DEPLOY);
      return status === 'ACTIVE' ? found.ok(`${names.ledger}, ACTIVE`) : found.warning(`It is ${status}`);
    }),
    await runCheck({ check: 'audit bus', why: 'Usher publishes every change there' }, async (found) =>
      (await deployment.bus(names.auditBus)) === undefined
        ? found.problem(`There is no bus ${names.auditBus}. EventBridge silently drops what is sent to it`, DEPLOY)
        : found.ok(names.auditBus),
    ),
    await runCheck(
      { check: 'audit log', why: 'usher audit, why and status read the audit stream from its log group' },
      async (found) => {
        const audit = await deployment.rule(names.auditRule, names.auditBus);
        if (!audit) return found.problem(`There is no rule ${names.auditRule} on ${names.auditBus}`, DEPLOY);
        return audit.state === 'ENABLED'
          ? found.ok(names.auditLogGroup)
          : found.problem(`Its rule is ${audit.state}`, DEPLOY);
      },
    ),
    await runCheck({ check: 'archive', why: 'EventBridge can replay the audit stream from it' }, async (found) => {
      const archive = await deployment.archive(names.auditArchive);
      if (!archive) return found.problem(`There is no archive ${names.auditArchive}`, DEPLOY);
      return archive.state === 'ENABLED'
        ? found.ok(`keeps ${archive.days === 0 ? 'everything' : count(archive.days, 'day')}`)
        : found.warning(`It is ${archive.state}`);
    }),
  ].flat();
}

async function trail(found: Findings, deployment: Deployment): Promise<Finding> {
  const trails = await deployment.trails();
  const good = trails.find(({ isLogging, recordsWrites }) => isLogging !== false && recordsWrites !== false);
  if (!good) {
    return found.problem(
      trails.length === 0
        ? 'No trail records in this Region'
        : `${count(trails.length, 'trail')}, but none that logs writes of management events`,
      'Create one that does, best for the whole organization. Without it, no event arrives and only the tick works',
    );
  }
  if (good.isLogging === undefined || good.recordsWrites === undefined) {
    return found.unknown(
      `${good.arn} belongs to another account, so this account cannot check whether it logs management events`,
      'Ask its owner',
    );
  }
  return found.ok(good.arn);
}

async function rule(found: Findings, deployment: Deployment, { names }: Services, machine: string): Promise<Finding> {
  const deployed = await deployment.rule(names.eventRule);
  if (!deployed) return found.problem(`There is no rule ${names.eventRule} on the default bus`, DEPLOY);
  if (deployed.state !== 'ENABLED')
    return found.problem(`It is ${deployed.state}`, 'Enable it: deploy with Triggers=ENABLED');
  const missing = operationsOutside(deployed.pattern);
  if (missing.length > 0) return found.problem(`Its pattern does not match ${missing.join(', ')}`, DEPLOY);
  const target: Target | undefined = deployed.targets.find(({ arn }) => arn === machine);
  if (!target)
    return found.problem(
      `It starts ${deployed.targets.map(({ arn }) => arn).join(', ') || 'nothing'}, not ${machine}`,
      DEPLOY,
    );
  if (target.deadLetterArn === undefined)
    return found.problem('It has no dead-letter queue, so undeliverable events are lost', DEPLOY);
  return found.ok(`ENABLED, starts ${names.machine}`);
}

/** Returns the operations that Usher needs and that the pattern of a rule does not match. */
function operationsOutside(pattern: string): string[] {
  const detail = own(JSON.parse(pattern), 'detail');
  const listed = (key: string) => {
    const list = isObject(detail) ? own(detail, key) : undefined;
    return Array.isArray(list) ? list : undefined;
  };
  const [sources, operations] = [listed('eventSource'), listed('eventName')];
  return [...EVENT_FAMILIES].flatMap(([source, { meanings }]) => {
    const wanted = [...meanings].filter(([, meaning]) => meaning !== 'nothing').map(([name]) => name);
    if (sources && !sources.includes(source)) return [source];
    return operations ? wanted.filter((name) => !operations.includes(name)) : [];
  });
}

/** Checks what has happened lately. */
export async function activityFindings(context: Context): Promise<readonly Finding[]> {
  const { clock } = context;
  const services = await context.services();
  const queues = await services.queues();
  const { names } = services;
  const now = clock.now();
  const findings: Finding[] = [];
  findings.push(
    ...(await runCheck(
      {
        check: 'forwarder',
        why: 'CloudTrail records SCIM changes in the management account. They reach this account only through the forwarder',
      },
      (found) => forwarder(found, services, now),
    )),
  );
  for (const [what, queue] of Object.entries(names.queues)) {
    findings.push(
      ...(await runCheck(
        { check: `dead letters ${what}`, why: 'Nothing is lost, but nothing was done about these messages either' },
        async (found) => {
          const size = await queues.size(queue);
          if (size === undefined) return found.problem(`There is no queue ${queue}`, DEPLOY);
          return size === 0
            ? found.ok('none')
            : found.problem(`${count(size, 'message')} in ${queue}`, 'Start executions from them: usher redrive');
        },
      )),
    );
  }
  findings.push(
    ...(await runCheck(
      {
        check: 'reconciliation',
        why: 'Once an hour, a sweep of each application finds what lost events did not report',
      },
      (found) => reconciliation(found, context, now),
    )),
  );
  return findings;
}

async function forwarder(found: Findings, services: Services, now: Date): Promise<Finding> {
  const { accountId } = await services.identity();
  const organization = await (await services.organizations()).organization();
  if (organization === undefined || organization === 'unknown')
    return found.ok('not needed: this account sees no organization');
  const { managementAccountId } = organization;
  if (managementAccountId === accountId) return found.ok('not needed: this is the management account');
  const since = new Date(now.getTime() - FORWARDER_DAYS * 86_400_000);
  const seen = await (await services.functionLog()).hasEventOf(managementAccountId, since);
  if (seen) return found.ok(`events of ${managementAccountId} arrived in the last ${FORWARDER_DAYS} days`);
  if (seen === undefined) return found.problem(`There is no log group ${services.names.normalizeLogGroup}`, DEPLOY);
  return found.warning(
    `No event of ${managementAccountId} in the last ${FORWARDER_DAYS} days`,
    'Deploy forwarder.yml in the management account, or test it with a change of a group. The hourly sweep works without it',
  );
}

async function reconciliation(found: Findings, context: Context, now: Date): Promise<Finding> {
  const { entitlements } = await context.entitlements();
  const queue = await (await (await context.services()).ledger()).queue();
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
    return found.warning(`No sweep of ${names.join(', ')} was complete so far`, 'Check what fails: usher status');
  }
  const age = secondsBetween(oldest, now);
  const last = entitlements.filter(({ application }) => reports[application]?.fullAt === oldest);
  const when = `${relative(oldest, now)}${last.length < entitlements.length ? ` (${last.map(({ name }) => name).join(', ')})` : ''}`;
  const holder = holderOf(queue, now);
  if (age > SWEEP_MISSING_SECONDS)
    return found.problem(`The last full sweep began ${when}`, 'Check what fails: usher status');
  if (age > SWEEP_LATE_SECONDS) {
    return found.warning(
      `The last full sweep began ${when}${holder === undefined ? '' : `; ${holder} holds the lease`}`,
      'A large sweep may still run. Check it: usher status',
    );
  }
  return found.ok(when);
}

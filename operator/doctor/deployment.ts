import type { Deployment, Target } from '../../adapters/operator/deployment.ts';
import { EVENT_FAMILIES } from '../../domain/request/event-families.ts';
import { isObject, own } from '../../domain/shared/json.ts';
import type { Asker } from '../asker.ts';
import type { Services } from '../services.ts';
import { count } from '../text.ts';
import { type about, type Finding, runCheck } from './check.ts';

/** The fix of everything that is not deployed. */
export const DEPLOY = 'Deploy Usher: docs/deploy.md';

/** Makes the findings of one check. */
type Findings = ReturnType<typeof about>;

/** Checks the trail and the deployed resources. */
export async function deploymentFindings(asker: Asker): Promise<readonly Finding[]> {
  const services = await asker.services();
  const deployment = await services.deployment();
  const { names } = services;
  return [
    await runCheck(
      {
        check: 'trail',
        why: 'EventBridge gets changes of users and groups only if a trail with logging enabled records management events',
      },
      (found) => trail(found, services),
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
      const state = await deployment.ruleState(names.failureRule);
      if (state === undefined) return found.problem(`There is no rule ${names.failureRule}`, DEPLOY);
      return state === 'ENABLED' ? found.ok('ENABLED') : found.problem(`It is ${state}`, DEPLOY);
    }),
    await runCheck({ check: 'ledger', why: 'It records the seats that Usher assigned' }, async (found) => {
      const table = await (await services.tables()).describe(names.ledger);
      if (!table) return found.problem(`There is no table ${names.ledger}`, DEPLOY);
      const { status } = table;
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
        const state = await deployment.ruleState(names.auditRule, names.auditBus);
        if (state === undefined)
          return found.problem(`There is no rule ${names.auditRule} on ${names.auditBus}`, DEPLOY);
        return state === 'ENABLED' ? found.ok(names.auditLogGroup) : found.problem(`Its rule is ${state}`, DEPLOY);
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

async function trail(found: Findings, services: Services): Promise<Finding> {
  const trails = await (await services.trails()).trails();
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

import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import { connectLedger, type Ledger } from '../../adapters/ledger.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { ACCOUNT, isMember, MANAGEMENT_ACCOUNT } from '../aws/account/account.ts';
import { Trail } from '../aws/cloudtrail/trail.ts';
import { controlPlane, NAMES } from '../aws/control-plane/control-plane.ts';
import { type DynamoDb, openDynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { itemsOf, putItems } from '../aws/dynamodb/items.ts';
import { eventBus } from '../aws/eventbridge/event-bus.ts';
import { Faults } from '../aws/faults.ts';
import { Gateway, type GatewayOptions } from '../aws/gateway.ts';
import { IdentityCenter } from '../aws/identity-center/identity-center.ts';
import { identityStore } from '../aws/identity-store/identity-store.ts';
import { identityStoreWrites } from '../aws/identity-store/identity-store-writes.ts';
import { q } from '../aws/q/q.ts';
import { qBusiness } from '../aws/qbusiness/qbusiness.ts';
import { seededRandom } from '../aws/random.ts';
import { Ses } from '../aws/ses/ses.ts';
import { ssoAdmin } from '../aws/sso-admin/sso-admin.ts';
import { executionArnOf, stepFunctions } from '../aws/step-functions/step-functions.ts';
import { userSubscriptions } from '../aws/user-subscriptions/user-subscriptions.ts';
import { type Execution, Executions } from '../engine/executions.ts';
import { loadInterpreter } from '../engine/interpreter.ts';
import { readTemplate } from '../engine/template.ts';
import { VirtualTime } from '../engine/virtual-time.ts';
import { connect, platformOf } from './clients.ts';
import { Deliveries } from './deliveries.ts';
import { Functions } from './functions.ts';
import { Invocations } from './invocations.ts';
import { limited } from './limits.ts';
import { NoticeResources, requestListener } from './notices.ts';
import { type ExecutionEnd, endOf, statusChange } from './outcome.ts';
import { ruleTargets } from './rule-targets.ts';
import type { Stack, StackOptions } from './stack-types.ts';

export type { ExecutionEnd } from './outcome.ts';
export type { Stack, StackOptions } from './stack-types.ts';

/** Time between a change and the delivery of its event by CloudTrail and EventBridge. */
const DELIVERY_SECONDS = 3;
/** Time that EventBridge takes from the audit bus to the queue of notices. */
const NOTICE_SECONDS = 1;

/** Opens an emulated account with Usher. Nothing of it outlives {@link Stack.close}. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { entitlements, directory, listener = {}, seed = 1, otherCallers, limits = {} } = options;
  const { region, instanceArn } = entitlements.identityCenter;
  const time = new VirtualTime(options.start);
  const invocations = new Invocations(time, (invocation) => listener.invoked?.(invocation), options.latency);
  const clock: Clock = { now: () => time.now(), sleep: (seconds) => invocations.sleep(seconds) };
  const { saved } = options;
  const identityCenter = new IdentityCenter(saved?.directory ?? directory, {
    clock,
    instanceArn,
    quirks: options.quirks ?? {},
  });
  const faults = new Faults(time);
  const template = readTemplate();
  const database = openDynamoDb(time, options.quirks);
  await database.createTable({ TableName: NAMES.ledger, ...template.ledgerTable });
  if (saved) await putItems(database, NAMES.ledger, saved.ledger);
  const definition = JSON.stringify(template.definition);
  const stateMachineOf = (name: string) => ({
    arn: `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${name}`,
    name,
    definition,
    createdAt: options.start,
  });
  const onboarding = stateMachineOf(NAMES.machine);
  const onboardingAdmin = stateMachineOf(NAMES.adminMachine);

  const functions = new Functions({ invocations, faults, concurrency: limits.concurrency }, () =>
    platformOf(settings, surroundings),
  );
  const ends = new Map<string, ExecutionEnd>();
  const executions = new Executions({
    interpreter: loadInterpreter(time, seededRandom(seed)),
    definition: template.definition,
    time,
    taskStates: [...template.functions.keys()],
    runTask: (state, payload) => {
      const task = template.functions.get(state);
      if (!task) throw new Error(`The state ${state} has no function`);
      return functions.invoke(task.key, payload, task.timeoutSeconds);
    },
    onEvent: ({ name, arn }, event) => {
      if (event.type !== 'StateEntered' && event.type !== 'StateExited') return;
      const moment = { execution: name, arn, state: event.state.name, at: new Date(event.timestamp) };
      if (event.type === 'StateEntered') listener.state?.(moment);
      else listener.exited?.({ ...moment, output: event.state.output });
    },
    onEnd: (execution) => {
      const end = endOf(execution);
      ends.set(execution.name, end);
      listener.ended?.(end);
      // Like the EventBridge rule on failed executions.
      if (end.status !== 'SUCCEEDED') deliveries.send('recordAudit', statusChange(execution));
    },
  });

  const trail = new Trail(saved?.records);
  const deployment = controlPlane({
    clock,
    region,
    stateMachineArn: onboarding.arn,
    template,
    recorded: { executions: () => executions.all(), changes: () => trail.kept },
    caller: options.caller,
    onAudit(event) {
      if (notices.takes(event)) deliveries.send('notices', JSON.stringify(event), NOTICE_SECONDS);
    },
  });
  const notices = new NoticeResources({
    time,
    queues: deployment.queues,
    database,
    template: template.notices,
    region,
    isRepeating: options.quirks?.messages === 'twice',
    templates: options.templates,
    notify: (payload, limitSeconds) => functions.invoke('notifyUser', payload, limitSeconds),
  });
  await notices.deploy(entitlements);
  const ses = new Ses({
    clock,
    region: entitlements.notices?.region ?? region,
    notices: entitlements.notices,
    settings: options.mail,
    quirks: options.quirks,
    onMail: (mail) => listener.mail?.(mail),
  });
  if (saved) {
    executions.restore(saved.executions);
    deployment.audit.restore(saved.audit);
    deployment.queues.restore(saved.queues);
    ses.outbox.restore(saved.outbox);
  }
  let names = Math.max(
    0,
    ...(saved?.executions ?? []).map(({ name }) => Number(/^execution-(\d+)$/.exec(name)?.[1] ?? 0)),
  );
  const newName = () => {
    names += 1;
    return `execution-${names}`;
  };
  let pages: GatewayOptions['pages'];
  const gateway = new Gateway({
    services: {
      IdentityStore: identityStore(identityCenter, clock, {
        writes: identityStoreWrites(identityCenter, (change) => listener.changed?.(change)),
        othersPerSecond: otherCallers?.identityStore,
      }),
      SSOAdmin: ssoAdmin(identityCenter, clock, {
        ownerAccountId: MANAGEMENT_ACCOUNT,
        memberAccountId: options.caller !== undefined && isMember(options.caller) ? options.caller : undefined,
        othersPerSecond: otherCallers?.ssoAdmin,
      }),
      EventBridge: eventBus({
        buses: [NAMES.auditBus],
        clock,
        onEntry: (entry) => {
          deployment.audit.keep(entry);
          const { EventId: _, Detail, ...rest } = entry;
          listener.audit?.({ ...rest, Detail: JSON.parse(Detail) });
        },
        others: deployment.eventOperations,
      }),
      UserSubscriptions: userSubscriptions(identityCenter, clock, region),
      QBusiness: qBusiness(identityCenter, clock, region),
      Q: q(identityCenter, region),
      SESv2: ses.service,
      ...deployment.services,
      SFN: stepFunctions(executions, [onboarding, onboardingAdmin], newName),
      DynamoDB: limited(database, limits, clock, options.quirks),
    },
    faults,
    pages: (...request) => pages?.(...request),
    onCrash: (id, termination) => invocations.kill(id, termination),
    onRequest: requestListener(listener),
    onInvalid: (request, error) => listener.invalid?.(request, error),
    onBug(error, call) {
      if (listener.bug) listener.bug(error, call);
      else time.during(() => Promise.reject(error));
    },
  });
  const { settings, close } = await connect(gateway, region, invocations, options.transport);
  const surroundings = {
    entitlements,
    stateMachine: onboarding.arn,
    batchUsers: options.batchUsers,
    templates: options.templates,
    clock,
    log(line: string) {
      deployment.audit.keepLog(line);
      listener.log?.(line);
    },
  };
  const sfn = new SFNClient(settings);
  const ledger = uncountedLedger(database, settings);
  const everConfigured = new Set(entitlements.entitlements.map(({ application }) => application));
  const executionNamed = (name: string): Execution | undefined =>
    executions.get(executionArnOf(onboarding.arn, name)) ?? executions.get(executionArnOf(onboardingAdmin.arn, name));
  const runAt: Stack['at'] = (moment, action) => {
    const seconds = Math.max(0, (moment.getTime() - time.now().getTime()) / 1000);
    time.after(seconds, () => time.during(action));
  };
  const startOn = async (stateMachineArn: string, input: unknown): Promise<string> => {
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return executionArn?.split(':').at(-1) ?? '';
  };

  const start = (input: unknown) => startOn(onboarding.arn, input);
  const deliveries = new Deliveries(
    time,
    ruleTargets({
      time,
      functions,
      queues: deployment.queues,
      enqueueNotice: (event) => notices.enqueue(event),
      start,
    }),
  );
  if (saved) {
    deliveries.restore(saved.pendingEvents);
    await notices.restore(saved.notices);
  }

  return {
    clock,
    sfn,
    settings,
    invoke: async (name, program, payload, limitSeconds) =>
      JSON.parse(await invocations.invoke(name, program, JSON.stringify(payload), limitSeconds)),
    identityCenter,
    database,
    faults,
    ses,
    gateway,
    at: runAt,
    after: (seconds, action) =>
      runAt(new Date(time.now().getTime() + seconds * 1000), async () => {
        await action();
      }),
    advance: (seconds) => time.advance(seconds),
    start,
    startAdmin: (input) => startOn(onboardingAdmin.arn, input),
    record(change, via) {
      const { identityStoreId } = identityCenter;
      const record = trail.record(change, { via, at: clock.now(), identityStoreId, region });
      deliveries.send('onboarding', JSON.stringify(record), DELIVERY_SECONDS);
    },
    pendingEvents: () => deliveries.pending(),
    configure(next) {
      surroundings.entitlements = next;
      for (const { application } of next.entitlements) everConfigured.add(application);
      functions.renew();
      ses.configure(next.notices);
      time.during(() => notices.deploy(next));
    },
    arnOf: (name) => executionNamed(name)?.arn ?? executionArnOf(onboarding.arn, name),
    endOf: (name) => ends.get(name),
    execution: executionNamed,
    runUntilIdle: () => time.runUntilIdle(),
    isBusy: () => deliveries.pending().length > 0 || executions.all().some(({ status }) => status === 'RUNNING'),
    calls: () => sorted(gateway.calls),
    callsFromOutside: () => sorted(gateway.callsFromOutside),
    listen(port, others) {
      pages = others;
      return gateway.listen(port);
    },
    follow: (...how) => time.follow(...how),
    save: async () => ({
      version: 1,
      now: clock.now().toISOString(),
      identityStoreId: identityCenter.identityStoreId,
      directory: identityCenter.seed(),
      ledger: await itemsOf(database, NAMES.ledger),
      executions: executions.all(),
      audit: [...deployment.audit.kept()],
      queues: deployment.queues.contents(),
      notices: await notices.items(),
      outbox: ses.outbox.contents(),
      pendingEvents: deliveries.pending(),
      records: trail.records,
    }),
    forgetAllBut: (most) => executions.forgetAllBut(most),
    async seats() {
      const all = await Promise.all([...everConfigured].map((application) => ledger.holdings(application)));
      return all.flatMap(({ seats }) => seats);
    },
    hold: (applicationArn) => ledger.hold(applicationArn),
    close,
  };
}

function sorted(calls: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...calls].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Returns a ledger whose calls are not counted and meet no faults. */
function uncountedLedger(database: DynamoDb, settings: ClientSettings): Ledger {
  const faults = new Faults({ now: () => new Date(0) });
  const gateway = new Gateway({ services: { DynamoDB: database }, faults, onCrash: () => undefined });
  return connectLedger({ ...settings, requestHandler: gateway.requestHandler() }, NAMES.ledger);
}

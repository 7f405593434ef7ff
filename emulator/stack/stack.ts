import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import { connectLedger, type Ledger } from '../../adapters/ledger.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { ACCOUNT, MANAGEMENT_ACCOUNT } from '../aws/account/account.ts';
import { type RecordedChange, recordOf, type Via } from '../aws/cloudtrail/cloudtrail.ts';
import { controlPlane, NAMES } from '../aws/control-plane/control-plane.ts';
import { type DynamoDb, openDynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { itemsOf, putItems } from '../aws/dynamodb/items.ts';
import { eventBus } from '../aws/eventbridge/event-bus.ts';
import { Faults } from '../aws/faults.ts';
import { Gateway, type GatewayOptions } from '../aws/gateway.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import { IdentityCenter } from '../aws/identity-center/identity-center.ts';
import type { Quirks } from '../aws/identity-center/quirks.ts';
import { identityStore } from '../aws/identity-store/identity-store.ts';
import { identityStoreWrites } from '../aws/identity-store/identity-store-writes.ts';
import { q } from '../aws/q/q.ts';
import { qBusiness } from '../aws/qbusiness/qbusiness.ts';
import type { OtherCallers } from '../aws/rate-limit.ts';
import { ssoAdmin } from '../aws/sso-admin/sso-admin.ts';
import { executionArnOf, stepFunctions } from '../aws/step-functions/step-functions.ts';
import { userSubscriptions } from '../aws/user-subscriptions/user-subscriptions.ts';
import { type Execution, Executions } from '../engine/executions.ts';
import { loadInterpreter, seededRandom } from '../engine/interpreter.ts';
import { readTemplate } from '../engine/template.ts';
import { VirtualTime } from '../engine/virtual-time.ts';
import { connect, platformOf } from './clients.ts';
import { Deliveries, type PendingEvent } from './deliveries.ts';
import { Functions } from './functions.ts';
import { type Handler, Invocations, type Latency } from './invocations.ts';
import type { StackListener } from './listener.ts';
import { type ExecutionEnd, endOf, statusChange } from './outcome.ts';
import { ruleTargets } from './rule-targets.ts';
import type { SavedState } from './snapshot.ts';

export type { ExecutionEnd } from './outcome.ts';

export interface StackOptions {
  entitlements: Entitlements;
  directory: DirectorySeed;
  /** Start of virtual time. */
  start: Date;
  /** `http`: real HTTP on the loopback interface; `in-process`: the same gateway without sockets. */
  transport: 'http' | 'in-process';
  /** Seed of the jitter of retries. */
  seed?: number;
  quirks?: Quirks;
  /** Most users per batch, if fewer than time allows. */
  batchUsers?: number;
  /** Time that the calls of functions take. By default they take none. */
  latency?: Latency;
  /** Requests per second of other callers, which share AWS's quotas. By default there are none. */
  otherCallers?: OtherCallers;
  listener?: StackListener;
  /** The state of an earlier emulator. It replaces `directory`. */
  saved?: SavedState | undefined;
}

/** Time between a change and the delivery of its event by CloudTrail and EventBridge. */
const DELIVERY_SECONDS = 3;

/** An emulated account with Usher: the real state machine, handlers and SDK clients, in virtual time. */
export interface Stack {
  clock: Clock;
  /** A client for operations on executions. Its calls are counted, too. */
  sfn: SFNClient;
  /** Settings of SDK clients of other programs. */
  settings: ClientSettings;
  /**
   * Runs another program as a Lambda function, with the same latencies, quotas and faults.
   *
   * @throws Error with the name and message of the program's error, as Lambda returns them
   */
  invoke(name: string, program: Handler, payload: unknown, limitSeconds: number): Promise<unknown>;
  identityCenter: IdentityCenter;
  /** The database of the ledger, whose reads may lag and whose items expire. */
  database: Pick<DynamoDb, 'setLag' | 'deleteExpired'>;
  faults: Faults;
  /** The gateway that every request passes. */
  gateway: Gateway;
  /** Runs an action at a moment of virtual time. Actions of past moments run at once, in order. */
  at(moment: Date, action: () => void | Promise<void>): void;
  /** Runs an action this many seconds of virtual time from now. */
  after(seconds: number, action: () => unknown): void;
  /** Moves virtual time on at once; see {@link VirtualTime.advance}. */
  advance(seconds: number): void;
  /** Starts an execution with this input. @returns its name */
  start(input: unknown): Promise<string>;
  /** Starts an execution of `onboarding-admin`, which also accepts what only an operator may ask for. @returns its name */
  startAdmin(input: unknown): Promise<string>;
  /** Records a change of the identity store as CloudTrail does; some seconds later, its event starts an execution. */
  record(change: RecordedChange, via: Via): void;
  /** Returns the events that EventBridge still has to deliver. */
  pendingEvents(): PendingEvent[];
  /** Deploys: later invocations have this configuration. */
  configure(entitlements: Entitlements): void;
  /** Returns the ARN of an execution by its name. */
  arnOf(name: string): string;
  /** Returns how an execution ended; undefined while it runs. */
  endOf(name: string): ExecutionEnd | undefined;
  execution(name: string): Execution | undefined;
  /** Lets virtual time pass until nothing is scheduled and no execution runs. */
  runUntilIdle(): Promise<void>;
  /** Returns the number of requests by `<Service>.<Operation>`, refused ones included. */
  calls(): Record<string, number>;
  /** Returns the seats of every application that was ever configured. This read, like {@link hold}, is not counted. */
  seats(): Promise<Seat[]>;
  /** Returns the latest hold of an application. */
  hold(applicationArn: string): Promise<Hold | undefined>;
  /** Opens the gateway for other processes, at this port or at a free one. */
  listen(port: number, pages: GatewayOptions['pages']): Promise<{ endpoint: string; close(): Promise<void> }>;
  /** Returns the number of requests of other processes by `<Service>.<Operation>`. */
  callsFromOutside(): Record<string, number>;
  /** Lets virtual time follow real time; see {@link VirtualTime.follow}. */
  follow: VirtualTime['follow'];
  /** Returns the whole state. */
  save(): Promise<SavedState>;
  /** Drops the oldest executions that have ended, until at most this many executions are left. */
  forgetAllBut(executions: number): void;
  close(): Promise<void>;
}

/** Opens an emulated account with Usher. Nothing of it outlives {@link Stack.close}. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { entitlements, directory, listener = {}, seed = 1, otherCallers } = options;
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

  const functions = new Functions({ invocations, faults }, () => platformOf(settings, surroundings));
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

  const deployment = controlPlane({
    clock,
    region,
    stateMachineArn: onboarding.arn,
    patterns: template.patterns,
    executions: () => executions.all(),
  });
  if (saved) {
    executions.restore(saved.executions);
    deployment.audit.restore(saved.audit);
    deployment.queues.restore(saved.queues);
  }
  let names = Math.max(
    0,
    ...(saved?.executions ?? []).map(({ name }) => Number(/^execution-(\d+)$/.exec(name)?.[1] ?? 0)),
  );
  let records = saved?.records ?? 0;
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
      ...deployment.services,
      SFN: stepFunctions(executions, [onboarding, onboardingAdmin], newName),
      DynamoDB: database,
    },
    faults,
    pages: (...request) => pages?.(...request),
    onCrash: (id, termination) => invocations.kill(id, termination),
    onRequest: (request) => listener.request?.(request),
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
  const deliveries = new Deliveries(time, ruleTargets({ time, functions, queues: deployment.queues, start }));
  if (saved) deliveries.restore(saved.pendingEvents);

  return {
    clock,
    sfn,
    settings,
    invoke: async (name, program, payload, limitSeconds) =>
      JSON.parse(await invocations.invoke(name, program, JSON.stringify(payload), limitSeconds)),
    identityCenter,
    database,
    faults,
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
      records += 1;
      const { identityStoreId } = identityCenter;
      const record = recordOf(change, { via, at: clock.now(), sequence: records, identityStoreId, region });
      deliveries.send('onboarding', JSON.stringify(record), DELIVERY_SECONDS);
    },
    pendingEvents: () => deliveries.pending(),
    configure(next) {
      surroundings.entitlements = next;
      for (const { application } of next.entitlements) everConfigured.add(application);
      functions.renew();
    },
    arnOf: (name) => executionNamed(name)?.arn ?? executionArnOf(onboarding.arn, name),
    endOf: (name) => ends.get(name),
    execution: executionNamed,
    runUntilIdle: () => time.runUntilIdle(),
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
      pendingEvents: deliveries.pending(),
      records,
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

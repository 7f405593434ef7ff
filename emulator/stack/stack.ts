import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import { connectLedger, type Ledger } from '../../adapters/ledger.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { RecordedChange } from '../aws/cloudtrail/cloudtrail.ts';
import { ACCOUNT, controlPlane, MANAGEMENT_ACCOUNT, NAMES } from '../aws/control-plane/control-plane.ts';
import { type DynamoDb, openDynamoDb } from '../aws/dynamodb/dynamodb.ts';
import { eventBus } from '../aws/eventbridge/event-bus.ts';
import { Faults } from '../aws/faults.ts';
import { Gateway, type GatewayOptions, type GatewayRequest } from '../aws/gateway.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import { IdentityCenter, type Quirks } from '../aws/identity-center/identity-center.ts';
import { identityStore } from '../aws/identity-store/identity-store.ts';
import { identityStoreWrites } from '../aws/identity-store/identity-store-writes.ts';
import type { Answer } from '../aws/json-service.ts';
import { ssoAdmin } from '../aws/sso-admin/sso-admin.ts';
import { executionArnOf, stepFunctions } from '../aws/step-functions/step-functions.ts';
import { type Execution, Executions } from '../engine/executions.ts';
import { loadInterpreter, seededRandom } from '../engine/interpreter.ts';
import { readTemplate } from '../engine/template.ts';
import { VirtualTime } from '../engine/virtual-time.ts';
import { connect, platformOf } from './clients.ts';
import { Functions } from './functions.ts';
import { type Handler, Invocations, type Latency } from './invocations.ts';
import { type ExecutionEnd, endOf, statusChange } from './outcome.ts';
import { itemsOf, putItems, type SavedState } from './snapshot.ts';

export type { ExecutionEnd } from './outcome.ts';

/** A state that an execution entered. */
export interface StateMoment {
  execution: string;
  state: string;
  /** Virtual time. */
  at: Date;
}

/** What the local stack tells as it goes. Every callback is synchronous and in virtual-time order. */
export interface StackListener {
  state?(moment: StateMoment): void;
  ended?(end: ExecutionEnd): void;
  /** A PutEvents entry that the audit bus took, its detail parsed. */
  audit?(entry: AuditEntry): void;
  /** Somebody changed the identity store by its API. */
  changed?(change: RecordedChange): void;
  /** A line that a function logged, or its metrics; JSON. */
  log?(line: string): void;
  /** A function is invoked; what it is given is JSON. What this returns is called when the function has ended. */
  invoked?(invocation: { id: string; function: string; payload: string }): (() => void) | undefined;
  /** A request reached its service; what this returns is told of the service's answer. */
  request?(request: GatewayRequest): ((answer: Answer) => void) | undefined;
}

/** An entry of PutEvents, its detail parsed. */
export interface AuditEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Time: string;
  Resources: string[];
  Detail: unknown;
}

export interface StackOptions {
  entitlements: Entitlements;
  directory: DirectorySeed;
  /** Where virtual time begins. */
  start: Date;
  /** `http`: real HTTP on the loopback interface; `in-process`: the same doors without sockets. */
  transport: 'http' | 'in-process';
  /** Seeds the jitter of retries. */
  seed?: number;
  quirks?: Quirks;
  /** How long the calls of functions take; none takes any time when it is left out. */
  latency?: Latency;
  listener?: StackListener;
  /** What another local stack held, in place of `directory`. */
  saved?: SavedState | undefined;
}

/** The whole service without AWS: the real state machine, handlers and SDK clients, in virtual time. */
export interface Stack {
  clock: Clock;
  /** For operations on executions beside {@link start}; their calls are counted as well. */
  sfn: SFNClient;
  /** For clients of programs beside Usher. */
  settings: ClientSettings;
  /**
   * Runs another program as a Lambda function: it meets the same latencies, quotas and faults.
   *
   * @throws Error with the name of the program's, as Lambda tells of it
   */
  invoke(name: string, program: Handler, payload: unknown, limitSeconds: number): Promise<unknown>;
  identityCenter: IdentityCenter;
  faults: Faults;
  /** The gateway that every request passes. */
  gateway: Gateway;
  /** Runs something at a moment of virtual time; moments in the past run at once, in order. */
  at(moment: Date, action: () => void | Promise<void>): void;
  /** Runs something this many seconds of virtual time from now. */
  after(seconds: number, action: () => unknown): void;
  /** Moves virtual time on at once; see {@link VirtualTime.advance}. */
  advance(seconds: number): void;
  /** StartExecution with this input. @returns the execution's name */
  start(input: unknown): Promise<string>;
  /** The same on the second state machine, which also takes what only a person may ask for. */
  startAdmin(input: unknown): Promise<string>;
  /** A deployment: invocations that begin later have this configuration. */
  configure(entitlements: Entitlements): void;
  /** ARN of an execution by its name. */
  arnOf(name: string): string;
  /** What became of an execution; undefined while it runs. */
  endOf(name: string): ExecutionEnd | undefined;
  execution(name: string): Execution | undefined;
  /** Lets virtual time pass until nothing is scheduled and no execution runs any more. */
  runUntilIdle(): Promise<void>;
  /** Every request counted by `<Service>.<Operation>`, refused ones too. */
  calls(): Record<string, number>;
  /** Those of every application that was ever configured. Looking counts no calls, here and in {@link hold}. */
  seats(): Promise<Seat[]>;
  /** What the brake keeps, or kept last, of an application. */
  hold(applicationArn: string): Promise<Hold | undefined>;
  /** Opens the door for others, at this port or at a free one. */
  listen(port: number, pages: GatewayOptions['pages']): Promise<{ endpoint: string; close(): Promise<void> }>;
  /** Requests of others, over HTTP, counted by `<Service>.<Operation>`. */
  callsFromOutside(): Record<string, number>;
  /** Lets virtual time follow real time; see {@link VirtualTime.follow}. */
  follow: VirtualTime['follow'];
  /** All that it holds. */
  save(): Promise<SavedState>;
  /** Forgets the oldest executions that have ended, above so many. */
  forgetAllBut(executions: number): void;
  close(): Promise<void>;
}

/** Opens the whole service without AWS. Nothing of it outlives {@link Stack.close}. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { entitlements, directory, listener = {}, seed = 1 } = options;
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
  const faults = new Faults();
  const template = readTemplate();
  const database = openDynamoDb();
  await database.createTable({ TableName: NAMES.ledger, ...template.ledgerTable });
  if (saved) await putItems(database, saved.ledger);
  const definition = JSON.stringify(template.definition);
  const machineOf = (name: string) => ({
    arn: `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${name}`,
    name,
    definition,
    createdAt: options.start,
  });
  const machine = machineOf(NAMES.machine);
  const admin = machineOf(NAMES.adminMachine);

  const functions = new Functions(invocations, time, () => platformOf(settings, surroundings));
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
    onEvent: ({ name }, event) => {
      if (event.type !== 'StateEntered') return;
      listener.state?.({ execution: name, state: event.state.name, at: new Date(event.timestamp) });
    },
    onEnd: (execution) => {
      const end = endOf(execution);
      ends.set(execution.name, end);
      listener.ended?.(end);
      // As EventBridge's rule on failed executions does.
      if (end.status !== 'SUCCEEDED') functions.deliver('recordAudit', statusChange(execution), 240);
    },
  });

  const around = controlPlane({ clock, region, machineArn: machine.arn, patterns: template.patterns });
  if (saved) {
    executions.restore(saved.executions);
    around.audit.restore(saved.audit);
    around.queues.restore(saved.queues);
  }
  let names = saved?.executions.length ?? 0;
  const newName = () => {
    names += 1;
    return `execution-${names}`;
  };
  let pages: GatewayOptions['pages'];
  const door = new Gateway({
    services: {
      IdentityStore: identityStore(
        identityCenter,
        clock,
        identityStoreWrites(identityCenter, (change) => listener.changed?.(change)),
      ),
      SSOAdmin: ssoAdmin(identityCenter, clock, MANAGEMENT_ACCOUNT),
      EventBridge: eventBus({
        buses: [NAMES.auditBus],
        clock,
        onEntry: (entry) => {
          around.audit.keep(entry);
          const { EventId: _, Detail, ...told } = entry;
          listener.audit?.({ ...told, Detail: JSON.parse(Detail) });
        },
        others: around.eventOperations,
      }),
      ...around.services,
      SFN: stepFunctions(executions, [machine, admin], newName),
      DynamoDB: database,
    },
    faults,
    pages: (...request) => pages?.(...request),
    onCrash: (id, death) => invocations.kill(id, death),
    onRequest: (request) => listener.request?.(request),
  });
  const { settings, close } = await connect(door, region, invocations, options.transport);
  const surroundings = {
    entitlements,
    clock,
    log(line: string) {
      around.audit.keepLog(line);
      listener.log?.(line);
    },
  };
  const sfn = new SFNClient(settings);
  const ledger = ledgerBeside(database, settings);
  const everConfigured = new Set(entitlements.entitlements.map(({ application }) => application));
  const called = (name: string): Execution | undefined =>
    executions.get(executionArnOf(machine.arn, name)) ?? executions.get(executionArnOf(admin.arn, name));
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

  return {
    clock,
    sfn,
    settings,
    invoke: async (name, program, payload, limitSeconds) =>
      JSON.parse(await invocations.invoke(name, program, JSON.stringify(payload), limitSeconds)),
    identityCenter,
    faults,
    gateway: door,
    at: runAt,
    after: (seconds, action) =>
      runAt(new Date(time.now().getTime() + seconds * 1000), async () => {
        await action();
      }),
    advance: (seconds) => time.advance(seconds),
    start: (input) => startOn(machine.arn, input),
    startAdmin: (input) => startOn(admin.arn, input),
    configure(next) {
      surroundings.entitlements = next;
      for (const { application } of next.entitlements) everConfigured.add(application);
      functions.renew();
    },
    arnOf: (name) => called(name)?.arn ?? executionArnOf(machine.arn, name),
    endOf: (name) => ends.get(name),
    execution: called,
    runUntilIdle: () => time.settle(),
    calls: () => sorted(door.calls),
    callsFromOutside: () => sorted(door.callsFromOutside),
    listen(port, others) {
      pages = others;
      return door.listen(port);
    },
    follow: (...how) => time.follow(...how),
    save: async () => ({
      version: 1,
      now: clock.now().toISOString(),
      identityStoreId: identityCenter.identityStoreId,
      directory: identityCenter.seed(),
      ledger: await itemsOf(database),
      executions: executions.all(),
      audit: [...around.audit.kept()],
      queues: around.queues.contents(),
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

/** Reads past the door. */
function ledgerBeside(database: DynamoDb, settings: ClientSettings): Ledger {
  const door = new Gateway({ services: { DynamoDB: database }, faults: new Faults(), onCrash: () => undefined });
  return connectLedger({ ...settings, requestHandler: door.requestHandler() }, NAMES.ledger);
}

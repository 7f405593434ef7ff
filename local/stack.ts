import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { ClientSettings } from '../adapters/clients.ts';
import { connectLedger, type Ledger } from '../adapters/ledger.ts';
import type { Clock } from '../domain/clock.ts';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Hold } from '../domain/hold.ts';
import type { Seat } from '../domain/seat.ts';
import { handler as applyChanges } from '../functions/apply-changes.ts';
import { handler as checkPropagation } from '../functions/check-propagation.ts';
import { handler as normalizeRequest } from '../functions/normalize-request.ts';
import { handler as planChanges } from '../functions/plan-changes.ts';
import { handler as recordAudit } from '../functions/record-audit.ts';
import type { Platform } from '../functions/step.ts';
import { type Answer, Door, type DoorRequest } from './door.ts';
import { type DynamoDb, openDynamoDb } from './dynamodb.ts';
import { eventBus } from './event-bus.ts';
import { type Execution, Executions } from './executions.ts';
import { Faults } from './faults.ts';
import { type DirectorySeed, IdentityCenter, type Quirks } from './identity-center.ts';
import { identityStore } from './identity-store.ts';
import { loadInterpreter, seededDice } from './interpreter.ts';
import { type Handler, Invocations } from './invocations.ts';
import { ssoAdmin } from './sso-admin.ts';
import { executionArnOf, machineArnOf, stepFunctions } from './step-functions.ts';
import { readTemplate } from './template.ts';
import { VirtualTime } from './virtual-time.ts';

/** A state that an execution entered. */
export interface StateMoment {
  execution: string;
  state: string;
  /** Virtual time. */
  at: Date;
}

/** How an execution ended. `outcome` is the name of the state it ended in, or `failed`. */
export interface ExecutionEnd {
  execution: string;
  status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  outcome: 'converged' | 'handedOver' | 'ignored' | 'held' | 'failed';
  /** In ids: why it was ignored or failed, to whom it was handed over. */
  cause?: string;
  startedAt: Date;
  endedAt: Date;
}

/** What the local stack tells as it goes. Every callback is synchronous and in virtual-time order. */
export interface StackListener {
  state?(moment: StateMoment): void;
  ended?(end: ExecutionEnd): void;
  /** A PutEvents entry that the audit bus took, its detail parsed. */
  audit?(entry: AuditEntry): void;
  /** A line that a function logged, or its metrics; JSON. */
  log?(line: string): void;
  /** A function is invoked; what it is given is JSON. */
  invoked?(invocation: { id: string; function: string; payload: string }): void;
  /** A request reached its service; what this returns is told of the service's answer. */
  request?(request: DoorRequest): ((answer: Answer) => void) | undefined;
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
  /** Another machine than that of the files, such as an earlier release's. */
  definition?: StateMachineDefinition;
  /** Seeds the jitter of retries. */
  seed?: number;
  quirks?: Quirks;
  listener?: StackListener;
}

/** The whole service without AWS: the real state machine, handlers and SDK clients, in virtual time. */
export interface Stack {
  clock: Clock;
  /** For operations on executions beside {@link start}; their calls are counted as well. */
  sfn: SFNClient;
  identityCenter: IdentityCenter;
  faults: Faults;
  /** Runs something at a moment of virtual time; moments in the past run at once, in order. */
  at(moment: Date, action: () => void | Promise<void>): void;
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
  settle(): Promise<void>;
  /** Every request counted by `<Service>.<Operation>`, refused ones too. */
  calls(): Record<string, number>;
  /** Those of every application that was ever configured. Looking counts no calls, here and in {@link hold}. */
  seats(): Promise<Seat[]>;
  /** What the brake keeps, or kept last, of an application. */
  hold(applicationArn: string): Promise<Hold | undefined>;
  close(): Promise<void>;
}

/** The names that a deployment gives. */
const LEDGER_TABLE = 'usher-local-ledger';
const AUDIT_BUS = 'usher-local-audit';
const ACCOUNT = '000000000000';
/** EventBridge invokes a function again when it failed: after a minute, and after two more. */
const REDELIVER_SECONDS = [60, 120];

const FUNCTIONS: Readonly<Record<string, { on(platform: () => Platform): Handler }>> = {
  normalizeRequest,
  checkPropagation,
  planChanges,
  applyChanges,
  recordAudit,
};

/** Opens the whole service without AWS. Nothing of it outlives {@link Stack.close}. */
export async function openStack(options: StackOptions): Promise<Stack> {
  const { entitlements, directory, listener = {}, seed = 1 } = options;
  const { region, instanceArn } = entitlements.identityCenter;
  const time = new VirtualTime(options.start);
  const invocations = new Invocations(time, (invocation) => listener.invoked?.(invocation));
  const clock: Clock = { now: () => time.now(), sleep: (seconds) => invocations.sleep(seconds) };
  const identityCenter = new IdentityCenter(directory, { clock, instanceArn, quirks: options.quirks ?? {} });
  const faults = new Faults();
  const template = { ...readTemplate(), ...(options.definition ? { definition: options.definition } : {}) };
  const database = openDynamoDb();
  await database.createTable({ TableName: LEDGER_TABLE, ...template.ledgerTable });
  const machineOf = (name: string) => ({
    arn: `arn:aws:states:${region}:${ACCOUNT}:stateMachine:${name}`,
    name,
    definition: JSON.stringify(template.definition),
    createdAt: options.start,
  });
  const machine = machineOf('usher-local-onboarding');
  const admin = machineOf('usher-local-onboarding-admin');

  const sandboxes = new Map<string, Handler[]>();
  /** Each sandbox of Lambda serves one invocation at a time, has its own pace, and ends with an invocation that fails. */
  const invoke = async (key: string, payload: string, limitSeconds: number): Promise<string> => {
    const idle = sandboxes.get(key) ?? [];
    sandboxes.set(key, idle);
    const sandbox = idle.pop() ?? FUNCTIONS[key]?.on(() => platformOf(settings, surroundings));
    if (!sandbox) throw new Error(`There is no function ${key}`);
    const result = await invocations.invoke(key, sandbox, payload, limitSeconds);
    // One of before a deployment serves nobody any more.
    if (sandboxes.get(key) === idle) idle.push(sandbox);
    return result;
  };
  const ends = new Map<string, ExecutionEnd>();
  const executions = new Executions({
    interpreter: loadInterpreter(time, seededDice(seed)),
    definition: template.definition,
    time,
    taskStates: [...template.functions.keys()],
    runTask: (state, payload) => {
      const task = template.functions.get(state);
      if (!task) throw new Error(`The state ${state} has no function`);
      return invoke(task.key, payload, task.timeoutSeconds);
    },
    onEvent: ({ name }, event) => {
      if (event.type !== 'StateEntered') return;
      listener.state?.({ execution: name, state: event.state.name, at: new Date(event.timestamp) });
    },
    onEnd: (execution) => {
      const end = endOf(execution);
      ends.set(execution.name, end);
      listener.ended?.(end);
      if (end.status !== 'SUCCEEDED') reportFailure(statusChange(execution), 0);
    },
  });
  /** What EventBridge's rule on failed executions does. */
  const reportFailure = (event: string, tries: number): void => {
    time.during(async () => {
      try {
        await invoke('recordAudit', event, 240);
      } catch {
        const again = REDELIVER_SECONDS[tries];
        if (again !== undefined) time.after(again, () => reportFailure(event, tries + 1));
      }
    });
  };

  let names = 0;
  const newName = () => {
    names += 1;
    return `execution-${names}`;
  };
  const door = new Door({
    services: {
      IdentityStore: identityStore(identityCenter, clock),
      SSOAdmin: ssoAdmin(identityCenter, clock),
      EventBridge: eventBus({
        buses: [AUDIT_BUS],
        clock,
        onEntry: ({ EventId: _, Detail, ...entry }) => listener.audit?.({ ...entry, Detail: JSON.parse(Detail) }),
      }),
      SFN: stepFunctions(executions, [machine, admin], newName),
      DynamoDB: database,
    },
    faults,
    onCrash: (id, death) => invocations.kill(id, death),
    onRequest: (request) => listener.request?.(request),
  });
  const { settings, close } = await connect(door, region, invocations, options.transport);
  const surroundings = { entitlements, clock, log: (line: string) => listener.log?.(line) };
  const sfn = new SFNClient(settings);
  const ledger = ledgerBeside(database, settings);
  const everConfigured = new Set(entitlements.entitlements.map(({ application }) => application));
  const startOn = async (stateMachineArn: string, input: unknown): Promise<string> => {
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
    );
    return executionArn?.split(':').at(-1) ?? '';
  };

  return {
    clock,
    sfn,
    identityCenter,
    faults,
    at(moment, action) {
      const seconds = Math.max(0, (moment.getTime() - time.now().getTime()) / 1000);
      time.after(seconds, () => time.during(action));
    },
    start: (input) => startOn(machine.arn, input),
    startAdmin: (input) => startOn(admin.arn, input),
    configure(next) {
      surroundings.entitlements = next;
      for (const { application } of next.entitlements) everConfigured.add(application);
      sandboxes.clear();
    },
    arnOf: (name) =>
      executions.all().find((execution) => execution.name === name)?.arn ?? executionArnOf(machine.arn, name),
    endOf: (name) => ends.get(name),
    execution: (name) => executions.all().find((execution) => execution.name === name),
    settle: () => time.settle(),
    calls: () => Object.fromEntries([...door.calls].sort(([a], [b]) => (a < b ? -1 : 1))),
    async seats() {
      const all = await Promise.all([...everConfigured].map((application) => ledger.holdings(application)));
      return all.flatMap(({ seats }) => seats);
    },
    hold: (applicationArn) => ledger.hold(applicationArn),
    close,
  };
}

/** SDK clients for the door: over HTTP, or without a socket. */
async function connect(door: Door, region: string, invocations: Invocations, transport: StackOptions['transport']) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const common = {
    region,
    maxAttempts: 1,
    credentials,
    // Nobody checks a signature here, and a profile of this machine must not change where the clients call.
    signer: { sign: async <T>(request: T) => request },
    defaultsMode: 'standard',
    retryMode: 'standard',
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    userAgentAppId: 'usher',
  } as const;
  if (transport === 'in-process') {
    const requestHandler = invocations.watch(door.requestHandler());
    return { settings: { ...common, endpoint: 'http://127.0.0.1', requestHandler }, close: async () => undefined };
  }
  const { endpoint, close } = await door.listen();
  const http = new NodeHttpHandler();
  const settings = { ...common, endpoint, requestHandler: invocations.watch(http) };
  return {
    settings,
    close: async () => {
      http.destroy();
      await close();
    },
  };
}

/** The functions' surroundings: virtual time, the door, and their logs told to the listener. */
function platformOf(
  aws: ClientSettings,
  { entitlements, clock, log }: { entitlements: Entitlements; clock: Clock; log(line: string): void },
): Platform {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log(String(chunk).trimEnd());
      done();
    },
  });
  const sink = new Console({ stdout: stream, stderr: stream });
  const logger = new Logger({ serviceName: 'usher' });
  const metrics = new Metrics({ namespace: 'Usher', serviceName: 'usher' });
  // Powertools writes to a console of its own, and has no option for another.
  for (const tool of [logger, metrics]) Reflect.set(tool, 'console', sink);
  return {
    environment: { entitlements, clock, aws, ledgerTable: LEDGER_TABLE, auditBus: AUDIT_BUS, version: 'local' },
    logger,
    metrics,
  };
}

const OUTCOMES: Readonly<Record<string, ExecutionEnd['outcome']>> = {
  Converged: 'converged',
  HandedOver: 'handedOver',
  Ignored: 'ignored',
  Held: 'held',
};

function endOf({ name, status, startedAt, endedAt, log, output, error, cause }: Execution): ExecutionEnd {
  const last = log.findLast((event) => event.type === 'StateEntered' && event.index === undefined);
  const state = last && 'state' in last ? last.state.name : '';
  const told = status === 'SUCCEEDED' ? causeIn(output) : [error, cause].filter(Boolean).join(': ');
  return {
    execution: name,
    status: status === 'RUNNING' ? 'ABORTED' : status,
    outcome: (status === 'SUCCEEDED' && OUTCOMES[state]) || 'failed',
    ...(told ? { cause: told } : {}),
    startedAt,
    endedAt: endedAt ?? startedAt,
  };
}

/** The reason in an output: why it was ignored, to whom it was handed over. */
function causeIn(output: string | undefined): string | undefined {
  const { ignored, plan } = JSON.parse(output ?? '{}');
  return ignored ?? plan?.handedOverTo;
}

/** The event that Step Functions sends to the default bus. */
function statusChange({ arn, name, status, startedAt, endedAt, error, cause }: Execution): string {
  return JSON.stringify({
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    time: endedAt?.toISOString(),
    detail: {
      executionArn: arn,
      stateMachineArn: machineArnOf(arn),
      name,
      status,
      startDate: startedAt.getTime(),
      stopDate: endedAt?.getTime(),
      error,
      cause,
    },
  });
}

/** Reads past the door. */
function ledgerBeside(database: DynamoDb, settings: ClientSettings): Ledger {
  const door = new Door({ services: { DynamoDB: database }, faults: new Faults(), onCrash: () => undefined });
  return connectLedger({ ...settings, requestHandler: door.requestHandler() }, LEDGER_TABLE);
}

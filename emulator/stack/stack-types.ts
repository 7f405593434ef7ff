import type { SFNClient } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Templates } from '../../domain/notices/message.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { RecordedChange, Via } from '../aws/cloudtrail/cloudtrail.ts';
import type { DynamoDb } from '../aws/dynamodb/dynamodb.ts';
import type { Faults } from '../aws/faults.ts';
import type { Gateway, GatewayOptions } from '../aws/gateway.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import type { IdentityCenter } from '../aws/identity-center/identity-center.ts';
import type { Quirks } from '../aws/identity-center/quirks.ts';
import type { OtherCallers } from '../aws/rate-limit.ts';
import type { MailSettings } from '../aws/ses/mail-settings.ts';
import type { Ses } from '../aws/ses/ses.ts';
import type { Execution } from '../engine/executions.ts';
import type { VirtualTime } from '../engine/virtual-time.ts';
import type { PendingEvent } from './deliveries.ts';
import type { Handler, Latency } from './invocations.ts';
import type { Limits } from './limits.ts';
import type { StackListener } from './listener.ts';
import type { ExecutionEnd } from './outcome.ts';
import type { SavedState } from './snapshot.ts';

/** How an account is opened. */
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
  /** Limits that depend on how fast the functions work. By default there are none. */
  limits?: Limits | undefined;
  /** The account that calls. By default it is the delegated administrator, in which Usher is deployed. */
  caller?: string | undefined;
  listener?: StackListener;
  /** The account of Amazon SES. By default it may send the notices. */
  mail?: MailSettings;
  /** What notices are made of. By default the shipped templates, and in the checkout those of one's own. */
  templates?: Templates | undefined;
  /** The state of an earlier emulator. It replaces `directory`. */
  saved?: SavedState | undefined;
}

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
  /** Amazon SES, with its outbox. */
  ses: Ses;
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
  /** Whether an execution runs, or an event that starts one is on its way. */
  isBusy(): boolean;
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

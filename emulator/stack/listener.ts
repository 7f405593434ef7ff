import type { Delivery } from '../../domain/notices/delivery.ts';
import type { RecordedChange } from '../aws/cloudtrail/cloudtrail.ts';
import type { GatewayRequest } from '../aws/gateway.ts';
import type { Answer, ServiceError } from '../aws/json-service.ts';
import type { Mail } from '../aws/ses/outbox.ts';
import type { ExecutionEnd } from './outcome.ts';

/** A state that an execution entered. */
export interface StateMoment {
  execution: string;
  arn: string;
  state: string;
  /** Virtual time. */
  at: Date;
}

/** A state that an execution left, and its output. */
export interface StateExit extends StateMoment {
  /** What the next state gets. */
  output: unknown;
}

/** Callbacks of a running emulator. Each is synchronous; they come in the order of virtual time. */
export interface StackListener {
  /** An execution entered a state. */
  state?(moment: StateMoment): void;
  /** An execution left a state that succeeded. */
  exited?(exit: StateExit): void;
  /** An execution ended. */
  ended?(end: ExecutionEnd): void;
  /** The audit bus accepted an entry of PutEvents. */
  audit?(entry: AuditEntry): void;
  /** Amazon SES accepted a message. */
  mail?(mail: Mail): void;
  /** NotifyUser recorded what became of a notice. */
  notice?(delivery: Delivery): void;
  /** A caller changed the identity store by its API. */
  changed?(change: RecordedChange): void;
  /** A function wrote a line of its log or its metrics, as JSON. */
  log?(line: string): void;
  /** A function is invoked with a payload in JSON. The function that this returns is called when the invocation ends. */
  invoked?(invocation: { id: string; function: string; payload: string }): (() => void) | undefined;
  /** A request reached its service. The function that this returns is called with the answer. */
  request?(request: GatewayRequest): ((answer: Answer) => void) | undefined;
  /** AWS refuses a request because its input breaks a constraint of the model. */
  invalid?(request: GatewayRequest, error: ServiceError): void;
  /** A service failed with a bug on a request over HTTP. Without this, the caller who advances time gets its error. */
  bug?(error: unknown, call: string | undefined): void;
}

/** An entry of PutEvents, with its detail parsed. */
export interface AuditEntry {
  EventBusName: string;
  Source: string;
  DetailType: string;
  Time: string;
  Resources: string[];
  Detail: unknown;
}

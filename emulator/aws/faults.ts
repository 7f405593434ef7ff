import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import type { Clock } from '../../domain/shared/clock.ts';
import { durationSeconds } from './duration.ts';
import { type FaultRule, FaultRuleSchema, INVOKE, type ParsedFaultRule } from './fault-rules.ts';
import { type Answer, errorAnswer, jsonAnswer, parseJson, ServiceError, type ServiceName } from './json-service.ts';

/** Kinds of error without effect. */
type RefusalKind = 'throttle' | 'conflict' | 'internal' | 'not-found' | 'refuse' | 'quota' | 'expired';

/** The error codes of each service. */
const CODES: Readonly<Record<string, Readonly<Partial<Record<RefusalKind, string>>>>> = {
  SSOAdmin: {
    throttle: 'ThrottlingException',
    conflict: 'ConflictException',
    internal: 'InternalServerException',
    'not-found': 'ResourceNotFoundException',
    refuse: 'AccessDeniedException',
    quota: 'ServiceQuotaExceededException',
  },
  IdentityStore: {
    throttle: 'ThrottlingException',
    conflict: 'ConflictException',
    internal: 'InternalServerException',
    'not-found': 'ResourceNotFoundException',
    refuse: 'AccessDeniedException',
    quota: 'ServiceQuotaExceededException',
  },
  DynamoDB: {
    throttle: 'ThrottlingException',
    conflict: 'TransactionConflictException',
    internal: 'InternalServerError',
    'not-found': 'ResourceNotFoundException',
    refuse: 'AccessDeniedException',
    quota: 'RequestLimitExceeded',
  },
  EventBridge: {
    throttle: 'ThrottlingException',
    conflict: 'ConcurrentModificationException',
    internal: 'InternalException',
    'not-found': 'ResourceNotFoundException',
    refuse: 'AccessDeniedException',
    quota: 'LimitExceededException',
  },
  SESv2: {
    throttle: 'TooManyRequestsException',
    conflict: 'ConflictException',
    internal: 'InternalServiceErrorException',
    'not-found': 'NotFoundException',
    refuse: 'AccessDeniedException',
    quota: 'LimitExceededException',
  },
  STS: { expired: 'ExpiredToken', refuse: 'AccessDenied' },
  SFN: {
    throttle: 'ThrottlingException',
    conflict: 'ConflictException',
    internal: 'InternalFailure',
    'not-found': 'StateMachineDoesNotExist',
    refuse: 'AccessDeniedException',
    quota: 'ExecutionLimitExceeded',
  },
};

/** The HTTP status of errors that is not 400. A server error always has 500. */
const STATUS_CODES: Readonly<Record<string, Readonly<Partial<Record<RefusalKind, number>>>>> = {
  UserSubscriptions: { throttle: 429 },
  Q: { throttle: 429 },
  QBusiness: { throttle: 429, conflict: 409, 'not-found': 404, refuse: 403 },
  STS: { refuse: 403 },
  SESv2: { throttle: 429, conflict: 409, 'not-found': 404, refuse: 403 },
};

/** Error codes of Lambda, as Step Functions reports them after `Lambda.`. */
const LAMBDA_CODES: Readonly<Record<string, string>> = {
  throttle: 'TooManyRequestsException',
  internal: 'ServiceException',
};

/** Error codes for services that are not in {@link CODES}. */
const USUAL_CODES: Readonly<Record<RefusalKind, string>> = {
  throttle: 'ThrottlingException',
  conflict: 'ConflictException',
  internal: 'InternalServerException',
  'not-found': 'ResourceNotFoundException',
  refuse: 'AccessDeniedException',
  quota: 'LimitExceededException',
  expired: 'ExpiredTokenException',
};

function codeOf(service: ServiceName, kind: RefusalKind | 'exception', { exception = '' }: ParsedFaultRule): string {
  return kind === 'exception' ? exception : (CODES[service]?.[kind] ?? USUAL_CODES[kind]);
}

/** Operations of the Identity Store that read a group; the others read a user. */
const ABOUT_GROUPS: ReadonlySet<string> = new Set([
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeGroup',
]);

function refusal(service: ServiceName, kind: RefusalKind | 'exception', rule: ParsedFaultRule): Answer {
  const { operation, reason } = rule;
  const fields: Record<string, unknown> = reason === undefined ? {} : { Reason: reason };
  if (service === 'IdentityStore') {
    if (kind === 'throttle') fields['RetryAfterSeconds'] = 1;
    if (kind === 'not-found') fields['ResourceType'] = ABOUT_GROUPS.has(operation) ? 'GROUP' : 'USER';
  }
  const usual = kind === 'internal' ? 500 : 400;
  const statusCode = (kind === 'exception' ? undefined : STATUS_CODES[service]?.[kind]) ?? usual;
  return errorAnswer(
    service,
    new ServiceError(codeOf(service, kind, rule), `Injected: ${kind}`, { statusCode, fields }),
  );
}

const EntriesSchema = z.object({ Entries: z.array(z.unknown()) });
const ResultsSchema = z.object({ FailedEntryCount: z.number(), Entries: z.array(z.unknown()) });
const FAILED_ENTRY = { ErrorCode: 'InternalFailure', ErrorMessage: 'Injected: partial' };

/** Answers PutEvents without its first entry, which the answer reports as failed. */
async function partialAnswer(body: Uint8Array, handle: (body: Uint8Array) => Promise<Answer>): Promise<Answer> {
  const input = EntriesSchema.safeParse(parseJson(body));
  // The service itself reports what is invalid.
  if (!input.success) return handle(body);
  const [, ...others] = input.data.Entries;
  if (others.length === 0) return jsonAnswer('EventBridge', 200, { FailedEntryCount: 1, Entries: [FAILED_ENTRY] });
  const answer = await handle(Buffer.from(JSON.stringify({ Entries: others })));
  if (answer.statusCode !== 200) return answer;
  const { FailedEntryCount, Entries } = ResultsSchema.parse(parseJson(Buffer.from(answer.body)));
  return jsonAnswer('EventBridge', 200, {
    FailedEntryCount: FailedEntryCount + 1,
    Entries: [FAILED_ENTRY, ...Entries],
  });
}

/** A fault of one request. */
export interface InjectedFault {
  /** How the Lambda function that made the request ends, if it does. */
  termination: Termination | undefined;
  /**
   * Answers instead of the service.
   *
   * @param handle the service, to be called with the part of the request that takes effect, if any
   */
  answer(service: ServiceName, body: Uint8Array, handle: (body: Uint8Array) => Promise<Answer>): Promise<Answer>;
}

const TERMINATIONS_BY_KIND: ReadonlyMap<ParsedFaultRule['kind'], Termination> = new Map([
  ['crash-before', 'crash'],
  ['crash-after', 'crash'],
  ['timeout-before', 'timeout'],
  ['timeout-after', 'timeout'],
]);

function faultOf(rule: ParsedFaultRule): InjectedFault {
  return {
    termination: TERMINATIONS_BY_KIND.get(rule.kind),
    async answer(service, body, handle) {
      switch (rule.kind) {
        case 'lost':
          return jsonAnswer(service, 200, {});
        case 'partial':
          return partialAnswer(body, handle);
        case 'crash-before':
        case 'timeout-before':
          return refusal(service, 'internal', rule);
        case 'internal-after':
        case 'crash-after':
        case 'timeout-after':
          await handle(body);
          return refusal(service, 'internal', rule);
        default:
          return refusal(service, rule.kind, rule);
      }
    },
  };
}

/** A rule in force. */
interface ActiveRule {
  rule: ParsedFaultRule;
  /** Requests that pass before it applies. */
  skip: number;
  /** Requests that it still makes fail. */
  left: number;
  /** When it ends, in milliseconds since the epoch. */
  until: number;
}

/**
 * The fault rules that are not used up. The first rule that matches a request and has nothing left to skip applies, in the
 * order in which they were added.
 */
export class Faults {
  readonly #clock: Pick<Clock, 'now'>;
  #rules: ActiveRule[] = [];

  /** @param clock says when a rule that lasts for some time ends */
  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Adds a rule. @throws ZodError for a rule that could never apply */
  add(given: FaultRule): void {
    const rule = FaultRuleSchema.parse(given);
    const { skip, for: lasts, times = lasts === undefined ? 1 : Number.POSITIVE_INFINITY } = rule;
    const seconds =
      lasts === undefined ? Number.POSITIVE_INFINITY : (durationSeconds(lasts) ?? Number.POSITIVE_INFINITY);
    this.#rules.push({ rule, skip, left: times, until: this.#now() + seconds * 1000 });
  }

  /** Drops all rules that are left. */
  clear(): void {
    this.#rules = [];
  }

  /** Returns the rules that may still apply. */
  left(): ParsedFaultRule[] {
    const now = this.#now();
    return this.#rules.filter(({ until }) => until > now).map(({ rule }) => rule);
  }

  /** Returns the fault of this request, if any, and uses up one of the `times` or `skip` of its rule. */
  match(operation: string, body: Uint8Array): InjectedFault | undefined {
    const rule = this.#next((one) => one.operation === operation, body);
    return rule && faultOf(rule);
  }

  /** Returns the error with which Lambda refuses an invocation, if a rule asks for one, and uses it up like {@link match}. */
  invocationError(name: string, payload: string): string | undefined {
    const isOf = ({ operation, function: only }: ParsedFaultRule) =>
      operation === INVOKE && (only === undefined || only === name);
    const rule = this.#next(isOf, Buffer.from(payload));
    return rule && `Lambda.${rule.exception ?? LAMBDA_CODES[rule.kind]}`;
  }

  #next(isOf: (rule: ParsedFaultRule) => boolean, body: Uint8Array): ParsedFaultRule | undefined {
    const now = this.#now();
    this.#rules = this.#rules.filter(({ until }) => until > now);
    for (const active of this.#rules) {
      if (!(isOf(active.rule) && concerns(active.rule, body))) continue;
      if (active.skip > 0) {
        active.skip -= 1;
        continue;
      }
      active.left -= 1;
      if (active.left === 0) this.#rules = this.#rules.filter((other) => other !== active);
      return active.rule;
    }
    return undefined;
  }

  #now(): number {
    return this.#clock.now().getTime();
  }
}

/** Whether a request names everything that a rule asks for. */
function concerns({ principalId, groupId, applicationArn }: ParsedFaultRule, body: Uint8Array): boolean {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return [principalId, groupId, applicationArn].every((id) => id === undefined || bytes.includes(id));
}

/** How a Lambda function may end during a request. */
export type Termination = 'crash' | 'timeout';

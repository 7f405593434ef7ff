import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { ResourceId } from '../../domain/shared/ids.ts';
import { ReadOperationSchema } from './identity-center/identity-center.ts';
import { type Answer, errorAnswer, jsonAnswer, parseJson, ServiceError, type ServiceName } from './json-service.ts';

/** The operations of the stand-in that the functions call; those of other services are only checked by form. */
const OPERATIONS: ReadonlySet<string> = new Set([
  ...ReadOperationSchema.options,
  'SSOAdmin.GetApplicationAssignmentConfiguration',
  'SSOAdmin.DescribeApplication',
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'EventBridge.PutEvents',
]);
const OTHER_SERVICES = ['DynamoDB', 'SFN'];
const OPERATOR_SERVICES = ['SQS', 'CloudWatchLogs', 'CloudTrail', 'Organizations', 'Scheduler', 'STS'];
const CHECKED_BY_FORM = new RegExp(`^(?:${[...OTHER_SERVICES, ...OPERATOR_SERVICES].join('|')})\\.[A-Z][A-Za-z]+$`);

const KINDS = [
  'throttle',
  'conflict',
  'internal',
  'internal-after',
  'lost',
  'not-found',
  'refuse',
  'quota',
  'expired',
  'partial',
  'crash-before',
  'crash-after',
  'timeout-before',
  'timeout-after',
] as const;

/** What happens to a request, by the kind of its fault. */
export const FAULT_KINDS = {
  throttle: 'AWS throttles the request, which has no effect',
  conflict: 'AWS refuses the request because of a conflict, without effect',
  internal: 'AWS answers with a server error, without effect',
  'internal-after': 'AWS answers with a server error, although the request has its effect',
  lost: 'AWS reports success, without effect',
  'not-found': 'AWS answers that it does not find what the request names, without effect',
  refuse: 'AWS denies access, without effect',
  quota: 'AWS refuses the request because of a quota, without effect',
  expired: 'AWS refuses the credentials because they have expired, without effect',
  partial: 'EventBridge.PutEvents takes all entries but the first',
  'crash-before': 'The Lambda function that calls crashes before the effect',
  'crash-after': 'The Lambda function that calls crashes after the effect',
  'timeout-before': 'The Lambda function that calls times out before the effect',
  'timeout-after': 'The Lambda function that calls times out after the effect',
} as const satisfies Record<(typeof KINDS)[number], string>;

/** The kinds whose answer can bear a `Reason`. */
const REASONED: ReadonlySet<string> = new Set(['throttle', 'not-found', 'refuse']);

/**
 * A fault to come: what happens to which requests, see {@link FAULT_KINDS}.
 */
export const FaultRuleSchema = z
  .strictObject({
    operation: z.string().check(
      z.refine(
        (operation) => OPERATIONS.has(operation) || CHECKED_BY_FORM.test(operation),
        'expected an operation that the local stack has, such as SSOAdmin.CreateApplicationAssignment',
      ),
      z.describe(
        `An operation of IdentityStore, SSOAdmin, EventBridge, ${OTHER_SERVICES.join(' or ')}, such as SSOAdmin.CreateApplicationAssignment; or one of a service that only the operator's command calls: ${OPERATOR_SERVICES.join(', ')}`,
      ),
    ),
    kind: z.enum(KINDS).check(
      z.describe(
        `What happens to the requests
${Object.entries(FAULT_KINDS)
  .map(([kind, what]) => `${kind}: ${what}`)
  .join('\n')}`,
      ),
    ),
    times: z._default(z.int().check(z.minimum(1), z.describe('Number of requests that fail')), 1),
    skip: z._default(z.int().check(z.minimum(0), z.describe('Number of matching requests that pass before')), 0),
    principalId: z.optional(ResourceId.check(z.describe('Only requests that name this user or group'))),
    /** Identity Store and SSO Admin spell KMS's reasons each in its own way. */
    reason: z.optional(
      z
        .string()
        .check(
          z.regex(/^KMS_\w+$/, 'expected a reason such as KMS_ACCESS_DENIED'),
          z.describe(
            'A reason of KMS in the answer, such as KMS_ACCESS_DENIED; with throttle, not-found or refuse of SSOAdmin or IdentityStore',
          ),
        ),
    ),
  })
  .check(
    z.refine(({ kind, operation }) => kind !== 'partial' || operation === 'EventBridge.PutEvents', {
      path: ['kind'],
      message: 'partial: expected the operation EventBridge.PutEvents',
    }),
    z.refine(
      ({ kind, operation, reason }) =>
        reason === undefined || (REASONED.has(kind) && /^(?:SSOAdmin|IdentityStore)\./.test(operation)),
      {
        path: ['reason'],
        message: 'expected only with throttle, not-found or refuse of an operation of SSOAdmin or IdentityStore',
      },
    ),
    z.describe('Makes the next matching requests fail'),
  );
/** A rule as it is written: what has a default may be left out. */
export type FaultRule = z.input<typeof FaultRuleSchema>;
type Rule = z.output<typeof FaultRuleSchema>;

/** The kinds of refusal, and how each service names them. */
type Refusal = 'throttle' | 'conflict' | 'internal' | 'not-found' | 'refuse' | 'quota' | 'expired';
const CODES: Readonly<Record<string, Readonly<Partial<Record<Refusal, string>>>>> = {
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
  STS: { expired: 'ExpiredToken' },
  SFN: {
    throttle: 'ThrottlingException',
    conflict: 'ConflictException',
    internal: 'InternalFailure',
    'not-found': 'StateMachineDoesNotExist',
    refuse: 'AccessDeniedException',
    quota: 'ExecutionLimitExceeded',
  },
};

/** For services that have no names of their own for it. */
const USUAL_CODES: Readonly<Record<Refusal, string>> = {
  throttle: 'ThrottlingException',
  conflict: 'ConflictException',
  internal: 'InternalServerException',
  'not-found': 'ResourceNotFoundException',
  refuse: 'AccessDeniedException',
  quota: 'LimitExceededException',
  expired: 'ExpiredTokenException',
};

function codeOf(service: ServiceName, kind: Refusal): string {
  return CODES[service]?.[kind] ?? USUAL_CODES[kind];
}

/** The operations that are about a group; the others of the Identity Store are about a user. */
const ABOUT_GROUPS: ReadonlySet<string> = new Set([
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeGroup',
]);

function refusal(service: ServiceName, kind: Refusal, { operation, reason }: Rule): Answer {
  const fields: Record<string, unknown> = reason === undefined ? {} : { Reason: reason };
  if (service === 'IdentityStore') {
    if (kind === 'throttle') fields['RetryAfterSeconds'] = 1;
    if (kind === 'not-found') fields['ResourceType'] = ABOUT_GROUPS.has(operation) ? 'GROUP' : 'USER';
  }
  const statusCode = kind === 'internal' ? 500 : 400;
  return errorAnswer(service, new ServiceError(codeOf(service, kind), `Injected: ${kind}`, { statusCode, fields }));
}

const EntriesSchema = z.object({ Entries: z.array(z.unknown()) });
const ResultsSchema = z.object({ FailedEntryCount: z.number(), Entries: z.array(z.unknown()) });
const FAILED_ENTRY = { ErrorCode: 'InternalFailure', ErrorMessage: 'Injected: partial' };

/** PutEvents without its first entry, which is reported as failed. */
async function partialAnswer(body: Uint8Array, handle: (body: Uint8Array) => Promise<Answer>): Promise<Answer> {
  const input = EntriesSchema.safeParse(parseJson(body));
  // The service itself says what is wrong with it.
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

/** A fault that strikes one request. */
export interface InjectedFault {
  /** The end of the Lambda function that made the request. */
  death: Termination | undefined;
  /**
   * Answers in the service's stead.
   *
   * @param handle the service itself: called with the part of the request that takes effect, if any
   */
  answer(service: ServiceName, body: Uint8Array, handle: (body: Uint8Array) => Promise<Answer>): Promise<Answer>;
}

const DEATHS: ReadonlyMap<Rule['kind'], Termination> = new Map([
  ['crash-before', 'crash'],
  ['crash-after', 'crash'],
  ['timeout-before', 'timeout'],
  ['timeout-after', 'timeout'],
]);

function faultOf(rule: Rule): InjectedFault {
  return {
    death: DEATHS.get(rule.kind),
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

/**
 * The faults to come. A request meets the first rule, in the order in which they were added, that matches it and has
 * strikes left and nothing to skip; later rules don't see that request.
 */
export class Faults {
  #rules: Rule[] = [];

  /** @throws ZodError for a rule that could never strike */
  add(rule: FaultRule): void {
    this.#rules.push(FaultRuleSchema.parse(rule));
  }

  /** Drops what has not struck yet. */
  clear(): void {
    this.#rules = [];
  }

  /** The fault that strikes this request, if any; uses up one of its rule's times or skips. */
  match(operation: string, body: Uint8Array): InjectedFault | undefined {
    for (const rule of this.#rules) {
      if (rule.operation !== operation || !names(body, rule.principalId)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      rule.times -= 1;
      if (rule.times === 0) this.#rules = this.#rules.filter((other) => other !== rule);
      return faultOf(rule);
    }
    return undefined;
  }
}

function names(body: Uint8Array, id: string | undefined): boolean {
  return id === undefined || Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(id);
}

/** How a Lambda function may end in the middle of a request. */
export type Termination = 'crash' | 'timeout';

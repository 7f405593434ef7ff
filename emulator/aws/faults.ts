import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { ResourceId } from '../../domain/shared/ids.ts';
import { ReadOperationSchema } from './identity-center/identity-center.ts';
import { type Answer, errorAnswer, jsonAnswer, parseJson, ServiceError, type ServiceName } from './json-service.ts';

/** Operations of Identity Center and EventBridge that the functions call. Those of other services are checked by form. */
const FAULTABLE_OPERATIONS: ReadonlySet<string> = new Set([
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

/** The kinds whose answer can have a `Reason`. */
const KINDS_WITH_REASON: ReadonlySet<string> = new Set(['throttle', 'not-found', 'refuse']);

/** A fault rule: which requests fail, and how ({@link FAULT_KINDS}). */
export const FaultRuleSchema = z
  .strictObject({
    operation: z.string().check(
      z.refine(
        (operation) => FAULTABLE_OPERATIONS.has(operation) || CHECKED_BY_FORM.test(operation),
        'expected an operation that the emulator has, such as SSOAdmin.CreateApplicationAssignment',
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
        reason === undefined || (KINDS_WITH_REASON.has(kind) && /^(?:SSOAdmin|IdentityStore)\./.test(operation)),
      {
        path: ['reason'],
        message: 'expected only with throttle, not-found or refuse of an operation of SSOAdmin or IdentityStore',
      },
    ),
    z.describe('Makes the next matching requests fail'),
  );
/** A fault rule as an author writes it: fields with a default are optional. */
export type FaultRule = z.input<typeof FaultRuleSchema>;
type ParsedFaultRule = z.output<typeof FaultRuleSchema>;

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

function codeOf(service: ServiceName, kind: RefusalKind): string {
  return CODES[service]?.[kind] ?? USUAL_CODES[kind];
}

/** Operations of the Identity Store that read a group; the others read a user. */
const ABOUT_GROUPS: ReadonlySet<string> = new Set([
  'IdentityStore.ListGroupMemberships',
  'IdentityStore.DescribeGroup',
]);

function refusal(service: ServiceName, kind: RefusalKind, { operation, reason }: ParsedFaultRule): Answer {
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

/**
 * The fault rules that are not used up. The first rule that matches a request and has nothing left to skip applies, in the
 * order in which they were added.
 */
export class Faults {
  #rules: ParsedFaultRule[] = [];

  /** Adds a rule. @throws ZodError for a rule that could never apply */
  add(rule: FaultRule): void {
    this.#rules.push(FaultRuleSchema.parse(rule));
  }

  /** Drops all rules that are left. */
  clear(): void {
    this.#rules = [];
  }

  /** Returns the fault of this request, if any, and uses up one of the `times` or `skip` of its rule. */
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

/** How a Lambda function may end during a request. */
export type Termination = 'crash' | 'timeout';

import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../../domain/shared/ids.ts';
import { durationSeconds } from './duration.ts';
import { ReadOperationSchema } from './identity-center/reads.ts';

/** The invocation of a function. */
export const INVOKE = 'Lambda.Invoke';

/** Operations of Identity Center, EventBridge and Lambda. Those of other services are checked by form. */
const FAULTABLE_OPERATIONS: ReadonlySet<string> = new Set([
  ...ReadOperationSchema.options,
  'SSOAdmin.GetApplicationAssignmentConfiguration',
  'SSOAdmin.DescribeApplication',
  'SSOAdmin.CreateApplicationAssignment',
  'SSOAdmin.DeleteApplicationAssignment',
  'EventBridge.PutEvents',
  INVOKE,
  // Only the operator's command calls these.
  'IdentityStore.GetGroupId',
  'IdentityStore.ListGroups',
  'SSOAdmin.ListInstances',
  'SSOAdmin.DescribeInstance',
  'SSOAdmin.ListApplications',
  'EventBridge.DescribeRule',
  'EventBridge.ListTargetsByRule',
  'EventBridge.DescribeEventBus',
  'EventBridge.DescribeArchive',
]);
const OTHER_SERVICES = ['DynamoDB', 'SFN', 'UserSubscriptions', 'QBusiness', 'Q', 'STS', 'SESv2'];
const OPERATOR_SERVICES = ['SQS', 'CloudWatchLogs', 'CloudTrail', 'Organizations', 'Scheduler'];
const CHECKED_BY_FORM = new RegExp(`^(?:${[...OTHER_SERVICES, ...OPERATOR_SERVICES].join('|')})\\.[A-Z][A-Za-z]+$`);

const KINDS = [
  'throttle',
  'conflict',
  'internal',
  'internal-after',
  'lost',
  'not-found',
  'refuse',
  'exception',
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
  exception: 'AWS answers with the exception that the rule names, without effect',
  quota: 'AWS refuses the request because of a quota, without effect',
  expired: 'AWS refuses the credentials because they have expired, without effect',
  partial: 'EventBridge.PutEvents takes all entries but the first',
  'crash-before': 'The Lambda function that calls crashes before the effect',
  'crash-after': 'The Lambda function that calls crashes after the effect',
  'timeout-before': 'The Lambda function that calls times out before the effect',
  'timeout-after': 'The Lambda function that calls times out after the effect',
} as const satisfies Record<(typeof KINDS)[number], string>;

/** The kinds whose answer can have a `Reason`. */
const KINDS_WITH_REASON: ReadonlySet<string> = new Set(['throttle', 'not-found', 'refuse', 'exception']);
/** What Lambda itself may answer to an invocation; what happens within one is a fault of a request that it makes. */
const KINDS_OF_INVOKE: ReadonlySet<string> = new Set(['throttle', 'internal', 'exception']);
/** The functions, by their keys in `serverless.yml`. */
const FUNCTIONS = ['normalizeRequest', 'checkPropagation', 'planChanges', 'applyChanges', 'recordAudit', 'notifyUser'];
/** A fault that never ends. */
export const EVER = 'ever';

/** A fault rule: which requests fail, and how ({@link FAULT_KINDS}). */
export const FaultRuleSchema = z
  .strictObject({
    operation: z.string().check(
      z.refine(
        (operation) => FAULTABLE_OPERATIONS.has(operation) || CHECKED_BY_FORM.test(operation),
        'expected an operation that the emulator has, such as SSOAdmin.CreateApplicationAssignment',
      ),
      z.describe(
        `An operation of IdentityStore, SSOAdmin, EventBridge, ${OTHER_SERVICES.slice(0, -1).join(', ')} or ${OTHER_SERVICES.at(-1)}, such as SSOAdmin.CreateApplicationAssignment; Lambda.Invoke, for the invocations of the functions; or one of a service that only the operator's command calls: ${OPERATOR_SERVICES.join(', ')}`,
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
    /** Any text: also a name that no exception of AWS has. */
    exception: z.optional(
      z
        .string()
        .check(
          z.regex(/^[ -~]{1,200}$/, 'expected printable ASCII'),
          z.describe('With kind exception: its name, such as UnknownOperationException'),
        ),
    ),
    times: z.optional(
      z.int().check(z.minimum(1), z.describe('Number of requests that fail: 1 if left out, with for all')),
    ),
    for: z.optional(
      z.string().check(
        z.refine(
          (text) => text === EVER || durationSeconds(text) !== undefined,
          'expected a duration such as 90s, 2h or 1d12h, or ever',
        ),
        z.describe('How long requests fail: a duration such as 90s, 2h or 1d12h, or ever'),
      ),
    ),
    skip: z._default(z.int().check(z.minimum(0), z.describe('Number of matching requests that pass before')), 0),
    principalId: z.optional(ResourceId.check(z.describe('Only requests that name this user or group'))),
    groupId: z.optional(ResourceId.check(z.describe('Only requests that name this group; with principalId, both'))),
    applicationArn: z.optional(ApplicationArn.check(z.describe('Only requests that name this application'))),
    function: z.optional(z.enum(FUNCTIONS).check(z.describe('With Lambda.Invoke: only invocations of this function'))),
    /** Identity Store and SSO Admin spell KMS's reasons each in its own way. */
    reason: z.optional(
      z
        .string()
        .check(
          z.regex(/^\w{1,64}$/, 'expected a reason such as KMS_ACCESS_DENIED'),
          z.describe(
            'A reason of KMS in the answer, such as KMS_ACCESS_DENIED; with throttle, not-found or refuse of SSOAdmin or IdentityStore. With exception, any word',
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
        message: 'expected only with throttle, not-found, refuse or exception of SSOAdmin or IdentityStore',
      },
    ),
    z.refine(({ kind, reason }) => reason === undefined || kind === 'exception' || reason.startsWith('KMS_'), {
      path: ['reason'],
      message: 'expected a reason such as KMS_ACCESS_DENIED',
    }),
    z.refine(({ kind, exception }) => (kind === 'exception') === (exception !== undefined), {
      path: ['exception'],
      message: 'expected with kind exception, and only there',
    }),
    z.refine(({ operation, kind }) => operation !== INVOKE || KINDS_OF_INVOKE.has(kind), {
      path: ['kind'],
      message: `expected one of ${[...KINDS_OF_INVOKE].join(', ')} with ${INVOKE}`,
    }),
    z.refine(({ operation, function: name }) => name === undefined || operation === INVOKE, {
      path: ['function'],
      message: `expected only with ${INVOKE}`,
    }),
    z.describe('Makes the next matching requests fail'),
  );
/** A fault rule as an author writes it: fields with a default are optional. */
export type FaultRule = z.input<typeof FaultRuleSchema>;
/** A fault rule after parsing. */
export type ParsedFaultRule = z.output<typeof FaultRuleSchema>;

import { describe, expect, it } from 'vitest';
import {
  COMMON_ERRORS,
  type ErrorRow,
  EVENT_BRIDGE_ERRORS,
  IDENTITY_STORE_ERRORS,
  SSO_ADMIN_ERRORS,
  THROTTLES,
} from '../../adapters/aws-errors.ts';
import { SES_ERRORS } from '../../adapters/notices/errors.ts';
import {
  ASSIGNMENT_ERRORS,
  Q_BUSINESS_ERRORS,
  USER_SUBSCRIPTIONS_ERRORS,
} from '../../adapters/subscriptions/errors.ts';
import { translate } from '../../adapters/translate-error.ts';
import { anSdkError, verdictOf } from '../support/sdk-errors.ts';

interface Details {
  Reason?: string;
  ResourceType?: string;
  operation?: string;
  message?: string;
}
type Case = readonly [exception: string, details: Details, expected: string];

const identityStore: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['ThrottlingException', { Reason: 'KMS_THROTTLING' }, 'transient'],
  ['InternalServerException', {}, 'transient'],
  ['ConflictException', { Reason: 'CONCURRENT_MODIFICATION' }, 'transient'],
  ['AccessDeniedException', { Reason: 'KMS_ACCESS_DENIED' }, 'kms-access-denied'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', { Reason: 'KMS_DISABLED' }, 'kms-disabled'],
  ['ValidationException', { Reason: 'KMS_INVALID_ARN' }, 'kms-invalid-arn'],
  ['ValidationException', { Reason: 'KMS_INVALID_KEY_USAGE' }, 'kms-invalid-key-usage'],
  ['ValidationException', { Reason: 'KMS_INVALID_STATE' }, 'kms-invalid-state'],
  ['ValidationException', {}, 'validation'],
  ['ValidationException', { Reason: 'SOMETHING_NEW' }, 'validation'],
  ['ServiceQuotaExceededException', {}, 'quota-exceeded'],
  ['ResourceNotFoundException', { Reason: 'KMS_KEY_NOT_FOUND' }, 'kms-key-not-found'],
  ['ResourceNotFoundException', { ResourceType: 'IDENTITY_STORE' }, 'identity-store-missing'],
  ['ResourceNotFoundException', { ResourceType: 'USER' }, 'ResourceNotFoundException'],
  ['ResourceNotFoundException', { ResourceType: 'GROUP' }, 'ResourceNotFoundException'],
  ['ResourceNotFoundException', {}, 'ResourceNotFoundException'],
];

const ssoAdmin: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['ThrottlingException', { Reason: 'KMS_ThrottlingException' }, 'transient'],
  ['InternalServerException', {}, 'transient'],
  ['ConflictException', {}, 'transient'],
  ['AccessDeniedException', { Reason: 'KMS_AccessDeniedException' }, 'kms-access-denied'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', { Reason: 'KMS_DisabledException' }, 'kms-disabled'],
  ['ValidationException', { Reason: 'KMS_InvalidKeyUsageException' }, 'kms-invalid-key-usage'],
  ['ValidationException', { Reason: 'KMS_InvalidStateException' }, 'kms-invalid-state'],
  ['ValidationException', {}, 'validation'],
  ['ServiceQuotaExceededException', {}, 'quota-exceeded'],
  ['ResourceNotFoundException', { Reason: 'KMS_NotFoundException' }, 'kms-key-not-found'],
  [
    'ResourceNotFoundException',
    { operation: 'CreateApplicationAssignment', Reason: 'KMS_NotFoundException' },
    'kms-key-not-found',
  ],
  ['ResourceNotFoundException', { operation: 'CreateApplicationAssignment' }, 'principal-or-application-missing'],
  ['ResourceNotFoundException', { operation: 'GetApplicationAssignmentConfiguration' }, 'application-missing'],
  ['ResourceNotFoundException', { operation: 'ListApplicationAssignments' }, 'application-missing'],
  ['ResourceNotFoundException', { operation: 'DescribeApplicationAssignment' }, 'ResourceNotFoundException'],
];

const eventBridge: readonly Case[] = [
  ['InternalException', {}, 'transient'],
  ['ThrottlingException', {}, 'transient'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ValidationException', {}, 'validation'],
  ['ResourceNotFoundException', {}, 'ResourceNotFoundException'],
];

const unpublished: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['InternalServerException', {}, 'transient'],
  [
    'AccessDeniedException',
    { message: 'Account does not meet requirements for this operation' },
    'account-not-eligible',
  ],
  ['AccessDeniedException', { message: 'Your account is not authorized to make this call.' }, 'account-not-eligible'],
  [
    'AccessDeniedException',
    {
      message:
        'Your account is not currently eligible to create new subscriptions. Please contact AWS Support to request a review: …',
    },
    'account-not-eligible',
  ],
  ['UnknownError', {}, 'account-not-eligible'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['AccessDeniedException', { message: '' }, 'access-denied'],
  ['ValidationException', { message: 'Your account is not authorized to make this call.' }, 'validation'],
  ['ValidationException', {}, 'validation'],
];

const userSubscriptions: readonly Case[] = [
  ...unpublished,
  ['ConflictException', {}, 'conflict'],
  ['ResourceNotFoundException', {}, 'profile-missing'],
];

const assignments: readonly Case[] = [
  ...unpublished,
  ['ResourceNotFoundException', {}, 'principal-or-profile-missing'],
];

const qBusiness: readonly Case[] = [
  ['ThrottlingException', {}, 'transient'],
  ['InternalServerException', {}, 'transient'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['ConflictException', {}, 'conflict'],
  ['ResourceNotFoundException', { operation: 'CreateSubscription' }, 'principal-or-application-missing'],
  ['ResourceNotFoundException', { operation: 'UpdateSubscription' }, 'subscription-or-application-missing'],
  ['ResourceNotFoundException', {}, 'application-missing'],
  ['ValidationException', {}, 'validation'],
  ['LicenseNotFoundException', {}, 'LicenseNotFoundException'],
];

const ses: readonly Case[] = [
  ['TooManyRequestsException', {}, 'transient'],
  ['ThrottlingException', {}, 'transient'],
  ['LimitExceededException', {}, 'transient'],
  ['MessageRejected', { message: 'Email address is not verified. The following …' }, 'address-not-verified'],
  ['MessageRejected', {}, 'message-rejected'],
  ['MailFromDomainNotVerifiedException', {}, 'address-not-verified'],
  ['AccountSuspendedException', {}, 'account-suspended'],
  ['SendingPausedException', {}, 'sending-paused'],
  ['BadRequestException', {}, 'validation'],
  ['NotFoundException', {}, 'sender-missing'],
  ['AccessDeniedException', {}, 'access-denied'],
  ['InternalServiceErrorException', {}, 'InternalServiceErrorException'],
];

const common: readonly Case[] = [
  ...THROTTLES.map((exception) => [exception, {}, 'transient'] as const),
  ['ExpiredTokenException', {}, 'transient'],
  ['RequestExpired', {}, 'transient'],
  ['NotAuthorized', {}, 'access-denied'],
  ['UnrecognizedClientException', {}, 'UnrecognizedClientException'],
  ['InvalidSignatureException', {}, 'InvalidSignatureException'],
  ['UnknownOperationException', {}, 'UnknownOperationException'],
  ['UnknownOperationException', { Reason: 'SOMETHING_NEW' }, 'UnknownOperationException'],
];

describe.each([
  ['Identity Store', IDENTITY_STORE_ERRORS, identityStore],
  ['SSO Admin', SSO_ADMIN_ERRORS, ssoAdmin],
  ['EventBridge', EVENT_BRIDGE_ERRORS, eventBridge],
  ['user-subscriptions', USER_SUBSCRIPTIONS_ERRORS, userSubscriptions],
  ['the calls on assignments', ASSIGNMENT_ERRORS, assignments],
  ['Amazon Q Business', Q_BUSINESS_ERRORS, qBusiness],
  ['Amazon SES', SES_ERRORS, ses],
  ['any service', COMMON_ERRORS, common],
] as const)('the error table of %s', (_service, table, cases) => {
  it.each(cases)('reads %s %j as %s', (exception, { operation = 'AnyOperation', ...details }, expected) => {
    const error = anSdkError(exception, details);
    const translated = translate(error, table, operation, []);
    expect(verdictOf(translated)).toBe(expected);
  });

  it('has a case for each row', () => {
    const covers = (row: ErrorRow, [exception, details, expected]: Case) =>
      row.exception === exception &&
      row.as === expected &&
      row.reason === (row.reason && details.Reason) &&
      row.resourceType === (row.resourceType && details.ResourceType) &&
      row.operation === (row.operation && details.operation) &&
      (row.text === undefined || details.message?.includes(row.text) === true);
    expect(table.filter((row) => !cases.some((one) => covers(row, one)))).toEqual([]);
  });
});

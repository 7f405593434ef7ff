import { InvalidRequestError, RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { CommandFailed, EXIT, MissingPrecondition, UsageError } from './failures.ts';

/** What the CLI prints of an error. */
export interface ErrorReport {
  message: string;
  /** The fix, or the next command. */
  hint?: string;
  code: number;
}

const CREDENTIALS = {
  code: EXIT.precondition,
  hint: 'Credentials are missing, expired or wrong. Check them: aws sts get-caller-identity. Log in: aws sso login',
};
const NEW_VALUE = {
  code: EXIT.failed,
  hint: 'AWS answered with a value that this version of Usher does not know. Keep the message and file a bug',
};
/** It may have come from anything that listens where the command was pointed at. */
const MALFORMED = {
  code: EXIT.failed,
  hint: 'If AWS_ENDPOINT_URL is set, what answers there may not be AWS. If it is not, keep the message and file a bug',
};

/** Refusals that need a hint; the messages of the others say enough. */
const REFUSALS: Readonly<Record<string, Pick<ErrorReport, 'hint' | 'code'>>> = {
  'access-denied': {
    code: EXIT.failed,
    hint: 'The help of each command lists the permissions that it needs. docs/policies/ has a policy for reading and one for changes.',
  },
  credentials: CREDENTIALS,
  'login-expired': { code: EXIT.precondition, hint: 'Log in again: aws sso login, with the same --profile' },
  IncompleteSignature: CREDENTIALS,
  InvalidClientTokenId: CREDENTIALS,
  InvalidSignatureException: CREDENTIALS,
  MissingAuthenticationTokenException: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  UnrecognizedClientException: CREDENTIALS,
  'account-not-eligible': {
    code: EXIT.failed,
    hint: 'AWS does not let this account have such subscriptions. Only AWS Support can change that: docs/subscriptions.md',
  },
  'bucket-missing': {
    code: EXIT.failed,
    hint: 'Name the bucket of AuditBucketArn, without its ARN: it has a copy of the audit stream only if Usher was deployed with it',
  },
  'group-missing': {
    code: EXIT.failed,
    hint: 'Correct the groups in entitlements.yml; use ids, not names. Check all of them: usher doctor',
  },
  'ledger-missing': {
    code: EXIT.precondition,
    hint: 'This account and Region have no ledger of this stage. Is Usher deployed here? Check --stage, --region and --profile',
  },
  'list-too-long': {
    code: EXIT.failed,
    hint: 'A plan had not the time to read all subscriptions of the profile. The next plan reads them again; if it recurs, docs/runbook.md says what to do',
  },
  'malformed-answer': MALFORMED,
  'not-deployed': {
    code: EXIT.precondition,
    hint: 'This account and Region have no state machine of this stage. Is Usher deployed here? Check --stage, --region and --profile',
  },
  'principal-or-profile-missing': {
    code: EXIT.failed,
    hint: 'AWS finds no such user, or no profile in this Region. If the user exists, check region and roleArn of the subscription in entitlements.yml',
  },
  'profile-missing': {
    code: EXIT.failed,
    hint: 'AWS finds no profile in this Region. Check region and roleArn of the subscription in entitlements.yml',
  },
  'role-refused': {
    code: EXIT.failed,
    hint: 'The role must trust this caller, and the caller may need sts:AssumeRole for it. Check roleArn of the subscription in entitlements.yml',
  },
  'subscription-or-application-missing': {
    code: EXIT.failed,
    hint: 'Someone else may have cancelled the subscription: the next list shows it. If the application is gone, correct entitlements.yml',
  },
  'subscription-unknown': {
    code: EXIT.failed,
    hint: 'The list of the application does not show this subscription (yet), so it cannot be changed. Compare it with the console: usher subscriptions',
  },
  'subscriptions-unavailable': {
    code: EXIT.failed,
    hint: 'While the list of the profile cannot be read, its users get no new seat and no revocation is verified. See what AWS says: usher subscriptions',
  },
  'unknown-user-status': NEW_VALUE,
  UnknownOperationException: {
    code: EXIT.failed,
    hint: 'AWS does not offer this operation here. An identity store that the older AD Sync feeds has no ListGroupMemberships, ListGroupMembershipsForMember, GetUserId and GetGroupId: switch to configurable AD sync (docs/deploy.md, step 2)',
  },
};

/** For an exception without a row: the reason is its name, and codes of Usher's own have lower case. */
const UNKNOWN = {
  code: EXIT.failed,
  hint: 'This version of Usher does not know this exception. Look it up in the API reference of the operation',
};
const IS_EXCEPTION = /^(?:[A-Z]|unknown-exception$)/;

/** For a call that AWS does not publish: no API reference has it. */
const UNPUBLISHED = {
  code: EXIT.failed,
  hint: 'AWS has changed or removed a call that it does not publish: docs/subscriptions.md',
};
const IS_UNPUBLISHED = /^ListUserSubscriptions\b/;

function refusalReport({ reason, message }: RefusedError): ErrorReport {
  const isNew =
    reason === 'UnknownOperationException' || (!Object.hasOwn(REFUSALS, reason) && IS_EXCEPTION.test(reason));
  if (isNew && IS_UNPUBLISHED.test(message)) return { message, ...UNPUBLISHED };
  const known = Object.hasOwn(REFUSALS, reason) ? REFUSALS[reason] : undefined;
  return { message, code: EXIT.failed, ...(known ?? (IS_EXCEPTION.test(reason) ? UNKNOWN : {})) };
}

/** Returns what to print of an error, and the exit code that it means for a command. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof UsageError || error instanceof InvalidRequestError) {
    return { message: error.message, code: EXIT.wrongUse };
  }
  if (error instanceof MissingPrecondition) return { message: error.message, code: EXIT.precondition };
  if (error instanceof CommandFailed) return { message: error.message, code: EXIT.failed };
  if (error instanceof RefusedError) return refusalReport(error);
  if (error instanceof TransientAwsError) {
    // Transient for the functions, whose credentials renew themselves; an operator's credentials don't.
    if (/ExpiredToken/.test(error.message)) return { message: error.message, ...CREDENTIALS };
    return { message: error.message, code: EXIT.failed, hint: 'AWS failed temporarily. Try again later.' };
  }
  const name = error instanceof Error ? error.name : 'Error';
  if (/Credentials|TokenProvider/.test(name)) return { message: name, ...CREDENTIALS };
  const message = error instanceof Error ? `${name}: ${error.message}` : 'not an error';
  return { message, code: EXIT.failed, hint: 'This is unexpected. Use --debug to see where it happened.' };
}

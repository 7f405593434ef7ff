import { type ValidationIssue, validate } from '../shared/validation.ts';
import { auditEventSchema, CLASSIFICATIONS, type DetailType } from './schema.ts';

/** An event of the audit bus, as EventBridge delivers it. */
export type AuditEvent = ReturnType<typeof auditEventSchema>['_zod']['output'];

/** Every detail-type of the audit bus. */
export const DETAIL_TYPES: readonly DetailType[] = Object.keys(CLASSIFICATIONS).filter(isDetailType);

function isDetailType(name: unknown): name is DetailType {
  return typeof name === 'string' && Object.hasOwn(CLASSIFICATIONS, name);
}

/** What is wrong with an event. Its message quotes no value. */
export class InvalidAuditEvent extends Error {
  override readonly name = 'InvalidAuditEvent';
  readonly issues: readonly ValidationIssue[];

  constructor(issues: readonly ValidationIssue[]) {
    super(`Not an audit event of Usher: ${issues.map(({ path, problem }) => `${path}: ${problem}`).join('; ')}`);
    this.issues = issues;
  }
}

/**
 * Parses an event as a rule of the audit bus delivers it.
 *
 * @throws InvalidAuditEvent with all that is wrong
 */
export function parseAuditEvent(value: unknown): AuditEvent {
  const name = typeof value === 'object' && value !== null && 'detail-type' in value ? value['detail-type'] : undefined;
  if (!isDetailType(name)) throw new InvalidAuditEvent([{ path: 'detail-type', problem: 'expected one of Usher' }]);
  const result = validate(auditEventSchema(name), value);
  if ('issues' in result) throw new InvalidAuditEvent(result.issues);
  return result.value;
}

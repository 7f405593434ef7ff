/** What is shown of an audit event. Its fields are those of docs/audit.md. */
export interface AuditFacts {
  /** Its detail-type. */
  type: string;
  /** ISO 8601. */
  at: string | undefined;
  /** Its id: copies share it. */
  uid: string | undefined;
  userId: string | undefined;
  entitlement: string | undefined;
  reason: string | undefined;
  /** ARN. */
  execution: string | undefined;
  /** Of revocations that are held: how many. */
  held: number | undefined;
}

/** Reads an audit event. It is untrusted: who can write to the log can put anything there. */
export function factsOf(event: unknown): AuditFacts {
  const detail = field(event, 'detail');
  const metadata = field(detail, 'metadata');
  const time = field(detail, 'time');
  const held = field(field(detail, 'unmapped'), 'held_revocations');
  return {
    type: text(field(event, 'detail-type')) ?? 'not an audit event',
    at:
      typeof time === 'number' && Number.isFinite(time) && Math.abs(time) < 8.64e15
        ? new Date(time).toISOString()
        : undefined,
    uid: text(field(metadata, 'uid')),
    userId: text(field(field(detail, 'user'), 'uid')),
    entitlement: text(field(field(detail, 'privileges'), '0')),
    reason: text(field(detail, 'status_detail')),
    execution: text(field(metadata, 'correlation_uid')),
    held: typeof held === 'number' ? held : undefined,
  };
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

import { expect } from 'vitest';
import type { Execution } from '../../emulator/engine/executions.ts';
import type { AuditEntry } from '../../emulator/stack/listener.ts';
import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { problemsWith } from './audit-schemas.ts';
import { SECRET } from './secret.ts';

/** What a scenario recorded and stored. */
export interface Traces {
  executions: readonly Execution[];
  ends: readonly ExecutionEnd[];
  /** Second copies too. */
  audit: readonly AuditEntry[];
  logs: readonly string[];
  /** What AWS refused because of the inputs alone. */
  invalid: readonly string[];
  ledger: readonly unknown[];
  /** Items of the table of notices. */
  notices: readonly unknown[];
}

/** An audit event's detail, as far as the tests read it. */
export interface AuditDetail {
  metadata: { uid: string; correlation_uid: string };
  time: number;
  status_detail: string;
  user: { uid?: string };
  resources?: { uid: string }[];
  unmapped?: { cause: string; change_seq: number; revoke_at?: string; hold_digest?: string; held_revocations?: number };
}

/** Its full form is the matter of its schema, which {@link expectInvariants} checks. */
export function detailOf({ Detail }: AuditEntry): AuditDetail {
  return Detail as AuditDetail;
}

/** What holds in every scenario once it is over, whatever it was about. */
export function expectInvariants(traces: Traces): void {
  expect(traces.invalid).toEqual([]);
  expect(traces.audit.flatMap(problemsWith)).toEqual([]);
  expectEachToldOnce(traces.audit);
  expectIdsOnly(traces);
}

/** Copies of one id tell of one change; of one seat, given and taken take turns, each change with its own number. */
function expectEachToldOnce(audit: readonly AuditEntry[]): void {
  const once = new Map<string, AuditEntry>();
  for (const entry of audit) {
    const { uid } = detailOf(entry).metadata;
    const first = once.get(uid) ?? entry;
    expect(changeIn(entry)).toEqual(changeIn(first));
    once.set(uid, first);
  }
  const changes = [...once.values()].filter(({ DetailType }) => DetailType in STEPS);
  const bySeat = Map.groupBy(changes, (entry) => `${detailOf(entry).resources?.[0]?.uid} ${detailOf(entry).user.uid}`);
  for (const ofSeat of bySeat.values()) {
    const numbers = ofSeat.map((entry) => detailOf(entry).unmapped?.change_seq ?? 0);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    const unexplained = ofSeat.filter((entry, index) => {
      const before = STEPS[ofSeat[index - 1]?.DetailType ?? ''];
      // A removal by hand is healed by a second grant, and another plan is asked for, without a revocation of Usher in between.
      const again = ['drift-healed', 'plan-changed', 'subscription-started'].includes(detailOf(entry).status_detail);
      return before !== undefined && STEPS[entry.DetailType] === before && before !== 'asked' && !again;
    });
    expect(unexplained).toEqual([]);
  }
}

/** What becomes of a seat, by detail-type. A user may leave the waitlist without an event and come back. */
const STEPS: Readonly<Record<string, 'asked' | 'given' | 'kept' | 'leaving' | 'taken'>> = {
  'Seat Waitlisted': 'asked',
  'Seat Assigned': 'given',
  'Seat Adopted': 'given',
  'Seat Leaving': 'leaving',
  'Seat Kept': 'kept',
  'Seat Revoked': 'taken',
};

/** A copy may be younger: a change that a lagging read did not show is made and recorded again. */
function changeIn(entry: AuditEntry) {
  const { user, resources, unmapped } = detailOf(entry);
  return { kind: entry.DetailType, user, resources, number: unmapped?.change_seq };
}

/** No name and no address stands anywhere; of a manual start's selector see {@link withoutSelector}. */
function expectIdsOnly({ executions, ends, audit, logs, ledger, notices }: Traces): void {
  const states = executions.flatMap(({ log }) =>
    log.flatMap((event) => ('state' in event ? shownBy(event.state) : [])),
  );
  // Step Functions has what a caller chose: the name of an execution, and the reason for which it was stopped.
  const failures = executions.flatMap(({ status, error, cause }) => (status === 'ABORTED' ? [] : [{ error, cause }]));
  const ended = ends.map(({ execution: _name, arn: _arn, cause, ...end }) =>
    end.status === 'ABORTED' ? end : { ...end, cause },
  );
  const shown = [states, failures, ended, audit, logs, ledger, notices].map((part) =>
    JSON.stringify(part, withoutSelector),
  );
  expect(shown.flatMap(namesIn)).toEqual([]);
}

const NAME = new RegExp(SECRET, 'gi');

/** Names with what stands around them. A pattern that began before the name would be tried at every character. */
function namesIn(text: string): string[] {
  return [...text.matchAll(NAME)].map(({ index }) => text.slice(Math.max(0, index - 80), index + SECRET.length + 20));
}

/** The first state's input is the execution's own. */
function shownBy({ name, input, output }: { name: string; input?: unknown; output?: unknown }): unknown[] {
  return name === 'NormalizeRequest' ? [output] : [input, output];
}

/** A manual start's selector may stand in `$.propagation` until it is resolved. */
function withoutSelector(key: string, value: unknown): unknown {
  if (key !== 'propagation' || typeof value !== 'object' || value === null || 'userId' in value) return value;
  return { ...value, selector: undefined };
}

import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { nameIn } from '../../operator/executions/find.ts';
import { ignoredBecause, OUTCOMES } from '../../operator/executions/outcomes.ts';
import { listOf } from './narration.ts';

/** An execution that has not ended. */
export interface Run {
  /** What started it; undefined once it has been shown. */
  title: string | undefined;
  state: string;
  /** The output of the last Task state. */
  output: unknown;
  /** Number of checks whether the announced change is visible. */
  checks: number;
  /** What the next line of this execution says, and since when. */
  phrases: string[];
  since: Date;
  /** Users of audit events that its next line names, by type and reason. */
  audited: Map<string, string[]>;
  /** What AWS has accepted of subscriptions since ApplyChanges was entered. */
  subscriptions: string[];
  /** Whether AWS has accepted a change since the last plan. */
  changed: boolean;
  /** Number of audit events since RecordAudit was entered. */
  published: number;
}

/** Returns an execution that has just begun. */
export function newRun(title: string, since: Date): Run {
  return {
    title,
    state: '',
    output: {},
    checks: 0,
    phrases: [],
    since,
    audited: new Map(),
    subscriptions: [],
    changed: false,
    published: 0,
  };
}

/** Says how an execution ended. @param state the last that it was in */
export function endingOf(outcome: ExecutionEnd['outcome'], cause: string | undefined, state: string): string {
  if (outcome === 'failed') return [`${OUTCOMES.failed} in ${state}`, cause].filter(Boolean).join(': ');
  if (cause === undefined) return OUTCOMES[outcome];
  if (outcome === 'handedOver') return `${OUTCOMES[outcome]}: ${label(nameIn(cause))}`;
  return `${OUTCOMES[outcome]}: ${outcome === 'ignored' ? ignoredBecause(cause) : cause}`;
}

/** Returns the audit events that RecordAudit has published, by type and reason; undefined if there are none. Forgets them. */
export function auditPhraseOf({ audited }: Run): string | undefined {
  const phrases = [...audited.values()].map(([type, why, ...names]) => {
    const users = names.filter(Boolean);
    return `${type}${users.length > 0 ? `: ${listOf(users, (name) => name)}` : ''} (${why})`;
  });
  audited.clear();
  return phrases.join(', ') || undefined;
}

/** Whether an execution waits in a state. */
export function isWait(state: string): boolean {
  return state === 'WaitForPropagation' || state === 'WaitToSettle';
}

/** Returns the short name of an execution. */
export function label(execution: string): string {
  return execution.replace(/^execution-/, '#');
}

import type { StackChange } from '../adapters/operator/change-sets.ts';
import type { Template } from '../adapters/operator/template.ts';

const MARKS: Readonly<Record<string, string>> = { Add: '+', Modify: '~', Remove: '-', Import: '>' };

/** Formats a change set, one line per resource: added `+`, modified `~`, removed `-`, imported `>`. */
export function formatChanges(changes: readonly StackChange[]): string[] {
  const width = Math.max(0, ...changes.map(({ logicalId }) => logicalId.length));
  return changes.map(({ action, logicalId, type, replaced }) =>
    [
      MARKS[action] ?? '?',
      logicalId.padEnd(width),
      type,
      ...(replaced === false ? [] : [replaced === 'maybe' ? '(perhaps replaced)' : '(replaced)']),
    ].join(' '),
  );
}

/** Returns the logical ids of the resources that outlive the stack: the ledger, the audit stream, the queues. */
export function retainedIn({ Resources }: Template): Set<string> {
  return new Set(
    Object.entries(Resources).flatMap(([id, { DeletionPolicy = '' }]) =>
      DeletionPolicy.startsWith('Retain') ? [id] : [],
    ),
  );
}

/**
 * Returns the changes that would part the stack from a resource that must outlive it: the resource is replaced, removed, or
 * CloudFormation does not say.
 *
 * @param kept the resources that must stay
 */
export function lossesIn(changes: readonly StackChange[], kept: ReadonlySet<string>): StackChange[] {
  return changes.filter(
    ({ action, logicalId, replaced }) =>
      kept.has(logicalId) && (replaced !== false || !['Add', 'Modify', 'Import'].includes(action)),
  );
}

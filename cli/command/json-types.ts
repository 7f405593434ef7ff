import type { Line } from '../../operator/lines/all.ts';

/**
 * The types of the results that each command prints with `--json`. Besides them, `none` stands for an empty list, `unread` for
 * what AWS refused to show, and `error` is the last line of a command that fails.
 */
export const JSON_TYPES: Readonly<Record<string, readonly Line['type'][]>> = {
  doctor: ['check'],
  start: ['start', 'state', 'attempt', 'end'],
  status: ['attention', 'status', 'execution', 'fold', 'more'],
  redrive: ['failure', 'redrive', 'message', 'queue', 'start', 'state', 'attempt', 'end'],
  init: ['configuration'],
  plan: ['plan', 'planned-change', 'group-name', 'plan-total', 'plan-difference', 'plan-file'],
  seats: ['entitlement', 'seat'],
  subscriptions: ['profile', 'finding', 'total', 'subscription', 'subscription-count'],
  why: ['user'],
  held: ['hold'],
  release: ['release', 'start', 'state', 'end'],
  adopt: ['adoption', 'start', 'state', 'end'],
  backfill: ['plan', 'resume', 'start', 'progress', 'end'],
  audit: ['audit-event'],
  history: ['reach', 'access', 'audited-change', 'starter'],
  report: ['reach', 'month'],
  replay: ['start', 'replay'],
  restore: ['restoration', 'restore', 'start'],
  explain: ['explanation'],
  local: ['local', 'trigger'],
  play: ['state', 'execution', 'audit-event', 'summary'],
};

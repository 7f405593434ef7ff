import type { Line } from '../../operator/lines/all.ts';

/** Of an execution that a command follows. */
const FOLLOWED = ['state', 'attempt', 'end'] as const satisfies Line['type'][];

/**
 * The types of the results that each command prints with `--json`. Besides them, `none` stands for an empty list, `unread` for
 * what AWS refused to show, and `error` is the last line of a command that fails.
 */
export const JSON_TYPES: Readonly<Record<string, readonly Line['type'][]>> = {
  doctor: ['check'],
  init: ['configuration'],
  plan: ['plan', 'group-name', 'planned-change', 'plan-total', 'plan-difference', 'plan-file'],
  start: ['start', ...FOLLOWED],
  status: ['attention', 'status', 'execution', 'fold', 'step', 'more'],
  seats: ['entitlement', 'seat', 'group', 'entitlement-settings'],
  subscriptions: ['profile', 'finding', 'subscription-total', 'subscription', 'subscription-count'],
  why: ['user'],
  held: ['hold', 'directory-change'],
  release: ['release', 'start', ...FOLLOWED],
  adopt: ['adoption', 'start', ...FOLLOWED],
  backfill: ['plan', 'start', 'resume', 'progress', 'end'],
  audit: ['audit-event'],
  history: ['reach', 'access', 'audited-change', 'starter'],
  report: ['reach', 'month'],
  notices: ['notice', 'more'],
  'notices preview': ['notice-preview'],
  'notices resend': ['notice', 'more', 'resent'],
  'notices test': ['notice-test'],
  redrive: ['failure', 'redrive', 'more', 'message', 'queue', 'resent', 'start', ...FOLLOWED],
  replay: ['start', 'replay'],
  restore: ['restoration', 'restore', 'start', ...FOLLOWED],
  explain: ['explanation'],
  console: ['console'],
  play: ['state', 'execution', 'audit-event', 'summary'],
  local: ['local'],
  'local trigger': ['trigger'],
};

import type { Line } from '../../operator/lines/all.ts';

/**
 * The types of the results that each command prints with `--json`. Besides them, `none` stands for an empty list, `unread` for
 * what AWS refused to show, and `error` is the last line of a command that fails.
 */
export const JSON_TYPES: Readonly<Record<string, readonly Line['type'][]>> = {
  subscriptions: ['profile', 'finding', 'total', 'subscription', 'subscription-count'],
  restore: ['restoration', 'restore', 'start'],
  play: ['state', 'execution', 'audit-event', 'summary'],
};

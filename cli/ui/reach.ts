import type { ReachLine } from '../../operator/lines/history.ts';

/** What limits how far back the records reach. */
export const REACH_IN_WORDS: Readonly<Record<ReachLine['by'], string>> = {
  'log-created': 'the log group of the audit stream was created then',
  'log-retention': 'the log group of the audit stream keeps nothing older',
  'oldest-event': 'the log group has no older event, and AWS does not show this caller how long it keeps them',
  bucket: 'the bucket has no older object',
};

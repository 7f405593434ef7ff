import type { NoMarkerReason } from '../../domain/notify/hint.ts';

/** Why no notice is sent of a change, in words. */
export const REASONS: Readonly<Record<NoMarkerReason, string>> = {
  adopted: 'the seat was adopted: its user may have had it for long (notices.backfill)',
  'already-decided': 'it was decided before',
  'before-start': 'the change was made before the first full sweep with notices had ended (notices.backfill)',
  'behind-the-seat': 'it is no longer true of the seat',
  'not-configured': 'the configuration does not send this kind',
  'other-event': 'users are not told of such a change',
  replayed: 'the event was replayed',
  'too-old': 'the change is older than 24 hours',
  'unknown-notice': 'no notice was begun',
};

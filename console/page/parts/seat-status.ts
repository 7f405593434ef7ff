import type { LineOf } from '../data/answers.ts';
import type { Tone } from './text.tsx';

/** How each status of a seat looks. */
export const SEAT_TONES: Readonly<Record<LineOf<'seat'>['status'], Tone>> = {
  waitlisted: 'wait',
  creating: 'wait',
  assigned: 'wait',
  confirmed: 'good',
  leaving: 'wait',
  held: 'bad',
  revoking: 'wait',
  revoked: 'calm',
  failed: 'bad',
  unmanaged: 'calm',
};

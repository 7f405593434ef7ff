import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DETAIL_TYPES, InvalidAuditEvent, parseAuditEvent } from '../../../domain/audit/parse.ts';

const SAMPLES = join(import.meta.dirname, '../../../schemas/samples');
const sample = (file: string) => JSON.parse(readFileSync(join(SAMPLES, file), 'utf8'));
const samples = globSync('*.json', { cwd: SAMPLES });

describe('parseAuditEvent', () => {
  it.each(samples)('returns the event of %s as it is', (file) => {
    expect(parseAuditEvent(sample(file))).toEqual(sample(file));
  });

  it('knows the detail-type of every sample, and no other', () => {
    expect(new Set(samples.map((file) => sample(file)['detail-type']))).toEqual(new Set(DETAIL_TYPES));
  });

  it.each([
    ['nothing', undefined, ['detail-type']],
    ['a text', 'Seat Assigned', ['detail-type']],
    ['another event', { 'detail-type': 'toString' }, ['detail-type']],
    [
      'an event with a name and without a time',
      {
        ...sample('seat-assigned.json'),
        time: undefined,
        detail: { ...sample('seat-assigned.json').detail, who: 'Ada' },
      },
      ['time', 'detail.who'],
    ],
  ])('refuses %s, with all that is wrong and without its values', (_what, value, paths) => {
    let refusal: unknown;
    try {
      parseAuditEvent(value);
    } catch (error) {
      refusal = error;
    }
    if (!(refusal instanceof InvalidAuditEvent)) throw new Error('it was not refused');
    expect(refusal.issues.map(({ path }) => path)).toEqual(paths);
    expect(refusal.message).not.toContain('Ada');
  });
});

import { describe, expect, it } from 'vitest';
import { auditRow } from '../../../cli/ui/audit-rows.ts';

const AT = new Date('2026-11-30T10:00:00.000Z');

describe('an entry of the log group', () => {
  it.each(['no JSON', '7', 'null', '["Seat Assigned"]'])('is only a text if it is no JSON object: %s', (text) => {
    expect(auditRow({ id: '1', at: AT, text })).toMatchObject({
      event: undefined,
      text,
      uid: undefined,
      cells: ['2026-11-30 10:00:00', 'not an audit event', '', '', text],
    });
  });

  it('is shown as it is if it is an object, but no audit event', () => {
    const { event, uid, cells } = auditRow({ id: '1', at: AT, text: '{"detail-type":"Seat Assigned"}' });
    expect(event).toEqual({ 'detail-type': 'Seat Assigned' });
    expect([uid, cells[1]]).toEqual([undefined, 'not an audit event']);
  });
});

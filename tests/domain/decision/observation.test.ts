import { describe, expect, it } from 'vitest';
import { ObservationSchema, observationAttentionAt, recordAnswer } from '../../../domain/decision/observation.ts';
import { anAuditRecord, anObservation, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, OTHER, START, user } from '../../support/ids.ts';

const ABOUT = {
  applicationArn: APPLICATION,
  userId: user(1),
  entitlement: ENTITLEMENT,
  requestedAt: iso(-5),
};
const CONTEXT = { now: START, execution: ME, cause: 'event-1' };
const LATER = { now: new Date(iso(60)), execution: OTHER, cause: 'event-2' };
const record = (reason: string, changeSeq = 1) => anAuditRecord({ kind: 'observed', reason, changeSeq });

describe('an observation', () => {
  it('is audited the first time', () => {
    const first = recordAnswer(undefined, 'would-assign', ABOUT, CONTEXT);
    // The number is the time, above those of an earlier observation that has expired.
    const changeSeq = START.getTime() / 1000;
    expect(first).toEqual(
      anObservation({ requestedAt: iso(-5), changeSeq, audit: [record('would-assign', changeSeq)] }),
    );
    expect(ObservationSchema.parse(first)).toEqual(first);
  });

  it('is audited once while the answer stays the same', () => {
    expect(recordAnswer(anObservation(), 'would-assign', ABOUT, LATER)).toBeUndefined();
    expect(recordAnswer(anObservation({ answer: undefined }), undefined, ABOUT, LATER)).toBeUndefined();
    expect(recordAnswer(undefined, undefined, ABOUT, LATER)).toBeUndefined();
  });

  it.each(['would-waitlist', 'would-leave', 'would-revoke', 'would-hold'] as const)(
    'is audited again when the answer changes: %s',
    (answer) => {
      const before = anObservation({ audit: [record('would-assign')] });
      expect(recordAnswer(before, answer, ABOUT, LATER)).toEqual({
        ...before,
        answer,
        requestedAt: iso(-5),
        changeSeq: 2,
        revision: 2,
        changedAt: iso(60),
        audit: [...before.audit, { ...record(answer, 2), at: iso(60), execution: LATER.execution, cause: LATER.cause }],
      });
    },
  );

  it('is stored without an audit record when nothing would change', () => {
    const { answer: _, ...before } = anObservation({ audit: [record('would-assign')] });
    const next = recordAnswer({ ...before, answer: 'would-assign' }, undefined, ABOUT, LATER);
    expect(next).toEqual({ ...before, requestedAt: iso(-5), revision: 2, changedAt: iso(60) });
    expect(ObservationSchema.parse(next)).toEqual(next);
  });

  it('takes only the ids from the record that it is about', () => {
    const before = anObservation();
    expect(recordAnswer(before, undefined, before, LATER)).not.toHaveProperty('answer');
    const stale = anObservation({ changeSeq: 9, revision: 9 });
    expect(recordAnswer(before, 'would-hold', stale, LATER)).toMatchObject({ changeSeq: 2, revision: 2 });
  });

  it('is audited as a new change when an answer comes back', () => {
    const none = recordAnswer(anObservation(), undefined, ABOUT, CONTEXT);
    expect(recordAnswer(none, 'would-assign', ABOUT, CONTEXT)).toMatchObject({
      changeSeq: 2,
      revision: 3,
      audit: [record('would-assign', 2)],
    });
  });

  it('has the current name of the entitlement', () => {
    expect(recordAnswer(anObservation(), 'would-hold', { ...ABOUT, entitlement: 'renamed' }, LATER)?.entitlement).toBe(
      'renamed',
    );
  });

  it('is picked up by the tick when its audit record is 15 minutes old', () => {
    expect(observationAttentionAt(anObservation({ audit: [record('would-assign')] }))).toBe(iso(900));
    expect(observationAttentionAt(anObservation())).toBeUndefined();
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { filtered, linkTo, patternOf, rowOf, rowsOf } from '../../../console/page/data/audit.ts';
import { isObject } from '../../../domain/shared/json.ts';

const sample = (name: string) => {
  const event: unknown = JSON.parse(
    readFileSync(new URL(`../../../schemas/samples/${name}.json`, import.meta.url), 'utf8'),
  );
  return { type: 'audit-event' as const, ...(isObject(event) ? event : {}) };
};
const ROWS = rowsOf(['seat-assigned', 'revocations-held', 'onboarding-failed', 'seat-revoked'].map(sample));
const named = (event: string) => ROWS.filter((row) => row.event === event);

describe('an audit event of the page', () => {
  it('has what one filters by', () => {
    expect(named('Seat Assigned')).toEqual([
      {
        uid: '269af399-8816-83ca-961c-1d63c4a0e739',
        at: '2026-11-25T09:30:12.345Z',
        event: 'Seat Assigned',
        entitlement: 'amazon-q-developer',
        userId: '94482488-3041-7005-8f3a-1c2d3e4f5a6b',
        reason: 'group-join',
        execution:
          'arn:aws:states:us-east-1:111122223333:execution:usher-onboarding:6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21',
        json: expect.stringMatching(/^\{"version":"0"/),
      },
    ]);
  });

  it('is without a user or an entitlement where the event is', () => {
    expect(named('Revocations Held')).toMatchObject([{ userId: '', entitlement: 'amazon-q-developer' }]);
    expect(named('Onboarding Failed')).toMatchObject([{ userId: '', entitlement: '' }]);
  });

  it.each<[string, object]>([
    ['a text', { text: 'someone wrote this' }],
    ['an event of others', { 'detail-type': 7, detail: 'none' }],
    ['a broken event', { detail: { time: 1e300, privileges: {}, user: null, metadata: [] } }],
  ])('may be %s: the log is not only Usher’s', (_what, event) => {
    const [row] = rowsOf([{ type: 'audit-event', ...event }]);
    expect(row).toMatchObject({ uid: '', event: 'not an audit event', at: '' });
  });

  it.each([undefined, null, 'text', 7, [], JSON.parse('{"__proto__": {"detail-type": "x"}}')])(
    'of an execution may be %j',
    (value) => {
      expect(rowOf(value)).toMatchObject({ uid: '', event: 'not an audit event', at: '', reason: '' });
    },
  );

  it.each<object>([
    { time: 'yesterday', detail: {} },
    { time: '+275760-09-13T00:00:00Z' },
    { detail: { time: -8.64e15 } },
    { detail: { time: 8.64e15 } },
  ])('has no time, and so no link, if it is of none that a link can name: %j', (event) => {
    expect(rowOf(event).at).toBe('');
  });

  it('has a link that says when to look', () => {
    expect(linkTo({ uid: 'a/b', at: '2026-11-25T09:30:12.345Z' })).toBe(
      '/audit/a%2Fb?since=2026-11-25T09%3A29Z&until=2026-11-25T10%3A30Z',
    );
  });
});

describe('the filter of audit events', () => {
  it('lets through what has all values', () => {
    const userId = '94482488-3041-7005-8f3a-1c2d3e4f5a6b';
    expect(filtered(ROWS, {})).toHaveLength(4);
    expect(filtered(ROWS, { event: 'Seat Assigned', userId }).map(({ event }) => event)).toEqual(['Seat Assigned']);
    expect(filtered(ROWS, { event: 'Seat Assigned', userId: 'another' })).toEqual([]);
  });

  it('counts the choices of a facet without that facet', () => {
    expect(filtered(ROWS, { event: 'Seat Assigned' }, 'event')).toHaveLength(4);
  });

  it('is the pattern of an EventBridge rule', () => {
    expect(JSON.parse(patternOf({}))).toEqual({ source: ['usher'] });
    expect(
      JSON.parse(patternOf({ event: 'Seat Assigned', entitlement: 'kiro', userId: 'u', execution: 'arn' })),
    ).toEqual({
      source: ['usher'],
      'detail-type': ['Seat Assigned'],
      detail: { user: { uid: ['u'] }, privileges: ['kiro'], metadata: { correlation_uid: ['arn'] } },
    });
  });
});

import { describe, expect, it } from 'vitest';
import { auditLine, differences, KEPT_OUT, type Played } from './compare.ts';

const AGREED: Played = {
  executions: [
    { outcome: 'converged', states: ['NormalizeRequest', 'PlanChanges', 'Converged'] },
    { outcome: 'ignored: foreign-service', states: ['NormalizeRequest', 'Ignored'] },
  ],
  assignments: ['user-1 application'],
  seats: ['user-1 confirmed'],
  audit: ['Seat Assigned user-1 group-join'],
  mails: ['ana@example.com You can now use Kiro'],
  calls: { 'SSOAdmin.CreateApplicationAssignment': 1, 'DynamoDB.PutItem': 3 },
};

function there(changes: Partial<Played>): string[] {
  return differences(AGREED, { ...AGREED, ...changes });
}

describe('two plays', () => {
  const [converged, ignored] = AGREED.executions;
  const executions = (first: object, second?: object) => [
    { outcome: 'converged', states: converged?.states ?? [], ...first },
    { outcome: 'ignored: foreign-service', states: ignored?.states ?? [], ...second },
  ];

  it('agree when all is the same', () => {
    expect(there({})).toEqual([]);
  });

  it('agree when calls are counted in another order', () => {
    const calls = { 'DynamoDB.PutItem': 3, 'SSOAdmin.CreateApplicationAssignment': 1 };
    expect(there({ calls })).toEqual([]);
  });

  it('agree about an event that the rule keeps out and that is ignored without a rule', () => {
    expect(there({ executions: executions({}, { outcome: KEPT_OUT, states: [] }) })).toEqual([]);
  });

  it.each<[string, Partial<Played>, string]>([
    [
      'an outcome',
      { executions: executions({ outcome: 'failed: RefusedError: no' }) },
      'execution 1: converged here, failed: RefusedError: no there',
    ],
    [
      'a reason',
      { executions: executions({}, { outcome: 'ignored: call-failed' }) },
      'execution 2: ignored: foreign-service here, ignored: call-failed there',
    ],
    [
      'an event that the rule keeps out and that is not ignored without a rule',
      { executions: executions({ outcome: KEPT_OUT, states: [] }) },
      'execution 1: converged here, kept out there',
    ],
    [
      'an execution too few',
      { executions: executions({}).slice(0, 1) },
      'execution 2: ignored: foreign-service here, none there',
    ],
    [
      'an execution too many',
      { executions: [...executions({}), { outcome: 'held', states: [] }] },
      'execution 3: none here, held there',
    ],
    [
      'the way of an execution',
      { executions: executions({ states: ['NormalizeRequest', 'Converged'] }) },
      'states of execution 1: NormalizeRequest, PlanChanges, Converged here; NormalizeRequest, Converged there',
    ],
    ['an assignment', { assignments: [] }, 'assignments: user-1 application here; none there'],
    ['a seat', { seats: ['user-1 assigned'] }, 'seats: user-1 confirmed here; user-1 assigned there'],
    [
      'a second copy of an audit event',
      { audit: [...AGREED.audit, ...AGREED.audit] },
      'audit events: Seat Assigned user-1 group-join here; Seat Assigned user-1 group-join, Seat Assigned user-1 group-join there',
    ],
    ['a call', { calls: { ...AGREED.calls, 'DynamoDB.PutItem': 4 } }, 'calls of DynamoDB.PutItem: 3 here, 4 there'],
    [
      'an operation that only one of them calls',
      { calls: { ...AGREED.calls, 'DynamoDB.Query': 1 } },
      'calls of DynamoDB.Query: 0 here, 1 there',
    ],
    [
      'an operation that the other does not call',
      { calls: { 'DynamoDB.PutItem': 3 } },
      'calls of SSOAdmin.CreateApplicationAssignment: 1 here, 0 there',
    ],
  ])('differ by %s', (_what, changes, told) => {
    expect(there(changes)).toEqual([told]);
  });
});

describe('an audit event in a line', () => {
  it('names the person and the reason', () => {
    const detail = { user: { uid: 'user-1' }, status_detail: 'group-join' };
    expect(auditLine('Seat Assigned', detail)).toBe('Seat Assigned user-1 group-join');
  });

  it('is about an execution when it names nobody', () => {
    expect(auditLine('Onboarding Failed', { user: {}, status_detail: 'RefusedError' })).toBe(
      'Onboarding Failed RefusedError',
    );
  });

  it.each([undefined, null, 'text', [], { user: { uid: 1 } }])(
    'is only its type without usable detail: %j',
    (detail) => {
      expect(auditLine('Seat Assigned', detail)).toBe('Seat Assigned');
    },
  );
});

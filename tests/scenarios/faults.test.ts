// @module-tag long
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { CHANGES, callsOf, isWrite, JOIN, LEAVE, SEATED, TURNS_TAKEN } from '../support/changes.ts';
import { people, user } from '../support/ids.ts';
import type { UserSummary } from '../support/readings.ts';
import { openWorld } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const REFUSED: UserSummary = { seat: 'failed', assigned: false, audited: ['Seat Refused'] };

/** What AWS asks its callers to wait for and try again. */
function passingFaultsOf(operation: string): readonly FaultRule['kind'][] {
  // Only the services of Identity Center know a conflict with other writes.
  const conflict = /^(?:SSOAdmin|IdentityStore)\./.test(operation) ? (['conflict'] as const) : [];
  return ['throttle', 'internal', ...(isWrite(operation) ? (['internal-after'] as const) : []), ...conflict];
}

describe.each(CHANGES)('$name', (change) => {
  it('is made and audited once if any operation is throttled, conflicts or fails temporarily', async () => {
    const world = await openWorld({ ...change.start });
    const operations = [...(await callsOf(change, world)).keys()];
    const rules = operations.flatMap((operation) => passingFaultsOf(operation).map((kind) => ({ operation, kind })));
    let turn = TURNS_TAKEN;
    for (const rule of rules) {
      const label = `${rule.kind} of ${rule.operation}`;
      turn += 1;
      world.forgetAudit();
      world.faults.add({ ...rule, times: 3 });
      const execution = await change.play(world, turn);
      await world.stack.runUntilIdle();
      expect(world.stack.endOf(execution)?.outcome, label).toBe('converged');
      expect(await world.summaries(...change.people(turn)), label).toEqual(change.outcome);
    }
  });
});

// A grant that is made again is audited again: under the same id, with the time at which it was made again.
describe('a write that AWS confirms and loses', () => {
  it.each([
    { write: 'a create', change: JOIN, operation: CREATE, times: 1 },
    { write: 'a create, twice in a row', change: JOIN, operation: CREATE, times: 2 },
    { write: 'a delete', change: LEAVE, operation: DELETE, times: 1 },
    { write: 'a delete, twice in a row', change: LEAVE, operation: DELETE, times: 2 },
  ])('is found by the next plan, made again and audited once: $write', async ({ change, operation, times }) => {
    const world = await openWorld({ seated: change === LEAVE ? [1, 2, 3] : [] });
    world.faults.add({ operation, kind: 'lost', times });
    await change.play(world, 1);
    await world.stack.runUntilIdle();
    expect(world.newCalls().get(operation)).toBe(times + 1);
    expect(await world.summaries(1)).toEqual(change.outcome);
  });

  it('is found among the many changes of a sweep', async () => {
    const everybody = people(1, 60);
    const world = await openWorld({ people: 60 });
    for (const number of [3, 17, 55]) {
      world.faults.add({ operation: CREATE, kind: 'lost', principalId: user(number) });
    }
    await world.scim({ join: everybody });
    await world.stack.runUntilIdle();
    expect(world.newCalls().get(CREATE)).toBe(63);
    expect(await world.summaries(...everybody)).toEqual(everybody.map(() => SEATED));
  });
});

describe('an audit event', () => {
  it('is sent again under the same id when the answer was lost', async () => {
    const world = await openWorld({ people: 1 });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal-after' });
    await world.joins(1);
    await world.play();
    expect(world.copies()).toEqual(['Seat Assigned', 'Seat Assigned']);
    expect(await world.summaries(1)).toEqual([SEATED]);
  });

  it('is sent again alone if the bus accepted the others', async () => {
    const everybody = people(1, 25);
    const world = await openWorld({ people: 25 });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial', times: 4 });
    await world.scim({ join: everybody });
    await world.play();
    expect(world.copies()).toHaveLength(25);
    expect(await world.summaries(...everybody)).toEqual(everybody.map(() => SEATED));
  });
});

describe.each<{ refusal: string; rule: Pick<FaultRule, 'kind' | 'reason'>; reason: string }>([
  { refusal: 'a missing permission', rule: { kind: 'refuse' }, reason: 'access-denied' },
  {
    refusal: 'a KMS key that may not be used',
    rule: { kind: 'refuse', reason: 'KMS_AccessDeniedException' },
    reason: 'kms-access-denied',
  },
  { refusal: 'an exhausted quota', rule: { kind: 'quota' }, reason: 'quota-exceeded' },
])('$refusal', ({ rule, reason }) => {
  /** Two users get their seats, and one is refused. */
  const aRefusal = async () => {
    const world = await openWorld({ people: 4 });
    world.faults.add({ operation: CREATE, ...rule, times: 1000, principalId: user(2) });
    const execution = await world.scim({ join: [1, 2, 3] });
    await world.play();
    return { world, execution };
  };

  it('fails the execution without a retry once the others are served', async () => {
    const { world, execution } = await aRefusal();
    expect(await world.summaries(1, 2, 3)).toEqual([SEATED, REFUSED, SEATED]);
    expect(world.newCalls().get(CREATE)).toBe(3);
    expect(world.ends.map((end) => [end.execution, end.status, end.cause])).toEqual([
      [execution, 'FAILED', `RefusedError: AWS refused the change: ${reason} (user ${user(2)})`],
    ]);
  });

  it('is audited once with its reason, next to the failure of the execution', async () => {
    const { world } = await aRefusal();
    expect(world.copies()).toHaveLength(4);
    expect(world.audited().filter((told) => !told.startsWith('Seat Assigned'))).toEqual([
      `Seat Refused 2 ${reason}`,
      'Onboarding Failed RefusedError',
    ]);
  });

  it('is not retried because of a hint within an hour', async () => {
    const { world } = await aRefusal();
    world.newCalls();
    world.forgetAudit();
    world.after(600, () => world.joins(2));
    world.after(1200, () => world.scim({ join: [4] }));
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(world.ends.slice(1).map(({ outcome }) => outcome)).toEqual(['converged', 'converged']);
    expect(world.audited()).toEqual(['Seat Assigned 4 group-join']);
  });

  it('is audited and reported again when its reason changes', async () => {
    const { world } = await aRefusal();
    world.forgetAudit();
    world.faults.clear();
    world.faults.add({ operation: CREATE, kind: 'not-found', reason: 'KMS_NotFoundException', times: 1000 });
    world.after(3700, () => world.joins(2));
    await world.play();
    expect(world.ends.slice(1).map(({ status, cause }) => [status, cause])).toEqual([
      ['FAILED', `RefusedError: AWS refused the change: kms-key-not-found (user ${user(2)})`],
    ]);
    expect(world.audited()).toEqual(['Seat Refused 2 kms-key-not-found', 'Onboarding Failed RefusedError']);
  });
});

describe('a revocation that AWS refuses', () => {
  it('keeps the seat and its slot, and is made when AWS no longer refuses it', async () => {
    const world = await openWorld({ seated: [1, 2, 3] });
    world.faults.add({ operation: DELETE, kind: 'refuse' });
    const execution = await world.leaves(1);
    await world.play();
    expect(await world.summaries(1)).toEqual([{ seat: 'revoking', assigned: true, audited: ['Seat Refused'] }]);
    expect(world.stack.endOf(execution)?.cause).toBe(
      `RefusedError: AWS refused the change: access-denied (user ${user(1)})`,
    );
    world.after(3700, world.tick);
    await world.play();
    expect(await world.summaries(1)).toEqual([
      { seat: 'revoked', assigned: false, audited: ['Seat Refused', 'Seat Revoked'] },
    ]);
  });
});

describe('a read that AWS refuses', () => {
  it.each([
    ['IdentityStore.IsMemberInGroups', 'refuse'],
    ['IdentityStore.DescribeUser', 'refuse'],
    ['SSOAdmin.DescribeApplicationAssignment', 'refuse'],
    ['SSOAdmin.GetApplicationAssignmentConfiguration', 'refuse'],
    ['DynamoDB.GetItem', 'refuse'],
    ['DynamoDB.BatchGetItem', 'not-found'],
  ] as const)('fails the execution without a retry, and assigns nothing: %s', async (operation, kind) => {
    const world = await openWorld({ people: 1 });
    world.faults.add({ operation, kind, times: 1000 });
    const execution = await world.joins(1);
    await world.stack.runUntilIdle();
    world.faults.clear();
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: /);
    expect(world.newCalls().get(CREATE)).toBeUndefined();
    expect(world.assigned()).toEqual([]);
    expect(world.audited()).toEqual(['Onboarding Failed RefusedError']);
    const entered = world.states.map(({ state }) => state);
    expect(entered).toEqual([...new Set(entered)]);
  });

  it.each([
    { page: 'a second page of members', operation: 'IdentityStore.ListGroupMemberships', skip: 1 },
    { page: 'a second page of assignments', operation: 'SSOAdmin.ListApplicationAssignments', skip: 1 },
    { page: 'the ledger', operation: 'DynamoDB.Query', skip: 0 },
  ])('fails the sweep, and revokes nothing: $page', async ({ operation, skip }) => {
    const world = await openWorld({ people: 130, seated: people(1, 120) });
    world.faults.add({ operation, kind: 'refuse', skip });
    const execution = await world.scim({ join: [130], leave: [1, 2, 3] });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: /);
    expect(world.assigned()).toEqual(people(1, 120));
  });
});

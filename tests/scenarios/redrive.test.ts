import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { SEATED } from '../support/changes.ts';
import { GROUP, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
/** The plan reads the user's seat, and ApplyChanges may not read it again. */
const LEDGER_REFUSES: Omit<FaultRule, 'times'> = { operation: 'DynamoDB.BatchGetItem', kind: 'refuse', skip: 1 };

/** A join that fails for as long as the fault lasts. */
async function aFailedJoin(fault: Omit<FaultRule, 'times'>, start?: 'manual') {
  const world = await openWorld({ people: 1 });
  world.faults.add({ ...fault, times: 100_000 });
  if (start) world.center.join(GROUP, user(1));
  const execution = start ? await world.start({ userId: user(1) }) : await world.joins(1);
  await world.stack.runUntilIdle();
  world.faults.clear();
  expect(world.stack.endOf(execution)?.status).toBe('FAILED');
  return { world, execution };
}

/** Redrives after a while. @returns the states that it goes through */
async function redrive(world: World, execution: string, afterSeconds = 60): Promise<string[]> {
  const before = world.states.length;
  world.newCalls();
  world.after(afterSeconds, () => world.redrive(execution));
  await world.play();
  return world.states.slice(before).map(({ state }) => state);
}

describe('a failed execution, redriven once the cause is fixed,', () => {
  it.each<{ task: string; fault: Omit<FaultRule, 'times'>; start?: 'manual'; first: string; creates: number }>([
    {
      task: 'CheckPropagation of a manual start',
      fault: { operation: 'IdentityStore.DescribeUser', kind: 'refuse' },
      start: 'manual',
      first: 'CheckPropagation',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose reads of the membership were refused',
      fault: { operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose reads were refused',
      fault: { operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, after AWS refused the user',
      fault: { operation: CREATE, kind: 'quota' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose reads kept failing',
      fault: { operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'internal' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose changes kept failing',
      fault: { operation: CREATE, kind: 'throttle' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose retries ran out',
      fault: { operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'crash-before' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, after the function that makes the changes kept crashing',
      fault: { operation: CREATE, kind: 'crash-before' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'ApplyChanges, which may not read the ledger',
      fault: LEDGER_REFUSES,
      first: 'ApplyChanges',
      creates: 1,
    },
    {
      task: 'RecordAudit',
      fault: { operation: 'EventBridge.PutEvents', kind: 'refuse' },
      first: 'RecordAudit',
      creates: 0,
    },
  ])('continues at $task', async ({ fault, start, first, creates }) => {
    const { world, execution } = await aFailedJoin(fault, start);
    const states = await redrive(world, execution);
    expect(states[0]).toBe(first);
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.newCalls().get(CREATE) ?? 0).toBe(creates);
    const [summary] = await world.summaries(1);
    expect(summary).toMatchObject({ seat: 'confirmed', assigned: true });
    expect(summary?.audited.filter((event) => event === 'Seat Assigned')).toHaveLength(1);
  });

  it('reports that it was redriven', async () => {
    const { world, execution } = await aFailedJoin({ operation: CREATE, kind: 'quota' });
    await redrive(world, execution);
    const executionArn = world.stack.arnOf(execution);
    const described = await world.stack.sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
  });

  it('continues with the failed batch while its lease lasts', async () => {
    const { world, execution } = await aFailedJoin(LEDGER_REFUSES);
    const states = await redrive(world, execution, 10);
    expect(states.slice(0, 2)).toEqual(['ApplyChanges', 'RecordAudit']);
  });

  it('plans again when its lease has expired', async () => {
    const { world, execution } = await aFailedJoin(LEDGER_REFUSES);
    const states = await redrive(world, execution, 1000);
    expect(states.slice(0, 2)).toEqual(['ApplyChanges', 'PlanChanges']);
    expect(await world.summaries(1)).toEqual([SEATED]);
  });

  it('changes nothing if the tick has done its work meanwhile', async () => {
    const { world, execution } = await aFailedJoin(LEDGER_REFUSES);
    world.after(400, () => world.tick());
    await world.stack.runUntilIdle();
    expect(await world.summaries(1)).toEqual([SEATED]);
    world.forgetAudit();
    await redrive(world, execution);
    expect(world.stack.endOf(execution)?.status).toBe('SUCCEEDED');
    expect(world.newCalls().get(CREATE)).toBeUndefined();
    expect(world.audited()).toEqual([]);
  });
});

describe('a failed execution, redriven while the cause lasts,', () => {
  it('tries once more, fails again, and audits no second refusal', async () => {
    const { world, execution } = await aFailedJoin({ operation: CREATE, kind: 'quota' });
    world.forgetAudit();
    world.faults.add({ operation: CREATE, kind: 'quota', times: 100 });
    await redrive(world, execution);
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(world.stack.endOf(execution)?.cause).toBe(
      `RefusedError: AWS refused the change: quota-exceeded (user ${user(1)})`,
    );
    expect(world.audited()).toEqual(['Onboarding Failed RefusedError']);
  });
});

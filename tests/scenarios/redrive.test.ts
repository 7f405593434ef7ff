import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/faults.ts';
import { type Deployment, people, user } from '../support/stack.ts';
import { aTrial, SEATED, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A join that fails for as long as the fault lasts. */
async function aFailedJoin(
  fault: Omit<FaultRule, 'times'>,
  joiners: readonly number[] = [1],
  deployment: Deployment = {},
) {
  const trial = await aTrial({ people: Math.max(...joiners), ...deployment });
  trial.stack.faults.add({ ...fault, times: 100_000 });
  const execution = joiners.length === 1 ? await trial.joins(1) : await trial.scim({ join: joiners });
  await trial.stack.runUntilIdle();
  trial.stack.faults.clear();
  expect(trial.stack.endOf(execution)?.status).toBe('FAILED');
  return { trial, execution };
}

/** Redrives after a while. @returns the states that it goes through */
async function redrive(trial: Trial, execution: string, afterSeconds = 60): Promise<string[]> {
  const before = trial.states.length;
  trial.newCalls();
  trial.after(afterSeconds, () => trial.redrive(execution));
  await trial.play();
  return trial.states.slice(before).map(({ state }) => state);
}

describe('an execution that failed, redriven once the cause is mended,', () => {
  it.each<{ task: string; fault: Omit<FaultRule, 'times'>; first: string; creates: number }>([
    {
      task: 'CheckPropagation',
      fault: { operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse' },
      first: 'CheckPropagation',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose reads were refused',
      fault: { operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, after AWS refused the person',
      fault: { operation: CREATE, kind: 'quota' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'PlanChanges, whose retries ran out',
      fault: { operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'internal' },
      first: 'PlanChanges',
      creates: 1,
    },
    {
      task: 'ApplyChanges, whose retries ran out',
      fault: { operation: CREATE, kind: 'throttle' },
      first: 'ForEachBatch',
      creates: 1,
    },
    {
      task: 'RecordAudit',
      fault: { operation: 'EventBridge.PutEvents', kind: 'refuse' },
      first: 'RecordAudit',
      creates: 0,
    },
  ])('goes on at $task', async ({ fault, first, creates }) => {
    const { trial, execution } = await aFailedJoin(fault);
    const states = await redrive(trial, execution);
    expect(states[0]).toBe(first);
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.newCalls().get(CREATE) ?? 0).toBe(creates);
    const [standing] = await trial.standings(1);
    expect(standing).toMatchObject({ seat: 'confirmed', assigned: true });
    expect(standing?.told.filter((told) => told === 'Seat Assigned')).toHaveLength(1);
  });

  it('says that it was', async () => {
    const { trial, execution } = await aFailedJoin({ operation: CREATE, kind: 'quota' });
    await redrive(trial, execution);
    const executionArn = trial.stack.arnOf(execution);
    const described = await trial.stack.sfn.send(new DescribeExecutionCommand({ executionArn }));
    expect(described).toMatchObject({ status: 'SUCCEEDED', redriveCount: 1 });
  });

  it('goes on with the batch that failed while its lease lasts', async () => {
    const { trial, execution } = await aFailedJoin({ operation: CREATE, kind: 'throttle' });
    const states = await redrive(trial, execution, 10);
    expect(states.slice(0, 3)).toEqual(['ForEachBatch', 'ApplyChanges', 'RecordAudit']);
  });

  it('plans anew when its lease has run out', async () => {
    const { trial, execution } = await aFailedJoin({ operation: CREATE, kind: 'throttle' });
    const states = await redrive(trial, execution, 1000);
    expect(states.slice(0, 3)).toEqual(['ForEachBatch', 'ApplyChanges', 'PlanChanges']);
    expect(await trial.standings(1)).toEqual([SEATED]);
  });

  it('changes nothing when the tick has done its work meanwhile', async () => {
    const { trial, execution } = await aFailedJoin({ operation: CREATE, kind: 'throttle' });
    trial.after(400, () => trial.tick());
    await trial.stack.runUntilIdle();
    expect(await trial.standings(1)).toEqual([SEATED]);
    trial.forget();
    await redrive(trial, execution);
    expect(trial.stack.endOf(execution)?.status).toBe('SUCCEEDED');
    expect(trial.newCalls().get(CREATE)).toBeUndefined();
    expect(trial.told()).toEqual([]);
  });

  it('serves whom it left, of many', async () => {
    const everybody = people(1, 80);
    const { trial, execution } = await aFailedJoin(
      { operation: CREATE, kind: 'internal', principalId: user(30) },
      everybody,
      { requestsPerSecond: 1 },
    );
    expect(trial.assigned()).toHaveLength(65);
    await redrive(trial, execution, 1000);
    expect(trial.newCalls().get(CREATE)).toBe(15);
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await trial.standings(...everybody)).toEqual(everybody.map(() => SEATED));
  });
});

describe('an execution that failed, redriven while the cause lasts,', () => {
  it('asks once more, fails again, and tells no second refusal', async () => {
    const { trial, execution } = await aFailedJoin({ operation: CREATE, kind: 'quota' });
    trial.forget();
    trial.stack.faults.add({ operation: CREATE, kind: 'quota', times: 100 });
    await redrive(trial, execution);
    expect(trial.newCalls().get(CREATE)).toBe(1);
    expect(trial.stack.endOf(execution)?.cause).toBe(
      `RefusedError: AWS refused the change: quota-exceeded (user ${user(1)})`,
    );
    expect(trial.told()).toEqual(['Onboarding Failed RefusedError']);
  });
});

import { describe, expect, it } from 'vitest';
import type { ExecutionDetail } from '../../adapters/executions.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { recordFailure } from '../../reconcile/record-failure.ts';
import { anExecution, at } from '../support/builders.ts';
import { ME, START, STATE_MACHINE } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld } from '../support/world.ts';

const FAILED = anExecution({
  arn: ME,
  stateMachineArn: STATE_MACHINE,
  status: 'FAILED',
  endedAt: at(60),
  error: 'RefusedError',
  cause: 'someone@example.com',
});
const HINT = { executionArn: ME, stopDate: at(60).getTime() };
const NOT_FAILED = { name: 'RefusedError', reason: 'not-failed' };

/** Step Functions gives these answers, one after another; the last counts from then on. */
async function recording(...answers: readonly (ExecutionDetail | undefined)[]) {
  const world = await openWorld({ people: 1 });
  const { services, audit } = world;
  let calls = 0;
  const executions = {
    async describe() {
      const answer = answers[Math.min(calls, answers.length - 1)];
      calls += 1;
      return answer;
    },
  };
  return {
    ...world,
    record: (hint = HINT) => recordFailure(hint, { ...services, executions }),
    uids: () => audit.map((entry) => detailOf(entry).metadata.uid),
  };
}

describe('recordFailure', () => {
  it.each<[string, Partial<ExecutionDetail>, string]>([
    ['failed', {}, 'RefusedError'],
    ['timed out', { status: 'TIMED_OUT', error: 'States.Timeout' }, 'States.Timeout'],
    ['was stopped', { status: 'ABORTED', error: 'stopped by someone' }, 'unknown'],
    // Who stops it may write what looks like the name of an error.
    ['was stopped with a name', { status: 'ABORTED', error: 'Jane.Someone' }, 'unknown'],
  ])(
    'publishes that an execution %s, as Step Functions says, without the text of its cause',
    async (_fact, parts, reason) => {
      const described = { ...FAILED, ...parts };
      const { record, audit } = await recording(described);
      expect(await record()).toEqual({});
      expect(audit).toMatchObject([
        {
          DetailType: 'Onboarding Failed',
          Time: plusSeconds(START, 60),
          Resources: [ME, STATE_MACHINE],
          Detail: {
            status_detail: reason,
            status_code: described.status,
            user: { account: { uid: '111122223333' } },
            metadata: { correlation_uid: ME, product: { version: '1.2.3' } },
          },
        },
      ]);
      expect(JSON.stringify(audit)).not.toMatch(/someone/i);
    },
  );

  it('names the execution alone if Step Functions does not say to which state machine it belongs', async () => {
    const { stateMachineArn: _, ...described } = FAILED;
    const { record, audit } = await recording(described);
    await record();
    expect(audit).toMatchObject([{ DetailType: 'Onboarding Failed', Resources: [ME] }]);
  });

  it('publishes the hash of a name that may be free text', async () => {
    const executionArn = ME.replace(/[^:]*$/, 'someone@example.com');
    const { record, audit } = await recording({ ...FAILED, arn: executionArn });
    await record({ ...HINT, executionArn });
    const hashed = expect.stringMatching(/:execution:usher-onboarding:sha256-[0-9a-f]{64}$/);
    expect(audit).toMatchObject([
      { Resources: [hashed, STATE_MACHINE], Detail: { metadata: { correlation_uid: hashed } } },
    ]);
    expect(JSON.stringify(audit)).not.toContain('someone');
  });

  it('publishes copies under one id, and the next failure of a redriven execution under another', async () => {
    const again = { ...FAILED, redrives: 1, endedAt: at(120) };
    const { record, uids } = await recording(FAILED, FAILED, again);
    await record();
    await record();
    await record({ ...HINT, stopDate: at(120).getTime() });
    const [first, second, third] = uids();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it('publishes the latest failure if the reported one is older', async () => {
    const { record, audit } = await recording({ ...FAILED, redrives: 1, endedAt: at(120) });
    await record();
    expect(audit).toMatchObject([{ Time: plusSeconds(START, 120) }]);
  });

  it.each<[string, ExecutionDetail]>([
    ['still runs', anExecution({ arn: ME })],
    ['ended as before its redrive', { ...FAILED, endedAt: at(10) }],
  ])('reads again while a read shows that the execution %s', async (_fact, late) => {
    const { record, audit, clock } = await recording(late, late, FAILED);
    const before = clock.now().getTime();
    await record();
    expect(audit).toMatchObject([{ Time: plusSeconds(START, 60) }]);
    expect(clock.now().getTime() - before).toBe(3000);
  });

  it.each<[string, ExecutionDetail | undefined]>([
    ['runs', anExecution({ arn: ME })],
    ['runs again after a redrive', anExecution({ arn: ME, redrives: 1 })],
    ['succeeded', { ...FAILED, status: 'SUCCEEDED' }],
    ['failed before the reported time', { ...FAILED, endedAt: at(10) }],
    ['is not known to AWS, or no longer', undefined],
  ])('is refused and publishes nothing if the execution %s', async (_fact, described) => {
    const { record, audit } = await recording(described);
    await expect(record()).rejects.toMatchObject(NOT_FAILED);
    expect(audit).toEqual([]);
  });

  it('fails with a retryable error if the bus does not accept the event', async () => {
    const { record, faults } = await recording(FAILED);
    for (const kind of ['partial', 'throttle'] as const) {
      faults.add({ operation: 'EventBridge.PutEvents', kind });
      await expect(record()).rejects.toMatchObject({ name: 'TransientAwsError' });
    }
  });
});

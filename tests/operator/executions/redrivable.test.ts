import { describe, expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/executions.ts';
import { RELEASES_NOTHING } from '../../../domain/decision/hold.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { endingOf } from '../../../operator/executions/outcomes.ts';
import { redriveOf } from '../../../operator/executions/redrivable.ts';
import { anExecution } from '../../support/builders.ts';
import { execution, START, user } from '../../support/ids.ts';

const ENTITLEMENTS = exampleEntitlements();

function failed(more: Partial<ExecutionDetail> = {}): ExecutionDetail {
  const ended = { status: 'FAILED', endedAt: START, error: 'TransientAwsError', isRedrivable: true } as const;
  return anExecution({ arn: execution('x'), input: JSON.stringify({ userId: user(1) }), ...ended, ...more });
}

const TOO_OLD = { isRedrivable: false, notRedrivable: 'Execution redrivable period exceeded' };

describe('a redrive', () => {
  it.each(['RUNNING', 'SUCCEEDED'] as const)('is out of the question for an execution that is %s', (status) => {
    expect(redriveOf(failed({ status, isRedrivable: false }), ENTITLEMENTS)).toBeUndefined();
  });

  it('repeats the step that failed', () => {
    expect(redriveOf(failed(), ENTITLEMENTS)).toEqual({ possible: 'yes', fix: 'usher redrive x' });
  });

  it('needs a name if someone stopped the execution', () => {
    const stopped = redriveOf(failed({ status: 'ABORTED', error: 'Anything' }), ENTITLEMENTS);
    expect(stopped).toMatchObject({ possible: 'by-name', reason: 'someone stopped it' });
  });

  it('needs a name if the input is wrong, because it does not change', () => {
    expect(redriveOf(failed({ error: 'InvalidRequestError', input: '{"hello":1}' }), ENTITLEMENTS)).toEqual({
      possible: 'by-name',
      reason: 'a redrive repeats it with the same input',
      fix: 'See what its input asks for: usher explain --execution x',
    });
  });

  it.each(Object.values(RELEASES_NOTHING))('needs a name if the execution releases nothing: %s', (message) => {
    const cause = JSON.stringify({ errorType: 'RefusedError', errorMessage: message });
    const refused = failed({ error: 'RefusedError', cause, input: JSON.stringify({ release: 'a'.repeat(64) }) });
    expect(redriveOf(refused, ENTITLEMENTS)).toMatchObject({
      possible: 'by-name',
      fix: 'List current holds: usher held',
    });
    expect(endingOf(refused)?.reason).toBe(`RefusedError: ${message}`);
  });

  it.each([
    ['Execution redrivable period exceeded', /it ended more than 14 days ago$/],
    ['Execution history event limit exceeded', /its history has too many events$/],
    ['Execution has exceeded the max execution time', /open for longer/],
    ['Something that AWS has not said before', /: Something that AWS has not said before$/],
    [undefined, /^AWS does not redrive it$/],
  ])('is refused with a reason in words: %s', (notRedrivable, reason) => {
    const refused = failed({ isRedrivable: false, ...(notRedrivable === undefined ? {} : { notRedrivable }) });
    expect(redriveOf(refused, ENTITLEMENTS)).toEqual({
      possible: 'no',
      reason: expect.stringMatching(reason),
      fix: `See what its input asks for: usher explain --execution x. Start it anew: usher start --user ${user(1)}`,
    });
  });

  it('of an old tick is not needed', () => {
    const tick = failed({ ...TOO_OLD, input: '{"scope":"tick"}' });
    expect(redriveOf(tick, ENTITLEMENTS)?.fix).toBe('Nothing: the next tick does the same');
  });
});

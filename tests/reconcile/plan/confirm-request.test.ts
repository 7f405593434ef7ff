import { describe, expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/executions.ts';
import type { Request } from '../../../domain/request/request.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { confirmRequest } from '../../../reconcile/plan/confirm-request.ts';
import { aDigest, anExecution, aRequest } from '../../support/builders.ts';
import { ADMIN, APPLICATION, GROUP, ME, OTHER_APPLICATION, START, user } from '../../support/ids.ts';

const RELEASE = aRequest({ trigger: 'manual', cause: ADMIN, release: aDigest() });
const ADOPT = aRequest({ trigger: 'manual', cause: ADMIN, adopt: APPLICATION });
const RETIRED = aRequest({ trigger: 'manual', cause: ME, applications: [OTHER_APPLICATION] });

/** Confirms a request while Step Functions gives these answers, one after another; the last counts from then on. */
async function confirming(request: Request, execution: string, answers: readonly (Partial<ExecutionDetail> | Error)[]) {
  const waits: number[] = [];
  let calls = 0;
  const confirmed = confirmRequest(
    { request, execution },
    {
      entitlements: exampleEntitlements({ retired: [OTHER_APPLICATION] }),
      clock: {
        now: () => START,
        async sleep(seconds) {
          waits.push(seconds);
        },
      },
      executions: {
        async describe(arn) {
          const answer = answers[Math.min(calls, answers.length - 1)];
          calls += 1;
          if (answer instanceof Error) throw answer;
          return answer && anExecution({ arn, ...answer });
        },
      },
    },
  );
  const result = await confirmed.then(
    () => 'confirmed',
    (error: unknown) => error,
  );
  return { result, waits, calls: () => calls };
}

const input = (value: unknown) => ({ input: JSON.stringify(value) });
const REFUSED = { name: 'RefusedError', reason: 'not-asked-for' };

describe('a request that only an operator may make', () => {
  it.each<[string, Request, string, unknown]>([
    ['a release', RELEASE, ADMIN, { release: aDigest() }],
    ['an adoption', ADOPT, ADMIN, { adopt: 'amazon-q-developer' }],
    ['giving up a retired application', RETIRED, ME, { application: OTHER_APPLICATION }],
    [
      'giving up a retired application, through onboarding-admin',
      { ...RETIRED, cause: ADMIN },
      ADMIN,
      { application: OTHER_APPLICATION },
    ],
  ])('%s is confirmed by its running execution', async (_what, request, execution, started) => {
    expect(await confirming(request, execution, [input(started)])).toMatchObject({ result: 'confirmed', waits: [] });
  });

  it.each<[string, Request, string, Partial<ExecutionDetail>]>([
    ['of another release', RELEASE, ADMIN, input({ release: aDigest(2) })],
    ['of an adoption', RELEASE, ADMIN, input({ adopt: 'amazon-q-developer' })],
    ['of a sweep', RELEASE, ADMIN, input({ scope: 'everything' })],
    ['of a tick', RETIRED, ME, input({ scope: 'tick' })],
    ['of another application', RETIRED, ME, input({ application: APPLICATION })],
    ['of a state machine that accepts no release', { ...RELEASE, cause: ME }, ME, input({ release: aDigest() })],
    [
      'of a state machine that accepts no adoption',
      { ...ADOPT, cause: ME },
      ME,
      input({ adopt: 'amazon-q-developer' }),
    ],
    ['of an entitlement that is not configured', ADOPT, ADMIN, input({ adopt: 'kiro' })],
    ['of more than that', RELEASE, ADMIN, input({ release: aDigest(), adopt: 'amazon-q-developer' })],
    ['of less than what is asked', { ...RELEASE, adopt: APPLICATION }, ADMIN, input({ release: aDigest() })],
    [
      'of a release that names no user',
      { ...RELEASE, users: [{ userId: user(1) }] },
      ADMIN,
      input({ release: aDigest() }),
    ],
    ['of a release that names no group', { ...RELEASE, groups: [GROUP] }, ADMIN, input({ release: aDigest() })],
    ['of a release without a sweep', { ...RELEASE, sweep: 'due' }, ADMIN, input({ release: aDigest() })],
    ['under another cause', { ...RELEASE, cause: 'e' }, ADMIN, input({ release: aDigest() })],
    ['as an event', { ...RELEASE, trigger: 'event' }, ADMIN, input({ release: aDigest() })],
    ['by an event', RELEASE, ADMIN, input({ 'detail-type': 'x', release: aDigest() })],
    ['by a list', RELEASE, ADMIN, input([{ release: aDigest() }])],
    ['by what is no JSON', RELEASE, ADMIN, { input: 'release' }],
  ])('is refused at once if the execution was started with one %s', async (_what, request, execution, parts) => {
    const { result, waits } = await confirming(request, execution, [parts]);
    expect(result).toMatchObject(REFUSED);
    expect(waits).toEqual([]);
  });

  it.each<ExecutionDetail['status']>(['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'])(
    'is refused if its execution is %s, also a few seconds later',
    async (status) => {
      const { result, waits } = await confirming(RELEASE, ADMIN, [{ ...input({ release: aDigest() }), status }]);
      expect([result, waits]).toMatchObject([REFUSED, [1, 2, 4, 8]]);
    },
  );

  it('is refused if AWS knows no such execution', async () => {
    const { result, calls } = await confirming(RELEASE, ADMIN, []);
    expect([result, calls()]).toMatchObject([REFUSED, 5]);
  });

  it('is confirmed once a read shows that the redriven execution runs', async () => {
    const started = input({ release: aDigest() });
    const { result, waits } = await confirming(RELEASE, ADMIN, [{ ...started, status: 'FAILED' }, started]);
    expect([result, waits]).toEqual(['confirmed', [1]]);
  });

  it('fails with a retryable error if Step Functions does not answer for now', async () => {
    const { result } = await confirming(RELEASE, ADMIN, [new TransientAwsError('DescribeExecution: HTTP 500')]);
    expect(result).toMatchObject({ name: 'TransientAwsError' });
  });
});

describe('any other request', () => {
  it.each<[string, Request]>([
    ['an event', aRequest({ users: [{ userId: user(1) }] })],
    ['a tick', aRequest({ trigger: 'tick', sweep: 'due' })],
    ['a start of everything', aRequest({ trigger: 'manual', sweep: 'everything' })],
    ['a start of a configured application', aRequest({ trigger: 'manual', applications: [APPLICATION] })],
    ['an application that a tick names', aRequest({ trigger: 'tick', applications: [OTHER_APPLICATION] })],
  ])('(%s) is a hint: Usher does not ask Step Functions', async (_what, request) => {
    const { result, calls } = await confirming(request, ME, []);
    expect([result, calls()]).toEqual(['confirmed', 0]);
  });
});

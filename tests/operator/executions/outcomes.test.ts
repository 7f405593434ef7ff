import { expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/executions.ts';
import { endingOf } from '../../../operator/executions/outcomes.ts';

const NEXT = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:2';

function ended(plan: object): ExecutionDetail {
  return {
    arn: NEXT.replace(/2$/, '1'),
    name: '1',
    status: 'SUCCEEDED',
    startedAt: new Date(0),
    input: '{}',
    redrives: 0,
    isRedrivable: false,
    output: JSON.stringify({ plan }),
  };
}

it('endingOf names the execution to which the work was handed over', () => {
  expect(endingOf(ended({ outcome: 'handedOver', handedOverTo: NEXT }))).toEqual({
    outcome: 'handedOver',
    handedOverTo: NEXT,
  });
});

it.each([{}, { handedOverTo: 'tick' }])('endingOf names no execution if the next tick continues the work: %j', (to) => {
  expect(endingOf(ended({ outcome: 'handedOver', ...to }))).toEqual({
    outcome: 'handedOver',
    reason: 'the next tick continues',
  });
});

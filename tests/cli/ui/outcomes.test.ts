import { expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/operator/executions.ts';
import { endingOf } from '../../../cli/ui/outcomes.ts';

const HEIR = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:2';

function ended(plan: object): ExecutionDetail {
  return {
    arn: HEIR.replace(/2$/, '1'),
    name: '1',
    status: 'SUCCEEDED',
    startedAt: new Date(0),
    input: '{}',
    redrives: 0,
    isRedrivable: false,
    output: JSON.stringify({ plan }),
  };
}

it('an execution that handed over says to which', () => {
  expect(endingOf(ended({ outcome: 'handedOver', handedOverTo: HEIR }))).toEqual({
    outcome: 'handedOver',
    handedOverTo: HEIR,
  });
});

it.each([{}, { handedOverTo: 'tick' }])(
  'one that handed over to nobody in particular leads to no execution: %j',
  (to) => {
    expect(endingOf(ended({ outcome: 'handedOver', ...to }))).toEqual({
      outcome: 'handedOver',
      reason: 'the next tick goes on',
    });
  },
);

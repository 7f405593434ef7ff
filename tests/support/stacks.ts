import { CloudFormationClient, CloudFormationServiceException } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { cloudFormationChangeSets } from '../../adapters/operator/change-sets.ts';
import { cloudFormationStacks } from '../../adapters/operator/stacks.ts';

/** The adapters of CloudFormation, on a client whose answers a test decides. No time passes; `slept` has the seconds of each wait. */
export function theStacks() {
  const client = new CloudFormationClient({ region: 'us-east-1' });
  const slept: number[] = [];
  const interruption = new AbortController();
  const clock = {
    now: () => new Date('2026-01-01T12:00:00Z'),
    sleep: async (seconds: number) => {
      slept.push(seconds);
    },
  };
  const waiting = { clock, signal: interruption.signal };
  return {
    stacks: cloudFormationStacks(client, waiting),
    changeSets: cloudFormationChangeSets(client, waiting, '1'),
    slept,
    interruption,
    aws: mockClient(client),
  };
}

/** CloudFormation's answer to a request that it rejects: only the text says why. */
export function aValidationError(message: string) {
  return new CloudFormationServiceException({ name: 'ValidationError', $fault: 'client', message, $metadata: {} });
}

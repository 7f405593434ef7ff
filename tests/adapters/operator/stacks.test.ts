import {
  CloudFormationClient,
  CloudFormationServiceException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { connectStacks, lacksAccess } from '../../../adapters/operator/stacks.ts';

const NAME = 'usher-prod';
const INPUT = { StackName: NAME, ChangeSetName: 'usher-prod-preview', TemplateURL: 'https://s3.example/template.json' };

function theStacks() {
  const cloudFormation = new CloudFormationClient({ region: 'us-east-1' });
  const sfn = new SFNClient({ region: 'us-east-1' });
  const slept: number[] = [];
  const stacks = connectStacks(
    { cloudFormation, sfn },
    {
      sleep: async (seconds) => {
        slept.push(seconds);
      },
    },
  );
  return { stacks, slept, aws: mockClient(cloudFormation), steps: mockClient(sfn) };
}

function invalid(message: string) {
  return new CloudFormationServiceException({ name: 'ValidationError', $fault: 'client', message, $metadata: {} });
}

/** With the fields that the SDK's types want. */
function aStack(
  StackStatus: 'UPDATE_IN_PROGRESS' | 'UPDATE_COMPLETE' | 'UPDATE_ROLLBACK_COMPLETE',
  parts: object = {},
) {
  return { Stacks: [{ StackName: NAME, CreationTime: new Date(0), StackStatus, ...parts }] };
}

describe('a stack', () => {
  it('is described by its status, parameters and outputs', async () => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStacksCommand, { StackName: NAME }).resolves(
      aStack('UPDATE_COMPLETE', {
        Parameters: [{ ParameterKey: 'Triggers', ParameterValue: 'ENABLED' }],
        Outputs: [{ OutputKey: 'OnboardingArn', OutputValue: 'arn:machine' }],
      }),
    );
    expect(await stacks.describe(NAME)).toEqual({
      status: 'UPDATE_COMPLETE',
      parameters: { Triggers: 'ENABLED' },
      outputs: { OnboardingArn: 'arn:machine' },
    });
  });

  it('is undefined when there is none, and nothing else is taken for that', async () => {
    const { stacks, aws } = theStacks();
    aws
      .on(DescribeStacksCommand)
      .rejectsOnce(invalid('Stack with id usher-prod does not exist'))
      .rejectsOnce(invalid('1 validation error detected'))
      .rejectsOnce(new Error('does not exist'));
    expect(await stacks.describe(NAME)).toBeUndefined();
    await expect(stacks.describe(NAME)).rejects.toThrow('1 validation error');
    await expect(stacks.describe(NAME)).rejects.toThrow('does not exist');
  });

  it('has its resources listed to the last page', async () => {
    const { stacks, aws } = theStacks();
    const one = (LogicalResourceId: string) => ({
      LogicalResourceId,
      ResourceType: 'T',
      PhysicalResourceId: `the-${LogicalResourceId}`,
      LastUpdatedTimestamp: new Date(0),
      ResourceStatus: 'CREATE_COMPLETE' as const,
    });
    aws.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: [one('A')], NextToken: 'more' });
    aws.on(ListStackResourcesCommand, { NextToken: 'more' }).resolves({ StackResourceSummaries: [one('B')] });
    expect(await stacks.resources(NAME)).toEqual([
      { logicalId: 'A', type: 'T', physicalId: 'the-A' },
      { logicalId: 'B', type: 'T', physicalId: 'the-B' },
    ]);
  });

  it('says in its template what is retained', async () => {
    const { stacks, aws } = theStacks();
    const Resources = { Ledger: { Type: 'T', DeletionPolicy: 'Retain' }, Tick: { Type: 'T' } };
    aws.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify({ Resources }) });
    expect(await stacks.retained(NAME)).toEqual(new Set(['Ledger']));
  });
});

describe('parameters', () => {
  const parameters = [{ ParameterKey: 'Triggers', ParameterValue: 'DISABLED' }];

  it('are set on the template as it is, and it is waited until that is done', async () => {
    const { stacks, aws, slept } = theStacks();
    aws.on(UpdateStackCommand).resolves({});
    aws
      .on(DescribeStacksCommand)
      .resolvesOnce(aStack('UPDATE_IN_PROGRESS'))
      .resolvesOnce(aStack('UPDATE_IN_PROGRESS'))
      .resolves(aStack('UPDATE_COMPLETE'));
    expect(await stacks.setParameters(NAME, parameters)).toBe('UPDATE_COMPLETE');
    expect(slept).toEqual([5, 5]);
    expect(aws.commandCalls(UpdateStackCommand)[0]?.args[0].input).toMatchObject({
      StackName: NAME,
      UsePreviousTemplate: true,
      Parameters: parameters,
    });
  });

  it('that are as they were change nothing', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(invalid('No updates are to be performed.'));
    expect(await stacks.setParameters(NAME, parameters)).toBe('unchanged');
  });

  it('that are refused fail', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(invalid('Parameters: [Triggers] do not exist in the template'));
    await expect(stacks.setParameters(NAME, parameters)).rejects.toThrow('do not exist in the template');
  });

  it('are waited for half an hour, and no longer', async () => {
    const { stacks, aws, slept } = theStacks();
    aws.on(UpdateStackCommand).resolves({});
    aws.on(DescribeStacksCommand).resolves(aStack('UPDATE_IN_PROGRESS'));
    await expect(stacks.setParameters(NAME, parameters)).rejects.toThrow('has not finished');
    expect(slept.reduce((sum, one) => sum + one, 0)).toBe(1800);
  });
});

describe('a preview', () => {
  const change = (LogicalResourceId: string, Replacement: 'True' | 'False') => ({
    ResourceChange: { Action: 'Modify' as const, LogicalResourceId, ResourceType: 'T', Replacement },
  });

  it('lists the changes to the last page, and leaves no change set behind', async () => {
    const { stacks, aws, slept } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws
      .on(DescribeChangeSetCommand)
      .resolvesOnce({ Status: 'CREATE_IN_PROGRESS' })
      .resolves({ Status: 'CREATE_COMPLETE', Changes: [change('A', 'True')], NextToken: 'more' });
    aws
      .on(DescribeChangeSetCommand, { NextToken: 'more' })
      .resolves({ Status: 'CREATE_COMPLETE', Changes: [change('B', 'False')] });
    expect(await stacks.preview(INPUT)).toEqual([
      { action: 'Modify', logicalId: 'A', type: 'T', replaced: true },
      { action: 'Modify', logicalId: 'B', type: 'T', replaced: false },
    ]);
    expect(slept).toEqual([5]);
    expect(aws.commandCalls(CreateChangeSetCommand)[0]?.args[0].input).toEqual(INPUT);
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
  });

  it.each(["The submitted information didn't contain changes.", 'No updates are to be performed.'])(
    'is empty when nothing would change: %s',
    async (StatusReason) => {
      const { stacks, aws } = theStacks();
      aws.on(CreateChangeSetCommand).resolves({});
      aws.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
      expect(await stacks.preview(INPUT)).toEqual([]);
    },
  );

  it('fails when AWS refuses it, and leaves no change set behind', async () => {
    const { stacks, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason: 'no such role' });
    await expect(stacks.preview(INPUT)).rejects.toThrow('CloudFormation refuses the change set: no such role');
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
  });
});

describe('running executions', () => {
  it('are counted to the last page', async () => {
    const { stacks, steps } = theStacks();
    const one = {
      executionArn: 'a',
      stateMachineArn: 'm',
      name: 'n',
      status: 'RUNNING' as const,
      startDate: new Date(0),
    };
    steps.on(ListExecutionsCommand).resolves({ executions: [one, one], nextToken: 'more' });
    steps.on(ListExecutionsCommand, { nextToken: 'more' }).resolves({ executions: [one] });
    expect(await stacks.running('m')).toBe(3);
    expect(steps.commandCalls(ListExecutionsCommand)[0]?.args[0].input).toMatchObject({
      stateMachineArn: 'm',
      statusFilter: 'RUNNING',
    });
  });
});

describe('what lacks access', () => {
  it('is told from what is broken', () => {
    for (const name of ['CredentialsProviderError', 'ExpiredToken', 'AccessDenied']) {
      expect(lacksAccess(Object.assign(new Error('no'), { name }))).toBe(true);
    }
    expect(lacksAccess(invalid('no'))).toBe(false);
    expect(lacksAccess('AccessDenied')).toBe(false);
  });
});

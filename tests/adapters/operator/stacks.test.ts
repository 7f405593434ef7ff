import {
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { UpdateRefused } from '../../../adapters/operator/stacks.ts';
import { aValidationError, theStacks } from '../../support/stacks.ts';

const NAME = 'usher-prod';
const ARN = 'arn:aws:cloudformation:us-east-1:111122223333:stack/usher-prod/1';

/** With the fields that the SDK's types want. */
function aStack(StackStatus: 'UPDATE_IN_PROGRESS' | 'UPDATE_COMPLETE' | 'DELETE_COMPLETE', parts: object = {}) {
  return { Stacks: [{ StackId: ARN, StackName: NAME, CreationTime: new Date(0), StackStatus, ...parts }] };
}

/** An event of a resource, or of the stack itself. */
const event = (id: string, ResourceStatus: string, ResourceStatusReason = '') => ({
  StackId: ARN,
  EventId: id,
  StackName: NAME,
  Timestamp: new Date(0),
  LogicalResourceId: id,
  PhysicalResourceId: id === NAME ? ARN : id,
  ResourceType: 'T',
  ResourceStatus: ResourceStatus as 'CREATE_FAILED',
  ResourceStatusReason,
});

describe('a stack', () => {
  it('is described by its status, parameters, outputs, tags and protection', async () => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStacksCommand, { StackName: NAME }).resolves(
      aStack('UPDATE_COMPLETE', {
        EnableTerminationProtection: true,
        Parameters: [{ ParameterKey: 'Triggers', ParameterValue: 'ENABLED' }],
        Outputs: [{ OutputKey: 'OnboardingArn', OutputValue: 'arn:machine' }],
        Tags: [{ Key: 'stage', Value: 'prod' }],
      }),
    );
    expect(await stacks.describe(NAME)).toEqual({
      id: ARN,
      status: 'UPDATE_COMPLETE',
      parameters: { Triggers: 'ENABLED' },
      outputs: { OnboardingArn: 'arn:machine' },
      tags: { stage: 'prod' },
      isProtected: true,
    });
  });

  it('gets and loses termination protection', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateTerminationProtectionCommand).resolves({ StackId: ARN });
    for (const isProtected of [true, false]) await stacks.protect(ARN, isProtected);
    const inputs = aws.commandCalls(UpdateTerminationProtectionCommand).map(({ args }) => args[0].input);
    expect(inputs).toEqual([
      { StackName: ARN, EnableTerminationProtection: true },
      { StackName: ARN, EnableTerminationProtection: false },
    ]);
  });

  it('is created with its tags, and deleted if that fails', async () => {
    const { stacks, aws } = theStacks();
    aws.on(CreateStackCommand).resolves({ StackId: ARN });
    expect(await stacks.create(NAME, '{}', { stage: 'prod' })).toBe(ARN);
    expect(aws.commandCalls(CreateStackCommand)[0]?.args[0].input).toMatchObject({
      StackName: NAME,
      TemplateBody: '{}',
      Tags: [{ Key: 'stage', Value: 'prod' }],
      OnFailure: 'DELETE',
    });
  });

  it('is undefined if there is none or it is deleted, and nothing else is taken for that', async () => {
    const { stacks, aws } = theStacks();
    aws
      .on(DescribeStacksCommand)
      .rejectsOnce(aValidationError('Stack with id usher-prod does not exist'))
      .resolvesOnce(aStack('DELETE_COMPLETE'))
      .rejectsOnce(aValidationError('1 validation error detected'))
      .rejectsOnce(new Error('does not exist'));
    expect(await stacks.describe(NAME)).toBeUndefined();
    expect(await stacks.describe(ARN)).toBeUndefined();
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
      { logicalId: 'A', type: 'T', physicalId: 'the-A', status: 'CREATE_COMPLETE' },
      { logicalId: 'B', type: 'T', physicalId: 'the-B', status: 'CREATE_COMPLETE' },
    ]);
  });

  it('has a template, of which nothing is lost', async () => {
    const { stacks, aws } = theStacks();
    const template = { Resources: { Ledger: { Type: 'T', DeletionPolicy: 'Retain', Condition: 'C' } }, Outputs: {} };
    aws.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(template) });
    expect(await stacks.template(NAME)).toEqual(template);
  });

  it('has the failures of its last operation, to the last page and not those of an earlier one', async () => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStackEventsCommand).resolves({
      StackEvents: [
        event(NAME, 'UPDATE_ROLLBACK_COMPLETE'),
        event('B', 'UPDATE_FAILED', 'Resource update cancelled'),
        event(NAME, 'UPDATE_ROLLBACK_IN_PROGRESS'),
      ],
      NextToken: 'more',
    });
    aws.on(DescribeStackEventsCommand, { NextToken: 'more' }).resolves({
      StackEvents: [
        event('D', 'CREATE_FAILED', 'later'),
        event('A', 'UPDATE_FAILED', 'denied'),
        event(NAME, 'UPDATE_IN_PROGRESS', 'User Initiated'),
        event('C', 'UPDATE_FAILED', 'long ago'),
      ],
    });
    expect(await stacks.failures(NAME)).toEqual([
      { logicalId: 'A', type: 'T', status: 'UPDATE_FAILED', reason: 'denied' },
      { logicalId: 'D', type: 'T', status: 'CREATE_FAILED', reason: 'later' },
    ]);
  });

  it('has the failures of its deletion alone', async () => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStackEventsCommand).resolves({
      StackEvents: [
        event(NAME, 'DELETE_FAILED'),
        event('A', 'DELETE_FAILED', 'not empty'),
        event(NAME, 'DELETE_IN_PROGRESS', 'User Initiated'),
        event(NAME, 'UPDATE_ROLLBACK_COMPLETE'),
        event('B', 'UPDATE_FAILED', 'long ago'),
      ],
    });
    expect(await stacks.failures(NAME)).toMatchObject([{ logicalId: 'A', reason: 'not empty' }]);
  });

  it.each([
    ['says so', [event(NAME, 'CREATE_FAILED')]],
    ['does not say so', []],
  ])('has the failures of a creation that CloudFormation has undone, and whose end %s', async (_fact, ends) => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStackEventsCommand).resolves({
      StackEvents: [
        event(NAME, 'DELETE_COMPLETE'),
        event('B', 'DELETE_COMPLETE'),
        event(NAME, 'DELETE_IN_PROGRESS', 'The following resource(s) failed to create: [A].'),
        ...ends,
        event('A', 'CREATE_FAILED', 'denied'),
        event(NAME, 'CREATE_IN_PROGRESS', 'User Initiated'),
      ],
    });
    expect(await stacks.failures(ARN)).toEqual([
      { logicalId: 'A', type: 'T', status: 'CREATE_FAILED', reason: 'denied' },
    ]);
  });
});

describe('parameters', () => {
  const parameters = [{ ParameterKey: 'Triggers', ParameterValue: 'DISABLED' }];

  it('are set on the template as it is', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).resolves({});
    expect(await stacks.setParameters(NAME, parameters)).toBe(true);
    expect(aws.commandCalls(UpdateStackCommand)[0]?.args[0].input).toMatchObject({
      StackName: NAME,
      UsePreviousTemplate: true,
      Parameters: parameters,
    });
  });

  it('that are as they were change nothing', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(aValidationError('No updates are to be performed.'));
    expect(await stacks.setParameters(NAME, parameters)).toBe(false);
  });

  it('that are refused fail', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(aValidationError('Parameters: [Triggers] do not exist in the template'));
    await expect(stacks.setParameters(NAME, parameters)).rejects.toThrow('do not exist in the template');
  });

  it.each([
    `Stack:${ARN} is in UPDATE_IN_PROGRESS state and can not be updated.`,
    'This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API.',
  ])('are not set in a status that takes no update: %s', async (message) => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(aValidationError(message));
    await expect(stacks.setParameters(NAME, parameters)).rejects.toThrow(UpdateRefused);
  });
});

describe('waiting', () => {
  it('lasts until CloudFormation has finished', async () => {
    const { stacks, aws, slept } = theStacks();
    const seen: string[] = [];
    aws
      .on(DescribeStacksCommand)
      .resolvesOnce(aStack('UPDATE_IN_PROGRESS'))
      .resolvesOnce(aStack('UPDATE_IN_PROGRESS'))
      .resolves(aStack('UPDATE_COMPLETE'));
    expect(await stacks.settled(NAME, (status) => seen.push(status))).toMatchObject({ status: 'UPDATE_COMPLETE' });
    expect(slept).toEqual([5, 5]);
    expect(seen).toEqual(['UPDATE_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE']);
  });

  it('lasts half an hour, and no longer', async () => {
    const { stacks, aws, slept } = theStacks();
    aws.on(DescribeStacksCommand).resolves(aStack('UPDATE_IN_PROGRESS'));
    await expect(stacks.settled(NAME)).rejects.toThrow('has not finished');
    expect(slept.reduce((sum, one) => sum + one, 0)).toBe(1800);
  });

  it('ends when the command is ended', async () => {
    const { stacks, aws, interruption } = theStacks();
    aws.on(DescribeStacksCommand).callsFake(() => {
      interruption.abort(new Error('interrupted'));
      return aStack('UPDATE_IN_PROGRESS');
    });
    await expect(stacks.settled(NAME)).rejects.toThrow('interrupted');
  });
});

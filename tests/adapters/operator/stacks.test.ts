import {
  ChangeSetNotFoundException,
  CloudFormationClient,
  CloudFormationServiceException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  InvalidChangeSetStatusException,
  ListChangeSetsCommand,
  ListStackResourcesCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { cloudFormationChangeSets } from '../../../adapters/operator/change-sets.ts';
import { cloudFormationStacks, lacksAccess, UpdateRefused } from '../../../adapters/operator/stacks.ts';

const NAME = 'usher-prod';
const ARN = 'arn:aws:cloudformation:us-east-1:111122223333:stack/usher-prod/1';
const REQUEST = { stackName: NAME, templateUrl: 'https://s3.example/template.json', parameters: [], tags: { a: 'b' } };

function theStacks() {
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

function invalid(message: string) {
  return new CloudFormationServiceException({ name: 'ValidationError', $fault: 'client', message, $metadata: {} });
}

/** With the fields that the SDK's types want. */
function aStack(StackStatus: 'UPDATE_IN_PROGRESS' | 'UPDATE_COMPLETE' | 'DELETE_COMPLETE', parts: object = {}) {
  return { Stacks: [{ StackId: ARN, StackName: NAME, CreationTime: new Date(0), StackStatus, ...parts }] };
}

describe('a stack', () => {
  it('is described by its status, parameters, outputs and protection', async () => {
    const { stacks, aws } = theStacks();
    aws.on(DescribeStacksCommand, { StackName: NAME }).resolves(
      aStack('UPDATE_COMPLETE', {
        EnableTerminationProtection: true,
        Parameters: [{ ParameterKey: 'Triggers', ParameterValue: 'ENABLED' }],
        Outputs: [{ OutputKey: 'OnboardingArn', OutputValue: 'arn:machine' }],
      }),
    );
    expect(await stacks.describe(NAME)).toEqual({
      id: ARN,
      status: 'UPDATE_COMPLETE',
      parameters: { Triggers: 'ENABLED' },
      outputs: { OnboardingArn: 'arn:machine' },
      isProtected: true,
    });
  });

  it('is undefined if there is none or it is deleted, and nothing else is taken for that', async () => {
    const { stacks, aws } = theStacks();
    aws
      .on(DescribeStacksCommand)
      .rejectsOnce(invalid('Stack with id usher-prod does not exist'))
      .resolvesOnce(aStack('DELETE_COMPLETE'))
      .rejectsOnce(invalid('1 validation error detected'))
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
    aws.on(UpdateStackCommand).rejects(invalid('No updates are to be performed.'));
    expect(await stacks.setParameters(NAME, parameters)).toBe(false);
  });

  it('that are refused fail', async () => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(invalid('Parameters: [Triggers] do not exist in the template'));
    await expect(stacks.setParameters(NAME, parameters)).rejects.toThrow('do not exist in the template');
  });

  it.each([
    `Stack:${ARN} is in UPDATE_IN_PROGRESS state and can not be updated.`,
    'This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API.',
  ])('are not set in a status that takes no update: %s', async (message) => {
    const { stacks, aws } = theStacks();
    aws.on(UpdateStackCommand).rejects(invalid(message));
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

describe('a change set', () => {
  const change = (LogicalResourceId: string, Replacement: 'True' | 'False' | 'Conditional') => ({
    ResourceChange: { Action: 'Modify' as const, LogicalResourceId, ResourceType: 'T', Replacement },
  });
  const changesOf = async ({ changes }: { changes: unknown }) => changes;

  it('lists the changes to the last page, and is not left behind', async () => {
    const { changeSets, aws, slept } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws
      .on(DescribeChangeSetCommand)
      .resolvesOnce({ Status: 'CREATE_IN_PROGRESS' })
      .resolves({ Status: 'CREATE_COMPLETE', Changes: [change('A', 'True')], NextToken: 'more' });
    aws.on(DescribeChangeSetCommand, { NextToken: 'more' }).resolves({
      Status: 'CREATE_COMPLETE',
      Changes: [change('B', 'False'), change('C', 'Conditional')],
    });
    expect(await changeSets.preview(REQUEST, changesOf)).toEqual([
      { action: 'Modify', logicalId: 'A', type: 'T', replaced: true },
      { action: 'Modify', logicalId: 'B', type: 'T', replaced: false },
      { action: 'Modify', logicalId: 'C', type: 'T', replaced: 'maybe' },
    ]);
    expect(slept).toEqual([5]);
    expect(aws.commandCalls(CreateChangeSetCommand)[0]?.args[0].input).toMatchObject({
      StackName: NAME,
      ChangeSetName: 'usher-deploy-1',
      TemplateURL: REQUEST.templateUrl,
      Tags: [{ Key: 'a', Value: 'b' }],
      ImportExistingResources: true,
    });
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
  });

  it.each(["The submitted information didn't contain changes.", 'No updates are to be performed.'])(
    'is empty when nothing would change: %s',
    async (StatusReason) => {
      const { changeSets, aws } = theStacks();
      aws.on(CreateChangeSetCommand).resolves({});
      aws.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
      expect(await changeSets.preview(REQUEST, changesOf)).toBeUndefined();
    },
  );

  it('fails when AWS refuses it, and is not left behind', async () => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason: 'no such role' });
    await expect(changeSets.preview(REQUEST, changesOf)).rejects.toThrow(
      'refuses the change set (FAILED): no such role',
    );
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
  });

  it('is deleted once CloudFormation allows it, also when the command is ended', async () => {
    const { changeSets, aws, interruption } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).callsFake(() => {
      interruption.abort(new Error('interrupted'));
      return { Status: 'CREATE_IN_PROGRESS' };
    });
    const busy = new InvalidChangeSetStatusException({ message: 'CREATE_IN_PROGRESS', $metadata: {} });
    aws.on(DeleteChangeSetCommand).rejectsOnce(busy).rejectsOnce(busy).resolves({});
    await expect(changeSets.preview(REQUEST, changesOf)).rejects.toThrow('interrupted');
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(3);
  });

  it('that another update has deleted counts as deleted', async () => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [] });
    aws.on(DeleteChangeSetCommand).rejects(new ChangeSetNotFoundException({ message: 'gone', $metadata: {} }));
    expect(await changeSets.preview(REQUEST, changesOf)).toEqual([]);
  });

  it('whose deletion fails for another reason fails', async () => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [] });
    aws.on(DeleteChangeSetCommand).rejects(new Error('no network'));
    await expect(changeSets.preview(REQUEST, changesOf)).rejects.toThrow('no network');
  });

  it('is not executed without a network, and is deleted', async () => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [] });
    aws.on(ExecuteChangeSetCommand).rejects(new Error('no network'));
    await expect(changeSets.preview(REQUEST, ({ execute }) => execute())).rejects.toThrow('no network');
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(1);
  });

  it('that CloudFormation does not delete within a minute is left for a later command', async () => {
    const { changeSets, aws, slept } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [] });
    const busy = new InvalidChangeSetStatusException({ message: 'CREATE_IN_PROGRESS', $metadata: {} });
    aws.on(DeleteChangeSetCommand).rejects(busy);
    expect(await changeSets.preview(REQUEST, changesOf)).toEqual([]);
    expect(slept.reduce((sum, one) => sum + one, 0)).toBe(60);
  });

  it('is not deleted once it is executed', async () => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [change('A', 'False')] });
    await changeSets.preview(REQUEST, ({ execute }) => execute());
    expect(aws.commandCalls(ExecuteChangeSetCommand)).toHaveLength(1);
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(0);
  });

  it('that was abandoned is found to the last page', async () => {
    const { changeSets, aws } = theStacks();
    const one = (ChangeSetName: string, CreationTime: Date) => ({ ChangeSetName, CreationTime });
    const old = new Date('2026-01-01T10:59:00Z');
    aws.on(ListChangeSetsCommand).resolves({ Summaries: [one('usher-deploy-a', old)], NextToken: 'more' });
    aws.on(ListChangeSetsCommand, { NextToken: 'more' }).resolves({
      Summaries: [
        one('usher-deploy-b', old),
        one('usher-deploy-c', new Date('2026-01-01T11:01:00Z')),
        one('d', old),
        { ...one('usher-deploy-e', old), ExecutionStatus: 'EXECUTE_COMPLETE' as const },
      ],
    });
    expect(await changeSets.deleteAbandoned(NAME)).toEqual(['usher-deploy-a', 'usher-deploy-b']);
    expect(aws.commandCalls(DeleteChangeSetCommand)).toHaveLength(2);
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

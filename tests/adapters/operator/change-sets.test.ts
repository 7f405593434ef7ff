import {
  ChangeSetNotFoundException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  ExecuteChangeSetCommand,
  InvalidChangeSetStatusException,
  ListChangeSetsCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { UpdateRefused } from '../../../adapters/operator/stacks.ts';
import { theStacks } from '../../support/stacks.ts';

const NAME = 'usher-prod';
const REQUEST = { stackName: NAME, templateUrl: 'https://s3.example/template.json', parameters: [], tags: { a: 'b' } };

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

  it.each([
    new ChangeSetNotFoundException({ message: 'gone', $metadata: {} }),
    new InvalidChangeSetStatusException({ message: 'OBSOLETE', $metadata: {} }),
  ])('that another update has made obsolete is refused: $name', async (error) => {
    const { changeSets, aws } = theStacks();
    aws.on(CreateChangeSetCommand).resolves({});
    aws.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE', Changes: [] });
    aws.on(ExecuteChangeSetCommand).rejects(error);
    await expect(changeSets.preview(REQUEST, ({ execute }) => execute())).rejects.toThrow(UpdateRefused);
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

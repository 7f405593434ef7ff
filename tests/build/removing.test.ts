import { describe, expect, it } from 'vitest';
import { deploy } from '../../build/deploying.ts';
import { remove } from '../../build/removing.ts';
import { anAccount, type Deploying } from '../support/deploying.ts';

const OPTIONS = { stage: 'prod', dryRun: false };
const MACHINES = { OnboardingArn: 'arn:onboarding', OnboardingAdminArn: 'arn:admin' };

async function aDeployedStage(): Promise<Deploying> {
  const account = await anAccount();
  await deploy(
    { ...OPTIONS, parameters: { AlarmTopicArn: 'arn:topic' }, tags: {}, mayLose: [] },
    account.operator().tools,
  );
  if (account.aws.stack) account.aws.stack.outputs = MACHINES;
  account.aws.calls.length = 0;
  return account;
}

function changing(calls: readonly string[]): string[] {
  return calls.filter((call) => /UpdateStack|DeleteStack| POST /.test(call));
}

describe('a removal', () => {
  it('asks for the name of the stage, disables the triggers, empties the bucket and deletes the stack', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed, asked } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(asked).toEqual(['To remove the stage from this account, type its name:']);
    expect(changing(aws.calls)).toEqual([
      'cloudformation UpdateStack',
      's3 POST /the-bucket/?delete=',
      'cloudformation DeleteStack',
    ]);
    expect(aws.stack?.parameters).toEqual({ Triggers: 'DISABLED', AlarmTopicArn: 'arn:topic' });
    expect(aws.objects.size).toBe(0);
    const text = printed.join('\n');
    expect(text).toContain('usher-prod is deleted.');
    expect(text).toContain('These resources are retained, too:\n');
    expect(text).toContain('usher-prod-Ledger');
    expect(text).toContain('usher-prod-AuditBus');
    expect(text).toContain('aws sqs delete-queue --queue-url usher-prod-UndeliveredEvents');
    expect(text).not.toContain('usher-prod-Rule');
  });

  it('removes nothing when another name is typed, and fails', async () => {
    const { aws, operator } = await aDeployedStage();
    expect(await remove(OPTIONS, operator({ word: 'try' }).tools)).toBe(1);
    expect(changing(aws.calls)).toEqual([]);
  });

  it('prints what would stay when it is dry', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed } = operator();
    expect(await remove({ ...OPTIONS, dryRun: true }, tools)).toBe(0);
    expect(printed).toContain('3 resources of usher-prod would be deleted.');
    expect(changing(aws.calls)).toEqual([]);
  });

  it('continues where it was stopped: disabled triggers are no obstacle', async () => {
    const { aws, operator } = await aDeployedStage();
    if (aws.stack) aws.stack.parameters['Triggers'] = 'DISABLED';
    expect(await remove(OPTIONS, operator().tools)).toBe(0);
  });

  it.each(['UPDATE_COMPLETE', 'UPDATE_ROLLBACK_FAILED'])(
    'removes nothing while executions run, in %s',
    async (status) => {
      const { aws, operator } = await aDeployedStage();
      if (aws.stack) aws.stack.status = status;
      aws.running = 2;
      const { tools, printed } = operator();
      expect(await remove(OPTIONS, tools)).toBe(3);
      expect(printed.at(-1)).toContain('4 executions still run');
      expect(aws.calls).not.toContain('cloudformation DeleteStack');
      expect(aws.objects.size).toBeGreaterThan(0);
    },
  );

  it('removes nothing when the triggers cannot be disabled, and says why', async () => {
    const { aws, operator } = await aDeployedStage();
    const failure = { logicalId: 'Rule', type: 'AWS::Events::Rule', status: 'UPDATE_FAILED', reason: 'denied' };
    aws.ending = { status: 'UPDATE_ROLLBACK_COMPLETE', failures: [failure] };
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(1);
    expect(printed).toContain('  Rule (AWS::Events::Rule) UPDATE_FAILED: denied');
    expect(aws.calls).not.toContain('cloudformation DeleteStack');
  });

  it('says what is left when the deletion fails, and how to give it up', async () => {
    const { aws, operator } = await aDeployedStage();
    if (aws.stack) aws.stack.parameters['Triggers'] = 'DISABLED';
    const failure = { logicalId: 'Rule', type: 'AWS::Events::Rule', status: 'DELETE_FAILED', reason: 'has targets' };
    aws.ending = { status: 'DELETE_FAILED', failures: [failure] };
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(1);
    expect(printed).toContain('  Rule (AWS::Events::Rule) DELETE_FAILED: has targets');
    expect(printed.at(-1)).toBe(
      '  aws cloudformation delete-stack --stack-name usher-prod --region us-east-1 --retain-resources Rule',
    );
    expect(await remove(OPTIONS, operator().tools)).toBe(0);
  });

  it('passes over what an earlier removal has deleted, and what was never created', async () => {
    const { aws, operator } = await aDeployedStage();
    const { stack } = aws;
    if (!stack) throw new Error('The stage is deployed');
    stack.status = 'DELETE_FAILED';
    for (const [id, resource] of stack.resources) {
      if (id === 'Plan' || id === 'ServerlessDeploymentBucket') resource.status = 'DELETE_COMPLETE';
      if (id === 'UndeliveredEvents') resource.physicalId = '';
    }
    aws.objects.clear();
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed).toContain('1 resource of usher-prod would be deleted.');
    expect(changing(aws.calls)).toEqual(['cloudformation DeleteStack']);
    expect(printed.join('\n')).not.toContain('delete-queue');
  });

  it('lists nothing as retained if nothing is', async () => {
    const { aws, operator } = await aDeployedStage();
    for (const [id, resource] of aws.stack?.resources ?? []) if (id !== 'Plan') resource.status = 'DELETE_COMPLETE';
    const { tools, printed } = operator();
    expect(await remove({ ...OPTIONS, dryRun: true }, tools)).toBe(0);
    expect(printed).toContain('All users keep their seats: the assignments belong to Identity Center.');
    expect(printed.join('\n')).not.toContain('retained, too');
  });

  it('turns termination protection off once the stage was typed, and says so before', async () => {
    const { aws, operator } = await aDeployedStage();
    expect(aws.stack?.isProtected).toBe(true);
    const declined = operator({ word: 'try' });
    expect(await remove(OPTIONS, declined.tools)).toBe(1);
    expect(declined.printed).toContain('usher-prod has termination protection.');
    expect(aws.stack?.isProtected).toBe(true);
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed).toContain('Termination protection is off.');
    expect(aws.stack?.status).toBe('DELETE_COMPLETE');
  });

  it('leaves termination protection on while executions run, and when it is dry', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.running = 1;
    expect(await remove(OPTIONS, operator().tools)).toBe(3);
    expect(await remove({ ...OPTIONS, dryRun: true }, operator().tools)).toBe(0);
    expect(aws.stack?.isProtected).toBe(true);
  });

  it('says nothing of a protection that the stage does not have', async () => {
    const { aws, operator } = await aDeployedStage();
    if (aws.stack) aws.stack.isProtected = false;
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed.join('\n')).not.toContain('protection');
    expect(aws.calls).not.toContain('cloudformation UpdateTerminationProtection');
  });

  it('names the command that turns termination protection off with --yes, and touches nothing', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed } = operator({ isUnattended: true });
    expect(await remove(OPTIONS, tools)).toBe(3);
    expect(printed).toContain(
      '  aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name usher-prod --region us-east-1',
    );
    expect(changing(aws.calls)).toEqual([]);
  });

  it('disables nothing in a stack without the parameter Triggers, and says so', async () => {
    const { aws, operator } = await anAccount();
    aws.deployed('UPDATE_COMPLETE', { template: { Resources: { Q: { Type: 'AWS::SQS::Queue' } } } });
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed.join('\n')).toContain('usher-prod has no parameter Triggers');
  });

  it('says when another operator deploys in the meantime', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed } = operator();
    const confirmWord = async () => {
      if (aws.stack) aws.stack.status = 'UPDATE_IN_PROGRESS';
      return true;
    };
    expect(await remove(OPTIONS, { ...tools, confirmWord })).toBe(3);
    expect(printed.join('\n')).toContain('usher-prod is UPDATE_IN_PROGRESS');
    expect(aws.objects.size).toBeGreaterThan(0);
  });

  it('says what the stack does when the credentials expire during the deletion', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.polls = 3;
    let reads = 0;
    aws.before = (call) => {
      if (!call.endsWith('DescribeStacks') || !aws.calls.includes('cloudformation DeleteStack')) return;
      reads += 1;
      if (reads > 1) aws.refuse('ExpiredToken', 'The security token included in the request is expired', 403);
    };
    const { tools, printed } = operator();
    await expect(remove(OPTIONS, tools)).rejects.toMatchObject({ name: 'ExpiredToken' });
    expect(printed.join('\n')).toContain('usher-prod was DELETE_IN_PROGRESS when it was last read.');
  });

  it.each([
    ['disables nothing', 'UPDATE_COMPLETE', 'GetTemplate'],
    ['empties and deletes nothing', 'UPDATE_ROLLBACK_FAILED', 'states ListExecutions'],
  ])('%s once the operator has ended the command', async (_fact, status, last) => {
    const { aws, operator, interrupt } = await aDeployedStage();
    if (aws.stack) aws.stack.status = status;
    aws.before = (call) => {
      if (call.endsWith(last)) interrupt();
    };
    await expect(remove(OPTIONS, operator().tools)).rejects.toThrow('interrupted');
    expect(changing(aws.calls)).toEqual([]);
  });

  it('says that nothing is deployed where nothing is', async () => {
    const { operator } = await anAccount();
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(3);
    expect(printed.at(-1)).toBe('usher-prod is not deployed.');
  });
});

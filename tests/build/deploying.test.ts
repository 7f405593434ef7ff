import { describe, expect, it } from 'vitest';
import { type DeployOptions, deploy } from '../../build/deploying.ts';
import { anAccount, aPackage, type Deploying, TEMPLATE } from '../support/deploying.ts';

const OPTIONS: DeployOptions = { stage: 'prod', parameters: {}, tags: {}, dryRun: false, mayLose: [] };
const DISABLED = { ...OPTIONS, parameters: { Triggers: 'DISABLED' } };
const DRY = { ...OPTIONS, dryRun: true };

/** An account with a stage, deployed by the command itself. */
async function aDeployedStage(): Promise<Deploying> {
  const account = await anAccount();
  expect(await deploy(OPTIONS, account.operator().tools)).toBe(0);
  account.aws.calls.length = 0;
  return account;
}

function changing(calls: readonly string[]): string[] {
  return calls.filter((call) => /CreateStack|UpdateStack|ExecuteChangeSet|DeleteStack/.test(call));
}

describe('a first deployment', () => {
  it('creates the stack and leads to the package', async () => {
    const { aws, operator } = await anAccount();
    aws.alias = 'identity';
    const { tools, printed, asked } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.slice(0, 4)).toEqual([
      'Account 111122223333 (identity)',
      'Region  us-east-1',
      'Stage   prod',
      'Stack   usher-prod, not deployed',
    ]);
    expect(printed).toContain('+ Ledger                     AWS::DynamoDB::Table');
    expect(asked).toEqual(['Create these resources?']);
    expect(aws.stack).toMatchObject({
      status: 'UPDATE_COMPLETE',
      parameters: { Triggers: 'ENABLED', AlarmTopicArn: '' },
      tags: { application: 'usher', stage: 'prod' },
    });
    expect(aws.code.get('usher-prod-plan')).toBe(aPackage().functions[0]?.sha256);
  });

  it('lists what it creates once, and what it takes over from an earlier stack', async () => {
    const { aws, operator } = await anAccount();
    aws.left = ['Ledger'];
    const { tools, printed } = operator();
    expect(await deploy({ ...DISABLED, mayLose: ['Ledger'] }, tools)).toBe(0);
    const of = (text: string) => printed.filter((line) => line.includes(text));
    expect(of('AWS::Events::Rule')).toHaveLength(1);
    expect(of('Triggers')).toEqual(['~ Triggers: none → DISABLED']);
    expect(of('> Ledger')).toHaveLength(1);
  });

  it.each([
    ['aws', 'https://s3.us-east-1.amazonaws.com/the-bucket/usher/prod/templates/run-1.json'],
    ['aws-cn', 'https://s3.us-east-1.amazonaws.com.cn/the-bucket/usher/prod/templates/run-1.json'],
  ])('has its template in the bucket of the stack, in the partition %s', async (partition, url) => {
    const { aws, operator } = await anAccount();
    aws.partition = partition;
    expect(await deploy(OPTIONS, operator().tools)).toBe(0);
    expect(aws.templateUrls).toEqual([url]);
  });

  it('changes nothing when it is declined, and fails', async () => {
    const { aws, operator } = await anAccount();
    expect(await deploy(OPTIONS, operator({ answer: false }).tools)).toBe(1);
    expect(aws.stack).toBeUndefined();
  });

  it('changes nothing when it is dry', async () => {
    const { aws, operator } = await anAccount();
    const { tools, printed } = operator();
    expect(await deploy({ ...DRY, ...DISABLED, dryRun: true }, tools)).toBe(0);
    expect(printed).toContain('~ Triggers: none → DISABLED');
    expect(changing(aws.calls)).toEqual([]);
  });

  it('says why the stack could not be created, and is possible again', async () => {
    const { aws, operator } = await anAccount();
    const failure = { logicalId: 'ServerlessDeploymentBucket', type: 'AWS::S3::Bucket', status: 'CREATE_FAILED' };
    aws.ending = { status: 'DELETE_COMPLETE', failures: [{ ...failure, reason: 'no s3:CreateBucket' }] };
    const { tools, printed } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(1);
    expect(printed).toContain('  ServerlessDeploymentBucket (AWS::S3::Bucket) CREATE_FAILED: no s3:CreateBucket');
    expect(await deploy(OPTIONS, operator().tools)).toBe(0);
  });

  it('fails when nothing can be packaged', async () => {
    const { aws, operator } = await anAccount();
    const { tools } = operator();
    expect(await deploy(OPTIONS, { ...tools, packageStage: async () => undefined })).toBe(1);
    expect(aws.stack).toBeUndefined();
  });
});

describe('what is live decides what there is to do', () => {
  it('makes a deployment that changes only a parameter', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed, asked } = operator();
    aws.polls = 3;
    expect(await deploy(DISABLED, tools)).toBe(0);
    expect(aws.stack?.parameters['Triggers']).toBe('DISABLED');
    expect(printed.filter((line) => line === 'usher-prod is UPDATE_IN_PROGRESS')).toHaveLength(1);
    expect(printed).toEqual(expect.arrayContaining(['~ Triggers: ENABLED → DISABLED', '~ Rule AWS::Events::Rule']));
    expect(asked).toEqual(['Change usher-prod like this?']);
  });

  it('keeps parameters that are not given', async () => {
    const { aws, operator } = await aDeployedStage();
    await deploy(DISABLED, operator().tools);
    expect(await deploy({ ...OPTIONS, parameters: { AlarmTopicArn: 'arn:topic' } }, operator().tools)).toBe(0);
    expect(aws.stack?.parameters).toEqual({ Triggers: 'DISABLED', AlarmTopicArn: 'arn:topic' });
  });

  it('says which parameters with a value this version no longer has', async () => {
    const { aws, operator } = await anAccount();
    const { Parameters } = TEMPLATE;
    const older = { ...TEMPLATE, Parameters: { ...Parameters, Old: { Default: '' }, Unused: { Default: '' } } };
    const parameters = { Old: '999988887777', AlarmTopicArn: '' };
    expect(
      await deploy({ ...OPTIONS, parameters }, operator({ packaged: aPackage('a', { template: older }) }).tools),
    ).toBe(0);
    const { tools, printed } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.filter((line) => line.includes('any longer'))).toEqual([
      'There is no parameter Old any longer. CHANGELOG.md says what replaces it.',
    ]);
    expect(printed.at(-1)).toMatch(/^Deployed: /);
    expect(aws.stack?.parameters).toEqual({ Triggers: 'ENABLED', AlarmTopicArn: '' });
  });

  it('changes nothing when everything is live already, asks nothing, and leaves nothing', async () => {
    const { aws, operator } = await aDeployedStage();
    const objects = new Set(aws.objects.keys());
    const { tools, printed, asked } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.at(-1)).toBe('Nothing to change: usher-prod has this template, these parameters and this code.');
    expect(asked).toEqual([]);
    expect(changing(aws.calls)).toEqual([]);
    expect(aws.changeSets.size).toBe(0);
    expect(new Set(aws.objects.keys())).toEqual(objects);
  });

  it('makes the same deployment again after it was rolled back', async () => {
    const { aws, operator } = await aDeployedStage();
    const failure = { logicalId: 'Plan', type: 'AWS::Lambda::Function', status: 'UPDATE_FAILED', reason: 'denied' };
    const cancelled = { ...failure, logicalId: 'Rule', reason: 'Resource update cancelled' };
    aws.ending = { status: 'UPDATE_ROLLBACK_COMPLETE', failures: [failure, cancelled] };
    const packaged = aPackage('a lower cap');
    const first = operator({ packaged });
    expect(await deploy(OPTIONS, first.tools)).toBe(1);
    expect(first.printed.join('\n')).toContain('what was live before is live. Remove the cause, then deploy again.');
    expect(first.printed).toContain('  Plan (AWS::Lambda::Function) UPDATE_FAILED: denied');
    expect(first.printed.join('\n')).not.toContain('cancelled');
    expect(await deploy(OPTIONS, operator({ packaged }).tools)).toBe(0);
    expect(aws.code.get('usher-prod-plan')).toBe(packaged.functions[0]?.sha256);
  });

  it('sets code right that someone has replaced by hand, and only once', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.code.set('usher-prod-plan', 'another');
    expect(await deploy(OPTIONS, operator().tools)).toBe(0);
    expect(aws.code.get('usher-prod-plan')).toBe(aPackage().functions[0]?.sha256);
    const { tools, printed } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.at(-1)).toContain('Nothing to change');
  });

  it('makes a deployment that changes only outputs', async () => {
    const { aws, operator } = await aDeployedStage();
    const template = { ...TEMPLATE, Outputs: { New: { Value: '1' } } };
    const { tools, printed } = operator({ packaged: aPackage('the code', { template }) });
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.join('\n')).toContain('only parameters, tags, outputs, descriptions or protection');
    expect(aws.stack?.template).toMatchObject({ Outputs: { New: { Value: '1' } } });
  });

  it('fails when what is live at the end is not what was deployed', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.before = (call) => {
      if (call.startsWith('lambda') && changing(aws.calls).length > 0) aws.code.set('usher-prod-plan', 'another');
    };
    const { tools, printed } = operator({ packaged: aPackage('new') });
    expect(await deploy(OPTIONS, tools)).toBe(1);
    expect(printed.at(-1)).toBe('  usher-prod-plan has other code');
  });
});

describe('tags', () => {
  const OWN = { application: 'usher', stage: 'prod' };

  it('are on the stack from its first moment, and so on everything in it', async () => {
    const { aws, operator } = await anAccount();
    const created: unknown[] = [];
    aws.before = () => created.push({ ...aws.stack?.tags });
    const { tools, printed } = operator();
    expect(await deploy({ ...OPTIONS, tags: { CostCenter: '4711' } }, tools)).toBe(0);
    expect(printed).toContain('~ tag CostCenter: none → 4711');
    expect(new Set(created.map((tags) => JSON.stringify(tags)))).toEqual(
      new Set(['{}', JSON.stringify({ CostCenter: '4711', ...OWN })]),
    );
  });

  it('are changed although nothing else is, kept, and removed by an empty value', async () => {
    const { aws, operator } = await aDeployedStage();
    const deployed = async (tags: Record<string, string>) => {
      const { tools, printed } = operator();
      expect(await deploy({ ...OPTIONS, tags }, tools)).toBe(0);
      return printed;
    };
    expect(await deployed({ CostCenter: '1', Owner: 'a' })).toContain('~ tag CostCenter: none → 1');
    expect((await deployed({})).at(-1)).toContain('Nothing to change');
    expect(await deployed({ CostCenter: '' })).toContain('~ tag CostCenter: 1 → none');
    expect(aws.stack?.tags).toEqual({ ...OWN, Owner: 'a' });
  });

  it.each([true, false])('are not such as AWS refuses, in a new stage: %s', async (isNew) => {
    const { aws, operator } = isNew ? await anAccount() : await aDeployedStage();
    const many = Object.fromEntries(Array.from({ length: 48 }, (_, index) => [`k${index}`, 'v']));
    const { tools, printed } = operator();
    expect(await deploy({ ...OPTIONS, tags: { ...many, Stage: 'v' } }, tools)).toBe(2);
    expect(printed.slice(-2)).toEqual([
      '--tag: the stack would have 51 tags, and AWS allows 50',
      '--tag: IAM takes Stage and stage for the same key. Keep one of them',
    ]);
    expect(changing(aws.calls)).toEqual([]);
  });
});

describe('termination protection', () => {
  it('is on after a deployment, and does not come back as a difference', async () => {
    const { aws, operator } = await aDeployedStage();
    expect(aws.stack?.isProtected).toBe(true);
    const { tools, printed } = operator({ packaged: aPackage('new') });
    expect(await deploy(OPTIONS, tools)).toBe(0);
    expect(printed.join('\n')).not.toContain('protection');
  });

  it('is turned on again although nothing else changes, once the operator has agreed', async () => {
    const { aws, operator } = await aDeployedStage();
    if (aws.stack) aws.stack.isProtected = false;
    const { tools, printed, asked } = operator({ answer: false });
    expect(await deploy(OPTIONS, tools)).toBe(1);
    expect(printed).toContain('~ termination protection: off → on');
    expect(asked).toEqual(['Change usher-prod like this?']);
    expect(await deploy(DRY, operator().tools)).toBe(0);
    expect(aws.stack?.isProtected).toBe(false);
    expect(await deploy(OPTIONS, operator().tools)).toBe(0);
    expect(aws.stack?.isProtected).toBe(true);
    expect(changing(aws.calls)).toEqual([]);
    expect(aws.changeSets.size).toBe(0);
  });

  it('stays off for the stage that is there for trying, unless someone has turned it on', async () => {
    const { aws, operator } = await anAccount();
    const trial = { ...OPTIONS, stage: 'try' };
    expect(await deploy(trial, operator().tools)).toBe(0);
    expect(aws.stack?.isProtected).toBe(false);
    if (aws.stack) aws.stack.isProtected = true;
    expect(await deploy(trial, operator({ packaged: aPackage('new') }).tools)).toBe(0);
    expect(aws.stack?.isProtected).toBe(true);
  });

  it('is not turned on after an update that was rolled back', async () => {
    const { aws, operator } = await aDeployedStage();
    if (aws.stack) aws.stack.isProtected = false;
    aws.ending = { status: 'UPDATE_ROLLBACK_COMPLETE' };
    expect(await deploy(OPTIONS, operator({ packaged: aPackage('new') }).tools)).toBe(1);
    expect(aws.stack?.isProtected).toBe(false);
  });
});

describe('a dry run', () => {
  it('prints the difference and leaves nothing', async () => {
    const { aws, operator } = await aDeployedStage();
    const objects = new Set(aws.objects.keys());
    const { tools, printed, asked } = operator({ packaged: aPackage('new') });
    expect(await deploy({ ...DISABLED, dryRun: true }, tools)).toBe(0);
    expect(printed).toContain('~ Triggers: ENABLED → DISABLED');
    expect(printed).toContain('~ Plan AWS::Lambda::Function');
    expect(asked).toEqual([]);
    expect(changing(aws.calls)).toEqual([]);
    expect(aws.changeSets.size).toBe(0);
    expect(new Set(aws.objects.keys())).toEqual(objects);
  });

  it('that is interrupted leaves nothing', async () => {
    const { aws, operator, interrupt } = await aDeployedStage();
    const objects = new Set(aws.objects.keys());
    aws.polls = 3;
    aws.before = (call) => {
      if (call.endsWith('DescribeChangeSet')) interrupt();
    };
    await expect(deploy({ ...DISABLED, dryRun: true }, operator().tools)).rejects.toThrow('interrupted');
    expect(aws.changeSets.size).toBe(0);
    expect(new Set(aws.objects.keys())).toEqual(objects);
  });

  it('removes the change set that a killed run has left, and no other', async () => {
    const { aws, operator } = await aDeployedStage();
    const left = (name: string, hours: number) => {
      const createdAt = new Date(aws.now().getTime() - hours * 3_600_000);
      const changeSet = { name, createdAt, status: 'CREATE_COMPLETE', template: TEMPLATE, tags: {}, parameters: {} };
      aws.changeSets.set(name, { ...changeSet, changes: [] });
    };
    left('usher-deploy-killed', 2);
    left('usher-deploy-of-another-operator', 0.5);
    left('of-another-tool', 48);
    const { tools, printed } = operator();
    expect(await deploy(DRY, tools)).toBe(0);
    expect(printed).toContain('Deleted usher-deploy-killed, left by an interrupted run.');
    expect([...aws.changeSets.keys()]).toEqual(['usher-deploy-of-another-operator', 'of-another-tool']);
  });
});

describe('what outlives the stack', () => {
  const without = (id: string) => {
    const { [id]: _gone, ...Resources } = { ...TEMPLATE.Resources } as Record<string, { Type: string }>;
    return aPackage('the code', { template: { ...TEMPLATE, Resources } });
  };

  it.each([
    ['replaced', 'True'],
    ['perhaps replaced', 'Conditional'],
  ])('is not %s unless a flag names it', async (word, replacement) => {
    const { aws, operator } = await aDeployedStage();
    const Ledger = { ...TEMPLATE.Resources.Ledger, Properties: { TableName: 'another' } };
    const packaged = aPackage('the code', { template: { ...TEMPLATE, Resources: { ...TEMPLATE.Resources, Ledger } } });
    aws.replacements = { Ledger: replacement };
    const { tools, printed } = operator({ packaged });
    expect(await deploy(OPTIONS, tools)).toBe(3);
    expect(printed).toContain(`  ~ Ledger AWS::DynamoDB::Table (${word})`);
    expect(printed.at(-1)).toContain('--replace-or-delete Ledger');
    expect(changing(aws.calls)).toEqual([]);
    expect(await deploy({ ...OPTIONS, mayLose: ['Ledger'] }, operator({ packaged }).tools)).toBe(0);
  });

  it.each(['Ledger', 'AuditBus', 'UndeliveredEvents'])('is not given up unless a flag names it: %s', async (id) => {
    const { aws, operator } = await aDeployedStage();
    const packaged = without(id);
    const { tools, printed } = operator({ packaged });
    expect(await deploy({ ...OPTIONS, mayLose: [id === 'Ledger' ? 'AuditBus' : 'Ledger'] }, tools)).toBe(3);
    expect(printed.at(-1)).toContain(`--replace-or-delete ${id}`);
    expect(changing(aws.calls)).toEqual([]);
    expect(await deploy({ ...DRY }, operator({ packaged }).tools)).toBe(3);
    expect(await deploy({ ...OPTIONS, mayLose: [id] }, operator({ packaged }).tools)).toBe(0);
  });

  it('is what the flag may name, and nothing else', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed } = operator({ packaged: without('Ledger') });
    expect(await deploy({ ...OPTIONS, mayLose: ['ledger'] }, tools)).toBe(2);
    expect(printed.at(-1)).toContain('expected one of Ledger, AuditBus, UndeliveredEvents, not ledger');
    expect(changing(aws.calls)).toEqual([]);
  });

  it.each([true, false])('is what the flag may name in a first deployment, too, dry: %s', async (dryRun) => {
    const { aws, operator } = await anAccount();
    const { tools, printed } = operator();
    expect(await deploy({ ...OPTIONS, dryRun, mayLose: ['ledger'] }, tools)).toBe(2);
    expect(printed.at(-1)).toContain('expected one of Ledger, AuditBus, UndeliveredEvents, not ledger');
    expect(aws.stack).toBeUndefined();
  });

  it('does not keep other resources from being removed', async () => {
    const { operator } = await aDeployedStage();
    expect(await deploy(OPTIONS, operator({ packaged: without('Rule') }).tools)).toBe(0);
  });
});

describe('two operators at the same time', () => {
  it('do not disturb each other: the run of the second to answer says so, and changes nothing', async () => {
    const { aws, operator } = await aDeployedStage();
    const slow = operator({ packaged: aPackage('of the slow one') });
    const quick = operator({ packaged: aPackage('of the quick one') });
    const confirm = async () => {
      expect(await deploy(OPTIONS, quick.tools)).toBe(0);
      return true;
    };
    expect(await deploy(OPTIONS, { ...slow.tools, confirm })).toBe(3);
    expect(slow.printed.join('\n')).toContain('has been changed since this command read it');
    expect(aws.code.get('usher-prod-plan')).toBe(aPackage('of the quick one').functions[0]?.sha256);
  });

  it('see when the update of the other one is still running', async () => {
    const { aws, operator } = await aDeployedStage();
    const { tools, printed } = operator({ packaged: aPackage('new') });
    const confirm = async () => {
      if (aws.stack) aws.stack.status = 'UPDATE_IN_PROGRESS';
      return true;
    };
    expect(await deploy(OPTIONS, { ...tools, confirm })).toBe(3);
    expect(printed.join('\n')).toContain('usher-prod is UPDATE_IN_PROGRESS: CloudFormation is still at work');
  });

  it('see when the other one creates the stack first', async () => {
    const { aws, operator } = await anAccount();
    const { tools, printed } = operator();
    const confirm = async () => {
      aws.deployed('CREATE_IN_PROGRESS');
      return true;
    };
    expect(await deploy(OPTIONS, { ...tools, confirm })).toBe(3);
    expect(printed.join('\n')).toContain('usher-prod is CREATE_IN_PROGRESS');
  });
});

describe('what goes wrong in the middle', () => {
  it('says what the stack does when the credentials expire, and how to continue', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.polls = 3;
    let reads = 0;
    aws.before = (call) => {
      if (!call.endsWith('DescribeStacks') || changing(aws.calls).length === 0) return;
      reads += 1;
      if (reads > 1) aws.refuse('ExpiredToken', 'The security token included in the request is expired', 403);
    };
    const { tools, printed } = operator({ packaged: aPackage('new') });
    await expect(deploy(OPTIONS, tools)).rejects.toMatchObject({ name: 'ExpiredToken' });
    expect(printed).toContain(
      'usher-prod was UPDATE_IN_PROGRESS when it was last read. CloudFormation continues without this command.',
    );
    expect(printed).toContain('Then run this command again: it does what is left, if anything is.');
  });

  it('says that CloudFormation continues when the operator interrupts the update', async () => {
    const { aws, operator, interrupt } = await aDeployedStage();
    aws.polls = 3;
    aws.before = (call) => {
      if (call.endsWith('DescribeStacks') && changing(aws.calls).length > 0) interrupt();
    };
    const { tools, printed } = operator({ packaged: aPackage('new') });
    await expect(deploy(OPTIONS, tools)).rejects.toThrow('interrupted');
    expect(printed.join('\n')).toContain('CloudFormation continues without this command.');
  });

  it('starts no creation once the operator has ended the command', async () => {
    const { aws, operator, interrupt } = await anAccount();
    const { tools } = operator();
    const confirm = async () => {
      interrupt();
      return true;
    };
    await expect(deploy(OPTIONS, { ...tools, confirm })).rejects.toThrow('interrupted');
    expect(aws.stack).toBeUndefined();
  });

  it('starts no update once the operator has ended the command, and leaves no change set', async () => {
    const { aws, operator, interrupt } = await aDeployedStage();
    aws.before = (call) => {
      if (call.startsWith('s3 PUT') && call.includes('.zip')) interrupt();
    };
    await expect(deploy(OPTIONS, operator({ packaged: aPackage('new') }).tools)).rejects.toThrow('interrupted');
    expect(changing(aws.calls)).toEqual([]);
    expect(aws.changeSets.size).toBe(0);
  });

  it('fails when CloudFormation refuses the content, and leaves no change set', async () => {
    const { aws, operator } = await aDeployedStage();
    aws.before = (call) => {
      for (const one of aws.changeSets.values()) {
        if (call.endsWith('DescribeChangeSet')) Object.assign(one, { status: 'FAILED', reason: 'no such role' });
      }
    };
    await expect(deploy(DISABLED, operator().tools)).rejects.toThrow('refuses the change set (FAILED): no such role');
    expect(aws.changeSets.size).toBe(0);
  });

  it('leaves a stack alone that is none of Usher', async () => {
    const { aws, operator } = await anAccount();
    aws.deployed('CREATE_COMPLETE', { template: { Resources: { Q: { Type: 'AWS::SQS::Queue' } } } });
    const { tools, printed } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(3);
    expect(printed.at(-1)).toContain('no stack of Usher');
  });
});

describe('a boundary that denies what is needed', () => {
  const denied = (action: string) =>
    `User: arn:aws:sts::111122223333:assumed-role/deployer/me is not authorized to perform: ${action} on resource: x because no permissions boundary allows the ${action} action`;

  it('is named with the action, below what failed', async () => {
    const { aws, operator } = await aDeployedStage();
    const failed = ['Plan', 'Rule'].map((logicalId) => ({ logicalId, type: 'T', status: 'UPDATE_FAILED' }));
    aws.ending = {
      status: 'UPDATE_ROLLBACK_COMPLETE',
      failures: failed.map((failure) => ({ ...failure, reason: denied('iam:PassRole') })),
    };
    const { tools, printed } = operator({ packaged: aPackage('new') });
    expect(await deploy(OPTIONS, tools)).toBe(1);
    expect(printed.slice(-2)).toEqual([
      `  Rule (T) UPDATE_FAILED: ${denied('iam:PassRole')}`,
      'AWS denies iam:PassRole: no permissions boundary allows it.',
    ]);
  });
});

describe('an end that no update should have', () => {
  it.each([
    [
      'UPDATE_ROLLBACK_FAILED',
      'aws cloudformation continue-update-rollback --stack-name usher-prod --region us-east-1',
    ],
    ['UPDATE_FAILED', 'aws cloudformation rollback-stack --stack-name usher-prod --region us-east-1'],
  ])('is no success, and names the way out: %s', async (status, way) => {
    const { aws, operator } = await aDeployedStage();
    aws.ending = { status, failures: [{ logicalId: 'Plan', type: 'T', status: 'UPDATE_FAILED', reason: 'denied' }] };
    const { tools, printed } = operator({ packaged: aPackage('new') });
    expect(await deploy(OPTIONS, tools)).toBe(1);
    expect(printed).toContain(`  ${way}`);
    expect(printed).toContain('  Plan (T) UPDATE_FAILED: denied');
  });
});

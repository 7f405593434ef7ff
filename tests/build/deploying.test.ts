// @module-tag long
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Stack, StackParameter, Stacks } from '../../adapters/operator/stacks.ts';
import { checkParameters, deploy, formatChanges, parametersFor, remove } from '../../build/deploying.ts';
import { aCheckout } from '../support/template.ts';

const PARAMETERS = { Triggers: 'ENABLED', AlarmTopicArn: 'arn:aws:sns:us-east-1:111122223333:topic' };
const DEPLOYED: Stack = {
  status: 'UPDATE_COMPLETE',
  parameters: PARAMETERS,
  outputs: { OnboardingArn: 'arn:onboarding', OnboardingAdminArn: 'arn:admin' },
};
const RESOURCES = [
  { logicalId: 'Ledger', type: 'AWS::DynamoDB::Table', physicalId: 'usher-prod-ledger' },
  { logicalId: 'Tick', type: 'AWS::Scheduler::Schedule', physicalId: 'usher-prod-tick' },
];
const QUEUE_URL = 'https://sqs.us-east-1.amazonaws.com/111122223333/usher-prod-undelivered-events';
const QUEUE = { logicalId: 'UndeliveredEvents', type: 'AWS::SQS::Queue', physicalId: QUEUE_URL };

interface Setting {
  stack?: Stack;
  resources?: typeof RESOURCES;
  running?: Readonly<Record<string, number>>;
  paused?: string;
  exitCode?: number;
}

/** The commands' tools, with a note of all that is done, in order. */
function tools({ stack, resources = RESOURCES, running = {}, paused = 'UPDATE_COMPLETE', exitCode = 0 }: Setting) {
  const done: string[] = [];
  const printed: string[] = [];
  const given: (readonly StackParameter[])[] = [];
  const stacks: Stacks = {
    describe: async () => stack,
    resources: async () => resources,
    retained: async () => new Set(['Ledger', 'UndeliveredEvents']),
    setParameters: async (name, parameters) => {
      done.push(`setParameters ${name}`);
      given.push(parameters);
      return paused;
    },
    preview: async () => [],
    running: async (machine) => running[machine] ?? 0,
  };
  return {
    done,
    printed,
    given,
    tools: {
      stacks,
      serverless: async (arguments_: readonly string[], parameters: Readonly<Record<string, string>>) => {
        done.push(`serverless ${arguments_.join(' ')} ${JSON.stringify(parameters)}`);
        return exitCode;
      },
      packagedResources: () => RESOURCES.map(({ logicalId, type }) => ({ logicalId, type })),
      print: (line: string) => printed.push(line),
    },
  };
}

const OPTIONS = { stage: 'prod', parameters: { Triggers: 'DISABLED' }, dryRun: false };

describe('deploying', () => {
  it('hands the parameters on', async () => {
    const { tools: used, done } = tools({ stack: DEPLOYED });
    expect(await deploy(OPTIONS, used)).toBe(0);
    expect(done).toEqual(['serverless deploy {"Triggers":"DISABLED"}']);
  });

  it('fails when the framework fails', async () => {
    expect(await deploy(OPTIONS, tools({ exitCode: 5 }).tools)).toBe(1);
    expect(await deploy({ ...OPTIONS, dryRun: true }, tools({ exitCode: 1 }).tools)).toBe(1);
    expect(await deploy({ ...OPTIONS, dryRun: true }, tools({ stack: DEPLOYED, exitCode: 1 }).tools)).toBe(1);
  });

  it('waits for nobody: a stack that is being changed is a precondition', async () => {
    const { tools: used, done, printed } = tools({ stack: { ...DEPLOYED, status: 'UPDATE_IN_PROGRESS' } });
    expect(await deploy(OPTIONS, used)).toBe(3);
    expect(done).toEqual([]);
    expect(printed.join()).toContain('usher-prod is UPDATE_IN_PROGRESS');
  });

  it.each([false, true])('says what to do with a stack that was never made, dry: %s', async (dryRun) => {
    const { tools: used, done, printed } = tools({ stack: { ...DEPLOYED, status: 'REVIEW_IN_PROGRESS' } });
    expect(await deploy({ ...OPTIONS, dryRun }, used)).toBe(3);
    expect(done).toEqual([]);
    expect(printed.join()).toContain('npm run remove -- --stage prod');
  });

  it('prints, dry, what would change', async () => {
    const { tools: used, done } = tools({ stack: DEPLOYED });
    expect(await deploy({ ...OPTIONS, dryRun: true }, used)).toBe(0);
    expect(done).toEqual(['serverless changes {"Triggers":"DISABLED"}']);
  });

  it('prints, dry, all that the package has, where nothing is deployed', async () => {
    const { tools: used, done, printed } = tools({});
    expect(await deploy({ ...OPTIONS, dryRun: true }, used)).toBe(0);
    expect(done).toEqual(['serverless package {"Triggers":"DISABLED"}']);
    expect(printed.slice(1)).toEqual(['+ Ledger AWS::DynamoDB::Table', '+ Tick   AWS::Scheduler::Schedule']);
  });
});

describe('removing', () => {
  it('disables what starts executions, then removes the stack, then says what stays', async () => {
    const { tools: used, done, printed, given } = tools({ stack: DEPLOYED });
    expect(await remove(OPTIONS, used)).toBe(0);
    expect(done).toEqual(['setParameters usher-prod', 'serverless remove {}']);
    expect(given).toEqual([
      [
        { ParameterKey: 'Triggers', ParameterValue: 'DISABLED' },
        { ParameterKey: 'AlarmTopicArn', UsePreviousValue: true },
      ],
    ]);
    expect(printed.join('\n')).toContain('usher-prod-ledger');
    expect(printed.join('\n')).not.toContain('usher-prod-tick');
  });

  it('goes on where it was stopped: what is disabled already is no fault', async () => {
    const { tools: used, done } = tools({ stack: DEPLOYED, paused: 'unchanged' });
    expect(await remove(OPTIONS, used)).toBe(0);
    expect(done.at(-1)).toBe('serverless remove {}');
  });

  it.each([
    ['the machine', { 'arn:onboarding': 2 }],
    ['the admin machine', { 'arn:admin': 2 }],
  ])('removes nothing while executions of %s run', async (_fact, running) => {
    const { tools: used, done, printed } = tools({ stack: DEPLOYED, running });
    expect(await remove(OPTIONS, used)).toBe(3);
    expect(done).toEqual(['setParameters usher-prod']);
    expect(printed.at(-1)).toContain('2 executions still run');
  });

  it('removes nothing when the triggers could not be disabled', async () => {
    const { tools: used, done } = tools({ stack: DEPLOYED, paused: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await remove(OPTIONS, used)).toBe(1);
    expect(done).toEqual(['setParameters usher-prod']);
  });

  it('fails when the framework fails', async () => {
    expect(await remove(OPTIONS, tools({ stack: DEPLOYED, exitCode: 1 }).tools)).toBe(1);
  });

  it.each([
    ['is REVIEW_IN_PROGRESS', { ...DEPLOYED, status: 'REVIEW_IN_PROGRESS' }],
    ['is ROLLBACK_COMPLETE', { ...DEPLOYED, status: 'ROLLBACK_COMPLETE' }],
    ['is DELETE_FAILED', { ...DEPLOYED, status: 'DELETE_FAILED' }],
    ['has no parameter Triggers', { ...DEPLOYED, parameters: {} }],
  ])('of a stack that %s disables nothing before, and says so', async (hindrance, stack) => {
    const { tools: used, done, printed } = tools({ stack });
    expect(await remove(OPTIONS, used)).toBe(0);
    expect(done).toEqual(['serverless remove {}']);
    expect(printed[0]).toContain(`are not disabled first: usher-prod ${hindrance}`);
    expect(printed.join()).not.toContain('are disabled');
  });

  it('says which queues have to go before the stage is deployed again', async () => {
    const { tools: used, printed } = tools({ stack: DEPLOYED, resources: [...RESOURCES, QUEUE] });
    expect(await remove(OPTIONS, used)).toBe(0);
    expect(printed).toContain(`  aws sqs delete-queue --queue-url ${QUEUE_URL}`);
    const without = tools({ stack: DEPLOYED });
    await remove(OPTIONS, without.tools);
    expect(without.printed.join('\n')).not.toContain('delete-queue');
  });

  it('asks for no resources of a stack that was never made', async () => {
    const { tools: used, printed } = tools({ stack: { ...DEPLOYED, status: 'REVIEW_IN_PROGRESS' } });
    expect(await remove({ ...OPTIONS, dryRun: true }, used)).toBe(0);
    expect(printed[0]).toBe('0 resources of usher-prod would be deleted.');
  });

  it('says so where nothing is deployed', async () => {
    const { tools: used, done } = tools({});
    expect(await remove(OPTIONS, used)).toBe(3);
    expect(done).toEqual([]);
  });

  it('changes nothing, dry', async () => {
    const { tools: used, done, printed } = tools({ stack: DEPLOYED });
    expect(await remove({ ...OPTIONS, dryRun: true }, used)).toBe(0);
    expect(done).toEqual([]);
    expect(printed[0]).toBe('1 resources of usher-prod would be deleted.');
  });
});

describe('parameters', () => {
  const rules = {
    Triggers: { AllowedValues: ['ENABLED', 'DISABLED'] },
    ForwarderAccountId: { AllowedPattern: '(\\d{12})?', ConstraintDescription: 'twelve digits, or nothing' },
    Free: {},
  };

  it('are read as they stand on the command line', () => {
    const given = ['Triggers=DISABLED', 'ForwarderAccountId=', 'Free=a=b\n'];
    expect(checkParameters(given, rules)).toEqual({
      problems: [],
      parameters: { Triggers: 'DISABLED', ForwarderAccountId: '', Free: 'a=b\n' },
    });
  });

  it.each([
    ['Triggers', 'Triggers: expected Name=value with one of Triggers, ForwarderAccountId, Free'],
    ['triggers=ENABLED', 'triggers: expected Name=value with one of Triggers, ForwarderAccountId, Free'],
    ['constructor=x', 'constructor: expected Name=value with one of Triggers, ForwarderAccountId, Free'],
    ['Triggers=off', 'Triggers: expected ENABLED or DISABLED'],
    ['ForwarderAccountId=1234567890123', 'ForwarderAccountId: expected twelve digits, or nothing'],
  ])('are refused before anything is packaged: %s', (given, problem) => {
    expect(checkParameters([given], rules).problems).toEqual([problem]);
  });

  it('keep their values, unless they are given others', () => {
    expect(parametersFor(['Triggers', 'AlarmTopicArn', 'New'], { Triggers: 'DISABLED' }, PARAMETERS)).toEqual([
      { ParameterKey: 'Triggers', ParameterValue: 'DISABLED' },
      { ParameterKey: 'AlarmTopicArn', UsePreviousValue: true },
    ]);
    expect(parametersFor(['Triggers'], {}, {})).toEqual([]);
    // The template has it no more: CloudFormation would refuse it.
    expect(parametersFor([], {}, PARAMETERS)).toEqual([]);
  });
});

describe('a change set', () => {
  it('is printed a line a resource', () => {
    expect(
      formatChanges([
        { action: 'Add', logicalId: 'A', type: 'T1', replaced: false },
        { action: 'Modify', logicalId: 'Long', type: 'T2', replaced: true },
        { action: 'Remove', logicalId: 'B', type: 'T3', replaced: false },
        { action: 'Import', logicalId: 'C', type: 'T4', replaced: false },
        { action: 'Dynamic', logicalId: 'D', type: 'T5', replaced: false },
      ]),
    ).toEqual(['+ A    T1', '~ Long T2 (replaced)', '- B    T3', '> C    T4', '? D    T5']);
  });
});

describe('the command', () => {
  const run = promisify(execFile);

  /** In a checkout, without credentials. */
  async function command(arguments_: readonly string[], edit: (folder: string) => void = () => undefined) {
    const folder = aCheckout();
    edit(folder);
    const env = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
    const script = join(folder, 'build', 'stage.ts');
    return run(process.execPath, [script, ...arguments_], { cwd: folder, env }).then(
      ({ stdout }) => ({ code: 0, told: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, told: stderr }),
    );
  }

  it.each([
    ['deploy', '--stag', 'x'],
    ['deploy', '--stage', 'Not A Stage'],
    ['deploy', '--parameter', 'Nope=1'],
    ['undo'],
  ])('%s %s is wrong use', async (...arguments_) => {
    expect(await command(arguments_)).toMatchObject({ code: 2, told: expect.stringMatching(/.+/) });
  });

  it('names every fault of entitlements.yml, and packages nothing', async () => {
    const { code, told } = await command(['deploy', '--dry-run'], (folder) => {
      const file = join(folder, 'entitlements.yml');
      writeFileSync(
        file,
        readFileSync(file, 'utf8').replace('max: 200', 'max: many').replace('name: amazon', 'name: A'),
      );
    });
    expect(code).toBe(2);
    expect(told).toContain('entitlements.yml: entitlements[0].name');
    expect(told).toContain('entitlements.yml: entitlements[0].seats.max');
    expect(told).not.toContain('    at ');
  });

  it.each(['deploy', 'remove'])('%s wants credentials', async (name) => {
    const { code, told } = await command([name]);
    expect(code).toBe(3);
    expect(told).toContain('Get credentials');
    expect(told).not.toContain('    at ');
  });

  it('has help', async () => {
    expect(await command(['deploy', '--help'])).toMatchObject({ code: 0, told: expect.stringContaining('--dry-run') });
  });
});

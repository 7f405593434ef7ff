import { StackStatus } from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { deploy } from '../../build/deploying.ts';
import { remove } from '../../build/removing.ts';
import { anAccount, TEMPLATE } from '../support/deploying.ts';

const OPTIONS = { stage: 'prod', parameters: {}, tags: {}, dryRun: false, mayLose: [] };
const CHANGING = /CreateStack|UpdateStack|CreateChangeSet|ExecuteChangeSet|DeleteStack| PUT | POST /;

/** What CloudFormation's documentation allows in each status. */
const UPDATES: readonly string[] = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
];
const REPAIRS: Readonly<Record<string, string>> = {
  UPDATE_ROLLBACK_FAILED: 'aws cloudformation continue-update-rollback --stack-name usher-prod --region us-east-1',
  UPDATE_FAILED: 'aws cloudformation rollback-stack --stack-name usher-prod --region us-east-1',
};
const ALL = Object.values(StackStatus).filter((status) => status !== 'DELETE_COMPLETE');
const BUSY = ALL.filter((status) => status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS');
const STUCK = ALL.filter((status) => !BUSY.includes(status) && !UPDATES.includes(status));

async function inStatus(status: string) {
  const account = await anAccount();
  account.aws.deployed(status, {
    template: TEMPLATE,
    parameters: { Triggers: 'ENABLED', AlarmTopicArn: '' },
    events: [{ logicalId: 'Plan', type: 'AWS::Lambda::Function', status: 'UPDATE_FAILED', reason: 'denied' }],
  });
  return account;
}

it('has every status of CloudFormation', () => {
  expect([...UPDATES, ...BUSY, ...STUCK, 'DELETE_COMPLETE'].sort()).toEqual(Object.values(StackStatus).sort());
});

describe('a deployment', () => {
  it.each(UPDATES)('leads to the state that it names from %s', async (status) => {
    const { aws, operator } = await inStatus(status);
    expect(await deploy({ ...OPTIONS, parameters: { Triggers: 'DISABLED' } }, operator().tools)).toBe(0);
    expect(aws.stack).toMatchObject({ status: 'UPDATE_COMPLETE', parameters: { Triggers: 'DISABLED' } });
  });

  it.each([...BUSY, ...STUCK].flatMap((status) => [false, true].map((dryRun) => ({ status, dryRun }))))(
    'touches nothing in $status and says why, dry: $dryRun',
    async ({ status, dryRun }) => {
      const { aws, operator } = await inStatus(status);
      const { tools, printed } = operator();
      expect(await deploy({ ...OPTIONS, dryRun }, tools)).toBe(3);
      expect(printed.join('\n')).toContain(`usher-prod is ${status}: `);
      expect(aws.calls.filter((call) => CHANGING.test(call))).toEqual([]);
    },
  );

  it.each(BUSY)('waits for CloudFormation in %s', async (status) => {
    const { operator } = await inStatus(status);
    const { tools, printed } = operator();
    await deploy(OPTIONS, tools);
    expect(printed.at(-1)).toContain('aws cloudformation describe-stacks --stack-name usher-prod --region us-east-1');
  });

  it.each(STUCK)('names the way out of %s', async (status) => {
    const { operator } = await inStatus(status);
    const { tools, printed } = operator();
    await deploy(OPTIONS, tools);
    expect(printed).toContain(`  ${REPAIRS[status] ?? 'npm run remove -- --stage prod'}`);
    expect(printed).toContain('  npm run deploy -- --stage prod');
    expect(printed.includes('  Plan (AWS::Lambda::Function) UPDATE_FAILED: denied')).toBe(status.endsWith('_FAILED'));
  });

  it('touches nothing in a status that is newer than this program', async () => {
    const { aws, operator } = await inStatus('SUSPENDED');
    const { tools, printed } = operator();
    expect(await deploy(OPTIONS, tools)).toBe(3);
    expect(printed.join('\n')).toContain('usher-prod is SUSPENDED: this version of Usher does not know this state');
    expect(aws.calls.filter((call) => CHANGING.test(call))).toEqual([]);
  });
});

describe('a removal', () => {
  it.each(UPDATES)('disables the triggers and then deletes from %s', async (status) => {
    const { aws, operator } = await inStatus(status);
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed).toContain('Rules and tick are disabled: no new execution starts.');
    expect(aws.stack?.status).toBe('DELETE_COMPLETE');
  });

  it.each(STUCK)('deletes from %s, and says that the triggers are not disabled first', async (status) => {
    const { aws, operator } = await inStatus(status);
    const { tools, printed } = operator();
    expect(await remove(OPTIONS, tools)).toBe(0);
    expect(printed.join('\n')).toContain(`are not disabled first: usher-prod is ${status}`);
    expect(aws.calls).not.toContain('cloudformation UpdateStack');
    expect(aws.stack?.status).toBe('DELETE_COMPLETE');
  });

  it.each(BUSY.flatMap((status) => [false, true].map((dryRun) => ({ status, dryRun }))))(
    'touches nothing in $status and says why, dry: $dryRun',
    async ({ status, dryRun }) => {
      const { aws, operator } = await inStatus(status);
      const { tools, printed, asked } = operator();
      expect(await remove({ ...OPTIONS, dryRun }, tools)).toBe(3);
      expect(printed.join('\n')).toContain(`usher-prod is ${status}: `);
      expect(asked).toEqual([]);
      expect(aws.calls.filter((call) => CHANGING.test(call))).toEqual([]);
    },
  );

  it.each([...UPDATES, ...STUCK])('only prints in %s when it is dry', async (status) => {
    const { aws, operator } = await inStatus(status);
    const { tools, printed, asked } = operator();
    expect(await remove({ ...OPTIONS, dryRun: true }, tools)).toBe(0);
    expect(printed.join('\n')).toContain('resources of usher-prod would be deleted.');
    expect(asked).toEqual([]);
    expect(aws.calls.filter((call) => CHANGING.test(call))).toEqual([]);
  });
});

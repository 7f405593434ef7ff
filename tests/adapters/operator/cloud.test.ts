import { describe, expect, it } from 'vitest';
import { anAccount } from '../../support/deploying.ts';

describe('the caller', () => {
  it('has an account and its alias', async () => {
    const { aws, operator } = await anAccount();
    aws.alias = 'identity';
    expect(await operator().tools.cloud.caller()).toEqual({
      accountId: '111122223333',
      alias: 'identity',
      partition: 'aws',
    });
  });

  it('has no alias if it may not read it', async () => {
    const { aws, operator } = await anAccount();
    aws.before = (call) => {
      if (call.endsWith('ListAccountAliases')) aws.refuse('AccessDenied', 'not authorized', 403);
    };
    expect(await operator().tools.cloud.caller()).toMatchObject({ accountId: '111122223333', alias: undefined });
  });
});

describe('running executions', () => {
  it('are counted to the last page', async () => {
    const { aws, operator } = await anAccount();
    aws.running = 3;
    aws.pageSize = 2;
    expect(await operator().tools.cloud.running('arn:machine')).toBe(3);
  });

  it('are none where there is no state machine', async () => {
    const { aws, operator } = await anAccount();
    aws.before = (call) => {
      if (call.startsWith('states')) aws.refuse('StateMachineDoesNotExist', 'arn:machine');
    };
    expect(await operator().tools.cloud.running('arn:machine')).toBe(0);
  });
});

describe('executions that may not be read', () => {
  it('are not taken for none', async () => {
    const { aws, operator } = await anAccount();
    aws.before = () => aws.refuse('AccessDeniedException', 'states:ListExecutions', 403);
    await expect(operator().tools.cloud.running('arn:machine')).rejects.toThrow('states:ListExecutions');
  });
});

describe('the code of a function', () => {
  it('has a hash', async () => {
    const { aws, operator } = await anAccount();
    aws.code.set('usher-prod-plan', 'hash');
    expect(await operator().tools.cloud.artifacts.codeHash('usher-prod-plan')).toBe('hash');
  });

  it('has none if someone has deleted the function', async () => {
    const { operator } = await anAccount();
    expect(await operator().tools.cloud.artifacts.codeHash('usher-prod-plan')).toBeUndefined();
  });

  it('is not taken for deleted if it may not be read', async () => {
    const { aws, operator } = await anAccount();
    aws.before = () => aws.refuse('AccessDeniedException', 'lambda:GetFunctionConfiguration', 403);
    await expect(operator().tools.cloud.artifacts.codeHash('usher-prod-plan')).rejects.toThrow(
      'lambda:GetFunctionConfiguration',
    );
  });
});

describe('the deployment bucket', () => {
  it('is emptied to the last page, with its versions', async () => {
    const { aws, operator } = await anAccount();
    for (let index = 0; index < 5; index += 1) aws.objects.set(`the-bucket/${index}`, Buffer.from(''));
    aws.objects.set('another-bucket/0', Buffer.from(''));
    aws.pageSize = 2;
    await operator().tools.cloud.artifacts.empty('the-bucket');
    expect([...aws.objects.keys()]).toEqual(['another-bucket/0']);
  });

  it('that someone has deleted is empty', async () => {
    const { aws, operator } = await anAccount();
    aws.before = (call) => {
      if (call.startsWith('s3')) aws.refuse('NoSuchBucket', 'the-bucket', 404);
    };
    await operator().tools.cloud.artifacts.empty('the-bucket');
  });

  it('is not taken for empty when it may not be read', async () => {
    const { aws, operator } = await anAccount();
    aws.before = () => aws.refuse('AccessDenied', 'the-bucket', 403);
    await expect(operator().tools.cloud.artifacts.empty('the-bucket')).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('is not taken for empty when S3 keeps an object', async () => {
    const { aws, operator } = await anAccount();
    aws.objects.set('the-bucket/a', Buffer.from(''));
    aws.kept = 'a';
    await expect(operator().tools.cloud.artifacts.empty('the-bucket')).rejects.toThrow(
      'S3 does not delete a in the-bucket: AccessDenied',
    );
  });
});

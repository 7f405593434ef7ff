import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { s3AuditCopy } from '../../../adapters/operator/audit-copy.ts';
import { awsError, collected } from '../../support/aws.ts';

function theBucket() {
  const client = new S3Client({ region: 'us-east-1' });
  return { aws: mockClient(client), copy: s3AuditCopy(client, 'acme-audit', 'usher-prod') };
}

const LATER = new Date('2026-11-25T12:00:00Z');
const keyOf = (day: string, name: string) => `usher-prod/${day.replaceAll('-', '/')}/${name}`;
/** What the SDK returns of an object, as far as the adapter uses it. */
const bodyOf = (text: string) => ({ Body: { transformToByteArray: async () => Buffer.from(text) } as never });

describe('the copy of the audit stream in a bucket', () => {
  it.each([
    [
      'the arrival of its first event',
      'usher-prod-audit-1-2026-11-25-08-30-12-0d4a8f3b.gz',
      '2026-11-25T08:30:12.000Z',
    ],
    ['the oldest object, if its name says no time', 'something.gz', LATER.toISOString()],
  ])('begins with %s', async (_what, name, expected) => {
    const { aws, copy } = theBucket();
    aws.on(ListObjectsV2Command).resolves({ Contents: [{ Key: keyOf('2026-11-25', name), LastModified: LATER }] });
    expect((await copy.since())?.toISOString()).toBe(expected);
    expect(aws.commandCalls(ListObjectsV2Command)[0]?.args[0].input).toEqual({
      Bucket: 'acme-audit',
      Prefix: 'usher-prod/',
      MaxKeys: 1,
    });
  });

  it('has no beginning if it has no object', async () => {
    const { aws, copy } = theBucket();
    aws.on(ListObjectsV2Command).resolves({ KeyCount: 0 });
    expect(await copy.since()).toBeUndefined();
  });

  it('is read day by day, by pages, without what was deleted meanwhile', async () => {
    const { aws, copy } = theBucket();
    const [first, second, third] = ['a.gz', 'b.gz', 'c.gz'].map((name) => keyOf('2026-11-25', name));
    aws
      .on(ListObjectsV2Command, { Prefix: 'usher-prod/2026/11/25/' })
      .resolvesOnce({ Contents: [{ Key: first }, { Key: second }], NextContinuationToken: 'more' })
      .resolvesOnce({ Contents: [{ Key: third }] });
    aws.on(ListObjectsV2Command, { Prefix: 'usher-prod/2026/11/26/' }).resolves({});
    aws.on(GetObjectCommand, { Key: first }).resolves(bodyOf('1'));
    aws.on(GetObjectCommand, { Key: second }).rejects(new NoSuchKey({ message: '', $metadata: {} }));
    aws.on(GetObjectCommand, { Key: third }).resolves(bodyOf('3'));
    const objects = await collected(copy.objects('2026-11-25', '2026-11-26'));
    expect(objects.map(({ key, bytes }) => [key, Buffer.from(bytes).toString()])).toEqual([
      [first, '1'],
      [third, '3'],
    ]);
  });

  it.each([
    ['AccessDenied', { name: 'RefusedError', reason: 'access-denied' }],
    ['NoSuchBucket', { name: 'RefusedError', reason: 'bucket-missing' }],
    ['SlowDown', { name: 'TransientAwsError' }],
  ])('fails as S3 does: %s', async (exception, expected) => {
    const { aws, copy } = theBucket();
    aws.on(ListObjectsV2Command).rejects(awsError(exception));
    await expect(copy.since()).rejects.toMatchObject(expected);
    await expect(collected(copy.objects('2026-11-25', '2026-11-25'))).rejects.toMatchObject(expected);
  });

  it.each<[string, object, object]>([
    ['a key', { Contents: [{}] }, {}],
    ['a body', { Contents: [{ Key: 'k' }] }, {}],
  ])('refuses an answer without %s', async (_what, list, object) => {
    const { aws, copy } = theBucket();
    aws.on(ListObjectsV2Command).resolves(list);
    aws.on(GetObjectCommand).resolves(object);
    await expect(collected(copy.objects('2026-11-25', '2026-11-25'))).rejects.toMatchObject({
      reason: 'malformed-answer',
    });
  });
});

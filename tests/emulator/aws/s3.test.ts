import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { callOf } from '../../../emulator/aws/routes.ts';
import { deliveredObjects } from '../../../emulator/aws/s3/audit-bucket.ts';
import { s3 } from '../../../emulator/aws/s3/s3.ts';

const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=AKIA/20261130/us-east-1/s3/aws4_request, SignedHeaders=host';
const writtenAt = new Date('2026-11-30T10:05:00.000Z');
const service = s3(
  new Map([
    ['bucket', () => ['b/2', 'b/1', 'a&b'].map((key) => ({ key, writtenAt, body: () => Buffer.from(`<${key}>`) }))],
  ]),
);

/** Sends a request as a client does. */
async function send(path: string, method = 'GET') {
  const call = callOf({ method, path, headers: { authorization: AUTHORIZATION } }, Buffer.alloc(0));
  if (!call) throw new Error('no call');
  const { statusCode, body } = await service.handle(call.operation, call.body);
  return { call: `${call.service}.${call.operation}`, statusCode, body: Buffer.from(body).toString() };
}
const keysIn = (xml: string) => [...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);

describe('S3', () => {
  it('lists the objects of a prefix in the order of their keys, by pages', async () => {
    const first = await send('/bucket?list-type=2&prefix=b%2F&max-keys=1');
    expect(first).toMatchObject({ call: 'S3.ListObjectsV2', statusCode: 200 });
    expect(keysIn(first.body)).toEqual(['b/1']);
    const [, token = ''] = /<NextContinuationToken>([^<]*)</.exec(first.body) ?? [];
    const second = await send(`/bucket?prefix=b%2F&continuation-token=${encodeURIComponent(token)}`);
    expect(keysIn(second.body)).toEqual(['b/2']);
    expect(second.body).toContain('<IsTruncated>false</IsTruncated>');
    expect(keysIn((await send('/bucket')).body)).toEqual(['a&amp;b', 'b/1', 'b/2']);
  });

  it('returns an object', async () => {
    expect(await send('/bucket/a%26b')).toEqual({ call: 'S3.GetObject', statusCode: 200, body: '<a&b>' });
  });

  it.each([
    ['/bucket/none', 404, 'NoSuchKey'],
    ['/none?list-type=2', 404, 'NoSuchBucket'],
    ['/bucket?max-keys=many', 400, 'InvalidArgument'],
    ['/Bucket', 400, 'InvalidBucketName'],
    ['/-bucket', 400, 'InvalidBucketName'],
    ['/bu', 400, 'InvalidBucketName'],
    [`/${'b'.repeat(64)}`, 400, 'InvalidBucketName'],
    [`/bucket/${'k'.repeat(1024)}`, 404, 'NoSuchKey'],
    [`/bucket/${'k'.repeat(1025)}`, 400, 'KeyTooLongError'],
  ])('refuses %s', async (path, statusCode, code) => {
    const answer = await send(path);
    expect(answer.statusCode).toBe(statusCode);
    expect(answer.body).toContain(`<Error><Code>${code}</Code>`);
  });

  it.each(['PUT', 'POST', 'DELETE', 'HEAD'])(
    'answers %s in the form of its errors: it is not emulated',
    async (method) => {
      for (const path of ['/bucket', '/bucket/b/1', '/applications/none']) {
        const answer = await send(path, method);
        expect(answer).toMatchObject({ call: `S3.${method}`, statusCode: 501 });
        expect(answer.body).toContain('<Error><Code>NotImplemented</Code>');
      }
    },
  );

  it('has no call without its signature', () => {
    expect(callOf({ method: 'GET', path: '/bucket', headers: {} }, Buffer.alloc(0))).toBeUndefined();
  });
});

describe('the bucket with the copy of the audit stream', () => {
  const at = (minute: number) => Date.parse('2026-11-30T23:50:00Z') + minute * 60_000;
  const records = [0, 4, 6, 12].map((minute) => ({ at: at(minute), event: { minute } }));
  const objectsAt = (minute: number) =>
    deliveredObjects(records, { stack: 'usher-local', stream: 'usher-local-audit', now: new Date(at(minute)) }).map(
      ({ key, body }) => [key.replace(/-0{8}-.*$/, ''), gunzipSync(body()).toString()],
    );

  it('has JSON Lines by the day of their first event, five minutes after it', () => {
    expect(objectsAt(30)).toEqual([
      ['usher-local/2026/11/30/usher-local-audit-1-2026-11-30-23-50-00', '{"minute":0}\n{"minute":4}\n'],
      ['usher-local/2026/11/30/usher-local-audit-1-2026-11-30-23-56-00', '{"minute":6}\n'],
      ['usher-local/2026/12/01/usher-local-audit-1-2026-12-01-00-02-00', '{"minute":12}\n'],
    ]);
    expect(objectsAt(5)).toHaveLength(1);
    expect(objectsAt(4)).toEqual([]);
  });
});

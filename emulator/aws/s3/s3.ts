import * as z from 'zod/mini';
import {
  errorAnswer,
  pageToken,
  parseBody,
  parsePageToken,
  type Service,
  ServiceError,
  xmlOf,
} from '../json-service.ts';

/** An object of a bucket. */
export interface StoredObject {
  key: string;
  writtenAt: Date;
  body(): Uint8Array;
}

/** The objects of one bucket, in any order. */
export type Bucket = () => readonly StoredObject[];

const ListInput = z.object({
  bucket: z.string(),
  prefix: z._default(z.string(), ''),
  'max-keys': z._default(z.coerce.number().check(z.int(), z.minimum(0), z.maximum(1000)), 1000),
  'continuation-token': z.optional(z.string()),
});
const GetInput = z.object({ bucket: z.string(), key: z.string() });

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const KEY_LIMIT_BYTES = 1024;

/**
 * Returns Amazon S3 with ListObjectsV2 and GetObject.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export function s3(buckets: ReadonlyMap<string, Bucket>): Service {
  const objectsOf = (name: string): readonly StoredObject[] => {
    const bucket = buckets.get(name);
    if (!BUCKET_NAME.test(name)) throw new ServiceError('InvalidBucketName', 'The specified bucket is not valid.');
    if (!bucket) throw new ServiceError('NoSuchBucket', 'The specified bucket does not exist', { statusCode: 404 });
    // S3 lists keys in the order of their bytes.
    return bucket().toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
  };
  const list = (input: z.infer<typeof ListInput>) => {
    const { bucket, prefix, 'max-keys': most, 'continuation-token': token } = input;
    const found = objectsOf(bucket).filter(({ key }) => key.startsWith(prefix));
    const from = Number(parsePageToken('objects', token) ?? 0);
    const page = found.slice(from, from + most);
    const more = from + most < found.length;
    const contents = page.map(({ key, writtenAt, body }) => ({
      Contents: {
        Key: key,
        LastModified: writtenAt.toISOString(),
        Size: body().byteLength,
        StorageClass: 'STANDARD',
      },
    }));
    const head = { Name: bucket, Prefix: prefix, KeyCount: page.length, MaxKeys: most, IsTruncated: more };
    const next = more ? { NextContinuationToken: pageToken('objects', String(from + most)) } : {};
    const body = xmlOf('ListBucketResult', [head, ...contents, next]);
    return { statusCode: 200, headers: { 'content-type': 'application/xml' }, body };
  };
  const get = ({ bucket, key }: z.infer<typeof GetInput>) => {
    if (Buffer.byteLength(key) > KEY_LIMIT_BYTES) throw new ServiceError('KeyTooLongError', 'Your key is too long');
    const object = objectsOf(bucket).find((one) => one.key === key);
    if (!object) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', { statusCode: 404 });
    const headers = {
      'content-type': 'application/octet-stream',
      'last-modified': object.writtenAt.toUTCString(),
    };
    return { statusCode: 200, headers, body: object.body() };
  };
  return {
    handle: async (operation, body) => {
      try {
        if (operation === 'ListObjectsV2') return list(validated(ListInput, body));
        if (operation === 'GetObject') return get(validated(GetInput, body));
        throw new ServiceError('NotImplemented', 'The operation is not implemented', { statusCode: 501 });
      } catch (error) {
        if (error instanceof ServiceError) return errorAnswer('S3', error);
        throw error;
      }
    },
  };
}

function validated<Schema extends z.ZodMiniType>(schema: Schema, body: Uint8Array): z.infer<Schema> {
  const { success, data, error } = z.safeParse(schema, parseBody(body));
  if (success) return data;
  throw new ServiceError('InvalidArgument', `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`);
}

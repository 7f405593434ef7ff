import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { type Day, daysFrom } from '../../domain/shared/day.ts';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';

/**
 * The copy of the audit stream that Firehose writes to a bucket: JSON Lines, below `<prefix>/yyyy/MM/dd/`.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface AuditCopy {
  /** When the first event of the oldest object arrived: the copy has all later ones. Undefined if there is no object. */
  since(): Promise<Date | undefined>;
  /** The objects of these days, both included, oldest first. Each has at most 5 MB of JSON Lines, compressed by gzip. */
  objects(from: Day, to: Day): AsyncIterable<AuditObject>;
}

/** An object of the copy, as it is stored. */
export interface AuditObject {
  key: string;
  bytes: Uint8Array;
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const S3_ERRORS: readonly ErrorRow[] = [
  { exception: 'SlowDown', as: 'transient', because: 'Please reduce your request rate.' },
  { exception: 'InternalError', as: 'transient', because: 'An internal error occurred. Try again.' },
  { exception: 'ServiceUnavailable', as: 'transient', because: 'Service is unable to handle the request.' },
  { exception: 'AccessDenied', as: 'access-denied', because: 'Access denied.' },
  { exception: 'NoSuchBucket', as: 'bucket-missing', because: 'The specified bucket does not exist.' },
];

/** The copy in one bucket, over the SDK. @param prefix the name of the stack */
export function s3AuditCopy(client: S3Client, bucket: string, prefix: string): AuditCopy {
  const ask = askWith(S3_ERRORS);
  const list = 'ListObjectsV2';

  async function* keysOf(day: Day): AsyncGenerator<string> {
    const folder = `${prefix}/${day.replaceAll('-', '/')}/`;
    for await (const { contents } of pages(list, (ContinuationToken) =>
      ask(list, [`bucket ${bucket}`], async () => {
        const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: folder, ContinuationToken }));
        return { contents: page.Contents, NextToken: page.NextContinuationToken };
      }),
    )) {
      for (const { Key } of listIn(contents ?? [], list, 'Contents')) {
        if (Key === undefined) throw malformedAnswer(list, 'Contents.Key');
        yield Key;
      }
    }
  }

  return {
    async since() {
      return ask(list, [`bucket ${bucket}`], async () => {
        // S3 lists keys in their order, so that the first is of the oldest day.
        const { Contents = [] } = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix: `${prefix}/`, MaxKeys: 1 }),
        );
        const [oldest] = listIn(Contents, list, 'Contents');
        return oldest && (arrivalIn(oldest.Key) ?? oldest.LastModified);
      });
    },

    async *objects(from, to) {
      const operation = 'GetObject';
      for (const day of daysFrom(from, to)) {
        for await (const key of keysOf(day)) {
          const bytes = await ask(operation, [`bucket ${bucket}`, `object ${key}`], async () => {
            const found = await undefinedIf(
              // A lifecycle rule may have deleted it since the list.
              (error) => error instanceof NoSuchKey,
              () => client.send(new GetObjectCommand({ Bucket: bucket, Key: key })),
            );
            if (found && !found.Body) throw malformedAnswer(operation, 'Body');
            return found?.Body?.transformToByteArray();
          });
          if (bytes) yield { key, bytes };
        }
      }
    },
  };
}

/**
 * Returns the time in the name of an object: `<stream>-<version>-<yyyy-MM-dd-HH-mm-ss>-<uuid>.gz`.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
 */
function arrivalIn(key = ''): Date | undefined {
  const [, day, ...time] = /-(\d{4}-\d\d-\d\d)-(\d\d)-(\d\d)-(\d\d)-[^/]*$/.exec(key) ?? [];
  const arrival = new Date(`${day}T${time.join(':')}Z`);
  return Number.isNaN(arrival.getTime()) ? undefined : arrival;
}

/** {@link s3AuditCopy} with a client of its own. The bucket may be in another Region. */
export function connectAuditCopy(settings: ClientSettings, bucket: string, prefix: string): AuditCopy {
  const client = new S3Client({
    ...settings,
    followRegionRedirects: true,
    // The emulator has no host name per bucket.
    ...(settings.endpoint === undefined ? {} : { forcePathStyle: true }),
  });
  return s3AuditCopy(client, bucket, prefix);
}

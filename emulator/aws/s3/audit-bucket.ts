import { gzipSync } from 'node:zlib';
import type { LogRecord } from '../cloudwatch-logs/cloudwatch-logs.ts';
import type { StoredObject } from './s3.ts';

/** Firehose writes an object when its buffer is this old. */
const BUFFER_MILLISECONDS = 300_000;

/**
 * Returns the objects that Firehose has written of these records, as the delivery stream of the template does: JSON Lines in
 * gzip, by the day of the oldest record.
 *
 * @see https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html
 */
export function deliveredObjects(
  records: readonly LogRecord[],
  { stack, stream, now }: { stack: string; stream: string; now: Date },
): StoredObject[] {
  const objects: StoredObject[] = [];
  let from = 0;
  while (from < records.length) {
    const first = records[from]?.at ?? 0;
    const end = records.findIndex(({ at }, index) => index > from && at >= first + BUFFER_MILLISECONDS);
    const to = end === -1 ? records.length : end;
    const writtenAt = new Date(first + BUFFER_MILLISECONDS);
    if (writtenAt > now) break;
    const lines = records.slice(from, to).map(({ event }) => `${JSON.stringify(event)}\n`);
    objects.push({
      key: keyOf(new Date(first), { stack, stream }),
      writtenAt,
      body: () => gzipSync(lines.join('')),
    });
    from = to;
  }
  return objects;
}

function keyOf(first: Date, { stack, stream }: { stack: string; stream: string }): string {
  const [day = '', time = ''] = first.toISOString().slice(0, 19).split('T');
  const random = `00000000-0000-4000-8000-${String(first.getTime()).slice(-12)}`;
  return `${stack}/${day.replaceAll('-', '/')}/${stream}-1-${day}-${time.replaceAll(':', '-')}-${random}.gz`;
}

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AuditCopy } from '../../../adapters/operator/audit-copy.ts';
import type { AuditLog, AuditQuery, LogGroup } from '../../../adapters/operator/audit-log.ts';
import { auditEvent } from '../../../domain/audit/event.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import type { Asker } from '../../../operator/asker.ts';
import { CommandFailed } from '../../../operator/failures.ts';
import { changesSince, reachOf } from '../../../operator/history/audit-records.ts';
import { Unread } from '../../../operator/unread.ts';
import { collected } from '../../support/aws.ts';
import { anAuditRecord } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, OTHER_APPLICATION, user } from '../../support/ids.ts';

const NOW = new Date('2026-11-30T12:00:00.000Z');
const on = (day: string) => new Date(`${day}T08:00:00.000Z`);

/** An event as log and bucket have it. */
function eventOn(day: string, number = 1, applicationArn = APPLICATION): string {
  const seat = { applicationArn, userId: user(number), entitlement: ENTITLEMENT };
  const record = anAuditRecord({ at: on(day).toISOString() });
  const { detailType, detail } = auditEvent(record, seat, { productVersion: '1', region: 'us-east-1' });
  return JSON.stringify({ source: 'usher', 'detail-type': detailType, detail });
}

interface Places {
  group?: LogGroup | RefusedError | undefined;
  /** Texts of the log, by the day of their arrival. */
  log?: Readonly<Record<string, string>>;
  /** Objects of the bucket, by day. */
  bucket?: Readonly<Record<string, Uint8Array>>;
}

/** Someone who asks these places. @returns also what was asked of them */
function anAsker({ group, log = {}, bucket = {} }: Places) {
  const asked: { query?: AuditQuery; days: string[] } = { days: [] };
  const auditLog: AuditLog = {
    async *events(query) {
      asked.query = query;
      const entries = Object.entries(log).map(([day, text], index) => ({ id: String(index), at: on(day), text }));
      yield entries.filter(({ at }) => query.since === undefined || at >= query.since);
    },
    async group() {
      if (group instanceof RefusedError) throw group;
      return group;
    },
  };
  const copy: AuditCopy = {
    since: async () => Object.keys(bucket).map(on)[0],
    async *objects(from, to) {
      asked.days = [from, to];
      for (const [key, bytes] of Object.entries(bucket)) if (key >= from && key <= to) yield { key, bytes };
    },
  };
  const services = { auditLog: async () => auditLog, auditCopy: async () => copy };
  const asker = {
    clock: { now: () => NOW },
    services: async () => services,
    unread: new Unread(),
    progress: () => undefined,
  };
  return { asker: asker as unknown as Asker, asked };
}

const CREATED = { createdAt: on('2026-11-01') };
const DENIED = new RefusedError('access-denied', 'DescribeLogGroups');

describe('how far back the stream can be read', () => {
  it.each<[string, Places, string | undefined, object]>([
    ['the creation of the log group', { group: CREATED }, undefined, { since: on('2026-11-01'), by: 'log-created' }],
    [
      'what the log group keeps',
      { group: { ...CREATED, keepsDays: 10 } },
      undefined,
      { since: new Date('2026-11-20T12:00:00.000Z'), by: 'log-retention' },
    ],
    [
      'the oldest event, if AWS refuses to describe the group',
      { group: DENIED, log: { '2026-11-05': 'x', '2026-11-06': 'y' } },
      undefined,
      { since: on('2026-11-05'), by: 'oldest-event' },
    ],
    ['now, if there is no event either', { group: DENIED }, undefined, { since: NOW, by: 'oldest-event' }],
    [
      'the oldest object of the bucket',
      { group: CREATED, bucket: { '2026-10-01': Buffer.alloc(0) } },
      'acme',
      { since: on('2026-10-01'), by: 'bucket', logSince: on('2026-11-01') },
    ],
    [
      'the log group, if the bucket has less',
      { group: CREATED, bucket: { '2026-11-09': Buffer.alloc(0) } },
      'acme',
      { since: on('2026-11-01'), by: 'log-created' },
    ],
    ['the log group, if the bucket is empty', { group: CREATED }, 'acme', { since: on('2026-11-01') }],
  ])('is %s', async (_what, places, bucket, expected) => {
    expect(await reachOf({ bucket }, anAsker(places).asker)).toMatchObject(expected);
  });

  it('is unknown without a log group, or if AWS fails', async () => {
    await expect(reachOf({}, anAsker({}).asker)).rejects.toThrow(/no log group/);
    const failure = new RefusedError('validation', 'DescribeLogGroups');
    await expect(reachOf({}, anAsker({ group: failure }).asker)).rejects.toBe(failure);
  });
});

describe('the changes since a time', () => {
  const reach = { since: on('2026-10-01'), by: 'bucket' as const, logSince: on('2026-11-10') };
  const read = async (places: Places, from: string, bucket?: string, query: AuditQuery = {}) => {
    const { asker, asked } = anAsker(places);
    const changes = await collected(changesSince(on(from), { query, bucket, reach }, asker));
    return { days: changes.map(({ at }) => at.toISOString().slice(0, 10)), asked };
  };
  const places: Places = {
    log: { '2026-11-12': eventOn('2026-11-12'), '2026-11-20': eventOn('2026-11-20', 2) },
    bucket: {
      '2026-10-20': gzipSync(`${eventOn('2026-10-20')}\n`),
      '2026-11-09': Buffer.from(`${eventOn('2026-11-09')}\n\nno JSON\n{"source":"usher"}\n${eventOn('2026-11-08')}\n`),
      '2026-11-25': gzipSync(eventOn('2026-11-25')),
    },
  };

  it('come from the log alone, if it reaches so far', async () => {
    const { days, asked } = await read(places, '2026-11-15', 'acme');
    expect(days).toEqual(['2026-11-20']);
    expect(asked.days).toEqual([]);
    expect(asked.query?.since).toEqual(on('2026-11-15'));
  });

  it('come from the bucket for the days that the log does not have, late ones included', async () => {
    const { days, asked } = await read(places, '2026-11-01', 'acme');
    expect(days).toEqual(['2026-11-09', '2026-11-08', '2026-11-12', '2026-11-20']);
    expect(asked.days).toEqual(['2026-11-01', '2026-11-12']);
    expect(asked.query?.since).toEqual(on('2026-11-10'));
  });

  it.each([
    ['truncated', gzipSync(eventOn('2026-11-09')).subarray(0, -12)],
    ['damaged', Buffer.from([0x1f, 0x8b, 0, 0])],
    ['larger than an object can be', gzipSync(Buffer.alloc(128 * 1024 * 1024 + 1))],
  ])('are not answered without an object that is %s: the error names it', async (_how, object) => {
    const failed = read({ ...places, bucket: { '2026-11-09': object } }, '2026-11-01', 'acme');
    await expect(failed).rejects.toThrow(CommandFailed);
    await expect(failed).rejects.toThrow(/^Object 2026-11-09 of the bucket is truncated or damaged/);
  });

  it('are those of a user, or of an application', async () => {
    expect((await read(places, '2026-11-01', 'acme', { userId: user(2) })).days).toEqual(['2026-11-20']);
    const other = { ...places, bucket: { '2026-11-09': Buffer.from(eventOn('2026-11-09', 1, OTHER_APPLICATION)) } };
    const { days, asked } = await read(other, '2026-11-01', 'acme', { application: APPLICATION });
    expect(days).toEqual(['2026-11-12', '2026-11-20']);
    expect(asked.query?.application).toBe(APPLICATION);
  });
});

import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import {
  jsonService,
  type Operation,
  operation,
  pageToken,
  parsePageToken,
  type Service,
  ServiceError,
} from '../json-service.ts';
import type { BusEntry } from './event-bus.ts';

/** An event of the audit bus in EventBridge's envelope, as the log group and the archive keep it. */
interface KeptEvent {
  /** When it came, in milliseconds since the epoch. */
  at: number;
  event: Record<string, unknown>;
}

/** Nobody looks for more than one. */
const MOST_LINES = 100;

const Epoch = z.number().check(z.minimum(0));
const FilterInput = z.object({
  logGroupName: z.string(),
  startTime: z.optional(Epoch),
  endTime: z.optional(Epoch),
  filterPattern: z.optional(z.string()),
  limit: z._default(z.int().check(z.minimum(1), z.maximum(10_000)), 10_000),
  nextToken: z.optional(z.string()),
});
const ReplayInput = z.object({
  ReplayName: z.string().check(z.regex(/^[.\-_A-Za-z0-9]{1,64}$/, 'expected a name')),
  EventSourceArn: z.string(),
  EventStartTime: Epoch,
  EventEndTime: Epoch,
  Destination: z.object({ Arn: z.string(), FilterArns: z.optional(z.array(z.string())) }),
});
const NameInput = z.object({ ReplayName: z.string() });
const ArchiveInput = z.object({ ArchiveName: z.string() });

interface Names {
  archive: string;
  bus: string;
  logGroup: string;
  /** Log group of the function NormalizeRequest. */
  functionLogGroup: string;
  region: string;
  account: string;
}

/** What keeps the audit stream: a log group and an archive, from which it can be replayed. */
export class AuditStream {
  readonly log: Service;
  /** To be served beside PutEvents. */
  readonly archiveOperations: ReadonlyMap<string, Operation>;
  readonly #names: Names;
  readonly #clock: Clock;
  readonly #kept: KeptEvent[] = [];
  /** What NormalizeRequest logged last. */
  readonly #logged: KeptEvent[] = [];
  /** Replays by name, and how many events each has brought back. */
  readonly #replays = new Map<string, { startedAt: number; events: number }>();

  constructor(names: Names, clock: Clock) {
    this.#names = names;
    this.#clock = clock;
    this.log = jsonService(
      'CloudWatchLogs',
      new Map([['FilterLogEvents', operation(FilterInput, (input) => this.#filter(input))]]),
    );
    this.archiveOperations = new Map([
      ['DescribeArchive', operation(ArchiveInput, ({ ArchiveName }) => this.#describeArchive(ArchiveName))],
      ['StartReplay', operation(ReplayInput, (input) => this.#replay(input))],
      ['DescribeReplay', operation(NameInput, ({ ReplayName }) => this.#describeReplay(ReplayName))],
    ]);
  }

  /** Keeps what the audit bus took. */
  keep({ EventId, Source, DetailType, Time, Resources, Detail }: BusEntry): void {
    const { account, region } = this.#names;
    const event = {
      version: '0',
      id: EventId,
      'detail-type': DetailType,
      source: Source,
      account,
      time: Time,
      region,
      resources: Resources,
      detail: JSON.parse(Detail),
    };
    this.#kept.push({ at: this.#clock.now().getTime(), event });
  }

  /** Keeps a line that a function logged, if it is one that tells of an event. */
  keepLog(line: string): void {
    if (!line.includes('"eventAccount"')) return;
    this.#logged.push({ at: this.#clock.now().getTime(), event: JSON.parse(line) });
    if (this.#logged.length > MOST_LINES) this.#logged.shift();
  }

  kept(): readonly KeptEvent[] {
    return this.#kept;
  }

  restore(kept: readonly KeptEvent[]): void {
    this.#kept.push(...kept);
  }

  #filter(input: z.infer<typeof FilterInput>): object {
    const groups = new Map([
      [this.#names.logGroup, this.#kept],
      [this.#names.functionLogGroup, this.#logged],
    ]);
    const kept = groups.get(input.logGroupName);
    if (!kept) throw new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
    const fits = matcherOf(input.filterPattern);
    const from = Number(parsePageToken('events', input.nextToken) ?? 0);
    const { startTime = 0, endTime = Number.POSITIVE_INFINITY } = input;
    const events: object[] = [];
    for (let index = from; index < kept.length; index += 1) {
      const one = kept[index];
      if (!one || one.at < startTime || one.at > endTime || !fits(one.event)) continue;
      if (events.length === input.limit) return { events, nextToken: pageToken('events', String(index)) };
      events.push({
        logStreamName: 'local',
        timestamp: one.at,
        ingestionTime: one.at,
        eventId: String(index).padStart(56, '0'),
        message: JSON.stringify(one.event),
      });
    }
    return { events };
  }

  #arn(kind: string, name: string): string {
    return `arn:aws:events:${this.#names.region}:${this.#names.account}:${kind}/${name}`;
  }

  #describeArchive(name: string): object {
    if (name !== this.#names.archive) throw missing('Archive', name);
    return {
      ArchiveName: name,
      ArchiveArn: this.#arn('archive', name),
      EventSourceArn: this.#arn('event-bus', this.#names.bus),
      State: 'ENABLED',
      RetentionDays: 365,
      EventCount: this.#kept.length,
    };
  }

  /** What is replayed isn't archived again, but every rule sees it, that to the log group, too. */
  #replay({
    ReplayName: name,
    EventSourceArn,
    EventStartTime,
    EventEndTime,
    Destination,
  }: z.infer<typeof ReplayInput>) {
    const { archive, bus } = this.#names;
    if (EventSourceArn !== this.#arn('archive', archive)) throw missing('Archive', 'of this ARN');
    if (Destination.Arn !== this.#arn('event-bus', bus)) {
      throw new ServiceError('ValidationException', 'Cross event bus replay is not permitted.');
    }
    if (EventEndTime <= EventStartTime) throw new ServiceError('ValidationException', 'The end is before the start.');
    if (this.#replays.has(name)) throw new ServiceError('ResourceAlreadyExistsException', 'Replay already exists.');
    const now = this.#clock.now().getTime();
    const wanted = this.#kept.filter(
      ({ at, event }) => at >= EventStartTime * 1000 && at <= EventEndTime * 1000 && !('replay-name' in event),
    );
    this.#kept.push(...wanted.map(({ event }) => ({ at: now, event: { ...event, 'replay-name': name } })));
    this.#replays.set(name, { startedAt: now, events: wanted.length });
    return { ReplayArn: this.#arn('replay', name), State: 'STARTING', ReplayStartTime: now / 1000 };
  }

  #describeReplay(name: string): object {
    const replay = this.#replays.get(name);
    if (!replay) throw missing('Replay', name);
    const at = replay.startedAt / 1000;
    return { ReplayName: name, State: 'COMPLETED', ReplayStartTime: at, ReplayEndTime: at };
  }
}

function missing(kind: string, name: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${kind} ${name} does not exist.`);
}

const TERM = /^\(\$((?:\.[\w-]+|\[\d+\])+) = ("(?:[^"\\]|\\.)*")\)$/;

/**
 * The part of CloudWatch's filter language that a query of Usher's takes: `{ ($.a.b[0] = "x") && ($.c-d = "y") }`.
 *
 * @throws ServiceError InvalidParameterException for any other
 */
function matcherOf(pattern: string | undefined): (event: object) => boolean {
  if (pattern === undefined) return () => true;
  const [, inner = ''] = /^\{ (.+) \}$/.exec(pattern) ?? [];
  const terms = inner.split(' && ').map((term) => {
    const [, path = '', value = ''] = TERM.exec(term) ?? [];
    if (path === '') throw new ServiceError('InvalidParameterException', 'The filter pattern is not one of ours.');
    const keys = [...path.matchAll(/[\w-]+/g)].map(([key]) => key);
    return { keys, value: JSON.parse(value) };
  });
  return (event) => terms.every(({ keys, value }) => at(event, keys) === value);
}

function at(event: unknown, keys: readonly string[]): unknown {
  return keys.reduce((value, key) => (typeof value === 'object' && value ? Reflect.get(value, key) : undefined), event);
}

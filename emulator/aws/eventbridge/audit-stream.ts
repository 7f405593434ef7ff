import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { cloudWatchLogs, type LogRecord } from '../cloudwatch-logs/cloudwatch-logs.ts';
import { type Operation, operation, type Service, ServiceError } from '../json-service.ts';
import type { BusEntry } from './event-bus.ts';

/** More than enough: the operator's command asks for one line per account. */
const MOST_LINES = 100;

/** How long archive and log group keep events, by the default of the template. */
const RETENTION_DAYS = 365;

const Epoch = z.number().check(z.minimum(0));
const ReplayInput = z.object({
  ReplayName: z.string().check(z.regex(/^[.\-_A-Za-z0-9]{1,64}$/, 'expected a name')),
  EventSourceArn: z.string(),
  EventStartTime: Epoch,
  EventEndTime: Epoch,
  Destination: z.object({ Arn: z.string(), FilterArns: z.optional(z.array(z.string())) }),
});
const ReplayNameInput = z.object({ ReplayName: z.string() });
const ArchiveInput = z.object({ ArchiveName: z.string() });

interface AuditStreamNames {
  archive: string;
  bus: string;
  logGroup: string;
  /** Log group of the function NormalizeRequest. */
  functionLogGroup: string;
  region: string;
  account: string;
}

/** Keeps the events of the audit bus: in a log group, and in an archive from which they can be replayed. */
export class AuditStream {
  /** CloudWatch Logs with the log groups of the audit bus and of NormalizeRequest. */
  readonly log: Service;
  /** Operations of EventBridge on archives and replays. */
  readonly archiveOperations: ReadonlyMap<string, Operation>;
  readonly #names: AuditStreamNames;
  readonly #clock: Clock;
  readonly #onEvent: (event: object) => void;
  readonly #kept: LogRecord[] = [];
  /** The newest lines of NormalizeRequest. */
  readonly #logged: LogRecord[] = [];
  /** By name: when each replay started, and the number of its events. */
  readonly #replays = new Map<string, { startedAt: number; events: number }>();

  /** @param onEvent called with each event of the bus, also a replayed one, as a rule sees it */
  constructor(names: AuditStreamNames, clock: Clock, onEvent: (event: object) => void = () => undefined) {
    this.#names = names;
    this.#clock = clock;
    this.#onEvent = onEvent;
    const start = clock.now().getTime();
    this.log = cloudWatchLogs({
      records: new Map([
        [names.logGroup, this.#kept],
        [names.functionLogGroup, this.#logged],
      ]),
      // An earlier process may have kept events.
      createdAt: () => Math.min(start, this.#kept[0]?.at ?? start),
      clock,
      keepsDays: RETENTION_DAYS,
    });
    this.archiveOperations = new Map([
      ['DescribeArchive', operation(ArchiveInput, ({ ArchiveName }) => this.#describeArchive(ArchiveName))],
      ['StartReplay', operation(ReplayInput, (input) => this.#replay(input))],
      ['DescribeReplay', operation(ReplayNameInput, ({ ReplayName }) => this.#describeReplay(ReplayName))],
    ]);
  }

  /** Keeps an event that the audit bus accepted. */
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
    this.#onEvent(event);
  }

  /** Keeps a line of a function's log if it is about an event. */
  keepLog(line: string): void {
    if (!line.includes('"eventAccount"')) return;
    this.#logged.push({ at: this.#clock.now().getTime(), event: JSON.parse(line) });
    if (this.#logged.length > MOST_LINES) this.#logged.shift();
  }

  /** Returns the events of the audit bus, in the order of their arrival. */
  kept(): readonly LogRecord[] {
    return this.#kept;
  }

  /** Adds the events that an earlier process kept. */
  restore(kept: readonly LogRecord[]): void {
    this.#kept.push(...kept);
  }

  #arn(kind: string, name: string): string {
    return `arn:aws:events:${this.#names.region}:${this.#names.account}:${kind}/${name}`;
  }

  #describeArchive(name: string): object {
    if (name !== this.#names.archive) throw notFoundNamed('Archive', name);
    return {
      ArchiveName: name,
      ArchiveArn: this.#arn('archive', name),
      EventSourceArn: this.#arn('event-bus', this.#names.bus),
      State: 'ENABLED',
      RetentionDays: RETENTION_DAYS,
      EventCount: this.#kept.length,
    };
  }

  /** Replays events to all rules, also to that of the log group. A replayed event is not archived again. */
  #replay({
    ReplayName: name,
    EventSourceArn,
    EventStartTime,
    EventEndTime,
    Destination,
  }: z.infer<typeof ReplayInput>) {
    const { archive, bus } = this.#names;
    if (EventSourceArn !== this.#arn('archive', archive)) throw notFoundNamed('Archive', 'of this ARN');
    if (Destination.Arn !== this.#arn('event-bus', bus)) {
      throw new ServiceError('ValidationException', 'Cross event bus replay is not permitted.');
    }
    if (EventEndTime <= EventStartTime) throw new ServiceError('ValidationException', 'The end is before the start.');
    if (this.#replays.has(name)) throw new ServiceError('ResourceAlreadyExistsException', 'Replay already exists.');
    const now = this.#clock.now().getTime();
    const wanted = this.#kept.filter(
      ({ at, event }) => at >= EventStartTime * 1000 && at <= EventEndTime * 1000 && !('replay-name' in event),
    );
    const replayed = wanted.map(({ event }) => ({ ...event, 'replay-name': name }));
    this.#kept.push(...replayed.map((event) => ({ at: now, event })));
    for (const event of replayed) this.#onEvent(event);
    this.#replays.set(name, { startedAt: now, events: wanted.length });
    return { ReplayArn: this.#arn('replay', name), State: 'STARTING', ReplayStartTime: now / 1000 };
  }

  #describeReplay(name: string): object {
    const replay = this.#replays.get(name);
    if (!replay) throw notFoundNamed('Replay', name);
    const at = replay.startedAt / 1000;
    return { ReplayName: name, State: 'COMPLETED', ReplayStartTime: at, ReplayEndTime: at };
  }
}

function notFoundNamed(kind: string, name: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', `${kind} ${name} does not exist.`);
}

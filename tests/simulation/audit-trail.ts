import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import type { AuditEntry } from '../../emulator/stack/listener.ts';
import { problemsWith } from '../support/audit-schemas.ts';
import type { Moment } from './truth.ts';

interface Pair {
  applicationArn: string;
  userId: string;
}

/** An audit event's detail, as far as it is looked at. */
interface Detail {
  metadata: { uid: string };
  status_detail: string;
  user: { uid?: string };
  resources?: { uid: string }[];
  activity_id: number;
  unmapped?: { change_seq?: number; subscription_plan?: string; hold_digest?: string };
}

const KINDS: Readonly<Record<string, AuditRecord['kind']>> = {
  'Seat Assigned': 'assigned',
  'Seat Revoked': 'revoked',
  'Seat Refused': 'refused',
  'Seat Waitlisted': 'waitlisted',
  'Seat Leaving': 'leaving',
  'Seat Kept': 'kept',
  'Seat Adopted': 'adopted',
  'Seat Observed': 'observed',
};

/** Actions of the longest history. */
const MOST_TURNS = 30;

interface Told {
  kind: AuditRecord['kind'];
  /** Of a refusal: it was a grant that was refused. */
  grant: boolean;
  reason: string;
  number: number;
  /** Of the subscription that is part of the seat. */
  plan: string | undefined;
}

/** What a consumer of the audit stream knows, and what is still to be told. */
export class AuditTrail {
  /** By `metadata.uid`: what the first copy said. */
  readonly #copies = new Map<string, string>();
  readonly #onBus = new Set<string>();
  /** By application and user: the numbers of the changes that were told or are about to be, and their kinds. */
  readonly #changes = new Map<string, Map<number, AuditRecord['kind']>>();
  /** By application and user: what was told of it, each id once, in order. */
  readonly #told = new Map<string, Told[]>();
  /** Since when the ledger has held what is still to be told. */
  readonly #recordedAt = new Map<string, Moment>();
  readonly #now: () => Moment;
  #justTold: { about: string; recordedAt: Moment }[] = [];
  readonly failed = new Set<string>();
  readonly holds: string[] = [];
  /** Digests of holds that were told. */
  readonly digests = new Set<string>();

  constructor(now: () => Moment) {
    this.#now = now;
  }

  /** Returns what was told for the first time since the last call of this function. */
  justTold(): { about: string; recordedAt: Moment }[] {
    const told = this.#justTold;
    this.#justTold = [];
    return told;
  }

  /** An event that the bus took. @returns what is wrong with it */
  take(entry: AuditEntry): string[] {
    const problems = problemsWith(entry);
    const detail = entry.Detail as Detail;
    const { uid } = detail.metadata;
    const kind = KINDS[entry.DetailType];
    const number = detail.unmapped?.change_seq ?? 0;
    const digest = detail.unmapped?.hold_digest;
    const about = `${entry.DetailType} ${detail.resources?.[0]?.uid} ${detail.user.uid} ${digest ?? number}`;
    const first = this.#copies.get(uid);
    if (first !== undefined) return first === about ? problems : [...problems, `two events have one id: ${about}`];
    this.#copies.set(uid, about);
    if (entry.DetailType === 'Onboarding Failed') for (const arn of entry.Resources) this.failed.add(arn);
    if (entry.DetailType === 'Revocations Held') this.holds.push(...entry.Resources);
    if (digest !== undefined) this.digests.add(digest);
    if (!kind) return problems;
    const pair = { applicationArn: detail.resources?.[0]?.uid ?? '', userId: detail.user.uid ?? '' };
    const reason = detail.status_detail;
    const record = recordKey(pair, { kind, changeSeq: number, reason });
    this.#onBus.add(record);
    const recordedAt = this.#recordedAt.get(record);
    if (recordedAt !== undefined)
      this.#justTold.push({ about: `${entry.DetailType} of ${keyOf(pair).slice(-2)}`, recordedAt });
    const told = this.#told.get(keyOf(pair)) ?? [];
    this.#told.set(keyOf(pair), told);
    told.push({ kind, grant: detail.activity_id === 1, reason, number, plan: detail.unmapped?.subscription_plan });
    return problems;
  }

  /** A record that waits in the ledger. */
  pending(pair: Pair, record: AuditRecord): void {
    const { kind, changeSeq } = record;
    const key = recordKey(pair, record);
    if (!this.#recordedAt.has(key)) this.#recordedAt.set(key, this.#now());
    if (!['assigned', 'adopted', 'revoked'].includes(kind)) return;
    const changes = this.#changes.get(keyOf(pair)) ?? new Map<number, AuditRecord['kind']>();
    this.#changes.set(keyOf(pair), changes.set(changeSeq, kind));
  }

  isOnBus(pair: Pair, record: AuditRecord): boolean {
    return this.#onBus.has(recordKey(pair, record));
  }

  /** Whether the newest change of a seat that is told, or about to be, gave it. */
  isGranted(pair: Pair): boolean {
    const changes = [...(this.#changes.get(keyOf(pair)) ?? [])].sort(([a], [b]) => a - b);
    const last = changes.at(-1)?.[1];
    return last === 'assigned' || last === 'adopted';
  }

  /** Whether the newest change that was told leaves a person with a seat; a refused grant, or a place in line, doesn't. */
  lastTold(pair: Pair): 'given' | 'taken' | undefined {
    const last = (this.#told.get(keyOf(pair)) ?? [])
      .filter(
        ({ kind, grant }) =>
          ['assigned', 'adopted', 'revoked', 'waitlisted'].includes(kind) || (kind === 'refused' && grant),
      )
      .sort((a, b) => a.number - b.number)
      .at(-1);
    if (!last) return undefined;
    return last.kind === 'assigned' || last.kind === 'adopted' ? 'given' : 'taken';
  }

  /** The plan of a person's seat, as it was told last. */
  planTold(pair: Pair): string | undefined {
    return this.#changesTold(pair).at(-1)?.plan;
  }

  /** Whether a person's seat was another party's assignment before. */
  isAdopted(pair: Pair): boolean {
    return this.#changesTold(pair).at(-1)?.kind === 'adopted';
  }

  /** Audit events that repeat for one user more often than a history has actions: reads that contradict each other, in turns. */
  repetitions(): string[] {
    return [...this.#told].flatMap(([key, told]) =>
      Object.entries(Object.groupBy(told, ({ kind }) => kind))
        .filter(([, some]) => some.length > MOST_TURNS)
        .map(([kind, some]) => `${kind} was told ${some.length} times (${key.slice(-2)})`),
    );
  }

  /** What contradicts itself in what was told: given and taken take turns, each change has its own number. */
  contradictions(): string[] {
    return [...this.#told.keys()].flatMap((key) => {
      const [applicationArn = '', userId = ''] = key.split(' ');
      const changes = this.#changesTold({ applicationArn, userId });
      return changes.flatMap((change, index) => {
        const before = changes[index - 1];
        if (!before) return [];
        if (before.number === change.number) return [`change ${change.number} was told as two`];
        const turn = (before.kind === 'revoked') !== (change.kind === 'revoked');
        // What another party took away is given once more, with nothing of ours between but perhaps a place in line; and
        // a subscription, or another plan, is added to what was given before.
        const repeats = ['drift-healed', 'plan-changed', 'subscription-started'];
        const isAdopted = change.kind === 'adopted' && change.plan !== undefined && before.plan === undefined;
        const again = isAdopted || repeats.includes(change.reason) || this.#hasWaited(key, before, change);
        return turn || (again && before.kind !== 'revoked')
          ? []
          : [`${before.kind} is followed by ${change.kind} (${key.slice(-2)})`];
      });
    });
  }

  #hasWaited(key: string, from: Told, to: Told): boolean {
    const told = this.#told.get(key) ?? [];
    return told.some(({ kind, number }) => kind === 'waitlisted' && number > from.number && number < to.number);
  }

  #changesTold(pair: Pair) {
    return (this.#told.get(keyOf(pair)) ?? [])
      .filter(({ kind }) => kind === 'assigned' || kind === 'adopted' || kind === 'revoked')
      .sort((a, b) => a.number - b.number);
  }
}

/** What identifies a record: a refusal by its reason, too. */
export function recordKey(
  pair: Pair,
  { kind, changeSeq, reason }: Pick<AuditRecord, 'kind' | 'changeSeq' | 'reason'>,
): string {
  return `${keyOf(pair)} ${kind} ${changeSeq} ${kind === 'refused' ? reason : ''}`;
}

function keyOf({ applicationArn, userId }: Pair): string {
  return `${applicationArn} ${userId}`;
}

import { Buffer } from 'node:buffer';
import type { Batch } from '../../domain/decision/batches.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import { managedOf } from '../../domain/entitlements.ts';
import { holderOf } from '../../domain/queue/lease.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import type { Faults } from '../../emulator/aws/faults.ts';
import type { GatewayRequest } from '../../emulator/aws/gateway.ts';
import type { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import { KIRO_PROVIDER } from '../../emulator/aws/identity-center/subscriptions.ts';
import type { Answer } from '../../emulator/aws/json-service.ts';
import { readTemplate } from '../../emulator/engine/template.ts';
import type { AuditEntry, StackListener } from '../../emulator/stack/listener.ts';
import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { SECRET } from '../support/secret.ts';
import { AuditTrail, recordKey } from './audit-trail.ts';
import { type Expectation, expectationOf } from './expectation.ts';
import { Punctuality } from './punctuality.ts';
import { Shadow } from './shadow.ts';
import { StatusReads } from './status-reads.ts';
import { LIST_AGE, Subscribers, type SubscriptionCall, subscriptionCallIn } from './subscribers.ts';
import type { Moment, Truth } from './truth.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** From the reads of a plan to the last try of a change of it, with all retries of the machine. */
const PLAN_TO_CHANGE = 35 * MINUTE;
/** From the confirmation of a revocation to its call: they follow each other in one invocation. */
const CONFIRM_TO_CALL = MINUTE;
/** The oldest read behind a create. Whatever it shows of someone else stays theirs. */
const SNAPSHOT_AGE = 35 * MINUTE;
/** The cap is claimed for reads that lag up to this. */
const MOST_LAG = 60 * MINUTE;
/** After this, a read shows a grant, with few exceptions. */
const GRANT_SHOWS = 90 * SECOND;
/** A create that AWS accepted is repeated after this at the earliest. */
const REPEAT = 5 * MINUTE;
/** `settleSeconds` of the design. */
const SETTLE = 30 * SECOND;

/** Seconds that a function may run, by its key. */
const LIMITS = new Map([...readTemplate().functions.values()].map(({ key, timeoutSeconds }) => [key, timeoutSeconds]));

/** An assignment that Usher made or took over: from when to when. */
interface Tenure {
  from: Moment;
  to: Moment | undefined;
}

/** Which function has made a request, and in which execution. */
type Caller = { function: string; execution: string } | undefined;

/** One person and one application. */
interface Pair {
  applicationArn: string;
  userId: string;
}

/**
 * Watches everything that goes in and out of the stand-in while a history plays, and holds it to the invariants of the
 * design. It judges by {@link Truth}, by the requests, and by the ledger as its writes make it.
 */
export class Watch {
  readonly violations: string[] = [];
  readonly shadow = new Shadow();
  readonly ends: ExecutionEnd[] = [];
  readonly trail: AuditTrail;
  readonly punctuality: Punctuality;
  readonly subscribers: Subscribers;
  readonly #truth: Truth;
  readonly #center: IdentityCenter;
  readonly #now: () => Moment;
  readonly #faults: Pick<Faults, 'left'>;
  readonly #invocations = new Map<string, { function: string; execution: string }>();
  /** Whom the assignments that exist are due to, by application and user. */
  readonly #origins = new Map<string, 'usher' | 'hand'>();
  readonly #byHandSince = new Map<string, Moment>();
  readonly #tenures = new Map<string, Tenure[]>();
  readonly #revocations = new Map<string, Map<string, Moment>>();
  /** By digest: who was held when it was given out. */
  readonly #covered = new Map<string, string[]>();
  readonly #releasable = new Set<string>();
  /** Changes that an operator has released: all parts of a seat end with one. */
  readonly #releasedChanges = new Set<string>();
  readonly #adoptions = new Map<string, Moment>();
  /** By application: when somebody asked last to adopt its subscriptions, and whether also those of users not entitled. */
  readonly #adoptedSubscriptions = new Map<string, Moment>();
  /** By application and user: when another party's assignment was taken over last. */
  readonly #adoptedAt = new Map<string, Moment>();
  /** By execution: when it wrote last, by application. */
  readonly #lastWrites = new Map<string, Map<string, Moment>>();
  /** What executions were started with, by name. */
  readonly #inputs = new Map<string, unknown>();
  /** When revocations began that are under way, or were made. */
  readonly #began = new Map<string, { at: Moment; alone: boolean }>();
  /** By application and user: the reads from which the revocation was decided last, and whether there were other seats. */
  readonly #decided = new Map<string, { readAt: string; alone: boolean }>();
  /** By application and user: when the first create for the present seat was intended, or sent. */
  readonly #firstCreates = new Map<string, Moment>();
  readonly #slotSince = new Map<string, Moment>();
  /** By execution: what it asked for last of each seat. */
  readonly #asked = new Map<string, Map<string, { at: Moment; change: 'grant' | 'revoke' }>>();
  /** By application and user: when someone else changed a part of the seat last. */
  readonly #meddledAt = new Map<string, Moment>();
  readonly #statusReads = new StatusReads();
  readonly #takenByHand = new Map<string, Moment>();
  /** Assignments show later than a plan waits for them: what it proves may have been so before. */
  hazy = false;
  /** AWS refuses things in this history: what was expected may not come about. */
  refusing = false;
  /** AWS loses a removal in this history: a read that lags shows the time before the grant. */
  losing = false;
  /** Reads of UserStatus fail in this history, and are not seen here. */
  blind = false;
  /** AWS loses changes of subscriptions in this history, and their lists lag. */
  losingSubscriptions = false;
  /** Executions end early or the configuration changes in this history: what was known of the account may be lost. */
  forgetful = false;
  /** The audit bus fails in this history. */
  silencing = false;
  /** The longest lag of any read in this history. */
  lag = 0;
  /** The longest lag of those reads that confirm a revocation. */
  confirmationLag = 0;

  constructor(truth: Truth, center: IdentityCenter, faults: Pick<Faults, 'left'>, now: () => Moment) {
    this.#truth = truth;
    this.#center = center;
    this.trail = new AuditTrail(now);
    this.#faults = faults;
    this.punctuality = new Punctuality(truth, center);
    this.subscribers = new Subscribers(truth, center, now);
    this.#now = now;
    for (const { applicationArn, principalId } of center.assignments()) {
      this.#origins.set(keyOf({ applicationArn, userId: principalId }), 'hand');
      this.#byHandSince.set(keyOf({ applicationArn, userId: principalId }), Number.NEGATIVE_INFINITY);
    }
  }

  clockNow(): string {
    return new Date(this.#now()).toISOString();
  }

  /** What the stack is opened with. */
  get listener(): StackListener {
    return {
      invoked: (invocation) => this.#invoked(invocation),
      request: (request) => this.#request(request),
      audit: (entry) => this.#audit(entry),
      ended: (end) => this.#ended(end),
      invalid: ({ call, invocation }, { message }) => {
        if (invocation !== undefined) this.violate(10, `AWS refuses ${call} as invalid: ${message}`);
      },
      log: (line) => this.#idsOnly('a log line', line),
    };
  }

  violate(invariant: number, what: string, about?: Partial<Pair>): void {
    const where = about
      ? ` (${[about.applicationArn?.slice(-1), about.userId?.slice(-2)].filter(Boolean).join(' ')})`
      : '';
    this.violations.push(`invariant ${invariant}: ${what}${where} at ${new Date(this.#now()).toISOString()}`);
  }

  /** People change something; assignments that come and go by it are not Usher's. */
  async byHand(make: () => Promise<void>): Promise<void> {
    const before = this.#assigned();
    this.#truth.note(this.#now());
    await make();
    this.#disturbed();
    const after = this.#assigned();
    const subscriptions = this.subscribers.follow('hand');
    for (const key of subscriptions.begun) this.#meddled(key);
    for (const { key } of subscriptions.ended) {
      this.#takenByHand.set(key, this.#now());
      this.#meddled(key);
    }
    for (const key of after) {
      if (before.has(key)) continue;
      this.#origins.set(key, 'hand');
      this.#byHandSince.set(key, this.#now());
      this.#meddled(key);
    }
    for (const key of before) {
      if (after.has(key)) continue;
      this.#takenByHand.set(key, this.#now());
      this.#meddled(key);
      this.#gone(key, false);
    }
  }

  #meddled(key: string): void {
    this.#meddledAt.set(key, this.#now());
    this.punctuality.meddled(key, this.#now());
  }

  /** Notes the faults that may delay someone from now on. */
  #disturbed(): void {
    this.punctuality.note({ at: this.#now(), rules: this.#faults.left() });
  }

  /** When a seat took its slot. */
  slotSince(pair: Pair): Moment {
    return this.#slotSince.get(keyOf(pair)) ?? Number.NEGATIVE_INFINITY;
  }

  /** Whose an assignment is that exists. */
  originOf(pair: Pair): 'usher' | 'hand' | undefined {
    return this.#origins.get(keyOf(pair));
  }

  /** Whether an entitled user should have a subscription, and has none. */
  isUnsubscribed(pair: Pair): boolean {
    const { subscribers } = this;
    return !(subscribers.isSubscribed(pair) || subscribers.isSubscribedThisMonth(pair) || this.isUnsubscribable(pair));
  }

  /** Whether AWS refuses to subscribe a user for good, because the assignment is there: it may be someone else's. */
  isUnsubscribable(pair: Pair): boolean {
    const { quirks } = this.#center;
    const isKiro = this.#center.application(pair.applicationArn)?.provider === KIRO_PROVIDER;
    return isKiro && quirks.subscribingAssigned === 'conflicts' && this.#exists(pair);
  }

  #assigned(): Set<string> {
    return new Set(
      this.#center
        .assignments()
        .filter(({ principalType }) => principalType === 'USER')
        .map(({ applicationArn, principalId }) => keyOf({ applicationArn, userId: principalId })),
    );
  }

  /** Whether a part of a seat exists that is Usher's. */
  #isUshers(key: string): boolean {
    const [applicationArn = '', userId = ''] = key.split(' ');
    return this.#origins.get(key) === 'usher' || this.subscribers.originOf({ applicationArn, userId }) === 'usher';
  }

  /** An assignment is gone. */
  #gone(key: string, byUsher: boolean): void {
    this.#origins.delete(key);
    this.#byHandSince.delete(key);
    this.#partGone(key, byUsher);
  }

  /** A part of a seat is gone; the last one ends the seat. */
  #partGone(key: string, byUsher: boolean): void {
    if (this.#isUshers(key)) return;
    const [, userId = ''] = key.split(' ');
    const tenure = this.#tenures.get(key)?.at(-1);
    // Somebody who takes an assignment away by hand doesn't end the seat.
    if (tenure && (byUsher || !this.#truth.exists(userId, this.#now()))) tenure.to ??= this.#now();
  }

  #invoked({ id, function: name, payload }: { id: string; function: string; payload: string }): () => void {
    const began = this.#now();
    const { execution = '', propagation } = JSON.parse(payload);
    this.#invocations.set(id, { function: name, execution });
    // The input of the execution itself, and a selector that is not resolved yet, may name a person.
    if (name !== 'normalizeRequest' && !(propagation && !propagation.userId)) {
      this.#idsOnly(`the input of ${name}`, payload);
    }
    return () => {
      const seconds = (this.#now() - began) / SECOND;
      const limit = LIMITS.get(name) ?? 0;
      if (seconds >= limit) this.violate(11, `${name} ran for ${seconds} s, and its limit is ${limit} s`);
    };
  }

  #idsOnly(where: string, text: string): void {
    if (text.includes(SECRET)) this.violate(8, `a name stands in ${where}`);
  }

  #request({ call, body, invocation }: GatewayRequest): ((answer: Answer) => void) | undefined {
    const caller = invocation === undefined ? undefined : this.#invocations.get(invocation);
    switch (call) {
      case 'SSOAdmin.CreateApplicationAssignment':
      case 'SSOAdmin.DeleteApplicationAssignment': {
        const { ApplicationArn: applicationArn, PrincipalId: userId } = jsonIn(body);
        const pair = { applicationArn, userId };
        const change = call.includes('Create') ? 'grant' : 'revoke';
        this.#maySend(pair, change, caller);
        const key = keyOf(pair);
        if (change === 'grant' && !this.#firstCreates.has(key)) this.#firstCreates.set(key, this.#now());
        if (change === 'revoke' && this.#exists(pair)) this.#isUshersOwn(pair);
        return this.#changing(pair, change, caller);
      }
      case 'UserSubscriptions.ListUserSubscriptions':
      case 'QBusiness.ListSubscriptions':
        return (answer) => this.subscribers.listed(jsonIn(body), answer);
      case 'DynamoDB.PutItem': {
        const text = textOf(body);
        this.#idsOnly('the ledger', text);
        return ({ statusCode }) => {
          if (statusCode === 200) this.#written(JSON.parse(text).Item);
        };
      }
      case 'EventBridge.PutEvents':
        this.#idsOnly('the audit stream', textOf(body));
        return undefined;
      case 'IdentityStore.DescribeUser':
      case 'IdentityStore.ListUsers':
        this.#statusReads.request(call, jsonIn(body), this.#now());
        return undefined;
      case 'SFN.StartExecution':
        return this.#started(jsonIn(body));
      default: {
        const asked = subscriptionCallIn(call, body);
        return asked && this.#askedToChange(asked, caller);
      }
    }
  }

  /** A call about a subscription. */
  #askedToChange({ change, ...pair }: SubscriptionCall, caller: Caller) {
    const now = this.#now();
    const from = now - PLAN_TO_CHANGE - LIST_AGE - this.lag;
    const rules = this.#truth.rulesOf(pair.applicationArn, from, now);
    if (!rules.some(managedOf))
      this.violate(1, `a subscription is changed (${change}) that Usher does not manage`, pair);
    this.#maySend(pair, change === 'cancel' ? 'revoke' : 'grant', caller);
    if (change === 'cancel' && this.subscribers.isOwn(pair) && !this.subscribers.isUshersOwn(pair, now - from)) {
      this.violate(3, 'a cancellation of what someone else has subscribed', pair);
    }
    if (change === 'subscribe') {
      if (this.subscribers.isOthersSince(pair, from)) this.violate(3, 'subscribes a user who is subscribed', pair);
      if (!this.forgetful && !this.subscribers.mayAsk(pair))
        this.violate(10, 'asks for a subscription, although AWS refuses them to the account', pair);
      this.subscribers.asks(pair);
    }
    const follow = this.#changing(pair, change === 'cancel' ? 'revoke' : 'grant', caller);
    return (answer: Answer) => {
      if (change === 'subscribe') this.subscribers.answered(pair);
      if (answer.statusCode !== 200 && this.subscribers.isAccountRefused(pair.applicationArn))
        this.punctuality.stopped.add(pair.applicationArn);
      follow();
    };
  }

  /** A call that changes a seat. @returns what follows its effect */
  #changing(pair: Pair, change: 'grant' | 'revoke', caller: Caller): () => void {
    const wasAssigned = this.#exists(pair);
    const key = keyOf(pair);
    const asked =
      this.#asked.get(nameOf(caller?.execution)) ?? new Map<string, { at: Moment; change: typeof change }>();
    this.#asked.set(nameOf(caller?.execution), asked.set(key, { at: this.#now(), change }));
    return () => {
      const execution = nameOf(caller?.execution);
      const writes = this.#lastWrites.get(execution) ?? new Map<string, Moment>();
      this.#lastWrites.set(execution, writes.set(pair.applicationArn, this.#now()));
      const isAssigned = this.#exists(pair);
      const { begun, ended } = this.subscribers.follow('usher');
      if (!wasAssigned && isAssigned) this.#origins.set(key, 'usher');
      if ((!wasAssigned && isAssigned) || begun.includes(key)) this.#granted(pair);
      const isCancelled = ended.some((one) => one.key === key && one.was === 'usher');
      if ((wasAssigned && !isAssigned) || isCancelled) this.#revoked(pair);
      if (wasAssigned && !isAssigned) this.#gone(key, true);
      else if (isCancelled) this.#partGone(key, true);
    };
  }

  #started({ stateMachineArn, input }: Record<string, string>) {
    const content = JSON.parse(input ?? '{}');
    if (stateMachineArn?.endsWith('-onboarding-admin')) this.#hasAsked(content);
    return ({ statusCode, body }: Answer) => {
      if (statusCode !== 200) return;
      const { executionArn } = JSON.parse(String(body));
      this.#inputs.set(nameOf(executionArn), content);
      this.#disturbed();
      this.punctuality.delivered(content, this.#now());
    };
  }

  /** What a person has asked of onboarding-admin. */
  #hasAsked({ release, adopt, subscriptions }: { release?: string; adopt?: string; subscriptions?: string }): void {
    if (release !== undefined) this.#released(release);
    const rule = this.#truth.rulesAt(this.#now()).entitlements.find(({ name }) => name === adopt);
    if (!rule) return;
    this.#adoptions.set(rule.application, this.#now());
    if (subscriptions !== undefined) this.#adoptedSubscriptions.set(rule.application, this.#now());
  }

  #released(digest: string): void {
    for (const key of this.#covered.get(digest) ?? []) this.#releasable.add(key);
  }

  #exists({ applicationArn, userId }: Pair): boolean {
    return this.#center.isAssigned({ applicationArn, principalId: userId, principalType: 'USER' });
  }

  /** Before a write to sso-admin takes effect. */
  #maySend(pair: Pair, change: 'grant' | 'revoke', caller: Caller): void {
    const { applicationArn, userId } = pair;
    const { execution = '', function: by = '' } = caller ?? {};
    const now = this.#now();
    const from = now - PLAN_TO_CHANGE - this.lag;
    if (by !== 'applyChanges') this.violate(9, `${by} sends a ${change}`, pair);
    const holder = holderOf(this.shadow.queue, new Date(now));
    if (holder !== execution) this.violate(6, `a ${change} is sent without the lease`, pair);
    const modes = this.#truth.rulesOf(applicationArn, from, now).map((rule) => rule?.mode);
    if (modes.every((mode) => mode === 'observe')) this.violate(1, `a ${change} of an entitlement that observes`, pair);
    if (change === 'grant') {
      // Reads lag each on its own: membership, status and configuration need not have been so at one moment.
      const groups = this.#truth.rulesOf(applicationArn, from, now).flatMap((rule) => rule?.groups ?? []);
      const member = (at: Moment) => groups.some((groupId) => this.#truth.isMember(groupId, userId, at));
      const enabled = (at: Moment) => this.#truth.isEnabled(userId, at);
      if (!this.#truth.some(from, now, member) || !this.#truth.some(from, now, enabled)) {
        this.violate(1, 'a grant to a user who is not entitled', pair);
      }
    } else this.#mayRevoke(pair, now);
  }

  #mayRevoke(pair: Pair, now: Moment): void {
    const { applicationArn, userId } = pair;
    const seat = this.shadow.seat(applicationArn, userId);
    if (seat?.status !== 'revoking') this.violate(3, 'a revocation without a seat that is being revoked', pair);
    const settledRules = this.#truth.rulesOf(applicationArn, now - PLAN_TO_CHANGE, now).length === 1;
    const from = now - CONFIRM_TO_CALL - this.confirmationLag;
    const entitled = (at: Moment) => this.#truth.mayBeEntitled(applicationArn, userId, at);
    if (settledRules && this.#truth.always(from, now, entitled)) {
      this.violate(1, 'a revocation of a user who is entitled', pair);
    }
  }

  /** What was there before the reads from which Usher decided its create is someone else's, unless Usher has adopted it. */
  #isUshersOwn(pair: Pair): void {
    const key = keyOf(pair);
    const since = this.#byHandSince.get(key);
    if (since === undefined || (this.#adoptedAt.get(key) ?? Number.NEGATIVE_INFINITY) >= since) return;
    // Where reads lag, none tells it from Usher's own assignment, whose removal AWS has accepted.
    if (this.lag > 0 && this.shadow.seat(pair.applicationArn, pair.userId)?.removedAt !== undefined) return;
    const created = this.#firstCreates.get(key) ?? Number.POSITIVE_INFINITY;
    if (since < created - SNAPSHOT_AGE - this.lag) this.violate(3, 'a removal of what someone else has assigned', pair);
  }

  /** A slot is free only when the assignment is gone. */
  #isFree(seat: Seat): void {
    if (this.lag > MOST_LAG) return;
    if (this.#origins.get(keyOf(seat)) === 'usher' && !this.losing)
      this.violate(4, `a slot is freed (${seat.status}) although the assignment is there`, seat);
  }

  /** Usher knows the subscriptions that it has started until they are gone. */
  #isForgotten(before: Seat, after: Seat): void {
    if (!before.subscription || after.subscription) return;
    this.subscribers.forgets(after);
    const now = this.#now();
    const rules = this.#truth.rulesOf(after.applicationArn, now - PLAN_TO_CHANGE, now);
    if (this.lag > MOST_LAG || this.losingSubscriptions || !rules.every(managedOf)) return;
    if (this.subscribers.originOf(after) !== 'usher') return;
    this.violate(4, `a subscription is forgotten (${after.status}) although it is there`, after);
  }

  /** What the list has shown before is someone else's subscription, unless an operator has it adopted. */
  #isStarted(before: Seat | undefined, after: Seat): void {
    if (!after.subscription || before?.subscription) return;
    if (after.status === 'creating') this.subscribers.asks(after);
    if (after.status === 'confirmed') {
      if (!this.#adoptedSubscriptions.has(after.applicationArn))
        this.violate(3, 'adopts a subscription unasked', after);
      this.subscribers.adopts(after);
      this.#begin(keyOf(after), this.#now());
    } else if (this.subscribers.isOthersSince(after, this.#now() - PLAN_TO_CHANGE - LIST_AGE - this.lag)) {
      this.violate(3, 'takes a subscription of another party for its own', after);
    }
  }

  /** Who left and isn't disabled keeps the seat, if there was one, for the days of grace. */
  #isGraceOver({ applicationArn, userId }: Pair, now: Moment): void {
    const days = this.#truth
      .rulesOf(applicationArn, now - 10 * DAY, now)
      .map((rule) => rule?.onLeave.revokeAfterDays ?? 0);
    const grace = Math.min(...days) * DAY;
    const tolerance = 2 * this.lag + MINUTE;
    if (
      grace === 0 ||
      !this.#truth.always(now - PLAN_TO_CHANGE - this.lag, now, (at) => this.#truth.isEnabled(userId, at))
    )
      return;
    // Nobody sees a return that is shorter than the time that reads lag, and some more.
    const shortest = this.lag + MINUTE;
    const wasEntitled = (at: Moment) =>
      [at, at + shortest].every((moment) => this.#truth.isEntitled(applicationArn, userId, moment));
    if (this.#truth.some(now - grace + tolerance, now - shortest, wasEntitled)) {
      this.violate(5, 'a revocation within the days of grace', { applicationArn, userId });
    }
  }

  #granted(pair: Pair): void {
    const { applicationArn } = pair;
    const key = keyOf(pair);
    const now = this.#now();
    this.#begin(key, now);
    const assigned = [...this.#origins].flatMap(([one, origin]) =>
      one.startsWith(applicationArn) && origin === 'usher' ? [one] : [],
    );
    const count = new Set([...assigned, ...this.subscribers.ofUsher(applicationArn)]).size;
    // A removal that AWS accepts and loses, while no read shows what it was about, passes for one that was made.
    if (this.losing && this.lag > GRANT_SHOWS) return;
    const rules = this.#truth.rulesOf(applicationArn, now - PLAN_TO_CHANGE - this.lag, now);
    const max = Math.max(...rules.map((rule) => rule?.seats.max ?? 0));
    if (count > max) this.violate(4, `${count} seats of Usher's where ${max} are allowed`, pair);
  }

  #begin(key: string, at: Moment): void {
    const tenures = this.#tenures.get(key) ?? [];
    this.#tenures.set(key, tenures);
    if (tenures.at(-1)?.to === undefined && tenures.length > 0) return;
    tenures.push({ from: at, to: undefined });
  }

  #revoked(pair: Pair): void {
    const { applicationArn } = pair;
    const key = keyOf(pair);
    const now = this.#now();
    const change = this.#changeOf(pair);
    const released = this.#releasable.has(key) || this.#releasedChanges.has(`${applicationArn} ${change}`);
    this.#isGraceOver(pair, now);
    if (!released) {
      this.#isWithinBudget(pair, now);
      this.#isNotHeld(pair, now);
    }
    this.#releasable.delete(key);
    if (released) this.#releasedChanges.add(`${applicationArn} ${change}`);
    else {
      const earlier = this.#revocations.get(applicationArn) ?? new Map<string, Moment>();
      this.#revocations.set(applicationArn, earlier.set(change, now));
    }
  }

  /** Until a revocation is proved, it also takes back what another party assigns again before then: all of it is one change. */
  #changeOf({ applicationArn, userId }: Pair): string {
    return `${userId} ${this.shadow.seat(applicationArn, userId)?.changeSeq}`;
  }

  #isWithinBudget(pair: Pair, now: Moment): void {
    // A revocation that no read shows in time may pass for one that never was.
    if (this.hazy) return;
    const { applicationArn } = pair;
    const windowStart = now - DAY;
    const change = this.#changeOf(pair);
    const earlier = [...(this.#revocations.get(applicationArn) ?? [])].filter(
      ([other, at]) => other !== change && at > windowStart,
    ).length;
    const tenures = [...this.#tenures].flatMap(([key, some]) => (key.startsWith(applicationArn) ? some : []));
    const then = tenures.filter(({ from, to }) => from <= windowStart && (to === undefined || to > windowStart)).length;
    const budgets = this.#truth
      .rulesWithin(windowStart - PLAN_TO_CHANGE, now)
      .map(({ brake }) => Math.max(brake.atLeast, Math.floor((brake.percent * then) / 100)));
    if (earlier + 1 > Math.max(...budgets)) this.violate(5, `${earlier + 1} revocations in 24 hours`, pair);
  }

  #isNotHeld(pair: Pair, now: Moment): void {
    const { applicationArn } = pair;
    const hold = this.shadow.hold(applicationArn);
    const { at: began, alone } = this.#began.get(keyOf(pair)) ?? { at: now, alone: false };
    if (hold?.status === 'held' && began > Date.parse(hold.since)) {
      this.violate(5, 'a revocation while revocations are held', pair);
    }
    const empty = (at: Moment) => this.#truth.hasEmptyGroup(applicationArn, at);
    if (!alone && this.#truth.always(began - PLAN_TO_CHANGE - this.lag, now, empty)) {
      this.violate(5, 'a revocation while a configured group is empty', pair);
    }
  }

  /** The bound of slots is never lower than what is taken: grants rely on it instead of a read of all seats. */
  #isBounded(applicationArn: string): void {
    const { taken } = this.shadow.slots(applicationArn) ?? {};
    if (taken === undefined || this.shadow.inUse(applicationArn) <= taken) return;
    this.violate(4, 'more slots are taken than their bound says', { applicationArn });
  }

  #written(item: Parameters<Shadow['write']>[0]): void {
    const written = this.shadow.write(item);
    if (written.item === 'seat') this.#seatWritten(written.before, written.after);
    if (written.item === 'batch') this.#batchStored(written.batch);
    if (written.item === 'slots') this.#isBounded(written.after.applicationArn);
    if (written.item === 'observation') {
      this.#isTold(written, written.before, written.records);
      for (const record of written.records) this.trail.pending(written, record);
    }
    if (written.item === 'work' && !this.blind) {
      const seatsOf = (application: string) => this.shadow.seatsOf(application);
      for (const seat of this.#statusReads.unread(written.before, written.after, seatsOf)) {
        this.violate(2, "a sweep counts as one of every user's status, and this user's was not read", seat);
      }
    }
    if (written.item === 'hold') {
      const { before, after } = written;
      const newest = after.digests.at(-1);
      if (newest && newest.digest !== before?.digests.at(-1)?.digest) {
        const held = this.shadow.seatsOf(after.applicationArn).filter(({ status }) => status === 'held');
        this.#covered.set(newest.digest, held.map(keyOf));
      }
      this.#isPaced(before, after);
    }
  }

  /** Five hundred single removals are no five hundred alarms. */
  #isPaced(before: Hold | undefined, after: Hold): void {
    if (before?.status !== 'held' || before.first !== after.first) return;
    const known = new Set(before.audit.map(({ digest }) => digest));
    const last = Date.parse(before.announced?.at ?? before.since);
    for (const { digest, at } of after.audit) {
      if (known.has(digest) || Date.parse(at) - last >= 5 * MINUTE) continue;
      this.violate(7, `a hold of ${after.applicationArn.slice(-2)} is announced twice within five minutes`);
    }
  }

  #isRepeatedLate(before: Seat, after: Seat): void {
    if (before.status !== 'assigned' || after.status !== 'creating') return;
    const since = this.#now() - Date.parse(before.changedAt);
    if (since < REPEAT) this.violate(9, 'repeats a create that AWS has just accepted', after);
  }

  #seatWritten(before: Seat | undefined, after: Seat): void {
    const now = this.#now();
    const key = keyOf(after);
    for (const record of after.audit) this.trail.pending(after, record);
    this.#isTold(after, before?.audit ?? [], after.audit);
    if (before) this.#isRepeatedLate(before, after);
    if (before) this.#isForgotten(before, after);
    this.#isStarted(before, after);
    if (after.status === 'revoking' && before?.status !== 'revoking') {
      this.#began.set(key, { at: now, alone: this.#decided.get(key)?.alone ?? false });
    }
    if (before && takesSlot(before) && !takesSlot(after)) {
      this.#isFree(after);
      this.#firstCreates.delete(key);
    }
    if (before && takesSlot(before)) return;
    this.#isBounded(after.applicationArn);
    if (takesSlot(after)) this.#slotSince.set(key, now);
    if (after.status === 'creating' && after.access === undefined) {
      // What appears after the intention passes for Usher's, also if AWS throttles the create (ADR 0007).
      this.#firstCreates.set(key, now);
      const since = this.#byHandSince.get(key) ?? Number.POSITIVE_INFINITY;
      if (since <= now - PLAN_TO_CHANGE - this.lag)
        this.violate(3, 'takes an assignment of another party for its own', after);
    }
    if (after.status === 'confirmed') this.#hasAdopted(after, now);
    if (['assigned', 'confirmed', 'leaving', 'held'].includes(after.status) && !this.trail.isGranted(after)) {
      this.violate(7, `a seat is ${after.status} that no audit event tells of`, after);
    }
  }

  /** Another party's assignment, or subscription alone, has a seat from now on. */
  #hasAdopted(seat: Seat, now: Moment): void {
    const { applicationArn, userId } = seat;
    const key = keyOf(seat);
    const asked = this.#adoptions.get(applicationArn);
    const isOrphan = seat.access === 'foreign' && seat.subscription !== undefined;
    if (asked === undefined) this.violate(3, 'adopts an assignment unasked', seat);
    else if (!isOrphan) {
      const entitled = (at: Moment) => this.#truth.isEntitled(applicationArn, userId, at);
      const from = Math.min(asked, now) - PLAN_TO_CHANGE - this.lag;
      if (!this.#truth.some(from, now, entitled)) this.violate(3, 'adopts a user who is not entitled', seat);
    }
    if (seat.access === undefined) {
      this.#adoptedAt.set(key, now);
      this.#origins.set(key, 'usher');
    }
    this.#begin(key, now);
  }

  /** A batch of a round is stored; for what there was no time, it is stored again with the reads of the round. */
  #batchStored({ readAt, changes }: Batch): void {
    for (const { kind, applicationArn, userIds } of changes) {
      if (kind !== 'revoke') continue;
      for (const userId of userIds) {
        const key = keyOf({ applicationArn, userId });
        if (this.#decided.get(key)?.readAt === readAt) continue;
        this.#decided.set(key, { readAt, alone: !this.#hasOthers({ applicationArn, userId }, Date.parse(readAt)) });
      }
    }
  }

  /** Whether the application has other seats; one that the same plan adopts is none yet. */
  #hasOthers({ applicationArn, userId }: Pair, readAt: Moment): boolean {
    return this.shadow.seatsOf(applicationArn).some((seat) => {
      const adoptedAt = this.#adoptedAt.get(keyOf(seat)) ?? Number.NEGATIVE_INFINITY;
      return takesSlot(seat) && seat.userId !== userId && adoptedAt < readAt;
    });
  }

  /** An audit record leaves the ledger only when it is on the bus. */
  #isTold(pair: Pair, before: readonly AuditRecord[], after: readonly AuditRecord[]): void {
    const kept = new Set(after.map((record) => recordKey(pair, record)));
    for (const record of before) {
      if (kept.has(recordKey(pair, record)) || this.trail.isOnBus(pair, record)) continue;
      this.violate(7, `the audit record ${record.kind} is cleared before it was sent`, pair);
    }
  }

  #audit(entry: AuditEntry): void {
    for (const problem of this.trail.take(entry)) this.violate(7, problem);
    for (const { about, recordedAt } of this.trail.justTold()) this.punctuality.told(about, recordedAt, this.#now());
  }

  #ended(end: ExecutionEnd): void {
    this.ends.push(end);
    if (end.status === 'ABORTED') this.punctuality.note({ at: this.#now(), rules: this.#faults.left(), died: true });
    this.#idsOnly('the end of an execution', JSON.stringify(end));
    if (end.outcome !== 'converged') return;
    const now = this.#now();
    for (const [applicationArn, at] of this.#lastWrites.get(end.execution) ?? []) {
      // Of what a deployment has retired meanwhile nothing is left to prove.
      const retired = this.#truth.ruleAt(applicationArn, at) && !this.#truth.ruleAt(applicationArn, now);
      if (retired || now >= at + SETTLE) continue;
      this.violate(2, `${end.execution} converged ${(now - at) / SECOND} s after its last write`);
    }
    this.#isMet(end.execution);
    this.#isProved(end.execution);
  }

  /** Converged: what the execution itself has asked for has come about, unless someone else has changed it since. */
  #isProved(execution: string): void {
    const isLost = (this.losing || this.losingSubscriptions) && this.lag > SETTLE;
    if (this.hazy || isLost) return;
    const now = this.#now();
    for (const [key, { at, change }] of this.#asked.get(execution) ?? []) {
      const [applicationArn = '', userId = ''] = key.split(' ');
      const pair = { applicationArn, userId };
      const from = at - this.lag - MINUTE;
      const rules = this.#truth.rulesOf(applicationArn, from - PLAN_TO_CHANGE, now);
      const { status = 'revoked', refusal } = this.shadow.seat(applicationArn, userId) ?? {};
      const isKept = ['leaving', 'held'].includes(status);
      // That AWS refuses it has failed another execution before.
      if (refusal) continue;
      const isMeddledWith = (this.#meddledAt.get(key) ?? Number.NEGATIVE_INFINITY) >= from;
      if (isMeddledWith || rules.length > 1 || !this.#truth.isThere(applicationArn)) continue;
      const entitled = (moment: Moment) => this.#truth.isEntitled(applicationArn, userId, moment);
      const isWhole = this.#exists(pair) && (!managedOf(rules[0]) || !this.isUnsubscribed(pair));
      if (change === 'grant' && !isWhole && this.#truth.always(from, now, entitled))
        this.violate(2, `${execution} converged without the seat that it has made`, pair);
      if (change === 'revoke' && this.#isUshers(key) && !isKept && !this.#truth.some(from, now, entitled))
        this.violate(2, `${execution} converged with the seat that it has revoked`, pair);
    }
  }

  /** Converged: what the event led to expect, and still is so, has come about. */
  #isMet(execution: string): void {
    const expected = expectationOf(this.#inputs.get(execution));
    const now = this.#now();
    if (!expected || this.refusing || this.hazy || now - expected.at > 14 * MINUTE) return;
    if (this.#isContradicted(expected)) return;
    const { userId, groupId, at, joins } = expected;
    const from = at - this.lag - MINUTE;
    for (const rule of this.#truth.rulesAt(now).entitlements) {
      const { application: applicationArn, mode, onLeave, seats } = rule;
      const pair = { applicationArn, userId };
      const changed = this.#truth.rulesOf(applicationArn, from, now).length > 1;
      const meddled = (this.#takenByHand.get(keyOf(pair)) ?? Number.NEGATIVE_INFINITY) >= from;
      if (changed || meddled || mode !== 'enforce' || !rule.groups.includes(groupId)) continue;
      const isMember = (moment: Moment) => this.#truth.isMember(groupId, userId, moment);
      const isElsewhere = (moment: Moment) =>
        rule.groups.some((other) => other !== groupId && this.#truth.isMember(other, userId, moment));
      const enabled = this.#truth.always(from, now, (moment) => this.#truth.isEnabled(userId, moment));
      const isManaged = managedOf(rule) !== undefined;
      const assigned = this.#exists(pair) && (!isManaged || !this.isUnsubscribed(pair));
      if (
        joins &&
        enabled &&
        this.#truth.always(at, now, isMember) &&
        !assigned &&
        this.shadow.inUse(applicationArn) < seats.max
      ) {
        this.violate(2, `${execution} converged without the seat that its event led to expect`, pair);
      }
      const seat = this.shadow.seat(applicationArn, userId);
      const left = !this.#truth.some(at, now, isMember) && !this.#truth.some(from, now, isElsewhere);
      const gone = left && onLeave.revokeAfterDays === 0;
      const ours = seat !== undefined && takesSlot(seat) && seat.status !== 'held';
      const isLeft = this.#exists(pair) || this.subscribers.originOf(pair) === 'usher';
      if (!joins && gone && enabled && isLeft && ours) {
        this.violate(2, `${execution} converged with the seat that its event led to be taken`, pair);
      }
    }
  }

  /** Events have whole seconds: they do not tell which of a join and a leave in one second came last. */
  #isContradicted({ userId, groupId, at, joins }: Expectation): boolean {
    return [...this.#inputs.values()].some((input) => {
      const other = expectationOf(input);
      return other?.userId === userId && other.groupId === groupId && other.at === at && other.joins !== joins;
    });
  }
}

/** Of an execution, by its ARN. */
function nameOf(execution = ''): string {
  return execution.split(':').at(-1) ?? '';
}

/** One person and one application as a key. */
function keyOf({ applicationArn, userId }: Pair): string {
  return `${applicationArn} ${userId}`;
}

function textOf(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString();
}

function jsonIn(body: Uint8Array) {
  return JSON.parse(textOf(body));
}

import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';
import { PLANS } from '../subscription/plan.ts';
import { markCancelled } from './ownership.ts';
import { type Seat, takesSlot } from './seat.ts';
import {
  type ChangeContext,
  markAdopted,
  markAssigned,
  markCreating,
  markLeaving,
  markRevoked,
  markRevoking,
  markWaitlisted,
  restoreSeat,
} from './transitions.ts';

/** `activity_id` of OCSF's User Access Management. */
const REVOKE_PRIVILEGES = 2;

/** The detail-types of events about one user. A restore reads them from untrusted text: a log. */
const EventSchema = z.object({
  source: z.literal('usher'),
  'detail-type': z.enum([
    'Seat Assigned',
    'Seat Revoked',
    'Seat Waitlisted',
    'Seat Refused',
    'Seat Leaving',
    'Seat Kept',
    'Seat Adopted',
    'Seat Observed',
    'Subscription Finding',
  ]),
  detail: z.object({
    activity_id: z.optional(z.int()),
    status_detail: z.string(),
    time: z.int().check(z.minimum(0), z.maximum(8.64e15)),
    user: z.object({ uid: ResourceId }),
    privileges: z.tuple([z.string()]),
    resources: z.tuple([z.object({ uid: ApplicationArn })]),
    metadata: z.object({ correlation_uid: z.string() }),
    unmapped: z.object({
      /** A finding has none. */
      cause: z._default(z.string(), ''),
      change_seq: z.int().check(z.minimum(1)),
      revoke_at: z.optional(Timestamp),
      subscription_plan: z.optional(z.enum(PLANS)),
      requested_at: z.optional(Timestamp),
    }),
  }),
});

/** What one audit event says about a user. */
export interface AuditedChange {
  type: z.infer<typeof EventSchema>['detail-type'];
  applicationArn: string;
  userId: string;
  entitlement: string;
  changeSeq: number;
  /** When the change was made. */
  at: Date;
  reason: string;
  execution: string;
  cause: string;
  /** Of a leaving seat: when its grace ends. */
  revokeAt: string | undefined;
  /** Of an assigned seat: the first request of its grant; events of earlier versions have none. */
  requestedAt: string | undefined;
  /** Of a refusal: what AWS refused to do. */
  refused: 'grant' | 'revoke' | undefined;
  plan: (typeof PLANS)[number] | undefined;
}

/** Parses an audit event about one user. @returns undefined for everything else, also for what is no audit event */
export function auditedChangeIn(event: unknown): AuditedChange | undefined {
  const { success, data } = EventSchema.safeParse(event);
  if (!success) return undefined;
  const { detail, 'detail-type': type } = data;
  const { cause, change_seq, revoke_at, subscription_plan, requested_at } = detail.unmapped;
  return {
    type,
    applicationArn: detail.resources[0].uid,
    userId: detail.user.uid,
    entitlement: detail.privileges[0],
    changeSeq: change_seq,
    at: new Date(detail.time),
    reason: detail.status_detail,
    execution: detail.metadata.correlation_uid,
    cause,
    revokeAt: revoke_at,
    requestedAt: requested_at,
    refused: type === 'Seat Refused' ? (detail.activity_id === REVOKE_PRIVILEGES ? 'revoke' : 'grant') : undefined,
    plan: subscription_plan,
  };
}

/**
 * Returns a seat as the audit stream says that it is: the seat of a restored ledger, and the changes that were audited since.
 *
 * What an event says is believed until the next sweep, which verifies it like every other seat: an assigned seat that no
 * read shows is made again or ends. Whose the assignment is next to a subscription, no event says. It counts as someone else's
 * unless the seat had it before: Usher then revokes too little, and never what others granted.
 *
 * @param events in any order, also several times, also those from before the restore point
 */
export function seatAsAudited(before: Seat | undefined, events: readonly AuditedChange[]): Seat | undefined {
  let seat = before;
  for (const event of events.toSorted((a, b) => a.changeSeq - b.changeSeq)) {
    if (isNews(event, seat)) seat = { ...after(seat, event), changeSeq: event.changeSeq };
  }
  if (seat === undefined || seat === before) return seat;
  // What is on the bus already is not pending.
  const audited = new Set(events.map(({ changeSeq }) => changeSeq));
  const audit = (before?.audit ?? []).filter(({ changeSeq }) => !audited.has(changeSeq));
  return { ...seat, revision: (before?.revision ?? 0) + 1, audit };
}

/** Whether an event is about a change that the seat does not have. A change has its number before it has its event. */
function isNews({ type, changeSeq }: AuditedChange, seat: Seat | undefined): boolean {
  if (type === 'Seat Observed' || type === 'Subscription Finding') return false;
  // A refused grant has left nothing, and later changes have numbers from the clock.
  if (seat === undefined) return type !== 'Seat Refused';
  if (changeSeq !== seat.changeSeq) return changeSeq > seat.changeSeq;
  return (
    (type === 'Seat Assigned' && seat.status === 'creating') || (type === 'Seat Revoked' && seat.status === 'revoking')
  );
}

function after(before: Seat | undefined, event: AuditedChange): Seat {
  const { type, applicationArn, userId, entitlement, at, execution, cause } = event;
  const seat = withAuditedParts(before, event);
  // The reason is in the event; nothing is audited again.
  const context: ChangeContext = { now: at, execution, cause, reason: 'reconciled' };
  const time = at.toISOString();
  const isOver = seat === undefined || seat.status === 'revoked';
  const target = { applicationArn, userId, entitlement, requestedAt: isOver ? time : seat.requestedAt };
  const assigned = () => {
    // A seat whose grant was verified meanwhile has no repeated creates.
    const known = seat?.status === 'assigned' ? { ...seat, status: 'confirmed' as const } : seat;
    const making = event.plan === undefined ? {} : { part: 'subscription' as const, plan: event.plan };
    return markAssigned(markCreating(known, target, context, making), context);
  };
  const granted = (): Seat =>
    seat && takesSlot(seat) ? { ...seat, status: 'confirmed', grantedAt: seat.grantedAt ?? time } : assigned();
  switch (type) {
    case 'Seat Assigned':
      return assigned();
    case 'Seat Adopted':
      return markAdopted(seat, target, context, adoptedParts(seat, event));
    case 'Seat Revoked':
      return revoked(granted(), event, context);
    case 'Seat Waitlisted':
      return markWaitlisted(seat, target, context);
    case 'Seat Leaving':
      return markLeaving(granted(), event.revokeAt ?? time, context);
    case 'Seat Kept':
      return restoreSeat(granted(), context);
    default:
      // A refusal changes nothing but the number.
      return seat ?? assigned();
  }
}

/**
 * Every event but that of a refusal names the plan, as long as the seat has a subscription. A seat whose event names none has
 * lost it: what is listed later is someone else's.
 */
function withAuditedParts(seat: Seat | undefined, { type, plan }: AuditedChange): Seat | undefined {
  if (seat === undefined || plan !== undefined || type === 'Seat Refused') return seat;
  const { subscription: _, ...others } = seat;
  return others;
}

function adoptedParts(seat: Seat | undefined, { plan, at }: AuditedChange): Pick<Seat, 'access' | 'subscription'> {
  if (plan === undefined) return {};
  const isOurs = seat !== undefined && takesSlot(seat) && seat.access === undefined;
  return { ...(isOurs ? {} : { access: 'foreign' }), subscription: { plan, askedAt: at.toISOString() } };
}

/** Ends a seat as the event says. It counts against the brake, unless AWS has removed the assignment with the user. */
function revoked(seat: Seat, { reason, at }: AuditedChange, context: ChangeContext): Seat {
  const ended = markCancelled(seat, at);
  return markRevoked(reason === 'user-deleted' ? ended : markRevoking(ended, context), context);
}

import type { Marker } from '../../adapters/operator/notices.ts';
import type { Delivery, DeliveryStatus } from '../../domain/notices/delivery.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import type { Asker } from '../asker.ts';
import { MissingPrecondition, UsageError } from '../failures.ts';
import { escaped } from '../text.ts';

/** How many notices a command lists, or sends again, at most. */
export const MOST_LISTED = 1000;

/** Notices that need an operator. */
export interface OpenNotices {
  /** The newest first. */
  deliveries: readonly Delivery[];
  /** There are more than {@link MOST_LISTED}. */
  more: boolean;
}

/** The statuses of the notices that need an operator. */
export const OPEN_STATUSES = ['in-doubt', 'refused', 'limited'] as const satisfies DeliveryStatus[];

/** What is wanted of all notices. */
export interface NoticeFilter {
  entitlement?: string | undefined;
  status?: DeliveryStatus | undefined;
}

/**
 * Reads the notices that need an operator. Markers that this version cannot read are added to what could not be read.
 *
 * @returns undefined if there is no table: the configuration is not deployed yet
 */
export async function openNotices(
  filter: NoticeFilter,
  { services, unread, progress }: Pick<Asker, 'services' | 'unread' | 'progress'>,
): Promise<OpenNotices | undefined> {
  const notices = await (await services()).notices();
  const deliveries: Delivery[] = [];
  const markers: Marker[] = [];
  for await (const page of notices.open()) {
    if (page === undefined) return undefined;
    markers.push(...page);
    deliveries.push(...readable(page).filter((one) => isWanted(one, filter)));
    progress(`${deliveries.length} notices`);
    if (deliveries.length > MOST_LISTED) break;
  }
  addUnreadable(markers, unread);
  return { deliveries: deliveries.slice(0, MOST_LISTED), more: deliveries.length > MOST_LISTED };
}

function readable(markers: Iterable<Marker>): Delivery[] {
  return [...markers].flatMap((one) => (one instanceof Error ? [] : one));
}

/** Adds markers that this version cannot read to what could not be read: after an upgrade, there may be thousands. */
export function addUnreadable(markers: Iterable<Marker>, unread: Asker['unread']): void {
  const errors = [...markers].filter((one) => one instanceof Error);
  const [first] = errors;
  if (!first) return;
  const others = errors.length - 1;
  unread.add(others === 0 ? first : new RefusedError(first.reason, `${first.message}, and ${others} more`));
}

/** Whether a notice is of an entitlement and has a status, if the filter names them. */
export function isWanted(
  one: { entitlement: string; status?: DeliveryStatus | undefined },
  { entitlement, status }: NoticeFilter,
): boolean {
  return (entitlement ?? one.entitlement) === one.entitlement && (status ?? one.status) === one.status;
}

/** Says that the configuration has notices, and the deployment none. */
export function noticesNotDeployed(): MissingPrecondition {
  return new MissingPrecondition(
    'The configuration has notices, and this account and Region have no table or queue of notices of this stage. Deploy this entitlements.yml first: docs/notices.md. If it is deployed, check --stage, --region and --profile',
  );
}

/** A UUID of version 8, as audit events have. */
const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * Reads the notices that the command line names.
 *
 * @returns undefined if there is no table
 * @throws UsageError with all that are no id, or have no marker
 */
export async function namedNotices(
  uids: readonly string[],
  { services, unread }: Pick<Asker, 'services' | 'unread'>,
): Promise<OpenNotices | undefined> {
  const wanted = [...new Set(uids.map((uid) => uid.toLowerCase()))];
  const wrong = wanted.filter((uid) => !UID.test(uid));
  if (wrong.length > 0)
    throw new UsageError(
      `${wrong.map(escaped).join(', ')}: expected the id of an audit event, such as usher notices and usher audit --json print it (metadata.uid)`,
    );
  const markers = await (await (await services()).notices()).get(wanted);
  if (!markers) return undefined;
  const unknown = wanted.filter((uid) => !markers.has(uid));
  if (unknown.length > 0)
    throw new UsageError(
      `No notice was begun for ${unknown.join(', ')}, or it is older than 30 days. usher notices --user says why a user got none`,
    );
  addUnreadable(markers.values(), unread);
  return { deliveries: readable(markers.values()), more: false };
}

import type { Schedule } from '../../adapters/operator/deployment.ts';
import type { Services } from '../services.ts';

/** A company whose forwarder works has some change of a user or a group in this time. */
export const FORWARDER_DAYS = 30;

/** Whether events of the management account, which only the forwarder sends, have arrived. */
export type Forwarding =
  | { needed: false; because: 'no-organization' | 'management-account' }
  /** `seen` is undefined without a log of the function that gets the events. */
  | { needed: true; managementAccountId: string; seen: boolean | undefined };

/** Reads whether an event of the management account has arrived lately. */
export async function readForwarding(services: Services, now: Date): Promise<Forwarding> {
  const { accountId } = await services.identity();
  const organization = await (await services.organizations()).organization();
  if (organization === undefined || organization === 'unknown') return { needed: false, because: 'no-organization' };
  const { managementAccountId } = organization;
  if (managementAccountId === accountId) return { needed: false, because: 'management-account' };
  const log = await services.functionLog();
  return { needed: true, managementAccountId, seen: await log.hasEventOf(managementAccountId, startOf(now)) };
}

/**
 * Reads whether no event of the management account has arrived for a month. A younger deployment may not have seen one.
 *
 * @param schedule of the ticks, which is as old as the deployment
 * @returns the management account; undefined if its events arrive, or none are needed
 */
export async function isForwarderSilent(
  schedule: Schedule | undefined,
  services: Services,
  now: Date,
): Promise<string | undefined> {
  if (!schedule?.createdAt || schedule.createdAt > startOf(now)) return undefined;
  const forwarding = await readForwarding(services, now);
  return forwarding.needed && forwarding.seen === false ? forwarding.managementAccountId : undefined;
}

function startOf(now: Date): Date {
  return new Date(now.getTime() - FORWARDER_DAYS * 86_400_000);
}

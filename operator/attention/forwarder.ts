import type { Schedule } from '../../adapters/operator/deployment.ts';
import type { Services } from '../services.ts';

/** A company whose forwarder works has some change of a user or a group in this time. */
export const FORWARDER_DAYS = 30;

/** Returns when this long ago was. */
export function forwardedSince(now: Date): Date {
  return new Date(now.getTime() - FORWARDER_DAYS * 86_400_000);
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
  const since = forwardedSince(now);
  if (!schedule?.createdAt || schedule.createdAt > since) return undefined;
  const { accountId } = await services.identity();
  const organization = await (await services.organizations()).organization();
  if (organization === undefined || organization === 'unknown') return undefined;
  const { managementAccountId } = organization;
  if (managementAccountId === accountId) return undefined;
  const seen = await (await services.functionLog()).hasEventOf(managementAccountId, since);
  return seen === false ? managementAccountId : undefined;
}

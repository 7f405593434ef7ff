import type { Entitlement, Entitlements } from '../domain/entitlements.ts';
import type { EntitlementSettingsLine } from './lines/seats.ts';

/** Where entitlements are configured; undefined where that is not known. */
export interface Configurations {
  file: Pick<Entitlements, 'entitlements'> | undefined;
  /** What the functions have: only an emulator shows it. */
  deployed: Pick<Entitlements, 'entitlements'> | undefined;
}

type Settings = Omit<EntitlementSettingsLine, 'origin'>;

/**
 * Returns how each entitlement is configured: once if file and deployment say the same, else as each of them says it.
 *
 * @param only the name of an entitlement
 */
export function settingsLines({ file, deployed }: Configurations, only?: string): EntitlementSettingsLine[] {
  const [inFile, inForce] = [settingsIn(file), settingsIn(deployed)];
  const applications = new Set([...inForce.keys(), ...inFile.keys()]);
  return [...applications]
    .flatMap((application): EntitlementSettingsLine[] => {
      const [one, other] = [inForce.get(application), inFile.get(application)];
      if (one && JSON.stringify(one) === JSON.stringify(other)) return [{ ...one, origin: 'both' }];
      return [
        ...(one ? [{ ...one, origin: 'deployed' as const }] : []),
        ...(other ? [{ ...other, origin: 'file' as const }] : []),
      ];
    })
    .filter(({ entitlement }) => only === undefined || entitlement === only);
}

/** By application, of which each has one entitlement; its name may be another. */
function settingsIn(configuration: Configurations['file']): Map<string, Settings> {
  return new Map(configuration?.entitlements.map((one) => [one.application, settingsOf(one)]));
}

function settingsOf({
  name,
  application,
  groups,
  seats,
  onLeave,
  mode,
  costCentre,
  subscription,
  notices,
}: Entitlement): Settings {
  return {
    type: 'entitlement-settings',
    entitlement: name,
    application,
    groups,
    max: seats.max,
    revokeAfterDays: onLeave.revokeAfterDays,
    mode,
    ...(costCentre === undefined ? {} : { costCentre }),
    ...(subscription ? { subscription: subscriptionOf(subscription) } : {}),
    ...(notices ? { notices: { product: notices.product, send: notices.send } } : {}),
  };
}

function subscriptionOf({ provider, plan, region, mode, roleArn }: NonNullable<Entitlement['subscription']>) {
  return { provider, plan, region, mode, ...(roleArn === undefined ? {} : { roleArn }) };
}

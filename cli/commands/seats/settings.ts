import { MissingPrecondition } from '../../../operator/failures.ts';
import type { EntitlementSettingsLine } from '../../../operator/lines/seats.ts';
import { type Configurations, settingsLines } from '../../../operator/settings.ts';
import { unknownEntitlement } from '../../../operator/suggestions.ts';
import { count, escaped, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';

/**
 * Prints how the entitlements are configured.
 *
 * @param only the name of an entitlement
 * @throws UsageError if none has this name · InputError, after what is deployed, if the file is invalid
 */
export async function printSettings(only: string | undefined, context: Context): Promise<void> {
  const { terminal, json } = context;
  const { configurations, problem } = await readConfigurations(context);
  const lines = settingsLines(configurations, only);
  if (lines.length === 0 && only !== undefined && problem === undefined) {
    const { file, deployed } = configurations;
    throw unknownEntitlement(
      only,
      [file, deployed].flatMap((one) => one?.entitlements ?? []),
    );
  }
  if (json) for (const line of lines) terminal.json(line);
  else print(lines, context);
  if (problem !== undefined) throw problem;
}

/** @returns `problem`: why the file is not known, if that is an error */
async function readConfigurations(context: Context): Promise<{ configurations: Configurations; problem?: unknown }> {
  const deployed = await context.emulator?.entitlements();
  try {
    return { configurations: { deployed, file: (await context.configuration()).configuration } };
  } catch (error) {
    if (!deployed) throw error;
    const configurations = { deployed, file: undefined };
    return error instanceof MissingPrecondition ? { configurations } : { configurations, problem: error };
  }
}

function print(lines: readonly EntitlementSettingsLine[], { terminal }: Context): void {
  terminal.table(
    ['ENTITLEMENT', 'IN', 'MODE', 'MAX', 'GRACE', 'GROUPS', 'PLAN', 'NOTICES'],
    lines.map(({ entitlement, origin, mode, max, revokeAfterDays, groups, subscription, notices }) => [
      entitlement,
      ORIGINS[origin],
      mode,
      numberOf(max),
      revokeAfterDays === 0 ? 'none' : count(revokeAfterDays, 'day'),
      groups.join(', '),
      subscription ? `${subscription.plan} (${subscription.mode})` : '',
      escaped(notices?.send.join(', ') ?? ''),
    ]),
  );
}

const ORIGINS: Readonly<Record<EntitlementSettingsLine['origin'], string>> = {
  file: 'the file',
  deployed: 'the deployment',
  both: 'both',
};

import { managedOf } from '../../domain/entitlements.ts';
import { type Profile, profilesOf, titleOf } from '../../domain/profiles.ts';
import { stopsOf } from '../../domain/queue/stops.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { openList } from '../../reconcile/plan/subscription-lists.ts';
import type { Asker } from '../asker.ts';
import { readersOf } from '../readers.ts';
import { stopInWords } from '../stops.ts';
import { type Finding, runCheck } from './check.ts';

/** Checks the list of each profile, and whether AWS refuses new subscriptions. None if no entitlement has a subscription. */
export async function subscriptionFindings(asker: Asker): Promise<readonly Finding[]> {
  const { entitlements } = await asker.entitlements();
  const findings: Finding[] = [];
  for (const profile of profilesOf(entitlements)) findings.push(...(await listFindings(profile, asker)));
  if (!entitlements.some(managedOf)) return findings;
  const stopped = await runCheck(
    {
      check: 'new subscriptions',
      why: 'While AWS refuses new subscriptions to the account, no seat of these entitlements begins',
    },
    async (found) => {
      const queue = await (await (await asker.services()).ledger()).queue();
      const stops = stopsOf(queue, entitlements) ?? [];
      if (stops.length === 0) return found.ok('AWS refuses none, as far as Usher has tried');
      return stops.map((stop) =>
        found.problem(
          `${stop.entitlement}: ${stopInWords(stop, asker.clock.now())}`,
          'Ask AWS Support to review whether the account may have subscriptions (docs/runbook.md#subscriptions-stopped)',
        ),
      );
    },
  );
  return [...findings, ...stopped];
}

/** Opens the list of a profile, with each of its roles, and reads its first page. */
async function listFindings(profile: Profile, asker: Asker): Promise<readonly Finding[]> {
  const readers = await readersOf(asker);
  const application = profile.entitlements[0]?.application ?? '';
  return runCheck(
    {
      check: `subscriptions ${titleOf(profile)}`,
      why: 'Usher compares this list with who is entitled, and needs it to start and to cancel subscriptions',
    },
    async (found) => {
      for (const roleArn of profile.roleArns) {
        const list = await openList(profile, { application, roleArn }, readers);
        try {
          for await (const _page of list.subscriptions()) break;
        } catch (error) {
          if (!(error instanceof RefusedError && error.reason === 'role-refused')) throw error;
          return found.unknown(
            error.message,
            "The role need not trust this caller, only Usher's functions: the log of planChanges says whether it does. To check it here, see docs/subscriptions.md",
          );
        }
      }
      return found.ok('The list answers');
    },
  );
}

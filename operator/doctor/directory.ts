import type { Directory } from '../../adapters/identity-store.ts';
import type { People } from '../../adapters/operator/people.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import type { Asker } from '../asker.ts';
import { renamedGroup } from '../plan/group-names.ts';
import { count, escaped, numberOf } from '../text.ts';
import { about, type Finding, runCheck } from './check.ts';
import type { Listed } from './pace.ts';

/** Checks the identity store, the configured groups and the caps. @param listed gets the members */
export async function directoryFindings(asker: Asker, listed: Listed): Promise<readonly Finding[]> {
  const { identityCenter, entitlements } = await asker.entitlements();
  const services = await asker.services();
  const people = await services.people(identityCenter.identityStoreId);
  const directory = await services.directory(identityCenter.identityStoreId);
  const findings: Finding[] = [];
  findings.push(
    ...(await runCheck(
      {
        check: 'identity-store',
        why: 'Usher reads memberships there. A customer managed key, or a network restriction of the store, can block callers',
      },
      async (found) => {
        for await (const page of people.groups()) {
          // A page may be empty, and a page with groups may follow.
          if (page.length > 0) return found.ok(`${identityCenter.identityStoreId} answers, with groups`);
        }
        return found.ok(`${identityCenter.identityStoreId} answers, with no groups`);
      },
    )),
  );
  const lists = { refused: false };
  for (const entitlement of entitlements) {
    const members = new Set<string>();
    let complete = true;
    for (const groupId of entitlement.groups) {
      let wasListed = false;
      findings.push(
        ...(await runCheck(
          {
            check: `group ${groupId}`,
            why: `Its members get ${entitlement.name}. An empty or missing group makes the brake hold`,
          },
          async (found) => {
            const group = await people.group(groupId);
            if (!group) {
              wasListed = true;
              return found.problem(
                'There is no such group',
                `Correct the groups of ${entitlement.name} in entitlements.yml. Use ids, not names`,
              );
            }
            const name = group.displayName === undefined ? '' : ` (${escaped(group.displayName)})`;
            if (lists.refused) return found.unknown(`It exists${name}, but AWS does not list its members`, NOT_LISTED);
            const all = await membersOf(groupId, directory, lists);
            wasListed = true;
            for (const userId of all) members.add(userId);
            if (all.length === 0)
              return found.warning(
                `It is empty${name}`,
                'Add users to it, or include it in the SCIM provisioning of your identity provider',
              );
            return found.ok(`${count(all.length, 'member')}${name}`);
          },
        )),
      );
      complete &&= wasListed;
    }
    if (complete) listed.members.set(entitlement.name, members);
    findings.push(capFinding(entitlement, complete ? members.size : undefined));
  }
  return [...findings, ...(await groupNameFindings(asker, people))];
}

/** Checks the names that the configuration gives to groups, if it gives any. */
async function groupNameFindings(asker: Asker, people: People): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [groupId, configured] of await asker.groupNames()) {
    const why = `entitlements.yml calls it ${escaped(configured)}. Usher goes by the id, and readers by the name`;
    const checked = await runCheck({ check: `group name ${groupId}`, why }, async (found) => {
      const renamed = await renamedGroup(groupId, configured, people);
      if (!renamed) return found.ok('It has this name');
      const { exists, name, namesakeId } = renamed;
      const now = exists ? `It is called ${escaped(name ?? 'nothing')} now` : 'There is no such group';
      const other =
        namesakeId === undefined ? 'no group has the configured name' : `that name belongs to ${namesakeId}`;
      return found.warning(
        `${now}, and ${other}`,
        'Correct whichever is wrong in entitlements.yml: the id or the name',
      );
    });
    findings.push(...checked);
  }
  return findings;
}

const NOT_LISTED = 'See the first group whose members AWS does not list';

/**
 * Returns a group's members. A store that does not know the operation lists no other group either, which is noted in
 * `lists`.
 */
async function membersOf(groupId: string, directory: Directory, lists: { refused: boolean }): Promise<string[]> {
  try {
    const members: string[] = [];
    for await (const page of directory.membersOf(groupId)) members.push(...(page ?? []));
    return members;
  } catch (error) {
    lists.refused = error instanceof RefusedError && error.reason === 'UnknownOperationException';
    throw error;
  }
}

/** @param members undefined if a group could not be listed */
function capFinding({ name, seats }: Entitlement, members: number | undefined): Finding {
  const finding = about({ check: `cap ${name}`, why: 'Users above the cap join the waitlist' });
  const most = `${count(seats.max, 'seat')} at most`;
  if (members === undefined) return finding.unknown(`The members could not be counted, ${most}`);
  const found = `${count(members, 'member')}, ${most}`;
  if (members <= seats.max) return finding.ok(found);
  return finding.warning(
    found,
    `${numberOf(members - seats.max)} will wait. To give them seats, raise seats.max of ${name}`,
  );
}

import type { Entitlements } from '../../domain/entitlements.ts';
import { DIRECTORY_PER_SECOND, LIST_SECONDS, MAX_PER_PAGE, secondsToList, smallestPace } from '../../domain/pace.ts';
import { SWEEP_EVERY_SECONDS } from '../../domain/queue/sweep-reports.ts';
import { count, numberOf } from '../text.ts';
import { about, type Finding } from './check.ts';

/** AWS's limit of requests for all callers of sso-admin together. */
const REQUESTS_PER_SECOND = 20;
/** The share of a limit from which on a check warns. */
const NEARLY = 0.8;

/** What AWS listed, by name of the entitlement; nothing of what it did not list. */
export interface Listed {
  /** Users and groups that are assigned to the application. */
  assigned: Map<string, ReadonlySet<string>>;
  /** Members of its groups, each once. */
  members: Map<string, ReadonlySet<string>>;
}

/** Returns whether the configured pace is enough for what AWS listed, and leaves enough to other callers. */
export function paceFindings(
  { entitlements, requestsPerSecond }: Pick<Entitlements, 'entitlements' | 'requestsPerSecond'>,
  { assigned, members }: Listed,
): readonly Finding[] {
  const lists = entitlements.map(({ name, seats }): Lists | undefined => {
    const [all, entitled] = [assigned.get(name), members.get(name)];
    if (!all || !entitled) return undefined;
    const coming = Math.min([...entitled].filter((userId) => !all.has(userId)).length, seats.max);
    return { assigned: all.size, coming, members: entitled.size };
  });
  const readings = entitlements.map(({ name }, index) => readingFinding(name, lists[index], requestsPerSecond));
  return [...readings, sweepFinding(lists, requestsPerSecond), quotaFinding(requestsPerSecond)];
}

const NOT_COUNTED = 'AWS did not list all that has to be counted';

/** What AWS listed of an application. */
interface Lists {
  assigned: number;
  /** Members without an assignment who may get a seat. */
  coming: number;
  members: number;
}

/** Whether a plan can read an application, also once everyone has a seat. */
function readingFinding(name: string, lists: Lists | undefined, requestsPerSecond: number): Finding {
  const finding = about({
    check: `reading ${name}`,
    why: 'A plan reads the lists of an application as a whole. What takes longer than that is refused',
  });
  if (!lists) return finding.unknown(NOT_COUNTED);
  const { assigned, coming, members } = lists;
  const entries = assigned + coming;
  const seconds = Math.ceil(secondsToList(entries, requestsPerSecond));
  const ofMembers = Math.ceil(secondsToList(members, DIRECTORY_PER_SECOND));
  const found = `${count(assigned, 'assignment')} and up to ${numberOf(coming)} to come: ${numberOf(seconds)} s, of ${LIST_SECONDS} s. ${count(members, 'member')}: ${numberOf(ofMembers)} s`;
  if (seconds <= LIST_SECONDS) return finding.ok(found);
  const pace = smallestPace(entries);
  const advice =
    pace === undefined
      ? `No pace is enough for ${name}. Remove assignments that are no longer needed, or lower its seats.max`
      : `Set requestsPerSecond to at least ${pace}`;
  return secondsToList(assigned, requestsPerSecond) > LIST_SECONDS
    ? finding.problem(found, advice)
    : finding.warning(found, advice);
}

/** Whether all applications, which are read one after another, can be swept as often as they should. */
function sweepFinding(all: readonly (Lists | undefined)[], requestsPerSecond: number): Finding {
  const finding = about({ check: 'sweep', why: 'A tick sweeps each application once an hour, one after another' });
  const lists = all.filter((one) => one !== undefined);
  if (lists.length < all.length) return finding.unknown(NOT_COUNTED);
  const pages = lists.reduce((sum, { assigned, coming }) => sum + secondsToList(assigned + coming, 1), 0);
  const minutes = Math.ceil(pages / requestsPerSecond / 60);
  const found = `Listing all assignments takes ${count(minutes, 'minute')} at ${requestsPerSecond} per second`;
  if (minutes * 60 <= SWEEP_EVERY_SECONDS) return finding.ok(found);
  const pace = smallestPace(pages * MAX_PER_PAGE, SWEEP_EVERY_SECONDS);
  return finding.warning(
    found,
    pace === undefined
      ? 'No pace is enough for one sweep per hour. Drift and lost events are found later'
      : `For one sweep per hour, set requestsPerSecond to at least ${pace}`,
  );
}

function quotaFinding(requestsPerSecond: number): Finding {
  const finding = about({
    check: 'quota',
    why: 'AWS allows 20 requests per second for all callers of sso-admin together. Other callers get what Usher leaves',
  });
  const found = `Usher takes up to ${requestsPerSecond} of ${REQUESTS_PER_SECOND} requests per second`;
  return requestsPerSecond <= REQUESTS_PER_SECOND * NEARLY
    ? finding.ok(found)
    : finding.warning(found, 'Lower requestsPerSecond, unless Usher is the only caller of sso-admin');
}

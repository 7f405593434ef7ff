import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Day, isDay } from '../domain/shared/day.ts';
import { withoutStore } from '../domain/shared/ids.ts';
import type { ValidationIssue } from '../domain/shared/validation.ts';
import type { ActivityReport } from '../domain/subscription/idle.ts';
import { readCsv } from './csv.ts';
import { readBytes, readErrorOf, textIn } from './files.ts';
import { isGzip, unpack } from './gzip.ts';
import { InputError } from './input-error.ts';

/** More errors would bury the first. */
const MOST_ISSUES = 20;
/** A file of AWS has a thousand users. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads the daily activity files of Kiro and Amazon Q Developer, of both forms: one file, or all `.csv` and `.csv.gz` files
 * of a folder and the folders in it. Hidden files are skipped.
 *
 * @param report called with the number of files read, and of all
 * @throws InputError if there is no file, or one is not as AWS writes it: of half a file, users would seem to be idle
 * @see https://kiro.dev/docs/enterprise/monitor-and-track/user-activity/
 */
export async function readActivityFiles(
  path: string,
  report: (done: number, all: number) => void = () => undefined,
): Promise<ActivityReport[]> {
  const files = await filesAt(path);
  requireAllParts(files);
  const reports: ActivityReport[] = [];
  for (const file of files) {
    report(reports.length, files.length);
    reports.push(await readActivityFile(textIn(unzipped(await readBytes(file), file), file), file));
  }
  return reports;
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const files = await filesIn(path, new Set());
    if (files.length > 0) return files.sort();
  } catch (error) {
    throw readErrorOf(error, path);
  }
  throw new InputError(path, [{ path: '', problem: 'no .csv or .csv.gz file in this folder' }]);
}

/** @param seen folders on the way, by real path: a link may lead back to one */
async function filesIn(folder: string, seen: ReadonlySet<string>): Promise<string[]> {
  const real = await realpath(folder);
  if (seen.has(real)) return [];
  const found: string[] = [];
  for (const name of await readdir(folder)) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    if ((await stat(path)).isDirectory()) found.push(...(await filesIn(path, new Set([...seen, real]))));
    else if (/\.csv(?:\.gz)?$/i.test(name)) found.push(path);
  }
  return found;
}

/** AWS splits a day of more than 1,000 users into `part_1`, `part_2` and so on. @throws InputError if one lies between two */
function requireAllParts(files: readonly string[]): void {
  const all = new Set(files);
  for (const file of files) {
    const [, before = '', number = '', after = ''] = /^(.*part_)(\d{1,6})(.*)$/.exec(basename(file)) ?? [];
    if (Number(number) <= 1) continue;
    const previous = join(dirname(file), `${before}${Number(number) - 1}${after}`);
    if (!all.has(previous)) throw new InputError(previous, [{ path: '', problem: `missing: part ${number} is there` }]);
  }
}

/** Whatever its name says: what a browser or a tool has fetched may be unzipped already. */
function unzipped(bytes: Uint8Array, file: string): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  const unpacked = unpack(bytes, MOST_BYTES);
  if (unpacked.bytes) return unpacked.bytes;
  throw new InputError(file, [{ path: '', problem: unpacked.problem }]);
}

/**
 * Reads one activity file. A row means use on that day.
 *
 * A file covers the days of its rows. One without rows covers the day of its path: no one used it on that day.
 *
 * @param file its path, which says the Region and the day; not opened
 * @throws InputError with the line, without quoting the text
 */
export async function readActivityFile(text: string, file: string): Promise<ActivityReport> {
  const { has, rows } = await readCsv(text, file, { required: ['userid', 'date'], optional: ['clienttype'] });
  const issues: ValidationIssue[] = [];
  const days = new Set<Day>();
  const lastUses = new Map<string, Day>();
  for (const { line, value } of rows) {
    const day = dayIn(value('date'));
    const userId = withoutStore(value('userid')).toLowerCase();
    const path = `line ${line}`;
    if (day === undefined) issues.push({ path, problem: 'expected a date such as 2026-11-25 or 11-25-2026' });
    if (userId === '') issues.push({ path, problem: 'expected the id of a user' });
    if (day === undefined) continue;
    days.add(day);
    if (day > (lastUses.get(userId) ?? '')) lastUses.set(userId, day);
  }
  if (issues.length > MOST_ISSUES) {
    const more = issues.splice(MOST_ISSUES).length;
    issues.push({ path: '', problem: `${more} more errors` });
  }
  if (issues.length > 0) throw new InputError(file, issues);
  const path = resolve(file).replaceAll('\\', '/');
  const day = rows.length === 0 ? dayOfPath(path) : undefined;
  if (day !== undefined) days.add(day);
  // An empty file of another name is one by which an operator says that no one used it on that day.
  const isOlderForm = !has('clienttype') && (rows.length > 0 || path.includes('by_user_analytic'));
  return {
    region: /\/(?:by_user_analytic|user_report)\/([a-z]{2}(?:-[a-z]+)+-\d)\//.exec(path)?.[1],
    isComplete: !isOlderForm || path.includes('/QDeveloperLogs/'),
    days,
    lastUses,
  };
}

/** The newer form writes 2026-11-25, the older one 11-25-2026. A time may follow. */
function dayIn(text: string): Day | undefined {
  const [, date] = /^(\d{4}-\d\d-\d\d|\d\d-\d\d-\d{4})(?:[T ][\d:.]+Z?)?$/.exec(text) ?? [];
  const day = date?.replace(/^(\d\d)-(\d\d)-(\d{4})$/, '$3-$1-$2');
  return day !== undefined && isDay(day) ? day : undefined;
}

/** In the folders: `…/2026/11/25/00/…`; or in the name: `…_user_report_202611250000.csv`, `2026-11-25.csv`. */
const DAYS_OF_PATHS = [
  /^.*\/(\d{4})\/(\d\d)\/(\d\d)\//,
  /(?:by_user_analytic|user_report)_(\d{4})(\d\d)(\d\d)\d*[^/]*$/,
  /(?<!\d)(\d{4})-(\d\d)-(\d\d)(?!\d)[^/]*$/,
];

function dayOfPath(path: string): Day | undefined {
  for (const form of DAYS_OF_PATHS) {
    const [, year, month, date] = form.exec(path) ?? [];
    const day = `${year}-${month}-${date}`;
    if (isDay(day)) return day;
  }
  return undefined;
}

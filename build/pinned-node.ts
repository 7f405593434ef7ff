/** The Node that `npm ci` installs on Linux, as `build/pinned-node.json` records it; run as a script, checks that. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import * as z from 'zod/mini';

const ROOT = join(import.meta.dirname, '..');
/** The file of the record, which `build/compare-node.ts` writes. */
export const RECORD = join(import.meta.dirname, 'pinned-node.json');

const Record = z.object({
  version: z.string(),
  packages: z.record(
    z.string(),
    z.object({
      /** The hash of the package in the lockfile. */
      integrity: z.string(),
      /** Of its `bin/node`, in hexadecimal digits. */
      binarySha256: z.string(),
    }),
  ),
  /**
   * The SHA-256 of each archive of nodejs.org with the same `bin/node`, by name, from the signed list of that version. Null as
   * long as no one has compared them.
   */
  official: z.nullable(z.record(z.string(), z.string())),
});

/** What is known of the pinned Node. */
export type PinnedNode = z.infer<typeof Record>;

const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.optional(z.string()), integrity: z.optional(z.string()) })),
});
/** The lockfile, as far as it is needed here. */
export type Locked = z.infer<typeof Lockfile>['packages'];

/** Reads the record. */
export function readPinnedNode(): PinnedNode {
  return Record.parse(JSON.parse(readFileSync(RECORD, 'utf8')));
}

/** Reads the packages of the lockfile, by path. */
export function readLocked(): Locked {
  return Lockfile.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))).packages;
}

/** Returns the name of the archive of nodejs.org that has the same Node as a package. */
export function archiveOf(name: string, version: string): string {
  return `${name.replace('node-', `node-v${version}-`)}.tar.gz`;
}

/** Whether all that is pinned has been compared with the archives of nodejs.org. */
export function isOfficial({ version, packages, official }: PinnedNode): boolean {
  const archives = Object.keys(packages).map((name) => archiveOf(name, version));
  return official !== null && archives.every((archive) => official[archive] !== undefined);
}

/**
 * Lists what contradicts the record.
 *
 * @param binaries the SHA-256 of each installed `bin/node`, by package
 */
export function contradictions(
  { version, packages, official }: PinnedNode,
  locked: Locked,
  binaries: ReadonlyMap<string, string>,
): string[] {
  const pinned = Object.keys(locked).flatMap(
    (path) => /^node_modules\/(node-(?:linux|darwin|win)-\w+)$/.exec(path)?.[1] ?? [],
  );
  const archives = Object.keys(packages).map((name) => archiveOf(name, version));
  return [
    ...pinned
      .filter((name) => !packages[name])
      .map((name) => `The record does not have ${name}, which the lockfile has`),
    ...Object.entries(packages).flatMap(([name, { integrity, binarySha256 }]) => {
      const lock = locked[`node_modules/${name}`];
      const binary = binaries.get(name) ?? binarySha256;
      return [
        ...(lock?.version === version
          ? []
          : [`The lockfile has ${name} ${lock?.version ?? 'not at all'}, not ${version}`]),
        ...(lock?.integrity === integrity ? [] : [`The lockfile has another hash of ${name}`]),
        ...(binary === binarySha256 ? [] : [`The SHA-256 of the installed ${name}/bin/node is ${binary}`]),
      ];
    }),
    ...Object.keys(official ?? {})
      .filter((archive) => !archives.includes(archive))
      .map((archive) => `${archive} is no archive of what is pinned`),
  ];
}

/** Whether a Node is one that npm has installed here, and not the operator's own. */
export function isPinned(execPath: string): boolean {
  return realpathSync(execPath).startsWith(`${realpathSync(join(ROOT, 'node_modules'))}${sep}`);
}

function installedBinaries({ packages }: PinnedNode): Map<string, string> {
  const files = Object.keys(packages).map((name) => [name, join(ROOT, 'node_modules', name, 'bin', 'node')] as const);
  return new Map(
    files
      .filter(([, file]) => existsSync(file))
      .map(([name, file]) => [name, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  );
}

/** Exits with 1 if something contradicts the record, and with 3 if nothing does but nodejs.org has not been asked. */
function main(): void {
  const record = readPinnedNode();
  const problems = contradictions(record, readLocked(), installedBinaries(record));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) {
    console.error('After a bump, compare and record the new Node: CONTRIBUTING.md.');
    process.exitCode = 1;
  } else if (isOfficial(record)) {
    console.log(`Node ${record.version} is that of nodejs.org.`);
  } else {
    console.log(`Node ${record.version} is as recorded. No one has compared it with nodejs.org yet: CONTRIBUTING.md.`);
    process.exitCode = 3;
  }
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) main();

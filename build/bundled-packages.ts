import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import * as z from 'zod/mini';

/** A package of which a bundle contains code. */
export interface BundledPackage {
  /** As the lockfile names it: `node_modules/@aws-sdk/core`. */
  path: string;
  name: string;
  version: string;
  /** An identifier or an expression of SPDX. */
  license: string;
  /** The lockfile's hash of the package as the registry serves it, such as `sha512-…`. */
  integrity: string;
  /** Where its files are. */
  directory: string;
  /** The paths of the packages in this bundle that its code imports, in order. */
  imports: readonly string[];
}

const Description = z.object({
  name: z.string(),
  version: z.string(),
  // Packages of before 2015 may have an object.
  license: z.union([
    z.string(),
    z.pipe(
      z.object({ type: z.string() }),
      z.transform(({ type }) => type),
    ),
  ]),
});
const Lockfile = z.object({
  packages: z.record(z.string(), z.object({ version: z.optional(z.string()), integrity: z.optional(z.string()) })),
});

/** The last package in a path, because packages can contain others. */
const PACKAGE = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;

/**
 * Lists the packages of which a bundle contains code, in order.
 *
 * Modules that were bundled without leaving code do not count, nor do the replacements of `build/bundle.ts`, which are ours.
 *
 * @throws if the lockfile has no such package or another version: then `node_modules` is not what was reviewed
 */
export function bundledPackages({ inputs, outputs }: Metafile, serviceDir: string): BundledPackage[] {
  const { packages } = Lockfile.parse(JSON.parse(readFileSync(join(serviceDir, 'package-lock.json'), 'utf8')));
  const contained = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
  const importsOf = new Map(contained.flatMap((file) => pathOf(file) ?? []).map((path) => [path, new Set<string>()]));
  for (const file of contained) {
    const from = pathOf(file) ?? '';
    for (const { path } of inputs[file]?.imports ?? []) {
      const to = pathOf(path);
      if (to && to !== from && importsOf.has(to)) importsOf.get(from)?.add(to);
    }
  }
  return [...importsOf]
    .map(([path, imports]): BundledPackage => {
      const directory = join(serviceDir, path);
      const { name, version, license } = Description.parse(
        JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')),
      );
      const locked = packages[path];
      if (locked?.version !== version || locked.integrity === undefined) {
        throw new Error(`${path} is ${version}, and package-lock.json has ${locked?.version ?? 'none'}. Run npm ci.`);
      }
      return { path, name, version, license, integrity: locked.integrity, directory, imports: [...imports].sort() };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Returns the path of the package that a file is in; undefined for our own, and for modules of Node. */
function pathOf(file: string): string | undefined {
  return PACKAGE.exec(file)?.[0];
}

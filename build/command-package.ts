/** `npm run pack`: the operator's command as a package of npm, in `.pack/`, next to its bill of materials. */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { buildPage } from '../console/assets.ts';
import { type BundledPackage, bundledPackages } from './bundled-packages.ts';
import { bundleCommand, bundleEvents } from './command-bundle.ts';
import { eventTypes } from './event-types.ts';
import { NOTICES_FILE, noticesFor } from './license-notices.ts';
import { SBOM_FILE, sbomOf } from './sbom.ts';

const ROOT = join(import.meta.dirname, '..');
/** Where the package is made. */
export const DISTRIBUTION = join(ROOT, '.pack');

/** The name on npm. Its publisher writes a scope of their own here: on npm, `usher` and `usher-cli` belong to others. */
export const PACKAGE_NAME = '@usher-seats/cli';

/** What the package has as the checkout does: what commands read, or name in what they print. */
const COPIED = [
  ...['LICENSE', 'CHANGELOG.md', 'examples', 'docs/policies', 'schemas', 'notices/layout.html.liquid', 'notices/en'],
  ...['audit', 'deploy', 'notices', 'operations', 'operator', 'runbook', 'scenarios', 'security', 'subscriptions'].map(
    (page) => `docs/${page}.md`,
  ),
];

const Description = z.object({
  version: z.string(),
  description: z.string(),
  license: z.string(),
  engines: z.object({ node: z.string() }),
});
const Packed = z.array(
  z.object({
    filename: z.string(),
    size: z.number(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string(), size: z.number() })),
  }),
);

/** A package of npm. */
export interface CommandPackage {
  /** Its path. */
  tarball: string;
  bytes: number;
  unpackedBytes: number;
  files: readonly string[];
}

/** Makes the package. @param folder is made anew */
export async function packCommand(folder: string): Promise<CommandPackage> {
  const directory = join(folder, 'package');
  rmSync(folder, { recursive: true, force: true });
  const bundled = new Map<string, BundledPackage>();
  for (const bundle of [bundleCommand, bundleEvents, buildPage]) {
    const { metafile } = await bundle(directory);
    for (const one of bundledPackages(metafile, ROOT)) bundled.set(one.path, one);
  }
  const packages = [...bundled.values()];
  const write = (file: string, text: string) => writeFileSync(join(directory, file), text);
  for (const file of COPIED) cpSync(join(ROOT, file), join(directory, file), { recursive: true });
  cpSync(join(ROOT, 'cli', 'usher.mjs'), join(directory, 'lib', 'usher.mjs'));
  cpSync(join(ROOT, 'cli', 'README.md'), join(directory, 'README.md'));
  write('lib/events/index.d.ts', eventTypes());
  write(NOTICES_FILE, noticesFor(packages));
  const description = Description.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  write('package.json', `${JSON.stringify(descriptionOf(description), undefined, 2)}\n`);
  const made = execFileSync('npm', ['pack', directory, '--pack-destination', folder, '--json'], { encoding: 'utf8' });
  const [packed] = Packed.parse(JSON.parse(made));
  if (!packed) throw new Error('npm pack made no package');
  const tarball = join(folder, packed.filename);
  const zip = { name: packed.filename, bytes: readFileSync(tarball), packages };
  writeFileSync(join(folder, SBOM_FILE), sbomOf(description.version, [zip]));
  return {
    tarball,
    bytes: packed.size,
    unpackedBytes: packed.unpackedSize,
    files: packed.files.map(({ path }) => path),
  };
}

/** It has neither dependencies, which are in the bundle, nor scripts, which would run when it is installed. */
function descriptionOf({ version, description, license, engines }: z.infer<typeof Description>) {
  return {
    name: PACKAGE_NAME,
    version,
    description,
    license,
    type: 'module',
    engines,
    bin: { usher: 'lib/usher.mjs' },
    exports: {
      './events': { types: './lib/events/index.d.ts', default: './lib/events/index.mjs' },
      './schemas/*': './schemas/*',
      './package.json': './package.json',
    },
  };
}

async function main(): Promise<void> {
  const { tarball, bytes, unpackedBytes, files } = await packCommand(DISTRIBUTION);
  const megabytes = (count: number) => `${(count / 1e6).toFixed(1)} MB`;
  console.log(`${tarball}: ${megabytes(bytes)}, unpacked ${megabytes(unpackedBytes)} in ${files.length} files`);
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) await main();

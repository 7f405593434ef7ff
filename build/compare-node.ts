/**
 * `node build/compare-node.ts`: compares the Node that npm installs with that of nodejs.org, and records the hashes of both.
 *
 * Needs npm, tar, gpgv, the internet, and a Node of yours: one that is compared cannot vouch for itself.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archiveOf, isPinned, type PinnedNode, RECORD, readLocked, readPinnedNode } from './pinned-node.ts';

/** The keys with which the releasers of Node sign, at a commit that was read. Raise it when a new releaser signs. */
const KEYRING =
  'https://raw.githubusercontent.com/nodejs/release-keys/b28073028e6d6855cfb53bf7fa0137599c01f967/gpg-only-active-keys/pubring.kbx';
const DISTRIBUTIONS = 'https://nodejs.org/dist';
const LIMIT_BYTES = 1_000_000_000;

/** Where the two come from. */
export interface Sources {
  /** Returns the package of the registry, as a `.tgz`. */
  pack(name: string, version: string): Promise<Uint8Array>;
  /** Returns an archive of nodejs.org. */
  download(version: string, archive: string): Promise<Uint8Array>;
  /** Returns the list of the SHA-256 of all archives, after its signature was verified. */
  checksums(version: string): Promise<string>;
}

/**
 * Compares each package with the archive of nodejs.org.
 *
 * @returns the record of both
 * @throws if a package is not that of the lockfile, an archive is not that of the list, or their `bin/node` differ
 */
export async function compareNode(
  version: string,
  integrities: Readonly<Record<string, string>>,
  sources: Sources,
): Promise<PinnedNode> {
  const checksums = await sources.checksums(version);
  const packages: PinnedNode['packages'] = {};
  const official: Record<string, string> = {};
  for (const [name, integrity] of Object.entries(integrities)) {
    const packed = await sources.pack(name, version);
    if (`sha512-${hash('sha512', packed, 'base64')}` !== integrity)
      throw new Error(`${name}: not that of the lockfile`);
    const archive = archiveOf(name, version);
    const downloaded = await sources.download(version, archive);
    const sha256 = hash('sha256', downloaded, 'hex');
    if (!checksums.split('\n').includes(`${sha256}  ${archive}`)) throw new Error(`${archive}: not that of the list`);
    const binarySha256 = hash('sha256', extract(packed, 'package/bin/node'), 'hex');
    const theirs = hash('sha256', extract(downloaded, `${archive.replace('.tar.gz', '')}/bin/node`), 'hex');
    if (binarySha256 !== theirs)
      throw new Error(`${name}: bin/node is ${binarySha256}, and that of ${archive} ${theirs}`);
    packages[name] = { integrity, binarySha256 };
    official[archive] = sha256;
  }
  return { version, packages, official };
}

function hash(algorithm: string, bytes: Uint8Array, encoding: 'base64' | 'hex'): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

function extract(archive: Uint8Array, file: string): Uint8Array {
  return execFileSync('tar', ['-xzOf', '-', file], { input: archive, maxBuffer: LIMIT_BYTES });
}

/** The registry of npm, and nodejs.org. */
function internet(folder: string): Sources {
  const get = async (url: string) => {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  };
  return {
    async pack(name, version) {
      execFileSync('npm', ['pack', '--silent', `${name}@${version}`, '--pack-destination', folder]);
      return readFileSync(join(folder, `${name}-${version}.tgz`));
    },
    download: (version, archive) => get(`${DISTRIBUTIONS}/v${version}/${archive}`),
    async checksums(version) {
      const keyring = join(folder, 'keyring.kbx');
      writeFileSync(keyring, await get(KEYRING));
      const signed = await get(`${DISTRIBUTIONS}/v${version}/SHASUMS256.txt.asc`);
      return execFileSync('gpgv', ['--keyring', keyring, '--output', '-'], { input: signed, encoding: 'utf8' });
    },
  };
}

async function main(): Promise<void> {
  if (isPinned(process.execPath))
    throw new Error('Run this with a Node of yours, not with npm: node build/compare-node.ts');
  const locked = readLocked();
  const names = Object.keys(readPinnedNode().packages);
  const [version] = new Set(names.map((name) => locked[`node_modules/${name}`]?.version));
  if (version === undefined) throw new Error(`package-lock.json does not have ${names[0]}`);
  const integrities = Object.fromEntries(names.map((name) => [name, locked[`node_modules/${name}`]?.integrity ?? '']));
  const folder = mkdtempSync(join(tmpdir(), 'usher-node-'));
  try {
    const record = await compareNode(version, integrities, internet(folder));
    writeFileSync(RECORD, `${JSON.stringify(record, undefined, 2)}\n`);
    console.log(`Node ${version} is that of nodejs.org. Commit build/pinned-node.json.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

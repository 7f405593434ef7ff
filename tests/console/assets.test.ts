import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildPage } from '../../console/assets.ts';

let built: Awaited<ReturnType<typeof buildPage>>;
beforeAll(async () => {
  built = await buildPage();
});

const textOf = (path: string) => new TextDecoder().decode(built.assets.get(path)?.body);
const kilobytes = (paths: Iterable<string>) =>
  [...paths].reduce((sum, path) => sum + gzipSync(textOf(path), { level: 9 }).length, 0) / 1024;

/** The files that a browser loads with a script: not those that a page of the console loads when it is shown. */
function loadedWith(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const { imports = [] } = built.metafile.outputs[`page${path}`] ?? {};
  for (const { path: other, kind } of imports)
    if (kind === 'import-statement') loadedWith(other.replace(/^page/, ''), seen);
  return seen;
}

/** The namespaces of XML are names that look like addresses. */
const NAMESPACES = /http:\/\/www\.w3\.org\/[\w/]+/g;

describe('the files of the page', () => {
  it('are a document, and what it names', () => {
    const named = [...textOf('/').matchAll(/(?:src|href)="(\/[^"]*)"/g)].map(([, path = '']) => path);
    expect(named.toSorted()).toEqual(['/app.css', '/app.js']);
    expect(named.filter((path) => !built.assets.has(path))).toEqual([]);
    expect(textOf('/')).not.toMatch(/<style|<script(?![^>]*src=)|\son\w+=/);
  });

  it('have at most 50 KB of JavaScript and 4 KB of CSS before a page is shown, as they are compressed', () => {
    const scripts = loadedWith('/app.js');
    expect(scripts.size).toBeGreaterThan(0);
    expect(kilobytes(scripts)).toBeLessThan(50);
    expect(kilobytes(['/app.css'])).toBeLessThan(4);
  });

  it('ask no other host, and make no code of text', () => {
    for (const path of built.assets.keys()) {
      const text = textOf(path).replaceAll(NAMESPACES, '');
      // A link to the console of AWS is made of the partition and the Region.
      expect(text.match(/https?:\/\/(?!\$\{)[^\s"'`)]*/g) ?? [], path).toEqual([]);
      expect(text.match(/\beval\(|new Function\(/g) ?? [], path).toEqual([]);
    }
  });

  it('have types that a browser takes with nosniff', () => {
    const types = new Set([...built.assets].map(([path, { type }]) => `${/\.\w+$/.exec(path) ?? path} ${type}`));
    const known = ['/ text/html', '.css text/css', '.js text/javascript'].map((type) => `${type}; charset=utf-8`);
    expect([...types].filter((type) => !known.includes(type))).toEqual([]);
  });
});

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DIGEST, digestOfPage, FILES } from '../../build/console-pictures.ts';

const text = (page: string) => readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');

describe('the pictures of the console', () => {
  it('show the present page: make them anew with node build/console-pictures.ts', async () => {
    expect(readFileSync(DIGEST, 'utf8')).toBe(await digestOfPage());
  });

  it.each(FILES)('are small, and in docs/console.md with a description: %s', (file) => {
    expect(readFileSync(file).length).toBeLessThan(100_000);
    expect(text('docs/console.md')).toMatch(new RegExp(`!\\[[^\\]]{20,}\\]\\(${basename(file)}\\)`));
  });

  it('has one on the first screens of README.md', () => {
    const first = text('README.md').split('\n').slice(0, 60).join('\n');
    expect(first).toMatch(/!\[[^\]]{20,}\]\(docs\/console-[a-z]+\.png\)/);
    expect(first).toContain('npm start -- --console');
    expect(first).toContain('usher console');
  });
});

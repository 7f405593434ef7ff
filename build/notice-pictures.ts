/** `node build/notice-pictures.ts`: the picture of a notice in `docs/notices.md`, made by Chromium. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readTemplates } from '../input/notice-templates.ts';
import { rendererOf } from '../notices/render.ts';
import { withFewerShades } from './png.ts';

const ROOT = join(import.meta.dirname, '..');
/** The picture, and the digest of the page that it shows: whether it is up to date is known without a browser. */
export const PICTURE = join(ROOT, 'docs', 'notices-assigned.png');
export const DIGEST = join(ROOT, 'docs', 'notices-assigned.sha256');

/** In CSS pixels: the notice with a margin. */
const SIZE = { width: 620, height: 825 };
/** Seconds. It takes one or two. */
const PATIENCE = 60;
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'chrome'];

/** Returns the page in the picture. */
export function picturedPage(): string {
  const templates = readTemplates({ shipped: join(ROOT, 'notices') });
  const render = rendererOf(templates, { language: 'en' });
  const facts = {
    kind: 'assigned',
    product: 'Kiro',
    name: 'Ana',
    startUrl: 'https://d-1234567890.awsapps.com/start',
    region: 'us-east-1',
    helpUrl: 'https://wiki.example.com/kiro',
    contact: 'it-help@example.com',
  } as const;
  return render(facts, []).html;
}

/** Returns the digest of a page, as the file next to the picture has it. */
export function digestOf(page: string): string {
  return `${createHash('sha256').update(page).digest('hex')}\n`;
}

/** Makes a picture of a page. @throws Error if no browser is on this machine */
function photograph(page: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'usher-picture-'));
  try {
    const [file, picture] = [join(folder, 'page.html'), join(folder, 'page.png')];
    writeFileSync(file, page);
    const args = [
      ...['--headless', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${join(folder, 'profile')}`],
      // A container has no user of its own for the sandbox. The page is ours, without scripts.
      '--no-sandbox',
      ...[`--window-size=${SIZE.width},${SIZE.height}`, `--screenshot=${picture}`, pathToFileURL(file).href],
    ];
    for (const browser of BROWSERS) {
      const { error, status, stderr } = spawnSync(browser, args, { encoding: 'utf8', timeout: PATIENCE * 1000 });
      if (error && 'code' in error && error.code === 'ENOENT') continue;
      if (error || status !== 0) throw new Error(`${browser} made no picture: ${error?.message ?? stderr}`);
      return readFileSync(picture);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  throw new Error(
    `No browser is on this machine: expected one of ${BROWSERS.join(', ')}. Debian: apt-get install chromium`,
  );
}

function main(): void {
  const page = picturedPage();
  const picture = withFewerShades(photograph(page));
  writeFileSync(PICTURE, picture);
  writeFileSync(DIGEST, digestOf(page));
  console.log(`${PICTURE}: ${Math.ceil(picture.length / 1000)} kB`);
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) main();

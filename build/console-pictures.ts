/** `node build/console-pictures.ts`: the pictures of the console in `docs/console.md` and in `README.md`, made by Chromium. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { type Browser, chromium, type Page } from 'playwright-core';
import { runCommandLine } from '../cli/program.ts';
import { readAssets } from '../console/assets.ts';
import { withFewerShades } from './png.ts';
import { openScene } from './scene.ts';

const DOCS = join(import.meta.dirname, '..', 'docs');
/** Digest of the page in the pictures: whether they are up to date is known without a browser. */
export const DIGEST = join(DOCS, 'console.sha256');
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** In CSS pixels; a higher page is cut. */
const SIZE = { width: 1100, height: 760 };

/** The pictures: their files, the page of each, and what is on it when it is there. */
const PICTURES = [
  { file: 'console-overview.png', path: '/', shows: 'kiro: 3 revocations held' },
  { file: 'console-entitlement.png', path: '/entitlements/q-developer', shows: 'waitlisted' },
  { file: 'console-execution.png', path: '/executions/execution-1', shows: 'converged' },
  { file: 'console-held.png', path: '/held', shows: 'Release these 3' },
  { file: 'console-lab.png', path: '/lab', shows: 'execution-1' },
] as const;

/** Where each picture is. */
export const FILES = PICTURES.map(({ file }) => join(DOCS, file));

/** Returns the digest of the page as it is built now. */
export async function digestOfPage(): Promise<string> {
  const hash = createHash('sha256');
  for (const [path, { body }] of [...(await readAssets())].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(`${path} ${body.byteLength}\n`).update(body);
  }
  return `${hash.digest('hex')}\n`;
}

/** Serves the console on an emulator in which something has happened, and photographs its pages. */
async function main(): Promise<void> {
  const executablePath = BROWSERS.find(existsSync);
  if (executablePath === undefined)
    throw new Error(
      `No browser is on this machine: expected one of ${BROWSERS.join(', ')}. Debian: apt-get install chromium`,
    );
  const scene = await openScene(async () => undefined);
  const out = new PassThrough();
  let end: () => unknown = () => undefined;
  const env = { ...process.env, AWS_ENDPOINT_URL: scene.endpoint };
  const served = scene.during(
    runCommandLine(
      ['--local', 'console', '--no-open', '--json'],
      { stdout: out, stderr: process.stderr, stdin: {}, env },
      {
        onInterrupt: () => undefined,
        onStray: (report) => report,
        onEnd(ending) {
          end = ending;
        },
      },
    ),
  );
  const [line] = await once(createInterface(out), 'line');
  // A container has no user of its own for the sandbox. The pages are ours.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    await photograph(browser, JSON.parse(line).url);
    writeFileSync(DIGEST, await digestOfPage());
  } finally {
    await browser.close();
    end();
    await served;
    await scene.close();
  }
}

async function photograph(browser: Browser, url: string): Promise<void> {
  const page = await browser.newPage({
    viewport: SIZE,
    colorScheme: 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  for (const { file, path, shows } of PICTURES) {
    const address = new URL(path, url);
    address.hash = new URL(url).hash;
    await page.goto('about:blank');
    await page.goto(address.href);
    await page.getByText(shows).filter({ visible: true }).first().waitFor();
    // By locators: the CSP of the page lets no text become a function.
    while (await page.locator('[aria-busy=true], .skeleton').count()) await page.waitForTimeout(100);
    const picture = withFewerShades(await pictureOf(page));
    writeFileSync(join(DOCS, file), picture);
    console.log(`docs/${file}: ${Math.ceil(picture.length / 1000)} kB`);
  }
}

/** Takes a picture without the port of the emulator, which is another one each time, and which an answer may bring back. */
async function pictureOf(page: Page): Promise<Buffer> {
  let picture: Buffer;
  do {
    await page.evaluate(WITHOUT_PORT);
    picture = await page.screenshot();
  } while (await page.getByText('AWS_ENDPOINT_URL').filter({ visible: true }).count());
  return picture;
}

const WITHOUT_PORT =
  "for (const code of document.querySelectorAll('code')) code.textContent = code.textContent.replace(/AWS_ENDPOINT_URL=\\S+ /, '')";

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) await main();

import { existsSync, realpathSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type CDPSession, chromium, type Page } from 'playwright-core';
import { readAssets } from '../console/assets.ts';
import { application, user } from '../emulator/scenario/example-ids.ts';
import { atMost, count, type Row, rows } from './report.ts';
import { SCROLL } from './scroll.ts';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PEOPLE = 50_000;
/** Pages that are measured. */
export const CONSOLE_RUNS = 5;
const TOKEN = 'x'.repeat(43);
const NAME = 'bench';

/** Runs in the page: what the CPU times are compared with. */
const REFERENCE = `(() => {
  let sum = 0;
  for (let index = 0; index < 5e7; index++) sum = (sum * 31 + index) | 0;
  return sum;
})()`;

/** What the page of 50,000 users takes: CPU time of its main thread in milliseconds, and memory in megabytes. */
export interface ConsolePage {
  reference: number;
  load: number;
  filter: number;
  sort: number;
  heap: number;
  blankFrames: number;
}

/** Measures the page of the console with 50,000 users in Chromium. @throws Error if there is no Chromium */
export async function consolePage(): Promise<ConsolePage> {
  const executablePath = BROWSERS.find(existsSync);
  if (executablePath === undefined) throw new Error(`There is no Chromium: ${BROWSERS.join(', ')}`);
  const server = await serve();
  // A container has no user of its own for the sandbox. The page is ours.
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('The server has no port');
    const origin = `http://127.0.0.1:${address.port}`;
    const all: ConsolePage[] = [];
    for (let run = 0; run < CONSOLE_RUNS; run += 1) {
      const page = await browser.newPage();
      all.push(await measure(page, origin));
      await page.close();
    }
    const middle = (of: (one: ConsolePage) => number) =>
      all.map(of).toSorted((a, b) => a - b)[CONSOLE_RUNS >> 1] ?? Number.NaN;
    return {
      reference: middle(({ reference }) => reference),
      load: middle(({ load }) => load),
      filter: middle(({ filter }) => filter),
      sort: middle(({ sort }) => sort),
      heap: middle(({ heap }) => heap),
      blankFrames: Math.max(...all.map(({ blankFrames }) => blankFrames)),
    };
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

/** Serves the page, and answers what it asks with as many users as it must bear. */
async function serve(): Promise<Server> {
  const assets = await readAssets();
  const line = (type: string, more: object) => JSON.stringify({ type, ...more });
  const seat = { entitlement: NAME, application: application(1), since: '2026-11-30T10:00:00.000Z' };
  const people = Array.from({ length: PEOPLE }, (_, index) => {
    const status = index % 10 === 0 ? 'waitlisted' : 'confirmed';
    // In no order, so that sorting has something to do.
    return line('seat', { ...seat, userId: user((index * 7919) % 1_000_003), status });
  }).join('\n');
  const answers: Readonly<Record<string, string>> = {
    '/api/about': JSON.stringify({ stage: NAME, region: 'us-east-1', local: false, allowChanges: false, has: {} }),
    '/api/ask/people': people,
    '/api/live': '',
  };
  const server = createServer(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://127.0.0.1');
    const asset = pathname.startsWith('/api/') ? undefined : (assets.get(pathname) ?? assets.get('/'));
    if (asset) response.setHeader('content-type', asset.type);
    response.end(asset?.body ?? answers[pathname] ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function measure(page: Page, origin: string): Promise<ConsolePage> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  // The next page keeps this process, so its counters keep counting.
  await page.goto(`${origin}/api/about`);
  const load = await cpuOf(session, async () => {
    await page.goto(`${origin}/entitlements/${NAME}#${TOKEN}`);
    await page.getByRole('grid').getByRole('row').nth(10).waitFor();
  });
  const reference = await cpuOf(session, () => page.evaluate(REFERENCE));
  const select = page.getByLabel('Status', { exact: true });
  const filter = await cpuOf(session, async () => {
    await select.selectOption('waitlisted');
    await page.getByText(`${count(PEOPLE / 10)} of ${count(PEOPLE)}`).waitFor();
  });
  await select.selectOption('');
  const sort = await cpuOf(session, async () => {
    await page.getByRole('button', { name: 'User' }).click();
    await page.locator('th[aria-sort=ascending]').waitFor();
  });
  const blankFrames = Number(await page.evaluate(SCROLL));
  await session.send('HeapProfiler.collectGarbage');
  const heap = (await metricOf(session, 'JSHeapUsedSize')) / 1024 / 1024;
  return { reference, load, filter, sort, heap, blankFrames };
}

/** Returns the CPU time that the main thread of the page takes meanwhile, in milliseconds. */
async function cpuOf(session: CDPSession, work: () => Promise<unknown>): Promise<number> {
  const before = await metricOf(session, 'TaskDuration');
  await work();
  return 1000 * ((await metricOf(session, 'TaskDuration')) - before);
}

async function metricOf(session: CDPSession, name: string): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find((one) => one.name === name)?.value ?? Number.NaN;
}

/** Renders what {@link consolePage} has measured. */
export function renderConsolePage({ reference, load, filter, sort, heap, blankFrames }: ConsolePage): string {
  const cpu = (what: string, milliseconds: number, most: number): Row =>
    atMost(`${what}: ${count(milliseconds)} ms, as a multiple`, milliseconds / reference, most, { digits: 1 });
  return rows([
    { what: 'the loop, in ms', usher: count(reference) },
    cpu('load the page and 50,000 users', load, 4),
    cpu('filter them', filter, 1),
    cpu('sort them', sort, 1),
    atMost('heap after that', heap, 32, { unit: 'MB' }),
    atMost('frames without rows while scrolling', blankFrames, 0),
  ]);
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename)
  console.log(renderConsolePage(await consolePage()));

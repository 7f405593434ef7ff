import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { browser as executable } from '../../build/browser.ts';

/** Whether a Chromium is on this machine: `.ci/run` installs it. Without it, the tests of pages are skipped. */
export const hasBrowser = executable !== undefined;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a page did that it must not do. */
export interface Misdeeds {
  /** Errors, and messages on the console of the browser: violations of the CSP are among them. */
  errors: string[];
  /** Requests to another host. */
  foreign: string[];
}

/** A Chromium for the tests of a file. */
export function aBrowser(): {
  /** Opens a page. It is as wide as a small laptop, unless told otherwise. */
  open(
    url: string,
    options?: { dark?: boolean; width?: number; height?: number },
  ): Promise<{ page: Page; misdeeds: Misdeeds }>;
} {
  let browser: Browser | undefined;
  beforeAll(async () => {
    // A container has no user of its own for the sandbox. The pages are ours.
    if (executable) browser = await chromium.launch({ executablePath: executable, args: ['--no-sandbox'] });
  });
  afterAll(() => browser?.close());
  return {
    async open(url, { dark = false, width = 1280, height = 900 } = {}) {
      if (!browser) throw new Error('There is no Chromium on this machine');
      const context = await browser.newContext({
        colorScheme: dark ? 'dark' : 'light',
        viewport: { width, height },
        timezoneId: 'Europe/Berlin',
        locale: 'en-GB',
        reducedMotion: 'reduce',
      });
      const page = await context.newPage();
      const misdeeds: Misdeeds = { errors: [], foreign: [] };
      page.on('pageerror', (error) => misdeeds.errors.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') misdeeds.errors.push(message.text());
      });
      const { host } = new URL(url);
      page.on('request', (request) => {
        const to = new URL(request.url());
        if (to.protocol.startsWith('http') && to.host !== host) misdeeds.foreign.push(request.url());
      });
      await page.goto(url);
      return { page, misdeeds };
    },
  };
}

/** Returns what axe finds wrong with a page as it is: id of the rule, and where. */
export async function violationsOn(page: Page): Promise<string[]> {
  // By evaluation: the CSP of the page allows no script of others.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary ?? ''}`),
    );
  });
}

/** Expects what a page shows in the end: another process draws it, on a machine that may be busy. */
export function eventually<Value>(look: () => Value | Promise<Value>) {
  return expect.poll(look, { timeout: 30_000 });
}

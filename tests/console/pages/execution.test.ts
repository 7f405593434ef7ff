// @module-tag long
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Line } from '../../../operator/lines/all.ts';
import { aBrowser, hasBrowser, violationsOn } from '../../support/browser.ts';
import { aConsole } from '../../support/console.ts';
import { playStory, STORY } from '../../support/console-story.ts';
import { execution, START, user } from '../../support/ids.ts';
import { linesOf } from '../../support/operator.ts';
import { aScriptedConsole } from '../../support/scripted-console.ts';

const at = (url: string, path: string) => {
  const { origin, hash } = new URL(url);
  return origin + path + hash;
};
const node = (page: Page, state: string) => page.locator('.graph .node', { hasText: state });
const lane = (page: Page, state: string) => page.locator('.lanes tbody tr', { hasText: state });
const taken = (page: Page) =>
  page.locator('.graph .taken title').evaluateAll((titles) => titles.map(({ textContent }) => textContent).sort());

describe.skipIf(!hasBrowser)('an execution', () => {
  const served = aConsole(STORY);
  const browser = aBrowser();
  let listed: Record<string, unknown>[] = [];
  beforeAll(async () => {
    await playStory(served.operator);
    listed = linesOf((await served.operator.run('status', '--executions', '--limit', '100', '--json')).out);
  });

  /** Opens the page of the newest execution of which this is true. */
  async function open(
    is: (line: Record<string, unknown>) => boolean,
    options: { dark?: boolean; width?: number } = {},
  ) {
    const name = String(listed.find(is)?.['execution']).split(':').at(-1);
    const opened = await browser.open(at(served.url, `/executions/${name}`), options);
    await opened.page.locator('.lanes tbody tr').first().waitFor();
    return { ...opened, name };
  }

  it('that converged lights the ways that it went, and its end', async () => {
    const { page, misdeeds } = await open(({ changes }) => JSON.stringify(changes) === '{"gained":1,"lost":1}');
    await page.getByText('Fresh reads show the desired state.').waitFor();
    expect(await node(page, 'Converged').getAttribute('class')).toContain('visited');
    expect(await node(page, 'HandedOver').getAttribute('class')).toContain('idle');
    expect(await taken(page)).toEqual(
      expect.arrayContaining([
        'NormalizeRequest → IsForUs: 1 ×',
        'ApplyChanges → RecordAudit: 2 ×',
        'WhatNow → Converged: 1 ×',
      ]),
    );
    expect(await taken(page)).not.toContainEqual(expect.stringContaining('Ignored'));
    expect(await lane(page, 'WaitToSettle').allInnerTexts()).toEqual([
      expect.stringMatching(/WaitToSettle\s+3\s+2 min/),
    ]);
    const changed = page.getByRole('region', { name: 'Audit events' }).locator('tbody tr');
    expect(await changed.allInnerTexts()).toEqual([
      expect.stringMatching(/Seat Revoked\s+\S+\s+amazon-q-developer\s+group-leave/),
      expect.stringMatching(/Seat Assigned\s+\S+\s+amazon-q-developer\s+place-freed/),
    ]);
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('that failed says where, why, and what to do about it', async () => {
    const { page, name } = await open(({ status }) => status === 'FAILED');
    await page.getByText('PropagationTimeoutError: The identity store had no such user before the deadline.').waitFor();
    await page.getByText(`usher redrive ${name}`).waitFor();
    expect(await node(page, 'CheckPropagation').getAttribute('class')).toContain('failed');
    await node(page, 'CheckPropagation').getByText('✕ CheckPropagation').waitFor();
    await lane(page, 'CheckPropagation').getByText('1 failed attempt: PropagationTimeoutError').waitFor();
    await page.getByRole('img', { name: 'it failed here: CheckPropagation' }).waitFor();
  });

  it('that is held says so', async () => {
    const { page } = await open(({ outcome }) => outcome === 'held');
    await page.getByText('The brake holds revocations until a person releases them.').waitFor();
    expect(await node(page, 'Held').getAttribute('class')).toContain('visited');
  });

  it('that was retried counts the attempts that failed', async () => {
    const { page } = await open(({ subject }) => JSON.stringify(subject).includes(user(37)));
    await page.locator('.lanes', { hasText: '3 failed attempts' }).waitFor();
  });

  it('lists its events when asked', async () => {
    const { page } = await open(({ status }) => status === 'FAILED');
    await page.getByRole('button', { name: 'Show its events' }).click();
    await page.getByText('ExecutionStarted').waitFor();
    await page.getByRole('cell', { name: 'PropagationTimeoutError' }).last().waitFor();
    await page.getByText('ExecutionFailed').waitFor();
  });

  it('says who started it, when asked', async () => {
    const { page } = await open(({ status }) => status === 'FAILED');
    expect((await served.operator.calls())['CloudTrail.LookupEvents'] ?? 0).toBe(0);
    await page.getByRole('button', { name: 'Who started it?' }).click();
    await page.getByText(/^arn:aws:sts:|CloudTrail has no such call/).waitFor();
    expect((await served.operator.calls())['CloudTrail.LookupEvents']).toBeGreaterThan(0);
  });

  it('that does not exist is an error with what to do', async () => {
    const { page } = await browser.open(at(served.url, '/executions/no-such-execution'));
    await page.getByRole('alert').waitFor();
    await page.getByRole('alert').getByText('no-such-execution').waitFor();
    expect(await violationsOn(page)).toEqual([]);
  });

  it.each([false, true])('has nothing that axe objects to, and fits 800 pixels (dark: %s)', async (dark) => {
    const { page } = await open(({ status }) => status === 'FAILED', { dark, width: 800 });
    await page.getByRole('button', { name: 'Show its events' }).click();
    await page.getByText('ExecutionStarted').waitFor();
    expect(await violationsOn(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(800);
  });
});

describe.skipIf(!hasBrowser)('an execution of 25,000 events', () => {
  const PROD = { local: false, account: '111122223333' };
  const browser = aBrowser();
  const iso = (seconds: number) => new Date(START.getTime() + seconds * 1000).toISOString();
  const LOOP = ['PlanChanges', 'ApplyChanges', 'RecordAudit', 'WaitToSettle'] as const;

  /** The line of a loop with this number of turns. */
  function aLine(turns: number, more: object = {}): Line {
    return {
      type: 'execution',
      execution: execution('me'),
      status: 'RUNNING',
      startedAt: iso(-40_000),
      states: Array.from({ length: turns * 4 }, (_, index) => ({
        state: LOOP[index % 4] ?? '',
        at: iso(-40_000 + index * 6),
        seconds: 6,
        failures: [],
      })),
      moves: LOOP.map((from, index) => ({ from, to: LOOP[(index + 1) % 4] ?? '', count: turns })),
      audit: [],
      ...more,
    };
  }

  /** The events after a number, a page of them. */
  function steps(command: string): Line[] {
    const after = Number(/--after=(\d+)/.exec(command)?.[1] ?? 0);
    const page = Array.from(
      { length: Math.min(1000, 24_500 - after) },
      (_, index): Line => ({
        type: 'step',
        execution: execution('me'),
        id: after + index + 1,
        at: iso(0),
        what: 'entered',
        event: 'TaskStateEntered',
        state: 'PlanChanges',
      }),
    );
    return after + 1000 < 24_500 ? [...page, { type: 'more', of: 'step', read: 1000 }] : page;
  }

  it('shows where it is, live, in as many elements as a short one', async () => {
    let turns = 1500;
    let ended = {};
    const url = await aScriptedConsole((command) => (command === 'status me' ? [aLine(turns, ended)] : []), PROD);
    const { page, misdeeds } = await browser.open(at(url, '/executions/me'));
    await node(page, 'WaitToSettle').waitFor();
    expect(await node(page, 'WaitToSettle').getAttribute('class')).toContain('current');
    await lane(page, 'PlanChanges').getByText('1,500').waitFor();
    turns = 1501;
    await lane(page, 'PlanChanges').getByText('1,501').waitFor();
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(2500);
    ended = { status: 'SUCCEEDED', outcome: 'converged', endedAt: iso(0) };
    await page.getByText('Fresh reads show the desired state.').waitFor();
    expect(misdeeds).toEqual({ errors: [], foreign: [] });
  });

  it('has its events in pages of a thousand', async () => {
    const url = await aScriptedConsole(
      (command) => (command === 'status me' ? [aLine(2)] : command.includes('--steps') ? steps(command) : []),
      PROD,
    );
    const { page } = await browser.open(at(url, '/executions/me'));
    await page.getByRole('button', { name: 'Show its events' }).click();
    await page.getByText('Events 1 to 1,000').waitFor();
    await page.getByRole('button', { name: 'Next 1,000' }).click();
    await page.getByText('Events 1,001 to 2,000').waitFor();
    expect(new URL(page.url()).search).toBe('?after=1000');
    expect(await page.getByRole('cell', { name: 'TaskStateEntered' }).count()).toBe(1000);
    const { page: last } = await browser.open(at(url, '/executions/me?after=24000'));
    await last.getByText('Events 24,001 to 24,500').waitFor();
    expect(await last.getByRole('button', { name: 'Next 1,000' }).count()).toBe(0);
    await last.getByRole('button', { name: 'Previous 1,000' }).click();
    await last.getByText('Events 23,001 to 24,000').waitFor();
  });

  it('leads to the AWS console, in its Region', async () => {
    const url = await aScriptedConsole((command) => (command === 'status me' ? [aLine(1)] : []), PROD);
    const { page } = await browser.open(at(url, '/executions/me'));
    const link = page.getByRole('link', { name: 'Open in the AWS console' });
    expect(await link.getAttribute('href')).toMatch(
      /^https:\/\/us-east-1\.console\.aws\.amazon\.com\/states\/home\?region=us-east-1#/,
    );
  });

  it('without a history says that it was not read, and shows the rest', async () => {
    const { states: _, moves: __, audit: ___, ...head } = aLine(1) as Extract<Line, { type: 'execution' }>;
    const url = await aScriptedConsole(
      (command) =>
        command === 'status me' ? [{ type: 'unread', message: 'The user may not read histories' }, head] : [],
      PROD,
    );
    const { page } = await browser.open(at(url, '/executions/me'));
    await page.getByText('The history was not read').waitFor();
    await page.getByText('Not read: The user may not read histories').waitFor();
    await page.getByText('The audit stream was not read').waitFor();
    await page.getByText('▸ running').waitFor();
    expect(await violationsOn(page)).toEqual([]);
  });
});

// @module-tag long
import { afterEach, describe, expect, it } from 'vitest';
import { readScenarioFile } from '../../emulator/scenario/inputs.ts';
import type { Told } from '../../emulator/scenario/story.ts';
import { type Listening, serve } from '../../emulator/server.ts';

const ending = new AbortController();
afterEach(() => ending.abort());

describe('a story that is served', () => {
  it('begins when someone looks, is played to its end, and leaves the emulator running', async () => {
    const script = await readScenarioFile('examples/story.yml');
    const { entitlements, directory } = script;
    const problems: string[] = [];
    let served: Promise<void> | undefined;
    const { endpoint } = await new Promise<Listening>((resolve, reject) => {
      served = serve({
        ...{ entitlements, directory, script, port: 0, speed: 1, signal: ending.signal },
        onListen: resolve,
        onNotice: () => undefined,
        onProblem: (problem) => problems.push(problem),
      });
      served.catch(reject);
    });
    const page = async (path: string, method = 'GET', body?: object) => {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(endpoint + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return JSON.parse(await response.text());
    };
    expect((await page('/clock')).now.slice(0, 16)).toBe('2026-11-02T08:00');
    const look = (): Promise<Told> => page('/story');
    expect(await look()).toMatchObject({ title: script.title, steps: [], isOver: false });
    await expect.poll(async () => (await look()).steps.length, { timeout: 30_000 }).toBeGreaterThan(0);
    // Without readers, as fast as this machine can.
    await page('/step', 'POST', { seconds: 2 * 3600 });
    await expect.poll(async () => (await look()).isOver, { timeout: 30_000 }).toBe(true);
    const { steps, closing } = await look();
    expect(steps.map(({ title }) => title)).toEqual(script.steps.map(({ title }) => title));
    expect(closing).toBe(script.closing);
    expect(await page('/outbox')).not.toEqual([]);
    ending.abort();
    await served;
    expect(problems).toEqual([]);
  });
});

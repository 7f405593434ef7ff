// @module-tag long
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { runCommandLine } from '../../cli/program.ts';
import { environment, runUsher } from '../support/operator.ts';

describe('usher play --console', () => {
  it('opens the page at the lab, which has the story, and ends on Ctrl-C with its emulator', async () => {
    const [out, error] = [new PassThrough(), new PassThrough()];
    const opened: string[] = [];
    let end = () => undefined as unknown;
    const ended = runCommandLine(
      ['play', '--console', '--json'],
      {
        ...{ stdout: out, stderr: error, stdin: {}, env: environment() },
        async openFile(address) {
          opened.push(address);
        },
      },
      {
        onInterrupt: () => undefined,
        onStray: () => undefined,
        onEnd(ending) {
          end = ending;
        },
      },
    );
    const [line] = await once(createInterface(out), 'line');
    const url = new URL(JSON.parse(line).url);
    expect(url.pathname).toBe('/lab');
    const story = await fetch(`${url.origin}/api/lab/story`, {
      headers: { authorization: `Bearer ${url.hash.slice(1)}` },
    });
    expect(await story.json()).toMatchObject({ title: 'A day with Usher, in a few seconds' });
    await expect.poll(() => opened).toEqual([url.href]);
    end();
    expect(await ended).toBe(0);
    await expect(fetch(url.origin)).rejects.toThrow();
  });

  it('refuses what is about the terminal', async () => {
    expect(await runUsher(['play', '--console', '--verbose'])).toMatchObject({ code: 2, out: '' });
  });
});

describe('usher console', () => {
  it.each(['https://example.com', '//example.com', '/held', '../x', 'a b'])('opens no page %s', async (page) => {
    const { code, error } = await runUsher(['console', '--no-open', page]);
    expect({ code, error: error.split('\n')[0] }).toMatchObject({ code: 2, error: expect.stringContaining('PAGE') });
  });
});

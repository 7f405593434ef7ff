import { setTimeout as sleep } from 'node:timers/promises';
import { escaped, isoTimeOf } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import type { Context } from './context.ts';

/** What a frame says about the next one. */
export interface Frame {
  /** Nothing will change from now on. */
  isLast: boolean;
  /** Until the next frame. */
  milliseconds: number;
}

/**
 * Draws again and again, until the last frame or Ctrl-C. A terminal shows each frame in the place of the one before.
 * Elsewhere, each line is written once, with the time when it was first seen: a line that is in the frame before is no news.
 *
 * What AWS refuses to show ends nothing: the next frame may have it.
 */
export async function watch(draw: (context: Context) => Promise<Frame>, context: Context): Promise<void> {
  const { terminal } = context;
  let before: ReadonlySet<string> = new Set();
  for (;;) {
    let next: Frame | undefined;
    const lines = await terminal.frame(async () => {
      const unread = new Unread();
      next = await draw({ ...context, unread });
      for (const { message, hint } of unread.report()) {
        if (context.json) terminal.json({ type: 'unread', message, ...(hint === undefined ? {} : { hint }) });
        else terminal.line(`not read: ${escaped(message)}`);
      }
    });
    if (!terminal.redraw(lines)) appendNews(lines, before, context);
    before = new Set(lines);
    if (!next || next.isLast) break;
    await sleep(next.milliseconds);
  }
  terminal.keep();
}

function appendNews(lines: readonly string[], before: ReadonlySet<string>, { terminal, clock, json }: Context): void {
  const at = isoTimeOf(clock.now());
  for (const line of lines) if (line !== '' && !before.has(line)) terminal.line(json ? line : `${at}\t${line}`);
}

import type { createLogUpdate } from 'log-update';
import { durationOf, numberOf } from '../../operator/text.ts';

const BAR_WIDTH = 24;

/** Work that takes less than this shows no progress. */
const PATIENCE_MILLISECONDS = 2000;
/** The time between two progress lines where a line cannot be redrawn. */
const PLAIN_EVERY_MILLISECONDS = 10_000;
const REDRAW_EVERY_MILLISECONDS = 100;
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Where work that is under way is shown. */
export interface Display {
  /** A line that changes; undefined where none can. */
  live: ReturnType<typeof createLogUpdate> | undefined;
  /** Writes a line that stays. */
  note(text: string): void;
}

/** The progress of counted work. */
export interface Bar {
  update(done: number): void;
  stop(): void;
}

/**
 * Shows what is being done, once it takes so long that its user would wonder.
 *
 * @param textNow returns what to show; undefined to show nothing for now
 * @returns what ends it
 */
export function showWork(textNow: () => string | undefined, { live, note }: Display): () => void {
  const start = performance.now();
  let frame = 0;
  let shownAt = start;
  const show = () => {
    const now = performance.now();
    const text = now - start < PATIENCE_MILLISECONDS ? undefined : textNow();
    if (text === undefined) return;
    if (live) live(`${FRAMES[frame++ % FRAMES.length]} ${text} (${durationOf((now - start) / 1000)})`);
    else if (shownAt === start || now - shownAt >= PLAIN_EVERY_MILLISECONDS) {
      shownAt = now;
      note(`${text} …`);
    }
  };
  const timer = setInterval(show, REDRAW_EVERY_MILLISECONDS);
  return () => {
    clearInterval(timer);
    live?.clear();
    live?.done();
  };
}

/** Shows counted work: a bar, or plain lines where a line cannot be redrawn. */
export function showBar(label: string, total: number, { live, note }: Display): Bar {
  const every = live ? REDRAW_EVERY_MILLISECONDS : PATIENCE_MILLISECONDS;
  const pace = paceOf(total);
  let shownAt = Number.NEGATIVE_INFINITY;
  let pending: string | undefined;
  const show = () => {
    if (pending === undefined) return;
    if (live) live(pending);
    else note(pending);
    shownAt = performance.now();
    pending = undefined;
  };
  return {
    update: (done) => {
      pending = `${label}${live ? ` ${barOf(done, total)}` : ':'} ${pace(done)}`;
      if (performance.now() - shownAt >= every) show();
    },
    stop: () => {
      show();
      live?.done();
    },
  };
}

/** `███████░░░░░░░░░░░░░░░░░ 30%` */
function barOf(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const columns = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(columns)}${'░'.repeat(BAR_WIDTH - columns)} ${Math.floor(share * 100)}%`;
}

/** `1,533 of 5,000 (578/s, 6 s left)`: rate and time left, measured from the first call. */
function paceOf(total: number): (done: number) => string {
  const start = performance.now();
  let first: number | undefined;
  return (done) => {
    first ??= done;
    const seconds = (performance.now() - start) / 1000;
    const perSecond = seconds > 0 ? (done - first) / seconds : 0;
    const rate = perSecond >= 10 ? numberOf(Math.round(perSecond)) : perSecond.toFixed(1);
    const left = perSecond > 0 ? durationOf((total - done) / perSecond) : '?';
    return `${numberOf(done)} of ${numberOf(total)} (${rate}/s, ${left} left)`;
  };
}

import { durationOf, numberOf } from '../../operator/text.ts';

const BAR_WIDTH = 24;

/** `███████░░░░░░░░░░░░░░░░░ 30%` */
export function barOf(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 1;
  const columns = Math.round(share * BAR_WIDTH);
  return `${'█'.repeat(columns)}${'░'.repeat(BAR_WIDTH - columns)} ${Math.floor(share * 100)}%`;
}

/** `1,533 of 5,000 (578/s, 6 s left)`: rate and time left, measured from the first call. */
export function paceOf(total: number): (done: number) => string {
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

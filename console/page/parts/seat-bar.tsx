import { type Numbers, partsOf } from '../data/entitlement.ts';
import { count } from './text.tsx';

const HEIGHT = 10;
const WIDTH = 200;

/** The seats of an entitlement against its cap, and who waits beyond it. */
export function SeatBar({ numbers }: { numbers: Numbers }) {
  const { seats, max } = numbers;
  const parts = partsOf(numbers);
  const sum = parts.reduce((total, part) => total + part.count, 0) || 1;
  const scale = WIDTH / sum;
  const label = [
    `${count(seats)} of ${max === undefined ? 'no cap' : count(max)}`,
    ...parts.map((part) => `${count(part.count)} ${part.kind}`),
  ].join(', ');
  let before = 0;
  return (
    <svg class="seat-bar" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {parts.map((part) => {
        const x = before * scale;
        before += part.count;
        return (
          <rect
            key={part.kind}
            class={part.kind}
            x={x}
            y={part.kind === 'waitlisted' ? 3 : 0}
            width={part.count * scale}
            height={part.kind === 'waitlisted' ? 4 : HEIGHT}
          >
            <title>{`${count(part.count)} ${part.kind}`}</title>
          </rect>
        );
      })}
    </svg>
  );
}

import { now } from '../data/answers.ts';
import { type Budget, hoursOf } from '../data/brake.ts';
import { count, Time } from './text.tsx';

const HEIGHT = 36;
const STEP = 8;

/** The brake of an application: what is used of the budget of 24 hours, when it was, and what is left. */
export function Brake({ budget }: { budget: Budget }) {
  const { allowed, used, left, nextFreeAt } = budget;
  return (
    <div class="brake">
      <p>
        Brake: {count(used)} of {count(allowed)} revocations used in 24 hours, {count(left)} left
        {nextFreeAt !== undefined && (
          <>
            ; the next is free <Time at={nextFreeAt} />
          </>
        )}
      </p>
      <BrakeDay budget={budget} />
    </div>
  );
}

/** The hours of the brake's day: bars of revocations, what they add up to, and the budget as a line. Words beside it say the same. */
function BrakeDay({ budget }: { budget: Budget }) {
  if (budget.used === 0) return null;
  const hours = hoursOf(budget, now.value);
  const top = Math.max(budget.allowed, budget.used, 1);
  const y = (number: number) => HEIGHT - (number / top) * (HEIGHT - 4);
  let sum = 0;
  const line = hours.map(({ count: many }, index) => {
    sum += many;
    return `${index === 0 ? 'M0' : `H${index * STEP}`} ${index === 0 ? HEIGHT : ''}V${y(sum)}`;
  });
  const width = hours.length * STEP;
  return (
    <svg class="brake-day" viewBox={`0 0 ${width} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="sum" d={`${line.join('')}H${width}V${HEIGHT}Z`} />
      {hours.map(({ since, count: many }, index) => (
        <rect key={since} class="hour" x={index * STEP + 1} y={y(many)} width={STEP - 2} height={HEIGHT - y(many)}>
          <title>{`${since.toISOString().slice(11, 16)} UTC: ${count(many)}`}</title>
        </rect>
      ))}
      <path class="budget" d={`M0 ${y(budget.allowed)}H${width}`} />
    </svg>
  );
}

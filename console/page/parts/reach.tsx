import type { LineOf } from '../data/answers.ts';
import { Time } from './text.tsx';

/** Says from when on the records know what was. */
export function Reach({ reach }: { reach: LineOf<'reach'> | undefined }) {
  if (!reach) return null;
  return (
    <p class="soft">
      The records begin <Time at={reach.since} />. What was before is not known.
    </p>
  );
}

import type { LineOf } from '../data/answers.ts';
import { Link, to } from '../data/route.tsx';
import { Status, Time, type Tone } from './text.tsx';

type AttentionLine = LineOf<'attention'>;

/** In a word, and how bad it is. */
const KINDS: Readonly<Record<AttentionLine['kind'], [tone: Tone, word: string]>> = {
  hold: ['wait', 'held'],
  'failed-execution': ['bad', 'failed'],
  'dead-letter': ['bad', 'dead letters'],
  notices: ['wait', 'notices'],
  'put-aside': ['wait', 'put aside'],
  'account-not-eligible': ['bad', 'refused'],
  'sweep-overdue': ['bad', 'overdue'],
  'not-deployed': ['wait', 'not deployed'],
  'ticks-off': ['bad', 'ticks off'],
  'events-off': ['bad', 'events off'],
  'forwarder-silent': ['wait', 'silent'],
};

/** One thing that needs a person, with a link to where one acts. */
export function Attention({ line }: { line: AttentionLine }) {
  const { kind, title, since, dueAt, reason, fix } = line;
  const [tone, word] = KINDS[kind];
  return (
    <li>
      <Status tone={tone}>{word}</Status>
      <Link href={placeOf(line)}>
        <strong>{title}</strong>
      </Link>
      <Time at={since} />
      <div>
        {reason !== undefined && <p>{reason}</p>}
        <p class="fix">
          {fix}
          {dueAt !== undefined && (
            <>
              ; something changes by itself <Time at={dueAt} />
            </>
          )}
        </p>
      </div>
    </li>
  );
}

/** Returns the page on which one sees more of it, or acts. */
function placeOf({ kind, count, execution, entitlement }: AttentionLine): string {
  switch (kind) {
    case 'hold':
      return '/held';
    case 'failed-execution':
      return execution !== undefined && count === 1 ? to.execution(execution) : '/executions?outcome=failed';
    case 'put-aside':
      return entitlement === undefined ? '/executions?outcome=failed' : to.entitlement(entitlement);
    case 'account-not-eligible':
      return '/subscriptions';
    case 'notices':
      return '/notices';
    case 'sweep-overdue':
      return '/executions';
    case 'not-deployed':
      return '/plan';
    case 'dead-letter':
    case 'ticks-off':
    case 'events-off':
    case 'forwarder-silent':
      return '/doctor';
  }
}

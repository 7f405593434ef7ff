import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type Answer, useAnswer } from '../data/answers.ts';
import { type AuditRow, FIELDS, type Filter, filtered, patternOf, rowsOf, startersIn } from '../data/audit.ts';
import { place } from '../data/route.tsx';
import { save } from '../data/save.ts';
import { csvOf, isUserId } from '../data/table.ts';
import { AuditEvent } from '../parts/audit-event.tsx';
import { AuditEvents } from '../parts/audit-events.tsx';
import { AuditFacets } from '../parts/audit-facets.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Copy, count } from '../parts/text.tsx';

/** Read again and again, as events arrive. What lies further back is read once. */
const TAILED = new Set(['15m', '3h', '1d']);
/** More is not read by people; a file has all. */
const PAGE = 200;
const MOST_SHOWN = 2000;

/** Who got or lost what, when and why. `about`: the id of one event. */
export function Audit({ about }: { about: string }) {
  const { query } = place.value;
  const since = query.get('since') ?? '1d';
  const until = query.get('until') ?? undefined;
  const user = query.get('user') ?? undefined;
  const isTailed = TAILED.has(since) && until === undefined;
  const isId = user === undefined || isUserId(user);
  const asked = { since, until, user: isId ? user : undefined };
  const answer = useAnswer('audit', asked, { live: isTailed });
  const rows = useMemo(() => rowsOf(answer.of('audit-event')), [answer.lines]);
  const chosen: Filter = {
    event: query.get('event') ?? undefined,
    entitlement: query.get('entitlement') ?? undefined,
    userId: isId ? user : undefined,
    execution: query.get('execution') ?? undefined,
  };
  if (about !== '') return <AuditEvent uid={about} rows={rows} answer={answer} />;
  return (
    <>
      <h1>Audit</h1>
      <AuditFacets rows={rows} chosen={chosen} />
      <Events
        key={JSON.stringify(asked)}
        {...{ answer, asked, isTailed }}
        rows={filtered(rows, chosen)}
        of={rows.length}
      />
      <section class="panel">
        <h2>The same, as it happens, elsewhere</h2>
        <p class="soft">The pattern of an EventBridge rule on the audit bus that matches what is filtered above:</p>
        <Copy text={patternOf(chosen)} label="Copy the pattern" />
      </section>
    </>
  );
}

interface EventsProps {
  answer: Answer;
  /** The parameters of the question. */
  asked: Readonly<Record<string, string | undefined>>;
  rows: readonly AuditRow[];
  of: number;
  isTailed: boolean;
}

function Events({ answer, asked, rows, of, isTailed }: EventsProps) {
  const most = useSignal(PAGE);
  // Only when it is asked for: CloudTrail answers two requests per second for the whole account.
  const isWanted = useSignal(false);
  const by = useAnswer('audit', { ...asked, by: '' }, { skip: !isWanted.value });
  const starters = useMemo(() => startersIn(by.of('audit-event')), [by.lines]);
  const shown = rows.slice(0, most.value);
  const actions = rows.length > 0 && (
    <>
      <span class="soft" role="status">
        {count(rows.length)}
        {rows.length < of && ` of ${count(of)}`}
        {isTailed ? ', as they arrive' : ''}
      </span>
      <button
        type="button"
        class="quiet"
        disabled={isWanted.value && by.isLoading}
        onClick={() => {
          if (isWanted.value) by.again();
          isWanted.value = true;
        }}
      >
        {isWanted.value && by.isLoading ? 'Asking CloudTrail …' : 'Who did it?'}
      </button>
      <button type="button" class="quiet" onClick={() => save('audit.csv', csvOf(rows, FIELDS), 'text/csv')}>
        CSV
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => save('audit.jsonl', rows.map(({ json }) => `${json}\n`).join(''), 'application/jsonl')}
      >
        JSON Lines
      </button>
    </>
  );
  const empty = (
    <Empty title={of > 0 ? 'No event matches' : 'No audit event in this time'}>
      Each change that Usher makes is an event. A longer time or fewer filters may have some.
    </Empty>
  );
  return (
    <Panel
      title="Events"
      answer={isWanted.value ? withTroubleOf(by, answer) : answer}
      actions={actions}
      {...(rows.length === 0 ? { empty } : {})}
    >
      <AuditEvents rows={shown} {...(isWanted.value ? { starters } : {})} />
      {rows.length > shown.length &&
        (shown.length < MOST_SHOWN ? (
          <button
            type="button"
            onClick={() => {
              most.value += PAGE;
            }}
          >
            Show {count(Math.min(PAGE, rows.length - shown.length))} more
          </button>
        ) : (
          <p class="soft">
            Shown: the newest {count(shown.length)} of {count(rows.length)}. Filter them, or save the file, which has
            all.
          </p>
        ))}
    </Panel>
  );
}

/** Says of events also why it is not known who started them. */
function withTroubleOf({ problem, error, unread }: Answer, answer: Answer): Answer {
  const messages = [problem, error?.message, ...unread.map(({ message }) => message)];
  const known = new Set([answer.error, ...answer.unread].map((line) => line?.message));
  const more = messages.flatMap((message) =>
    message === undefined || known.has(message) ? [] : [{ type: 'unread' as const, message }],
  );
  return { ...answer, unread: [...answer.unread, ...more] };
}

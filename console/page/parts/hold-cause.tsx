import type { Signal } from '@preact/signals';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { AskButton } from './ask-button.tsx';
import { count, Time } from './text.tsx';
import { Group, Name } from './user.tsx';

type Cause = NonNullable<LineOf<'hold'>['cause']>[number];

/** Which group fell, as bars of one scale. */
export function Causes({ causes }: { causes: LineOf<'hold'>['cause'] }) {
  if (causes === undefined) return <p>Which group became smaller was not read.</p>;
  if (causes.length === 0) return <p>No group became smaller: the users lost their entitlement in another way.</p>;
  const most = Math.max(...causes.map(({ before }) => before), 1);
  return (
    <>
      {causes.map((cause) => (
        <Fall key={cause.groupId} cause={cause} most={most} />
      ))}
    </>
  );
}

function Fall({ cause: { groupId, before, after, since, at, missing }, most }: { cause: Cause; most: number }) {
  const bars = [
    { what: 'before', members: before, name: 'stood' },
    { what: 'now', members: after ?? 0, name: 'fallen' },
  ];
  return (
    <figure class="fall">
      <figcaption>
        Group <Group groupId={groupId} />{' '}
        {missing ? (
          <strong>no longer exists; it had {count(before)}.</strong>
        ) : after === undefined ? (
          <strong>is no longer named by the entitlement; it had {count(before)}.</strong>
        ) : (
          <strong>
            fell from {count(before)} to {count(after)}.
          </strong>
        )}{' '}
        First seen <Time at={since} />
        {at !== since && (
          <>
            , last <Time at={at} />
          </>
        )}
      </figcaption>
      {bars.map(({ what, members, name }) => (
        <div class="bar-row" key={what}>
          <small>{what}</small>
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
            <rect class={name} width={Math.max(0.5, (members / most) * 100)} height="10" />
          </svg>
          <span class="number">{after === undefined && what === 'now' ? '–' : count(members)}</span>
        </div>
      ))}
    </figure>
  );
}

/** Whose calls may have caused it, on request: CloudTrail is slow. */
export function Callers({ entitlement, isAsked }: { entitlement: string; isAsked: Signal<boolean> }) {
  const by = useAnswer('held', { by: '' }, { skip: !isAsked.value });
  if (!isAsked.value) {
    return <AskButton label="Who did it?" isAsked={isAsked} />;
  }
  if (by.isLoading) return <p role="status">Asking CloudTrail …</p>;
  const calls = by.of('directory-change').filter((one) => one.entitlement === entitlement);
  const trouble = by.problem ?? by.error?.message ?? by.unread[0]?.message;
  return (
    <>
      {trouble !== undefined && <p class="trouble mild">Not read: {trouble}</p>}
      {calls.length === 0 && trouble === undefined && (
        <p>
          CloudTrail of this account and Region has no such call. AWS records changes through SCIM in the management
          account: ask there.
        </p>
      )}
      <ul>
        {calls.map(({ call, source, by: caller, count: calls, groupId, since, until }) => (
          <li key={`${call} ${caller} ${groupId}`}>
            {count(calls)} × {call} of {source} by <code>{caller ?? 'not recorded'}</code>
            {groupId !== undefined && (
              <>
                , group <code>{groupId}</code>
                <Name kind="groups" id={groupId} />
              </>
            )}
            , <Time at={since} />{' '}
            {until !== since && (
              <>
                to <Time at={until} />
              </>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

import { type LineOf, useAnswer } from '../data/answers.ts';
import { useRefresh } from '../data/refresh.ts';
import { go, Link, to } from '../data/route.tsx';
import { BrakeDay } from '../parts/brake.tsx';
import { Change } from '../parts/change.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Copy, CopyButton, count, Status, Time } from '../parts/text.tsx';
import { Id, User } from '../parts/user.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Hold = LineOf<'hold'>;
type HeldUser = Hold['users'][number];
type Cause = NonNullable<Hold['cause']>[number];

/** What the brake holds, why, and both ways out of it. */
export function Held() {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const held = useAnswer('held');
  useRefresh(held, status && JSON.stringify([status.running, status.attention, status.entitlements]));
  const holds = held.of('hold');
  return (
    <>
      <h1>Held</h1>
      <Panel title="Holds" answer={held}>
        {holds.length === 0 && !held.error && (
          <Empty title="Nothing is held">
            Usher holds revocations if they exceed the brake's budget, or if a group is suddenly empty. Then you decide.
          </Empty>
        )}
        {holds.map((hold) => (
          <OneHold key={hold.digest} hold={hold} />
        ))}
      </Panel>
    </>
  );
}

const REASONS: Readonly<Record<Hold['reason'], string>> = {
  brake: 'More revocations than the brake allows in 24 hours',
  'nobody-entitled': 'No one is entitled any more',
  'group-empty': 'A group is empty',
};

function OneHold({ hold }: { hold: Hold }) {
  const { entitlement, reason, since, users, cause, budget, released, digest } = hold;
  return (
    <article class="hold">
      <h3>
        <Link href={to.entitlement(entitlement)}>{entitlement}</Link>: {count(users.length)} revocations held
      </h3>
      <p>
        <Status tone={released ? 'wait' : 'bad'}>{REASONS[reason]}</Status> <Time at={since} />
        {released && '. Released: the next sweep revokes.'}
      </p>
      <div class="why-held">
        <Causes causes={cause} />
        <Budget budget={budget} />
      </div>
      <div class="ways">
        <Way title="It was a mistake: undo it" way={hold.undo}>
          <Change action="start" params={{ all: 'true' }} title="It is undone: check everyone now" />
        </Way>
        <Way title="It is right: release" way={hold.release}>
          {!released && hold.release.commands.length > 0 && (
            <Change action="release" params={{ digest }} title={`Release these ${count(users.length)}`} />
          )}
        </Way>
      </div>
      <VirtualTable
        label={`Users whose revocation is held in ${entitlement}`}
        rows={users}
        of={users.length}
        columns={COLUMNS}
        onOpen={({ userId }) => go(to.person(userId))}
        file={`${entitlement}-held`}
      >
        <h4>Whom it holds</h4>
      </VirtualTable>
      <p class="soft">
        Digest <Id value={digest} />
      </p>
    </article>
  );
}

const COLUMNS: readonly Column<HeldUser>[] = [
  {
    key: 'userId',
    title: 'User',
    width: '24rem',
    value: ({ userId }) => userId,
    cell: ({ userId }) => (
      <>
        <User userId={userId} /> <CopyButton text={userId} label={`Copy ${userId}`} />
      </>
    ),
  },
  {
    key: 'since',
    title: 'Held since',
    width: '9rem',
    value: ({ since }) => since,
    cell: ({ since }) => <Time at={since} />,
  },
  {
    key: 'reason',
    title: 'Reason',
    value: ({ reason, entitled }) => (entitled ? 'entitled again: keeps the seat' : (reason ?? 'not read')),
  },
];

/** Which group fell, as bars of one scale. */
function Causes({ causes }: { causes: Hold['cause'] }) {
  if (causes === undefined) return <p>Which group became smaller was not read.</p>;
  if (causes.length === 0) return <p>No group became smaller: the users lost their entitlement in another way.</p>;
  const most = Math.max(...causes.map(({ before }) => before), 1);
  return (
    <section>
      <h4>Cause</h4>
      {causes.map((cause) => (
        <Fall key={cause.groupId} cause={cause} most={most} />
      ))}
    </section>
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
        Group <Id value={groupId} />{' '}
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

function Budget({ budget }: { budget: Hold['budget'] }) {
  const { allowed, used, left, nextFreeAt, allFreeAt } = budget;
  return (
    <section>
      <h4>Budget of the brake</h4>
      <p>
        <span class="big">{count(left)}</span> of {count(allowed)} revocations in 24 hours left; {count(used)} used.
      </p>
      <BrakeDay budget={budget} />
      {nextFreeAt !== undefined && (
        <p>
          The next is free <Time at={nextFreeAt} />
          {allFreeAt !== undefined && allFreeAt !== nextFreeAt && (
            <>
              , all <Time at={allFreeAt} />
            </>
          )}
          .
        </p>
      )}
    </section>
  );
}

interface WayProps {
  title: string;
  way: Hold['undo'];
  children: preact.ComponentChildren;
}

/** One of two ways out, which look alike: the page prefers neither. */
function Way({ title, way: { steps, commands }, children }: WayProps) {
  return (
    <section class="way">
      <h4>{title}</h4>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <div>{children}</div>
      <details>
        <summary>Commands</summary>
        <dl>
          {commands.map(({ command, does }) => (
            <div key={command}>
              <dt class="soft">{does}</dt>
              <dd>
                <Copy text={command} label={`Copy the command: ${does}`} />
              </dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

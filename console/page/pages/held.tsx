import { type Signal, useSignal } from '@preact/signals';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { useRefresh } from '../data/refresh.ts';
import { go, Link, to } from '../data/route.tsx';
import { Brake } from '../parts/brake.tsx';
import { Change } from '../parts/change.tsx';
import { timeColumn, USER_COLUMN } from '../parts/columns.tsx';
import { Callers, Causes } from '../parts/hold-cause.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Copy, count, countOf, Status, Time } from '../parts/text.tsx';
import { Id } from '../parts/user.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Hold = LineOf<'hold'>;
type HeldUser = Hold['users'][number];

/** What the brake holds, why, and both ways out of it. */
export function Held() {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const held = useAnswer('held');
  useRefresh(held, status && JSON.stringify([status.running, status.attention, status.entitlements]));
  const holds = held.of('hold');
  // One question for all holds.
  const isAsked = useSignal(false);
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
          <OneHold key={hold.digest} hold={hold} isAsked={isAsked} />
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

function OneHold({ hold, isAsked }: { hold: Hold; isAsked: Signal<boolean> }) {
  const { entitlement, reason, since, users, cause, budget, released, digest } = hold;
  return (
    <article class="hold">
      <h3>
        <Link href={to.entitlement(entitlement)}>{entitlement}</Link>: {countOf(users.length, 'revocation')} held
      </h3>
      <p>
        <Status tone={released ? 'wait' : 'bad'}>{REASONS[reason]}</Status> <Time at={since} />
        {released && '. Released: the next sweep revokes.'}
      </p>
      <div class="why-held">
        <section>
          <h4>Cause</h4>
          <Causes causes={cause} />
          <Callers entitlement={entitlement} isAsked={isAsked} />
        </section>
        <section>
          <h4>Budget of the brake</h4>
          <Brake budget={budget} />
        </section>
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
  USER_COLUMN,
  timeColumn('since', 'Held since', '9rem'),
  {
    key: 'reason',
    title: 'Reason',
    value: ({ reason, entitled }) => (entitled ? 'entitled again: keeps the seat' : (reason ?? 'not read')),
  },
];

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

import type { ComponentChildren } from 'preact';
import { type Answer, type LineOf, useAnswer } from '../data/answers.ts';
import { useRefresh } from '../data/refresh.ts';
import { Link, to } from '../data/route.tsx';
import { isUserId } from '../data/table.ts';
import { Change } from '../parts/change.tsx';
import { ExecutionLink } from '../parts/execution.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { SEAT_TONES } from '../parts/seat-status.ts';
import { count, Status, Time, type Tone } from '../parts/text.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { Id, Name } from '../parts/user.tsx';

type Why = LineOf<'user'>;
type Standing = Why['entitlements'][number];

/** A user: what they have, why, and what they had. `about`: the id. Without one, the page says how to find one. */
export function Person({ about }: { about: string }) {
  const isId = isUserId(about);
  return (
    <>
      <h1>Person</h1>
      {isId ? (
        <>
          <p class="whom">
            <Id value={about} />
            <Name kind="users" id={about} />
          </p>
          <Found userId={about} />
        </>
      ) : (
        <Empty title={about === '' ? 'Whom do you look for?' : 'This address has no id of a user'}>
          Search for a user name, an e-mail address or an id. A user who has been deleted is found by id.
        </Empty>
      )}
    </>
  );
}

function Found({ userId }: { userId: string }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const why = useAnswer('why', { user: userId });
  const history = useAnswer('history', { of: userId });
  const version = status && JSON.stringify([status.running, status.entitlements]);
  useRefresh(why, version);
  useRefresh(history, version);
  const [user] = why.of('user');
  return (
    <>
      <Panel title="Why" answer={why}>
        {user && <Standings user={user} answer={why} />}
      </Panel>
      <Timeline userId={userId} history={history} />
    </>
  );
}

const STATUS_TONES: Readonly<Record<NonNullable<Why['status']>, Tone>> = {
  enabled: 'good',
  disabled: 'wait',
  missing: 'bad',
};

function Standings({ user, answer: { at } }: { user: Why; answer: Answer }) {
  const { status, entitlements, groups, checks = [], userId } = user;
  const readAt = at?.toISOString();
  return (
    <>
      <p>
        <Status tone={status ? STATUS_TONES[status] : 'wait'}>
          {status === 'missing' ? 'not in the identity store' : `${status ?? 'not read'} in the identity store`}
        </Status>{' '}
        <Time at={readAt} />
      </p>
      {entitlements.length === 0 && (
        <p class="sentence">No entitlement concerns this user, and Usher has no record of them.</p>
      )}
      {entitlements.map((standing) => (
        <article key={standing.entitlement} class="standing">
          {standing.words.map((words, index) => (
            <p key={words} class={index === 0 ? 'sentence' : ''}>
              {index === 0 && (
                <>
                  <Link href={to.entitlement(standing.entitlement)}>{standing.entitlement}</Link>:{' '}
                </>
              )}
              {words}
            </p>
          ))}
          <Chain standing={standing} groups={groups} readAt={readAt} user={user} />
        </article>
      ))}
      {checks.map(({ execution, dueAt }) => (
        <p key={execution}>
          Usher checks this user again <Time at={dueAt} />: <ExecutionLink arn={execution} />
        </p>
      ))}
      {checks.length === 0 && <p class="soft">No check of this user is planned but those of the sweeps.</p>}
      <Change action="start" params={{ user: userId }} title="Check this user now" />
    </>
  );
}

interface ChainProps {
  standing: Standing;
  groups: Why['groups'];
  readAt: string | undefined;
  user: Why;
}

/** From the group to the notice: each step is what the one before it leads to. */
function Chain({ standing, groups, readAt, user: { subscriptions = [] } }: ChainProps) {
  const { entitlement, entitled, reason, seat, notice } = standing;
  const compared = subscriptions.find((one) => one.entitlement === entitlement);
  return (
    <ol class="chain">
      <Step title="Group" tone={groups === undefined ? 'wait' : groups.length > 0 ? 'good' : 'calm'} at={readAt}>
        {groups === undefined ? 'not read' : groups.length === 0 ? 'member of none' : `member of ${groups.length}`}
        {groups?.map(({ groupId, name }) => (
          <span key={groupId}>
            <code>{name ?? groupId}</code>
            <Name kind="groups" id={groupId} />
          </span>
        ))}
      </Step>
      <Step title="Entitled" tone={entitled === undefined ? 'wait' : entitled ? 'good' : 'calm'} at={readAt}>
        {entitled === undefined ? 'not known' : entitled ? 'yes' : `no: ${reason ?? 'reads contradict each other'}`}
      </Step>
      <Step title="Seat" tone={seat ? SEAT_TONES[seat.status] : 'calm'} at={readAt}>
        <SeatFacts standing={standing} />
      </Step>
      {(seat?.plan !== undefined || compared) && (
        <Step title="Subscription" tone={compared?.findings.length ? 'bad' : 'good'} at={compared?.asOf ?? readAt}>
          {seat?.plan ?? 'none of Usher'}
          {compared?.findings.map(({ kind, plan }) => (
            <span key={kind}>{[kind, plan].filter(Boolean).join(': ')}</span>
          ))}
        </Step>
      )}
      {notice && <NoticeStep notice={notice} readAt={readAt} />}
    </ol>
  );
}

function SeatFacts({ standing: { seat, assigned, waitlist } }: { standing: Standing }) {
  const times = { since: seat?.since, ends: seat?.dueAt, 'tried again': seat?.nextAttemptAt };
  return (
    <>
      {seat?.status ?? (assigned ? 'assigned, not by Usher' : 'none')}
      {waitlist && (
        <strong>
          place {count(waitlist.position)} of {count(waitlist.of)}
        </strong>
      )}
      {Object.entries(times).map(
        ([what, at]) =>
          at !== undefined && (
            <span key={what}>
              {what} <Time at={at} />
            </span>
          ),
      )}
      {seat?.reason !== undefined && <span>AWS refused: {seat.reason}</span>}
    </>
  );
}

function NoticeStep({ notice, readAt }: { notice: NonNullable<Standing['notice']>; readAt: string | undefined }) {
  const { kind, status, reason, since } = notice;
  return (
    <Step title="Notice" tone={status === 'sent' ? 'good' : status === undefined ? 'calm' : 'wait'} at={readAt}>
      <span>
        {kind}: {status ?? 'not begun'} <Time at={since} />
      </span>
      {reason !== undefined && <span>{reason}</span>}
    </Step>
  );
}

interface StepProps {
  title: string;
  tone: Tone;
  at: string | undefined;
  children: ComponentChildren;
}

function Step({ title, tone, at, children }: StepProps) {
  return (
    <li class={tone}>
      <h3>
        <Status tone={tone}>{title}</Status>
      </h3>
      <div class="facts">{children}</div>
      <small>
        read <Time at={at} />
      </small>
    </li>
  );
}

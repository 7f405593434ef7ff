import type { Subject } from '../../../operator/lines/executions.ts';
import { useAnswer } from '../data/answers.ts';
import { type ExecutionLine, nameOf, outcomeOf } from '../data/execution.ts';
import { Link, to } from '../data/route.tsx';
import { count, countOf, Status } from './text.tsx';
import { Name, User } from './user.tsx';

/** How an execution ended, or that it runs. */
export function Outcome({ line }: { line: ExecutionLine }) {
  const { tone, word } = outcomeOf(line);
  return <Status tone={tone}>{word}</Status>;
}

/** An execution: its name, which leads to its page. */
export function ExecutionLink({ arn }: { arn: string }) {
  return (
    <Link href={to.execution(arn)}>
      <code>{nameOf({ execution: arn })}</code>
    </Link>
  );
}

/** What an execution changed: `+3 −1`. */
export function Changes({ line }: { line: ExecutionLine }) {
  if (!line.changes) return null;
  const { gained, lost } = line.changes;
  if (gained + lost === 0) return <span class="soft">none</span>;
  return (
    <>
      {gained > 0 && <span title="Seats gained">+{count(gained)}</span>}{' '}
      {lost > 0 && <span title="Seats lost">−{count(lost)}</span>}
    </>
  );
}

/** Whom or what an execution is about. */
export function About({ subject = {} }: { subject: Subject | undefined }) {
  const { users = [], groupIds = [], applications = [], sweep, selector, release, adopt } = subject;
  const [user] = users;
  if (user) return <Many first={<User userId={user.userId} />} more={users.length - 1} of="user" />;
  if (selector !== undefined) return <>a user by {selector}</>;
  const [group] = groupIds;
  if (group !== undefined) {
    const first = (
      <>
        group <code>{group}</code>
        <Name kind="groups" id={group} />
      </>
    );
    return <Many first={first} more={groupIds.length - 1} of="group" />;
  }
  const [application] = applications;
  if (application !== undefined) {
    return <Many first={<Application arn={application} />} more={applications.length - 1} of="application" />;
  }
  if (release !== undefined) {
    return (
      <>
        releases <code>{release.slice(0, 12)}</code>
      </>
    );
  }
  if (adopt !== undefined) {
    return (
      <>
        adopts in <Application arn={adopt} />
      </>
    );
  }
  if (sweep === undefined) return null;
  return <>{sweep === 'everything' ? 'everything' : 'what is due'}</>;
}

function Many({ first, more, of }: { first: preact.ComponentChild; more: number; of: string }) {
  return (
    <>
      {first}
      {more > 0 && ` and ${countOf(more, `more ${of}`)}`}
    </>
  );
}

/** An application, by the name of its entitlement if it has one. */
function Application({ arn }: { arn: string }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const known = status?.entitlements.find(({ application }) => application === arn);
  return known ? <Link href={to.entitlement(known.entitlement)}>{known.entitlement}</Link> : <code>{arn}</code>;
}

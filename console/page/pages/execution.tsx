import { useSignal } from '@preact/signals';
import { useAnswer } from '../data/answers.ts';
import { rowOf } from '../data/audit.ts';
import { awsConsoleOf, type ExecutionLine, outcomeOf, triggerOf } from '../data/execution.ts';
import { about as session } from '../data/session.ts';
import { AskButton } from '../parts/ask-button.tsx';
import { AuditEvents } from '../parts/audit-events.tsx';
import { Change } from '../parts/change.tsx';
import { About, Changes, ExecutionLink, Outcome } from '../parts/execution.tsx';
import { Fact, Facts } from '../parts/facts.tsx';
import { Lanes } from '../parts/lanes.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { StateGraph } from '../parts/state-graph.tsx';
import { Steps } from '../parts/steps.tsx';
import { count, duration, Time } from '../parts/text.tsx';
import { Id } from '../parts/user.tsx';

/** One execution, as it runs or as it went. @param props `about`: its name */
export function Execution({ about: name }: { about: string }) {
  const hasEnded = useSignal(false);
  const answer = useAnswer('execution', { name }, { live: !hasEnded.value });
  const [line] = answer.of('execution');
  if (line?.endedAt !== undefined && !hasEnded.value) hasEnded.value = true;
  return (
    <>
      <h1>Execution</h1>
      <Panel title={name} answer={answer}>
        {line && <Head line={line} name={name} />}
      </Panel>
      {line && (
        <>
          <section class="panel" aria-label="States">
            <h2>States</h2>
            {line.states ? (
              <div class="states">
                <StateGraph line={line} />
                <Lanes line={line} />
              </div>
            ) : (
              <Empty title="The history was not read">Above is why.</Empty>
            )}
          </section>
          <section class="panel" aria-label="Audit events">
            <h2>What it changed, by the audit stream</h2>
            {line.audit === undefined || line.audit.length === 0 ? (
              <Empty title={line.audit ? 'It recorded no audit event' : 'The audit stream was not read'} />
            ) : (
              <AuditEvents rows={line.audit.map(rowOf)} ofOne />
            )}
          </section>
          <Steps name={name} />
        </>
      )}
    </>
  );
}

function Head({ line, name }: { line: ExecutionLine; name: string }) {
  const { execution, startedAt, endedAt, subject, reason, handedOverTo, redrives = 0, changes } = line;
  const console = session.value?.local === false ? awsConsoleOf(execution) : undefined;
  return (
    <>
      <p class="ending">
        <Outcome line={line} /> {outcomeOf(line).sentence}
      </p>
      {reason !== undefined && <p>{reason}</p>}
      {handedOverTo !== undefined && (
        <p>
          Continued by <ExecutionLink arn={handedOverTo} />
        </p>
      )}
      <WayOut line={line} />
      <Facts>
        <Fact title="Trigger">{triggerOf(subject)}</Fact>
        <Fact title="Subject">
          <About subject={subject} />
        </Fact>
        <Fact title="Started">
          <Time at={startedAt} />
          {endedAt !== undefined && `, took ${duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}`}
          {redrives > 0 && `, redriven ${count(redrives)} ×`}
        </Fact>
        {changes && (
          <Fact title="Changes">
            <Changes line={line} />
          </Fact>
        )}
        <Fact title="Started by">
          <StartedBy name={name} />
        </Fact>
      </Facts>
      <p>
        <Id value={execution} />
        {console !== undefined && (
          <>
            {' '}
            <a href={console} target="_blank" rel="noreferrer">
              Open in the AWS console
            </a>
          </>
        )}
      </p>
    </>
  );
}

/** What to do about an execution that failed. */
function WayOut({ line: { redrive, execution } }: { line: ExecutionLine }) {
  if (!redrive) return null;
  const { possible, reason, fix } = redrive;
  return (
    <div class="trouble">
      {reason !== undefined && <p>{possible === 'no' ? reason : `A redrive may not help: ${reason}`}</p>}
      <p>{fix}</p>
      {possible !== 'no' && (
        <Change action="redrive" params={{ execution }} title="Redrive it from the state that failed" />
      )}
    </div>
  );
}

/** Who started it, by CloudTrail: only when asked, for CloudTrail answers two requests per second for the whole account. */
function StartedBy({ name }: { name: string }) {
  const isAsked = useSignal(false);
  const { isLoading, of, unread, error, problem } = useAnswer('execution', { name, by: '1' }, { skip: !isAsked.value });
  if (!isAsked.value) {
    return <AskButton label="Who started it?" isAsked={isAsked} />;
  }
  if (isLoading) return <span role="status">Asking CloudTrail …</span>;
  const [line] = of('execution');
  const failed = problem ?? error?.message ?? unread[0]?.message;
  if (line?.startedBy !== undefined) return <Id value={line.startedBy} />;
  return <>{failed === undefined ? 'CloudTrail has no such call, or not yet' : `Not read: ${failed}`}</>;
}

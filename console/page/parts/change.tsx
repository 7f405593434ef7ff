import { useSignal } from '@preact/signals';
import type { Line } from '../../../operator/lines/all.ts';
import type { Action } from '../../changes.ts';
import { printedIn } from '../data/answers.ts';
import { about, post, request } from '../data/session.ts';
import { ExecutionLink } from './execution.tsx';
import { Trouble } from './panel.tsx';
import { Copy, count } from './text.tsx';

type Printed = Awaited<ReturnType<typeof printedIn>>;

/**
 * A button that makes a change: first it shows what the change would do and the command that does the same, then it asks, then
 * it shows the execution. Where the console makes no changes, it shows the command.
 */
export function Change({ action, params, title }: ChangeProps) {
  const shown = useSignal<{ before?: Printed; after?: Printed; isBusy: boolean; problem?: string } | undefined>(
    undefined,
  );
  const ask = async (what: 'before' | 'after', answer: Promise<Response>) => {
    shown.value = { ...shown.value, isBusy: true };
    try {
      const printed = await printedIn(await answer);
      shown.value = { ...shown.value, [what]: printed, isBusy: false };
    } catch (error) {
      shown.value = { ...shown.value, isBusy: false, problem: error instanceof Error ? error.message : String(error) };
    }
  };
  if (!shown.value) {
    const open = () => ask('before', request(`/api/preview/${action}?${new URLSearchParams(params)}`));
    return (
      <button type="button" onClick={open}>
        {title}
      </button>
    );
  }
  const { before, after, isBusy, problem } = shown.value;
  const close = () => {
    shown.value = undefined;
  };
  return (
    <section class="panel change" aria-label={title} aria-busy={isBusy}>
      <header>
        <h3>{title}</h3>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </header>
      {problem !== undefined && <Trouble title={problem} />}
      {before?.lines.map((line) => (
        <Told key={line} line={line} />
      ))}
      {before && !after && !isBusy && (
        <Confirm
          title={title}
          seats={seatsIn(before.lines)}
          isPossible={action === 'start' || isPossible(before.lines)}
          onConfirm={() => ask('after', post(`/api/change/${action}`, params))}
        />
      )}
      {isBusy && <p role="status">{before ? 'Starting …' : 'Reading what it would do …'}</p>}
      {after?.lines.map((line) => (
        <Told key={line} line={line} />
      ))}
      {before && <Copy class="command" text={before.command} label="Copy the command" />}
    </section>
  );
}

interface ChangeProps {
  action: Action;
  params: Readonly<Record<string, string>>;
  title: string;
}

/** A release takes seats away: who confirms it has read how many. */
function Confirm({ title, seats, isPossible, onConfirm }: ConfirmProps) {
  const given = useSignal('');
  if (about.value?.allowChanges !== true) {
    return (
      <p>
        This console only looks: it was started without <code>--allow-changes</code>. Run the command in a terminal.
      </p>
    );
  }
  if (!isPossible) return null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onConfirm();
      }}
    >
      {seats !== undefined && (
        <label>
          Type {seats} to release {seats === 1 ? 'this revocation' : `these ${count(seats)} revocations`}:{' '}
          <input
            inputMode="numeric"
            autocomplete="off"
            value={given}
            onInput={(event) => {
              given.value = event.currentTarget.value;
            }}
          />
        </label>
      )}
      <button type="submit" disabled={seats !== undefined && given.value.trim() !== String(seats)}>
        {title}
      </button>
    </form>
  );
}

interface ConfirmProps {
  title: string;
  /** How many seats it takes. */
  seats: number | undefined;
  isPossible: boolean;
  onConfirm(): void;
}

function seatsIn(lines: readonly Line[]): number | undefined {
  return lines.find((line) => line.type === 'release')?.users.length;
}

/** Whether a command that has shown what it would do could do it. */
function isPossible(lines: readonly Line[]): boolean {
  return lines.every((line) => line.type !== 'error' && !(line.type === 'failure' && line.redrive.possible === 'no'));
}

/** What a line of the preview or of the change says, in words. Lines that say nothing here are left out. */
function Told({ line }: { line: Line }) {
  switch (line.type) {
    case 'release':
      return (
        <>
          <p>
            {line.entitlement}: this releases {count(line.users.length)} revocations.
            {line.later > 0 && ` ${count(line.later)} joined the hold later and stay held.`}
          </p>
          <ul>
            {line.users.map(({ userId, reason, entitled }) => (
              <li key={userId}>
                <code>{userId}</code> {entitled ? 'is entitled again and keeps the seat' : (reason ?? 'not read')}
              </li>
            ))}
          </ul>
        </>
      );
    case 'failure':
      return (
        <p>
          {line.reason}. {line.redrive.reason} {line.redrive.fix}
        </p>
      );
    case 'user':
      return (
        <ul>
          {line.entitlements.map(({ entitlement, words }) => (
            <li key={entitlement}>
              {entitlement}: {words.join(' ')}
            </li>
          ))}
        </ul>
      );
    case 'plan':
      return (
        <p>
          {line.entitlement ?? line.application}: {count(line.gains)} gain a seat, {count(line.revoked + line.leaving)}{' '}
          lose theirs, {count(line.held)} are held, {count(line.waitlisted)} wait.
        </p>
      );
    case 'start':
      return <Started execution={line.execution} />;
    case 'redrive':
      return line.outcome === 'redriven' ? (
        <Started execution={line.execution} />
      ) : (
        <Trouble title="AWS refused to redrive the execution" />
      );
    case 'error':
    case 'unread':
      return <Trouble title={line.message} hint={line.hint} />;
    default:
      return null;
  }
}

function Started({ execution }: { execution: string }) {
  return (
    <p role="status">
      Started: <ExecutionLink arn={execution} />
    </p>
  );
}

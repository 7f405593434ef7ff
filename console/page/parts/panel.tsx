import type { ComponentChildren } from 'preact';
import type { Answer } from '../data/answers.ts';
import { Copy, Time } from './text.tsx';

/**
 * A part of a page that shows an answer: while it loads, what could not be read, and the command that says the same.
 *
 * @param props `empty`: shown in the place of the children if the answer has no lines
 */
export function Panel({ title, answer, empty, actions, children }: PanelProps) {
  const { isLoading, isStale, problem, error, unread, command, at } = answer;
  const failed = problem ?? error?.message;
  return (
    <section class="panel" aria-busy={isLoading}>
      <header>
        <h2>{title}</h2>
        {actions}
        {isStale && (
          <span class="stale">
            {at ? (
              <>
                as of <Time at={at.toISOString()} />
              </>
            ) : (
              'not answered'
            )}
          </span>
        )}
        <button type="button" class="quiet" onClick={() => answer.again()}>
          Look again
        </button>
      </header>
      {isLoading && (
        <div class="skeleton" role="status">
          <span>Reading …</span>
        </div>
      )}
      {failed !== undefined && <Trouble title={failed} hint={error?.hint} />}
      {unread.map(({ message, hint }) => (
        <div class="trouble mild" key={message}>
          <strong>Not read: {message}</strong>
          {hint !== undefined && <p>{hint}</p>}
        </div>
      ))}
      {!isLoading && (empty === undefined ? children : failed === undefined && empty)}
      {command !== undefined && <Copy class="command" text={command} label="Copy the command" />}
    </section>
  );
}

interface PanelProps {
  title: string;
  answer: Answer;
  empty?: ComponentChildren;
  actions?: ComponentChildren;
  children?: ComponentChildren;
}

/** Says what went wrong, and what to do about it. */
export function Trouble({ title, hint }: { title: string; hint?: string | undefined }) {
  return (
    <div class="trouble" role="alert">
      <strong>{title}</strong>
      {hint !== undefined && <p>{hint}</p>}
    </div>
  );
}

/** Says that there is nothing, and what that means. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
    </div>
  );
}

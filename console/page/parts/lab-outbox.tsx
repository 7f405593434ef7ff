import { lab } from '../data/lab.ts';
import { Empty } from './panel.tsx';
import { Time } from './text.tsx';

/** The e-mails to users. They are shown as text: the page runs nothing that an e-mail has. */
export function Outbox() {
  const mails = lab.outbox.value;
  return (
    <section class="panel">
      <header>
        <h2>E-mails to users</h2>
      </header>
      {mails.length === 0 && (
        <Empty title="No e-mail yet">Usher writes to users only if entitlements.yml has notices.</Empty>
      )}
      {mails.map(({ messageId, at, from, to, subject, text, html }) => (
        <details key={messageId} class="mail">
          <summary>
            <strong>{subject}</strong> to {to.join(', ')} <Time at={at} />
          </summary>
          <p class="soft">From {from}</p>
          {text !== undefined && <pre>{text}</pre>}
          {html !== undefined && (
            <details>
              <summary>The source of its HTML</summary>
              <pre>{html}</pre>
            </details>
          )}
        </details>
      ))}
    </section>
  );
}

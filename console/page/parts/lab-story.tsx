import { type LabStory, lab } from '../data/lab.ts';
import { Time } from './text.tsx';

/** More would push what Usher does off the screen. */
const AT_ONCE = 4;

/** The story that plays by itself, the newest step first. */
export function Story() {
  const { title, description, steps, closing, isOver } = lab.story.value;
  if (title === undefined) return null;
  const newest = steps.toReversed();
  return (
    <section class="panel" aria-live="polite">
      <header>
        <h2>{title}</h2>
        <span class="soft">{isOver ? 'played to its end' : 'plays'}</span>
      </header>
      {closing === undefined ? <p class="soft">{description}</p> : <p>{closing}</p>}
      {isOver && <p>Now it is your turn: let someone join or leave below.</p>}
      <Steps steps={newest.slice(0, AT_ONCE)} />
      {newest.length > AT_ONCE && (
        <details>
          <summary>What was before</summary>
          <Steps steps={newest.slice(AT_ONCE)} />
        </details>
      )}
    </section>
  );
}

function Steps({ steps }: { steps: LabStory['steps'] }) {
  return (
    <ol class="rows">
      {steps.map(({ at, title, say }) => (
        <li key={`${at} ${title}`}>
          <Time at={at} /> <strong>{title}</strong> {say !== undefined && <span class="soft">{say}</span>}
        </li>
      ))}
    </ol>
  );
}

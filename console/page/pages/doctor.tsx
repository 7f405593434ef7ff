import { useSignal } from '@preact/signals';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { Panel, Trouble } from '../parts/panel.tsx';
import { count, Status, type Tone } from '../parts/text.tsx';

type Check = LineOf<'check'>;

/** In the order in which they are shown, the worst first. */
const VERDICTS = ['problem', 'unknown', 'warning', 'ok'] as const;
const TONES: Readonly<Record<Check['verdict'], Tone>> = {
  problem: 'bad',
  unknown: 'wait',
  warning: 'wait',
  ok: 'good',
};

const PLURALS = { problem: 'problems', unknown: 'unknown', warning: 'warnings', ok: 'ok' };

/** Whether the account, Identity Center and the deployment are as Usher needs them. */
export function Doctor() {
  const answer = useAnswer('doctor');
  const checks = answer.of('check');
  const sections = [...Map.groupBy(checks, ({ section }) => section)];
  const worst = (list: readonly Check[]) => Math.min(...list.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  sections.sort(([, a], [, b]) => worst(a) - worst(b));
  // That there are problems is no failure of the command: they are shown.
  const shown = checks.length > 0 ? { ...answer, error: undefined } : answer;
  return (
    <>
      <h1>Doctor</h1>
      <Panel title="Checks" answer={shown}>
        <p class="tally">
          {(checks.length > 0 ? VERDICTS : []).map((verdict) => {
            const many = checks.filter((one) => one.verdict === verdict).length;
            return (
              <Status key={verdict} tone={many > 0 ? TONES[verdict] : 'calm'}>
                {`${count(many)} ${many === 1 ? verdict : PLURALS[verdict]}`}
              </Status>
            );
          })}
        </p>
      </Panel>
      {sections.map(([section, list]) => (
        <Section key={`${section} ${answer.at?.getTime()}`} section={section} before={list} />
      ))}
    </>
  );
}

/** The checks of a section. @param props `before`: as all sections were checked; it can be checked again alone */
function Section({ section, before }: { section: string; before: readonly Check[] }) {
  const isAgain = useSignal(false);
  const again = useAnswer('doctor', { section: section.toLowerCase() }, { skip: !isAgain.value });
  const isAnswered = isAgain.value && !again.isLoading && again.of('check').length > 0;
  const checks = isAnswered ? again.of('check') : before;
  const sorted = checks.toSorted((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict));
  const failed = isAgain.value && !isAnswered && !again.isLoading ? (again.problem ?? again.error?.message) : undefined;
  return (
    <section class="panel" aria-busy={isAgain.value && (again.isLoading || again.isStale)}>
      <header>
        <h2>{section}</h2>
        {isAgain.value && (again.isLoading || again.isStale) && <span class="stale">checking …</span>}
        <button
          type="button"
          class="quiet"
          onClick={() => {
            if (isAgain.value) again.again();
            isAgain.value = true;
          }}
        >
          Check again
        </button>
      </header>
      {failed !== undefined && <Trouble title={failed} />}
      <ul class="checks">
        {sorted.map(({ check, verdict, found, why, fix }) => (
          <li key={check}>
            <Status tone={TONES[verdict]}>{verdict}</Status> <strong>{check}</strong> {found}
            {verdict !== 'ok' && <p class="soft">Why it matters: {why}.</p>}
            {verdict !== 'ok' && fix !== undefined && <p>{fix}.</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

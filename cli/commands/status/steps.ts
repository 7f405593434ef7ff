import { type StepPage, stepsOf } from '../../../operator/executions/history.ts';
import { count, escaped, isoTimeOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';

/** Prints a part of the history of an execution. @param after the number of the last step before it */
export async function printSteps(name: string, after: number, context: Context): Promise<void> {
  const { terminal, json } = context;
  const page = await terminal.working('Reading the history', () => stepsOf(name, after, context));
  if (!page) return;
  const { steps, more } = page;
  if (json) {
    for (const step of steps) terminal.json(step);
    if (steps.length === 0) terminal.json({ type: 'none', of: 'step' });
    if (more) terminal.json({ type: 'more', of: 'step', read: steps.length });
  } else print(name, page, context);
}

function print(name: string, { steps, more }: StepPage, { terminal }: Context): void {
  const last = steps.at(-1);
  if (!last) {
    terminal.line('There are no such steps, or none yet.');
    return;
  }
  terminal.table(
    ['STEP', 'TIME', 'EVENT', 'STATE', 'ERROR'],
    steps.map(({ id, at, event = '', state = '', error = '' }) =>
      [`${id}`, isoTimeOf(at), event, state, error].map(escaped),
    ),
  );
  if (!more) return;
  const next = `usher status ${escaped(name)} --steps --after ${last.id}`;
  terminal.paragraph(`${count(steps.length, 'step')}; there are more: ${next}`, 0, terminal.colors.dim);
}

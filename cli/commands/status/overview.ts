import { attentionIn, statusIn } from '../../../operator/attention/decide.ts';
import { MOST_COUNTED } from '../../../operator/attention/failures.ts';
import { readAttention } from '../../../operator/attention/read.ts';
import type { Attention, StatusLine } from '../../../operator/lines/attention.ts';
import { count, durationOf, escaped, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import type { Frame } from '../../command/watch.ts';

/** Takes some 15 requests, and up to 10 more if there are many executions. */
const EVERY_MILLISECONDS = 15_000;
/** The emulator may run faster than real time. */
const EVERY_LOCAL_MILLISECONDS = 1000;

/** Draws whether anything needs a person, and how Usher is. */
export async function drawOverview(context: Context): Promise<Frame> {
  const { terminal, json, unread, local } = context;
  const readings = await readAttention(context);
  const attention = attentionIn(readings);
  const line = statusIn(readings, { attention: attention.length, unread: unread.size });
  if (json) for (const one of [...attention, line]) terminal.json(one);
  else print(attention, line, { ...context, isKnown: readings.queue !== undefined });
  return { isLast: false, milliseconds: local ? EVERY_LOCAL_MILLISECONDS : EVERY_MILLISECONDS };
}

/** @param context `isKnown`: whether the work queue could be read */
function print(attention: readonly Attention[], status: StatusLine, context: Context & { isKnown: boolean }): void {
  const { terminal } = context;
  printVerdict(status, context);
  for (const one of attention) printAttention(one, context);
  terminal.line();
  printEntitlements(status, context);
  terminal.line();
  printTriggers(status, context);
  terminal.paragraph('Executions: usher status --executions. More checks: usher doctor', 0, terminal.colors.dim);
}

/** The answer, in the first line. */
function printVerdict({ attention, unread }: StatusLine, { terminal }: Context): void {
  const { bold, green, red, yellow } = terminal.colors;
  if (attention > 0) {
    const atLeast = unread > 0 ? 'At least ' : '';
    terminal.line(bold(red(`${atLeast}${count(attention, 'thing needs', 'things need')} you.`)));
  } else if (unread > 0) {
    terminal.line(bold(yellow(`Nothing that could be read needs you, but ${count(unread, 'read')} failed.`)));
  } else terminal.line(bold(green('Nothing needs you.')));
}

function printAttention({ kind, title, since, dueAt, reason, fix }: Attention, { terminal, clock }: Context): void {
  const now = clock.now();
  const { red, dim } = terminal.colors;
  const when = since === undefined ? '' : `, since ${terminal.when(since, now)}`;
  terminal.line();
  terminal.paragraph(`✗ ${escaped(title)}${when}`, 0, red);
  if (reason !== undefined) terminal.paragraph(escaped(`${reason.slice(0, 1).toUpperCase()}${reason.slice(1)}.`), 2);
  if (dueAt !== undefined) terminal.paragraph(`${DUE[kind] ?? 'Next change'}: ${terminal.when(dueAt, now)}.`, 2);
  terminal.paragraph(fix, 2, dim);
}

/** What happens at the time that something is due. */
const DUE: Partial<Record<Attention['kind'], string>> = {
  hold: "The hold waits for you; the brake's budget has more room",
  'account-not-eligible': 'Usher tries one again',
};

function printEntitlements(
  { entitlements }: StatusLine,
  { terminal, clock, isKnown }: Context & { isKnown: boolean },
): void {
  const now = clock.now();
  const missing = isKnown ? '' : '?';
  const known = (number: number | undefined) => (number === undefined ? missing : numberOf(number));
  terminal.table(
    ['ENTITLEMENT', 'SEATS', 'MAX', 'WAITLISTED', 'HELD', 'LAST FULL SWEEP'],
    entitlements.map(({ entitlement, seats, max, waitlisted, held, sweptAt }) => [
      entitlement,
      known(seats),
      numberOf(max),
      known(waitlisted),
      known(held),
      sweptAt === undefined ? missing || 'none yet' : terminal.when(sweptAt, now),
    ]),
  );
}

function printTriggers(status: StatusLine, { terminal, clock }: Context): void {
  const { running, runningSince, ticks, tickEverySeconds } = status;
  const next = tickEverySeconds === undefined ? '' : `, the next within ${durationOf(tickEverySeconds)}`;
  if (ticks !== undefined) terminal.line(`Ticks: ${escaped(ticks)}${next}.`);
  if (running === undefined) return;
  const number = running >= MOST_COUNTED ? `at least ${numberOf(running)} executions` : count(running, 'execution');
  const oldest = runningSince === undefined ? '' : `, the oldest since ${terminal.when(runningSince, clock.now())}`;
  terminal.line(`Running: ${number}${oldest}.`);
}

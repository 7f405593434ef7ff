import * as z from 'zod/mini';
import { managedOf } from '../../domain/entitlements.ts';
import type { Delivery } from '../../domain/notices/delivery.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { GatewayRequest } from '../../emulator/aws/gateway.ts';
import type { Answer } from '../../emulator/aws/json-service.ts';
import type { Mail } from '../../emulator/aws/ses/outbox.ts';
import type { PlayResult, Reporter } from '../../emulator/scenario/player.ts';
import type { Script, ScriptStep } from '../../emulator/scenario/script.ts';
import type { AuditEntry, StateExit, StateMoment } from '../../emulator/stack/listener.ts';
import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { nameIn } from '../../operator/executions/find.ts';
import { count, escaped } from '../../operator/text.ts';
import {
  EXPLANATIONS,
  isChange,
  isVisible,
  listOf,
  resultOf,
  shortCallsOf,
  shortPlanOf,
  subscriptionOf,
  waitOf,
} from './narration.ts';
import { auditPhraseOf, endingOf, isWait, label, newRun, type Run } from './run.ts';
import { type AuditRow, summaryOf, tablesOf } from './table.ts';
import type { Screen } from './terminal.ts';
import { elapsed, type Style, TimedLines } from './timed-lines.ts';

/** With more executions than this, only their ends are shown. */
const MOST_IN_DETAIL = 40;

/** What an execution does within this time is one line: pacing takes milliseconds. */
const SAME_MOMENT_SECONDS = 1;
const MOST_SURPRISES = 20;

const AuditDetail = z.object({
  user: z.object({ uid: z.optional(z.string()) }),
  privileges: z.array(z.string()),
  status_detail: z.string(),
  metadata: z.object({ uid: z.string(), correlation_uid: z.string() }),
});

/**
 * Shows a play to readers: what happens, what each execution does and why, and the result.
 *
 * It explains each state once. Later, it shows one line for all that an execution does between two waits. With `verbose`, it
 * shows a line per state and per audit event, and tables at the end. It shows ids, or the names of the scenario.
 */
export class Timeline implements Reporter {
  readonly #screen: Screen;
  readonly #verbose: boolean;
  #lines: TimedLines;
  /** Titles of the executions that have been started and have not entered a state. */
  readonly #coming: string[] = [];
  readonly #runs = new Map<string, Run>();
  readonly #seen = new Set<string>();
  /** States that have been explained. */
  readonly #explained = new Set<string>();
  readonly #audit: AuditRow[] = [];
  /** Ids of the audit events so far: an event may come twice. */
  readonly #audited = new Set<string>();
  #names: Script['names'] = new Map();
  #starts = 0;
  #ended = 0;
  #closing: string | undefined;
  #entitlements = 0;

  constructor(screen: Screen, { verbose = false }: { verbose?: boolean } = {}) {
    this.#screen = screen;
    this.#lines = new TimedLines(screen);
    this.#verbose = verbose;
  }

  begin({ title, description, closing, entitlements, directory, names, steps, start }: Script): void {
    const { colors } = this.#screen;
    this.#names = names;
    this.#lines = new TimedLines(this.#screen, start);
    this.#closing = closing;
    this.#starts = steps.filter((step) => step.start).length;
    this.#entitlements = entitlements.entitlements.length;
    this.#screen.line(colors.bold(title ?? `${count(this.#starts, 'input')}, from ${start.toISOString()}`));
    if (description !== undefined) this.#lines.paragraph(description);
    this.#screen.line('');
    for (const { name, application, groups, seats, ...more } of entitlements.entitlements) {
      const members = groups.map((groupId) => {
        const group = directory.groups.find((one) => one.groupId === groupId);
        return `${this.#nameOf(groupId)} (${group ? this.#membersOf(group.members ?? []) : 'not in the directory'})`;
      });
      this.#lines.paragraph(
        `Entitlement ${name}: members of ${members.join(' or ')} get ${this.#nameOf(application)}${managedOf(more) ? ' with its subscription' : ''}, at most ${count(seats.max, 'seat')}.`,
      );
    }
    if (!this.#detailed) {
      this.#lines.paragraph(`There are ${this.#starts} executions: only their ends are shown. --verbose shows all.`);
    }
  }

  step({ at, title, say, start }: ScriptStep): void {
    if (start) this.#coming.push(title);
    if (!this.#detailed) return;
    const { colors } = this.#screen;
    if (say !== undefined) {
      this.#screen.line('');
      this.#lines.paragraph(say, colors.bold);
    }
    if (!start) this.#lines.write(at, colors.yellow('*'), title);
  }

  state({ execution, state, at }: StateMoment): void {
    const run = this.#runs.get(execution) ?? this.#begin(execution, at);
    if (!EXPLANATIONS.has(state)) return;
    run.state = state;
    if (state === 'CheckPropagation') run.checks += 1;
    if (state === 'RecordAudit') run.published = 0;
    if (this.#detailed && isWait(state)) this.#wait(execution, run, at);
    this.#showProgress(at);
  }

  exited({ execution, state, at, output }: StateExit): void {
    const run = this.#runs.get(execution);
    if (run === undefined || !EXPLANATIONS.has(state) || isWait(state)) return;
    if (state === 'PlanChanges') run.changed = false;
    // The result of one batch is not the input of the next state.
    if (state === 'ApplyChanges') run.changed ||= isChange(output);
    else run.output = output;
    if (this.#detailed) this.#say(execution, run, at, this.#resultOf(run, state, output));
  }

  ended({ execution, outcome, cause, startedAt, endedAt }: ExecutionEnd): void {
    const { colors } = this.#screen;
    const run = this.#runs.get(execution) ?? this.#begin(execution, endedAt);
    this.#runs.delete(execution);
    this.#ended += 1;
    const took = secondsBetween(startedAt, endedAt) > 0 ? ` (after ${elapsed(startedAt, endedAt)})` : '';
    this.#add(execution, run, endedAt, endingOf(outcome, cause, run.state) + took);
    this.#flush(execution, run, outcome === 'failed' ? colors.red : colors.green);
    this.#showProgress(endedAt);
  }

  /** What a function changes of subscriptions, which no audit event names. One execution at a time makes changes. */
  request(request: GatewayRequest): ((answer: Answer) => void) | undefined {
    const run = [...this.#runs.values()].find(({ state }) => state === 'ApplyChanges');
    const text = request.invocation && run ? subscriptionOf(request, (id) => this.#nameOf(id)) : undefined;
    if (!run || text === undefined) return undefined;
    return ({ statusCode }) => {
      if (statusCode < 300) run.subscriptions.push(text);
    };
  }

  audit({ DetailType, Time, Detail }: AuditEntry): void {
    const { success, data } = AuditDetail.safeParse(Detail);
    if (!success) return;
    const { user, privileges, status_detail: why, metadata } = data;
    const who = user.uid === undefined ? '' : this.#nameOf(user.uid);
    const at = new Date(Time);
    const execution = nameIn(metadata.correlation_uid);
    const type = this.#audited.has(metadata.uid) ? `${DetailType} (copy)` : DetailType;
    this.#audited.add(metadata.uid);
    this.#audit.push({ moment: this.#lines.moment(at), type, who, why, execution: label(execution) });
    if (!this.#detailed) return;
    const run = this.#runs.get(execution);
    if (run) run.published += 1;
    const what = this.#entitlements > 1 ? [type, ...privileges].join(' ') : type;
    // Another execution may publish the event later.
    if (run?.state === 'RecordAudit' && !this.#verbose) {
      const key = `${what} ${why}`;
      run.audited.set(key, [...(run.audited.get(key) ?? [what, why]), who]);
    } else {
      const subject = who === '' ? '' : `: ${who}`;
      this.#lines.write(at, `  ${label(execution)}`, `${what}${subject} (${why})`, this.#screen.colors.magenta);
    }
  }

  /** What became of a notice. Its text is for those who read it. */
  notice({ at, kind, entitlement, userId, status, reason }: Delivery): void {
    if (!this.#detailed) return;
    const what = this.#entitlements > 1 ? `${kind} ${entitlement}` : kind;
    const outcome = [status, ...(reason === undefined ? [] : [reason])].join(', ');
    this.#lines.write(new Date(at), '  @', `notice ${what}: ${this.#nameOf(userId)} (${outcome})`);
  }

  /** Shows a message as a mail program without HTML does. */
  reading({ from, subject, text = '' }: Pick<Mail, 'from' | 'subject' | 'text'>): void {
    const head = [`From: ${from}`, `Subject: ${subject}`, ''];
    this.#lines.quote([...head, ...text.trimEnd().split('\n')].map(escaped).join('\n'));
  }

  finish(result: PlayResult): void {
    this.#screen.close();
    this.#screen.line('');
    const nameOf = (id: string) => this.#nameOf(id);
    if (this.#verbose) {
      const { width } = this.#screen;
      for (const line of tablesOf(result, this.#audit, { nameOf, width })) this.#screen.line(line);
    } else for (const text of summaryOf(result, this.#audit, nameOf)) this.#lines.paragraph(text);
    const { bold, red } = this.#screen.colors;
    for (const { title, execution, outcome } of result.surprises.slice(0, MOST_SURPRISES)) {
      const what = execution === undefined ? 'could not be started' : `ended as ${outcome}`;
      this.#screen.line(
        red(`Not as expected: ${execution === undefined ? '' : `${label(execution)}, `}${title} ${what}.`),
      );
    }
    const more = result.surprises.length - MOST_SURPRISES;
    if (more > 0) this.#screen.line(red(`… and ${more} more.`));
    if (this.#closing === undefined) return;
    this.#screen.line('');
    this.#screen.line(bold('What you have just seen'));
    this.#lines.paragraph(this.#closing);
  }

  behind(): Promise<unknown> | undefined {
    return this.#screen.behind();
  }

  get #detailed(): boolean {
    return this.#verbose || this.#starts <= MOST_IN_DETAIL;
  }

  #begin(execution: string, since: Date): Run {
    const title = this.#seen.has(execution) ? 'redriven' : (this.#coming.shift() ?? 'an execution');
    const run = newRun(title, since);
    this.#seen.add(execution);
    this.#runs.set(execution, run);
    return run;
  }

  /** What a state did, for the next line; undefined if it needs no word. */
  #resultOf(run: Run, state: string, output: unknown): string | undefined {
    const result = resultOf(state, output, (id) => this.#nameOf(id));
    if (state === 'RecordAudit') return this.#verbose ? count(run.published, 'event') : auditPhraseOf(run);
    const subscriptions = state === 'ApplyChanges' ? run.subscriptions.splice(0) : [];
    if (this.#verbose || !this.#explained.has(state))
      return [result, ...subscriptions].filter(Boolean).join(', ') || undefined;
    switch (state) {
      case 'CheckPropagation':
        // The first wait has a line, with its reason; further ones have none.
        return isVisible(output) && run.checks > 2 ? `${result} after ${count(run.checks, 'check')}` : undefined;
      case 'PlanChanges':
        return shortPlanOf(output);
      case 'ApplyChanges':
        return [...subscriptions, shortCallsOf(output)].filter(Boolean).join(', ') || undefined;
      default:
        return result;
    }
  }

  #wait(execution: string, run: Run, at: Date): void {
    const { state, output, checks, changed } = run;
    const isRepeated = state === 'WaitForPropagation' && checks > 1;
    // One line tells how often an execution has checked, once it is done waiting.
    if (isRepeated && !this.#verbose) return;
    const nameOf = (id: string) => this.#nameOf(id);
    this.#say(execution, run, at, waitOf(state, output, { at, nameOf, changed }));
    this.#flush(execution, run);
  }

  /** Says what a state does: on a line of its own if it is explained for the first time, else on the next line. */
  #say(execution: string, run: Run, at: Date, text: string | undefined): void {
    const { state } = run;
    const explanation = this.#explained.has(state) ? undefined : EXPLANATIONS.get(state);
    if (explanation === undefined && !this.#verbose) {
      if (text !== undefined) this.#add(execution, run, at, text);
      return;
    }
    this.#flush(execution, run);
    if (this.#verbose && run.title !== undefined) {
      this.#lines.write(at, this.#screen.colors.cyan('>'), `${run.title}: ${label(execution)} starts`);
      run.title = undefined;
    }
    this.#explained.add(state);
    const words =
      explanation === undefined ? `: ${text ?? 'nothing to do'}` : ` ${[explanation, text].filter(Boolean).join('; ')}`;
    this.#add(execution, run, at, state + words);
    this.#flush(execution, run);
  }

  #add(execution: string, run: Run, at: Date, text: string): void {
    if (secondsBetween(run.since, at) >= SAME_MOMENT_SECONDS) this.#flush(execution, run);
    if (run.phrases.length === 0) run.since = at;
    run.phrases.push(text);
  }

  /** Shows what an execution has done since its last line. */
  #flush(execution: string, run: Run, style?: Style): void {
    if (run.phrases.length === 0) return;
    const phrases = run.phrases.splice(0).join('; ');
    const { title } = run;
    run.title = undefined;
    this.#lines.write(
      run.since,
      `  ${label(execution)}`,
      `${title === undefined ? '' : `${title}: `}${phrases}`,
      style,
    );
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #membersOf(userIds: readonly string[]): string {
    const isNamed = userIds.length > 0 && userIds.every((userId) => this.#names.has(userId));
    return isNamed ? listOf(userIds, (id) => this.#nameOf(id)) : count(userIds.length, 'member');
  }

  /** What runs and what it waits for, and how many have ended. */
  #showProgress(at: Date): void {
    const waits = [...this.#runs].slice(0, 3).map(([execution, { state }]) => `${label(execution)} ${state}`);
    this.#lines.progress(at, { ended: this.#ended, of: this.#starts, running: waits.join('  ') });
  }
}

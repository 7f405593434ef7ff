import * as z from 'zod/mini';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { PlayResult, Reporter } from '../../emulator/scenario/player.ts';
import type { Script, ScriptStep } from '../../emulator/scenario/script.ts';
import type { AuditEntry, ExecutionEnd, StateMoment } from '../../emulator/stack/stack.ts';
import { OUTCOMES, STATES } from './outcomes.ts';
import { type AuditRow, tablesOf } from './table.ts';
import type { Screen } from './terminal.ts';
import { wrap } from './text.ts';

/** Beyond this, one line an execution: nobody reads the states of thousands. */
const MOST_IN_DETAIL = 40;

const Told = z.object({
  user: z.object({ uid: z.optional(z.string()) }),
  privileges: z.array(z.string()),
  status_detail: z.string(),
  metadata: z.object({ uid: z.string(), correlation_uid: z.string() }),
});

/** What a person sees: what happens, the states as they pass, and at the end what came of it. Ids, and names of the play. */
export class Timeline implements Reporter {
  readonly #screen: Screen;
  readonly #titles = new Map<string, string>();
  /** Executions that have been started and not been seen yet. */
  readonly #coming: string[] = [];
  /** By execution, the state that each is in. */
  readonly #running = new Map<string, string>();
  /** By execution, how often it has looked whether the change is visible. */
  readonly #looks = new Map<string, number>();
  readonly #audit: AuditRow[] = [];
  /** Ids of the audit events so far: they may come twice. */
  readonly #told = new Set<string>();
  #names: Script['names'] = new Map();
  #start = new Date(0);
  #starts = 0;
  #ended = 0;
  #closing: string | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  begin({ title, description, closing, entitlements, directory, names, steps, start }: Script): void {
    const { colors } = this.#screen;
    this.#names = names;
    this.#start = start;
    this.#closing = closing;
    this.#starts = steps.filter((step) => step.start).length;
    this.#screen.line(colors.bold(title ?? `${this.#starts} inputs, from ${start.toISOString()}`));
    if (description !== undefined) this.#paragraph(description);
    this.#screen.line('');
    for (const { name, application, groups, seats } of entitlements.entitlements) {
      const members = groups.map((groupId) => {
        const group = directory.groups.find((one) => one.groupId === groupId);
        return `${this.#called(groupId)} (${group ? this.#list(group.members ?? []) : 'not in the directory'})`;
      });
      this.#paragraph(
        `Entitlement ${name}: members of ${members.join(' or ')} get ${this.#called(application)}, at most ${seats.max}.`,
      );
    }
    if (!this.#detailed) this.#paragraph('Only the ends of the executions are shown: there are too many.');
  }

  step({ at, title, say, start }: ScriptStep): void {
    if (start) this.#coming.push(title);
    if (!this.#detailed) return;
    const { colors } = this.#screen;
    if (say !== undefined) {
      this.#screen.line('');
      this.#paragraph(say, colors.bold);
    }
    this.#tell(at, start ? `${colors.cyan('>')} ${title}: an execution starts` : `${colors.yellow('*')} ${title}`);
  }

  state({ execution, state, at }: StateMoment): void {
    if (!this.#titles.has(execution)) this.#titles.set(execution, this.#coming.shift() ?? 'an execution');
    const does = STATES[state];
    if (does === undefined) return;
    this.#running.set(execution, state);
    if (this.#detailed) this.#tellState(execution, state, does, at);
    this.#showProgress(at);
  }

  ended({ execution, outcome, cause, startedAt, endedAt }: ExecutionEnd): void {
    const { colors } = this.#screen;
    this.#running.delete(execution);
    this.#ended += 1;
    const title = this.#detailed ? '' : ` ${this.#titles.get(execution) ?? ''}:`;
    const because = cause === undefined ? '' : `: ${outcome === 'handedOver' ? label(nameIn(cause)) : cause}`;
    const color = outcome === 'failed' ? colors.red : colors.green;
    const took = colors.dim(`(after ${elapsed(startedAt, endedAt)})`);
    this.#tell(endedAt, `  ${label(execution)}${title} ${color(OUTCOMES[outcome] + because)} ${took}`);
    this.#titles.delete(execution);
    this.#looks.delete(execution);
    this.#showProgress(endedAt);
  }

  audit({ DetailType, Time, Detail }: AuditEntry): void {
    const { success, data } = Told.safeParse(Detail);
    if (!success) return;
    const { user, privileges, status_detail: why, metadata } = data;
    const who = user.uid === undefined ? '' : this.#called(user.uid);
    const at = new Date(Time);
    const execution = label(nameIn(metadata.correlation_uid));
    const type = this.#told.has(metadata.uid) ? `${DetailType} (copy)` : DetailType;
    this.#told.add(metadata.uid);
    this.#audit.push({ moment: `+${elapsed(this.#start, at)}`, type, who, why, execution });
    if (!this.#detailed) return;
    const what = [who, ...privileges].filter(Boolean).join(', ');
    this.#tell(at, `  ${execution} ${this.#screen.colors.magenta(`${type}: ${what}; reason: ${why}`)}`);
  }

  finish(result: PlayResult): void {
    this.#screen.close();
    for (const line of tablesOf(result, this.#audit, (id) => this.#called(id))) this.#screen.line(line);
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
    this.#paragraph(this.#closing);
  }

  behind(): Promise<unknown> | undefined {
    return this.#screen.behind();
  }

  get #detailed(): boolean {
    return this.#starts <= MOST_IN_DETAIL;
  }

  #called(id: string): string {
    return this.#names.get(id) ?? id;
  }

  #list(userIds: readonly string[]): string {
    const few = userIds.length > 0 && userIds.length <= 8 && userIds.every((userId) => this.#names.has(userId));
    return few ? userIds.map((userId) => this.#called(userId)).join(', ') : `${userIds.length} members`;
  }

  #paragraph(text: string, style: (line: string) => string = (line) => line): void {
    for (const line of wrap(text, this.#screen.width)) this.#screen.line(style(line));
  }

  #tell(at: Date, text: string): void {
    this.#screen.line(`${this.#screen.colors.dim(`+${elapsed(this.#start, at)}`.padStart(MOMENT_COLUMNS))}  ${text}`);
  }

  #tellState(execution: string, state: string, does: string, at: Date): void {
    const looks = this.#looks.get(execution) ?? 0;
    if (state === 'CheckPropagation') {
      this.#looks.set(execution, looks + 1);
      // From the second look on, the wait after it tells of both.
      if (looks > 0) return;
    }
    const again = state === 'WaitForPropagation' && looks > 1;
    const told = again ? `look ${looks}: still not, waits` : does;
    this.#tell(at, `  ${label(execution)} ${state.padEnd(18)} ${this.#screen.colors.dim(told)}`);
  }

  /** What runs and what it waits for, and how many have ended. */
  #showProgress(at: Date): void {
    const done = Math.round((BAR_COLUMNS * this.#ended) / Math.max(1, this.#starts));
    const bar = '#'.repeat(done).padEnd(BAR_COLUMNS, '.');
    const waits = [...this.#running].slice(0, 3).map(([execution, state]) => `${label(execution)} ${state}`);
    this.#screen.progress(
      `[${bar}] ${this.#ended} of ${this.#starts}, +${elapsed(this.#start, at)}  ${waits.join('  ')}`,
    );
  }
}

/** Wide enough for 9 days. */
const MOMENT_COLUMNS = 12;
const BAR_COLUMNS = 20;
const MOST_SURPRISES = 20;

/** `h:mm:ss`, after `Nd ` when it is days. */
function elapsed(from: Date, to: Date): string {
  const seconds = Math.max(0, Math.floor(secondsBetween(from, to)));
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24];
  const rest = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, '0'));
  return `${days > 0 ? `${days}d ` : ''}${[hours, ...rest].join(':')}`;
}

/** The name of an execution in its ARN. */
function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

function label(execution: string): string {
  return execution.replace(/^execution-/, '#');
}

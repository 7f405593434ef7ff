import * as z from 'zod/mini';

/** What the page can ask: each is a command that only reads. */
interface Question {
  /** Names of the parameters. */
  params: readonly string[];
  /** Returns the command line. Its values are unchecked: the command itself says what is wrong with them. */
  command(params: Params): string[];
}

type Params = Readonly<Record<string, string | undefined>>;

/** The questions of the page, by name. */
const QUESTIONS: Readonly<Record<string, Question>> = {
  status: { params: [], command: () => ['status'] },
  seats: { params: [], command: () => ['seats'] },
  people: {
    params: ['entitlement', 'status'],
    command: ({ entitlement, status }) => ['seats', '--people', ...option({ entitlement, status })],
  },
  why: { params: ['user'], command: ({ user }) => ['why', ...operand(user)] },
  executions: {
    params: ['limit', 'ticks'],
    command: ({ limit, ticks }) => ['status', '--executions', ...option({ limit }), ...flag({ ticks })],
  },
  execution: {
    params: ['name', 'by'],
    command: ({ name, by }) => ['status', ...flag({ by }), ...operand(name)],
  },
  steps: {
    params: ['name', 'after'],
    command: ({ name, after }) => ['status', '--steps', ...option({ after }), ...operand(name)],
  },
  groups: {
    params: ['entitlement', 'count'],
    command: ({ entitlement, count }) => ['seats', '--groups', ...option({ entitlement }), ...flag({ count })],
  },
  settings: { params: ['entitlement'], command: (params) => ['seats', '--settings', ...option(params)] },
  held: { params: ['by'], command: (params) => ['held', ...flag(params)] },
  plan: { params: [], command: () => ['plan', '--people'] },
  audit: {
    params: ['since', 'until', 'user', 'entitlement', 'type', 'by'],
    command: ({ by, ...query }) => ['audit', ...option(query), ...flag({ by })],
  },
  history: {
    params: ['of', 'at', 'from', 'to', 'changes', 'by'],
    command: ({ of, changes, by, ...window }) => [
      'history',
      ...option(window),
      ...flag({ changes, by }),
      ...operand(of),
    ],
  },
  report: { params: ['month', 'price'], command: (params) => ['report', ...option(params)] },
  doctor: { params: ['section'], command: ({ section }) => ['doctor', ...operand(section)] },
  subscriptions: { params: [], command: () => ['subscriptions'] },
  findings: { params: [], command: () => ['subscriptions', '--people'] },
  notices: { params: ['since'], command: (params) => ['notices', ...option(params)] },
};

/** The names of all questions. */
export const QUESTION_NAMES: readonly string[] = Object.keys(QUESTIONS);

/** One value of `--name=value` each: a value that begins with `-` is no other option. */
export function option(values: Params): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
}

function flag(values: Params): string[] {
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`]));
}

/** An argument, also one that looks like an option. */
export function operand(value: string | undefined): string[] {
  if (value === undefined) return [];
  return value.startsWith('-') ? ['--', value] : [value];
}

const ValuesSchema = z.record(z.string(), z.string().check(z.maxLength(2048)));

/**
 * Returns the command line that answers a question, without `usher` and its global options.
 *
 * @param asked the name of the question, and its parameters as in a query: `audit?since=7d`
 * @returns undefined if there is no such question, or if it has no such parameter
 */
export function commandFor(asked: string): string[] | undefined {
  const [name = ''] = asked.split('?', 1);
  const query = asked.slice(name.length);
  const question = Object.hasOwn(QUESTIONS, name) ? QUESTIONS[name] : undefined;
  const entries = [...new URLSearchParams(query)];
  const values = ValuesSchema.safeParse(Object.fromEntries(entries));
  if (!question || !values.success || entries.some(([param]) => !question.params.includes(param))) return undefined;
  return question.command(values.data);
}

/** Returns a command line as one types it. */
export function typed(args: readonly string[]): string {
  return args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(' ');
}

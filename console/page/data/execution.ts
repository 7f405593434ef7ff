import type { Line } from '../../../operator/lines/all.ts';
import type { Subject } from '../../../operator/lines/executions.ts';

export type ExecutionLine = Extract<Line, { type: 'execution' }>;

/** How an execution ended, or that it runs. */
export interface OutcomeInWords {
  /** What a list filters by. */
  key: 'running' | 'converged' | 'held' | 'failed' | 'handedOver' | 'ignored';
  word: string;
  tone: 'good' | 'wait' | 'bad' | 'calm' | 'busy';
  /** What it means, if that is not what the word says. */
  sentence?: string;
}

const RUNNING: OutcomeInWords = { key: 'running', word: 'running', tone: 'busy' };

const OUTCOMES: Readonly<Record<string, OutcomeInWords>> = {
  converged: {
    key: 'converged',
    word: 'converged',
    tone: 'good',
    sentence: 'Fresh reads show the desired state.',
  },
  held: {
    key: 'held',
    word: 'held',
    tone: 'wait',
    sentence: 'The brake holds revocations until a person releases them. All else is as it should be.',
  },
  handedOver: {
    key: 'handedOver',
    word: 'handed over',
    tone: 'calm',
    sentence: 'Another execution, or the next tick, continues its work.',
  },
  ignored: { key: 'ignored', word: 'ignored', tone: 'calm', sentence: 'There was nothing to check.' },
};

const FAILED: Readonly<Record<string, string>> = { TIMED_OUT: 'timed out', ABORTED: 'stopped' };

/** Says how an execution ended, or that it runs. */
export function outcomeOf({ status, outcome }: Pick<ExecutionLine, 'status' | 'outcome'>): OutcomeInWords {
  if (status === 'RUNNING') return RUNNING;
  const known = OUTCOMES[outcome ?? ''];
  if (known) return known;
  return { key: 'failed', word: FAILED[status] ?? 'failed', tone: 'bad' };
}

/** What can start an execution. */
export const TRIGGERS = { event: 'event', manual: 'manual start', tick: 'tick' } as const;

/** Says what started an execution: `AddMemberToGroup of sso-directory`, `manual start`, `tick`. */
export function triggerOf({ trigger, event, source }: Subject = {}): string {
  if (event !== undefined) return source === undefined ? event : `${event} of ${source}`;
  return trigger === undefined ? 'unknown input' : TRIGGERS[trigger];
}

/** What a list of executions is filtered by. */
export interface ExecutionFilter {
  outcome?: string | undefined;
  trigger?: string | undefined;
  /** Part of an id, a name of an operation, or a reason. */
  text?: string | undefined;
}

/** Whether a list with this filter has this execution. */
export function isShown(line: ExecutionLine, { outcome, trigger, text = '' }: ExecutionFilter): boolean {
  if (outcome !== undefined && outcomeOf(line).key !== outcome) return false;
  if (trigger !== undefined && line.subject?.trigger !== trigger) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || textOf(line).includes(wanted);
}

function textOf(line: ExecutionLine): string {
  const { users = [], groupIds = [], applications = [], ...subject } = line.subject ?? {};
  return [
    line.execution,
    triggerOf(subject),
    outcomeOf(line).word,
    line.reason ?? '',
    ...users.map(({ userId }) => userId),
    ...groupIds,
    ...applications,
    subject.release ?? '',
    subject.adopt ?? '',
  ]
    .join('\n')
    .toLowerCase();
}

/** Returns the name of an execution. */
export function nameOf({ execution }: Pick<ExecutionLine, 'execution'>): string {
  return execution.split(':').at(-1) ?? execution;
}

/** Hosts of the AWS console, by partition. */
const CONSOLES: Readonly<Record<string, (region: string) => string>> = {
  aws: (region) => `${region}.console.aws.amazon.com`,
  'aws-us-gov': () => 'console.amazonaws-us-gov.com',
  'aws-cn': () => 'console.amazonaws.cn',
};

/** Returns where the AWS console shows an execution; undefined for a partition whose console is not known. */
export function awsConsoleOf(arn: string): string | undefined {
  const [, partition = '', , region = ''] = arn.split(':');
  const host = CONSOLES[partition]?.(region);
  if (host === undefined || !/^[a-z0-9-]+$/.test(region)) return undefined;
  return `https://${host}/states/home?region=${region}#/v2/executions/details/${encodeURIComponent(arn)}`;
}

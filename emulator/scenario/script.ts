import type { Entitlements } from '../../domain/entitlements.ts';
import { EXECUTION_OUTCOMES, type ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { Timestamp } from '../../domain/shared/timestamp.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import type { Quirks } from '../aws/identity-center/quirks.ts';
import type { OtherCallers } from '../aws/rate-limit.ts';
import type { MailSettings } from '../aws/ses/mail-settings.ts';
import type { Latencies } from '../stack/latency.ts';
import type { Limits } from '../stack/limits.ts';
import type { Stack } from '../stack/stack.ts';

/** The outcomes that an execution may have unless its scenario says otherwise. */
export const ANY_BUT_FAILED: readonly ExecutionOutcome[] = EXECUTION_OUTCOMES.filter((outcome) => outcome !== 'failed');

/** The input of an execution, and its state machine. */
export type ExecutionStart =
  /** With `admin` on onboarding-admin, else on onboarding. */
  | { input: object; admin?: true }
  /** On onboarding-admin, with a digest of the hold of this application. */
  | { release: string; digest: 'newest' | 'told'; input?: never };

/** What an operator can change. */
export type Operated = Pick<Stack, 'sfn' | 'arnOf' | 'configure' | 'database' | 'ses'>;

/** One step of a script: a change in the company, a change of Usher itself, or the start of an execution. */
export interface ScriptStep {
  at: Date;
  /** What happens, in a few words and with the names of {@link Script.names}. */
  title: string;
  /** Why it is worth seeing. */
  say?: string;
  /** Changes what AWS shows to Usher. */
  act?(world: Pick<Stack, 'identityCenter' | 'faults'>): void;
  /** Changes Usher itself: its configuration or its executions. */
  operate?(stack: Operated): void | Promise<void>;
  /** Id of the user who reads the newest message. */
  reader?: string;
  start?: ExecutionStart & {
    /** The outcomes that are no surprise. */
    expected: readonly ExecutionOutcome[];
  };
}

/** A validated scenario, or validated events, ready to be played. */
export interface Script {
  title?: string;
  description?: string;
  closing?: string;
  entitlements: Entitlements;
  directory: DirectorySeed;
  quirks: Quirks;
  /** By default the account may send the notices. */
  mail?: MailSettings;
  /** By default AWS answers at once. */
  latency?: Latencies;
  /** By default there are none. */
  otherCallers?: OtherCallers;
  /** By default there are none. */
  limits?: Limits;
  /** By default as many as time allows. */
  batchUsers?: number;
  /** Start of virtual time. */
  start: Date;
  /** Names for readers, by id. They never reach the emulator. */
  names: ReadonlyMap<string, string>;
  /** In the order of time. */
  steps: readonly ScriptStep[];
}

/** Times before this leave room for the waits of a play: the year still has four digits. */
const LATEST = Date.UTC(9000, 0);

/** Returns the time of a text, or undefined if Usher does not accept the text as a time from 1970 to 8999 in UTC. */
export function momentOf(text: unknown): Date | undefined {
  const { success, data } = Timestamp.safeParse(text);
  const moment = new Date(success ? data : Number.NaN);
  return moment.getTime() >= 0 && moment.getTime() < LATEST ? moment : undefined;
}

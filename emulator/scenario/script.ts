import type { Entitlements } from '../../domain/entitlements.ts';
import { EXECUTION_OUTCOMES, type ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { Timestamp } from '../../domain/shared/timestamp.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import type { Quirks } from '../aws/identity-center/identity-center.ts';
import type { Stack } from '../stack/stack.ts';

/** What an execution may end as when nothing else is expected of it. */
export const ANY_BUT_FAILED: readonly ExecutionOutcome[] = EXECUTION_OUTCOMES.filter((outcome) => outcome !== 'failed');

/** Of which input, and on which machine, an execution is started. */
export type Start =
  | { input: object /** On onboarding-admin. */; admin?: true }
  /** On onboarding-admin, with a digest of this application's hold. */
  | { release: string; digest: 'newest' | 'told'; input?: never };

/** Something at a moment: a change in the company, the start of an execution, or only a word about it. */
export interface Step {
  at: Date;
  /** What happens, in a few words and by the names of {@link Script.names}. */
  title: string;
  /** Why it is worth seeing. */
  say?: string;
  /** Changes the world that Usher looks at. */
  act?(world: Pick<Stack, 'identityCenter' | 'faults'>): void;
  /** Does something to Usher itself: its configuration, its executions. */
  operate?(stack: Stack): void | Promise<void>;
  start?: Start & {
    /** What the execution may end as without being a surprise. */
    expected: readonly ExecutionOutcome[];
  };
}

/** What is played, read and checked. */
export interface Script {
  title?: string;
  description?: string;
  closing?: string;
  entitlements: Entitlements;
  directory: DirectorySeed;
  quirks: Quirks;
  /** Where virtual time begins. */
  start: Date;
  /** Names for people, by id. They never reach the stack. */
  names: ReadonlyMap<string, string>;
  /** In order of time. */
  steps: readonly Step[];
}

/** All that a play waits for still has a year of four digits. */
const LATEST = Date.UTC(9000, 0);

/** The time that a text tells, when the service understands it and a calendar has it: from 1970 to 8999, in UTC. */
export function momentOf(text: unknown): Date | undefined {
  const { success, data } = Timestamp.safeParse(text);
  const moment = new Date(success ? data : Number.NaN);
  return moment.getTime() >= 0 && moment.getTime() < LATEST ? moment : undefined;
}

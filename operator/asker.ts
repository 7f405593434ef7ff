import type { Entitlements } from '../domain/entitlements.ts';
import type { GroupNames } from '../domain/parse-entitlements.ts';
import type { Clock } from '../domain/shared/clock.ts';
import type { Memory } from './memory.ts';
import type { Services } from './services.ts';
import type { Unread } from './unread.ts';

/** Who asks, and what of: every question of `operator/` gets one. A face (`cli/`) makes it. */
export interface Asker {
  clock: Clock;
  stage: string;
  /** Whether the emulator is asked, not AWS. */
  local: boolean;
  /** The entitlements in force: those of the file or of the emulator. @throws InputError, MissingPrecondition */
  entitlements(): Promise<Entitlements>;
  /** The names that the entitlements in force give to groups; the emulator's give none. @throws like {@link entitlements} */
  groupNames(): Promise<GroupNames>;
  /** AWS or the emulator, in the Region of the entitlements. @throws like {@link entitlements} */
  services(): Promise<Services>;
  /** What earlier questions have read that does not change. */
  memory: Memory;
  /** What AWS refused to show so far. */
  unread: Unread;
  /** Says what is being read, for someone who waits. */
  progress(detail: string): void;
}

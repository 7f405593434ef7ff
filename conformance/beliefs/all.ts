import { ASSIGNMENT_BELIEFS } from './assignments.ts';
import type { Belief } from './belief.ts';
import { DIRECTORY_BELIEFS } from './directory.ts';
import { EVENT_BELIEFS } from './events.ts';
import { PLATFORM_BELIEFS } from './platform.ts';
import { SUBSCRIPTION_BELIEFS } from './subscriptions.ts';
import { UNPUBLISHED_CALL_BELIEFS } from './unpublished-calls.ts';

/** What Usher believes about AWS, by the page's sections. */
export const BELIEFS: Readonly<Record<string, readonly Belief[]>> = {
  events: EVENT_BELIEFS,
  directory: DIRECTORY_BELIEFS,
  assignments: ASSIGNMENT_BELIEFS,
  subscriptions: [...SUBSCRIPTION_BELIEFS, ...UNPUBLISHED_CALL_BELIEFS],
  platform: PLATFORM_BELIEFS,
};

/** All of them. */
export const ALL_BELIEFS: readonly Belief[] = Object.values(BELIEFS).flat();

import fc from 'fast-check';
import type * as z from 'zod/mini';
import type { ScenarioSchema } from '../../emulator/scenario/schema.ts';
import { APPLICATION, GROUP, group, OTHER_APPLICATION, OTHER_GROUP, user } from '../support/ids.ts';
import { SECRET } from '../support/secret.ts';

/** A scenario as it stands in a file. */
export type History = z.input<typeof ScenarioSchema>;
/** One entry of its actions. */
export type Action = History['actions'][number];

/** A subscription that someone else has made. */
export interface MadeSubscription {
  user: number;
  application: number;
  plan: number;
  source: 'INDIVIDUAL' | 'GROUP';
}

/** Where every history begins. */
export const START = Date.parse('2026-11-02T08:00:00Z');
export const PEOPLE = 6;
export const LATER_PEOPLE = 2;

/** A member of all groups that only some configurations have. */
export const CLERK = PEOPLE + LATER_PEOPLE + 1;

export const APPLICATIONS = [APPLICATION, OTHER_APPLICATION];
/** Of the profile, or of the Amazon Q Business application, of each: AWS has one list of Kiro per Region. */
export const SUBSCRIPTION_REGIONS = ['us-east-1', 'eu-central-1'];
export const GROUPS = [GROUP, OTHER_GROUP, group(3)];

/** Groups that only some configurations have. */
export const MORE_GROUPS = Array.from({ length: 30 }, (_, index) => group(100 + index));

/** With names that may not stand in a log. */
export function person(number: number) {
  return { userId: user(number), userName: `${SECRET}-${number}`, email: `${SECRET}-${number}@example.com` };
}

export const someone = fc.integer({ min: 1, max: PEOPLE });
export const anyone = fc.integer({ min: 1, max: PEOPLE + LATER_PEOPLE });
export const someGroup = fc.nat(GROUPS.length - 1);
export const someApplication = fc.nat(APPLICATIONS.length - 1);

import { CHANGE_KINDS } from '../../domain/decision/user-changes.ts';
import type { PlanDifferenceLine, PlanFile, PlanLine, PlannedChangeLine } from '../lines/plan.ts';

/** The fields of a plan that are compared: numbers and words, without what follows from the time of the reads. */
const FIELDS = [
  'configuration',
  'entitlement',
  'mode',
  'max',
  'entitled',
  'seats',
  'seatsAfter',
  'waitlistedAfter',
  ...CHANGE_KINDS,
  'aboveCap',
  'adoptable',
  'unmanaged',
  'notices',
  'noticesChange',
  'pricePerMonth',
] as const satisfies (keyof PlanLine)[];

/** Compares two plans: first application by application, then user by user. */
export function differencesBetween(before: PlanFile, after: PlanFile): PlanDifferenceLine[] {
  return [...planDifferences(before.plans, after.plans), ...userDifferences(before.changes, after.changes)];
}

function planDifferences(before: readonly PlanLine[], after: readonly PlanLine[]): PlanDifferenceLine[] {
  const [old, now] = [byKey(before, applicationOf), byKey(after, applicationOf)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((application) => {
    const [one, other] = [old.get(application), now.get(application)];
    return FIELDS.flatMap((field) =>
      differenceOf(field, { application, entitlement: (other ?? one)?.entitlement }, [one?.[field], other?.[field]]),
    );
  });
}

function userDifferences(
  before: readonly PlannedChangeLine[],
  after: readonly PlannedChangeLine[],
): PlanDifferenceLine[] {
  const keyOf = ({ application, userId }: PlannedChangeLine) => `${application} ${userId}`;
  const [old, now] = [byKey(before, keyOf), byKey(after, keyOf)];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((key) => {
    const [one, other] = [old.get(key), now.get(key)];
    const about = other ?? one;
    if (!about) return [];
    const { application, entitlement, userId } = about;
    return differenceOf('change', { application, entitlement, userId }, [one?.change, other?.change]);
  });
}

function applicationOf({ application }: PlanLine): string {
  return application;
}

function byKey<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T> {
  return new Map(all.map((one) => [keyOf(one), one]));
}

function differenceOf(
  field: string,
  { application, entitlement, userId }: { application: string; entitlement: string | undefined; userId?: string },
  [before, after]: readonly [string | number | undefined, string | number | undefined],
): PlanDifferenceLine[] {
  if (before === after) return [];
  return [
    {
      type: 'plan-difference',
      application,
      ...(entitlement === undefined ? {} : { entitlement }),
      ...(userId === undefined ? {} : { userId }),
      field,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    },
  ];
}

import type { Line } from '../../../operator/lines/all.ts';

type StatusLine = Extract<Line, { type: 'status' }>;
export type EntitlementLine = Extract<Line, { type: 'entitlement' }>;

/** The numbers of an entitlement: as of the last sweep or, once they are read, now. What is not known is absent. */
export interface Numbers extends Partial<Omit<EntitlementLine, 'type'>> {
  entitlement: string;
  sweptAt?: string | undefined;
  waitlistedSince?: string | undefined;
}

/** Returns the numbers of what is configured, and of applications that are no longer. */
export function numbersOf(
  status: StatusLine | undefined,
  lines: readonly EntitlementLine[],
): { configured: Numbers[]; retired: Numbers[] } {
  const read = new Map(lines.map(({ type: _, ...line }) => [line.application, line]));
  const swept = status?.entitlements ?? [];
  const known = new Set(swept.map(({ application }) => application));
  const configured = swept.map((one) => ({ ...one, ...read.get(one.application) }));
  return { configured, retired: lines.filter(({ application }) => status !== undefined && !known.has(application)) };
}

/** A part of the bar of an entitlement. */
export interface Part {
  kind: 'seated' | 'leaving' | 'held' | 'free' | 'waitlisted';
  count: number;
}

/** Divides the seats of an entitlement, and those who wait beyond its cap. What is not known counts as none. */
export function partsOf({ seats = 0, max = seats, leaving = 0, held = 0, waitlisted = 0 }: Numbers): Part[] {
  const parts: Part[] = [
    { kind: 'seated', count: Math.max(0, seats - leaving - held) },
    { kind: 'leaving', count: leaving },
    { kind: 'held', count: held },
    { kind: 'free', count: Math.max(0, max - seats) },
    { kind: 'waitlisted', count: waitlisted },
  ];
  return parts.filter(({ count }) => count > 0);
}

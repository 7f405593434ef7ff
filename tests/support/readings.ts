import type { Seat } from '../../domain/seat/seat.ts';
import type { Stack } from '../../emulator/stack/stack.ts';
import type { PlanOutput } from '../../reconcile/plan/result.ts';
import { APPLICATION, numberOf, user } from './ids.ts';
import { detailOf } from './invariants.ts';
import type { Records } from './record.ts';

/** What the ledger and the account hold for one user, and what the audit stream says of that user. */
export interface UserSummary {
  seat: string | undefined;
  assigned: boolean;
  audited: string[];
}

/** What tests ask of a stack. Users are named by number. */
export function readings(stack: Stack, { states, ends, audit, logs, assignments }: Records) {
  const { identityCenter: center } = stack;
  let counted = stack.calls();
  let seen = counted;

  async function seatsOf(applicationArn: string): Promise<Seat[]> {
    return (await stack.seats()).filter((seat) => seat.applicationArn === applicationArn);
  }
  const statusesOf = async (applicationArn = APPLICATION): Promise<Record<number, string>> =>
    Object.fromEntries((await seatsOf(applicationArn)).map(({ userId, status }) => [numberOf(userId), status]));
  const isAssigned = (number: number) =>
    center.isAssigned({ applicationArn: APPLICATION, principalId: user(number), principalType: 'USER' });
  const auditOnce = () => [...new Map(audit.map((entry) => [detailOf(entry).metadata.uid, entry])).values()];

  return {
    /** Returns the users to whom an application is assigned. */
    assigned: (applicationArn = APPLICATION) =>
      center.assignments().flatMap((one) => (one.applicationArn === applicationArn ? [numberOf(one.principalId)] : [])),
    isAssigned,
    /** Returns the largest number of assignments that APPLICATION has had after any one was made. */
    peak: () => Math.max(0, ...assignments),
    /** Returns a user's seat of APPLICATION. */
    seat: async (number: number) => (await seatsOf(APPLICATION)).find(({ userId }) => userId === user(number)),
    /** Returns the statuses of seats by user. */
    seats: statusesOf,
    /** Returns the users whose seats have a status. */
    async having(status: string) {
      const statuses = Object.entries(await statusesOf());
      return statuses.filter(([, has]) => has === status).map(([number]) => Number(number));
    },
    /** Returns the newest digest of what the brake holds; empty if it never held anything. */
    digest: async () => (await stack.hold(APPLICATION))?.digests.at(-1)?.digest ?? '',
    /** Returns what the audit stream says, each id once and in order: `Seat Assigned 1 group-join`. */
    audited: () =>
      auditOnce().map((entry) => {
        const { user: about, status_detail } = detailOf(entry);
        return [entry.DetailType, ...(about.uid ? [numberOf(about.uid)] : []), status_detail].join(' ');
      }),
    /** Returns the types of all events that the audit bus took, second copies too. */
    copies: () => audit.map(({ DetailType }) => DetailType),
    async summaries(...numbers: number[]): Promise<UserSummary[]> {
      const statuses = await statusesOf();
      return numbers.map((number) => ({
        seat: statuses[number],
        assigned: isAssigned(number),
        audited: auditOnce().flatMap((entry) => (detailOf(entry).user.uid === user(number) ? [entry.DetailType] : [])),
      }));
    },
    /** Returns what the last plan of an execution reported. */
    reportOf: (execution: string): Pick<PlanOutput, 'report' | 'unconfigured'> =>
      JSON.parse(stack.execution(execution)?.output ?? '{}').plan ?? {},
    /** Returns the values of a metric, in order. */
    measured: (metric: string): number[] => logs.flatMap((line) => JSON.parse(line)[metric] ?? []),
    /** Returns how often an operation was called. */
    calls: (operation: string) => (stack.calls()[operation] ?? 0) - (counted[operation] ?? 0),
    /** Returns the calls since the last time, by `<Service>.<Operation>`, without those that start and fix executions. */
    newCalls(): Map<string, number> {
      const before = seen;
      seen = stack.calls();
      const news = Object.entries(seen).map(([call, count]) => [call, count - (before[call] ?? 0)] as const);
      return new Map(news.filter(([call, count]) => count > 0 && !call.startsWith('SFN.')));
    },
    /** Leaves what the audit stream said so far out of account. */
    forgetAudit() {
      audit.length = 0;
    },
    /** Leaves everything that was recorded and called so far out of account. */
    forget() {
      for (const recorded of [states, ends, audit, logs]) recorded.length = 0;
      counted = stack.calls();
      seen = counted;
    },
  };
}

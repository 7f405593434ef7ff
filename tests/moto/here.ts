import { play } from '../../emulator/scenario/player.ts';
import type { Script } from '../../emulator/scenario/script.ts';
import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { auditLine, type Played } from './compare.ts';

/** Plays a script in the local stack. */
export async function playHere(script: Script): Promise<Played> {
  const states = new Map<string, string[]>();
  const ends = new Map<string, ExecutionEnd>();
  const audit: string[] = [];
  const mails: string[] = [];
  const { seats, assignments, calls } = await play(script, {
    state: ({ execution, state }) => {
      states.set(execution, [...(states.get(execution) ?? []), state]);
    },
    ended: (end) => ends.set(end.execution, end),
    audit: ({ DetailType, Detail }) => audit.push(auditLine(DetailType, Detail)),
    mail: ({ to, subject }) => mails.push(`${to.join()} ${subject}`),
    behind: () => undefined,
  });
  return {
    executions: [...states].map(([execution, entered]) => ({
      outcome: outcomeOf(ends.get(execution)),
      states: entered,
    })),
    assignments: assignments.map(({ principalId, applicationArn }) => `${principalId} ${applicationArn}`).sort(),
    seats: seats.map(({ userId, status }) => `${userId} ${status}`).sort(),
    audit: audit.sort(),
    mails: mails.sort(),
    // What starts the executions is not part of the service; the functions describe them.
    calls: Object.fromEntries(
      Object.entries(calls).filter(([call]) => !call.startsWith('SFN.') || call === 'SFN.DescribeExecution'),
    ),
  };
}

function outcomeOf(end: ExecutionEnd | undefined): string {
  if (!end) return 'running';
  const { outcome, cause } = end;
  return cause && outcome !== 'handedOver' ? `${outcome}: ${cause}` : outcome;
}

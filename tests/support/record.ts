import type { AuditEntry, StackListener, StateMoment } from '../../emulator/stack/listener.ts';
import type { ExecutionEnd, Stack } from '../../emulator/stack/stack.ts';
import { APPLICATION } from './ids.ts';
import type { CallRecorder } from './permissions.ts';

/** What a stack did since the test began. */
export interface Records {
  /** States that executions entered, in order. */
  states: StateMoment[];
  /** Executions in the order of their ends. */
  ends: ExecutionEnd[];
  /** All that the audit bus took, second copies too. */
  audit: AuditEntry[];
  /** What the functions logged, one line of JSON each. */
  logs: string[];
  /** What AWS refused of the functions' requests because of their inputs alone. */
  invalid: string[];
  /** After each assignment to APPLICATION, how many it has. */
  assignments: number[];
}

/** Records what a stack does. */
export function record(stack: () => Stack, recorder: CallRecorder): { records: Records; listener: StackListener } {
  const records: Records = { states: [], ends: [], audit: [], logs: [], invalid: [], assignments: [] };
  const countAssignments = () => {
    const { values } = stack().identityCenter.assigned(APPLICATION, Number.POSITIVE_INFINITY);
    records.assignments.push(values.length);
  };
  const listener: StackListener = {
    state: (moment) => records.states.push(moment),
    ended: (end) => records.ends.push(end),
    audit: (entry) => records.audit.push(entry),
    log: (line) => records.logs.push(line),
    invalid({ call, invocation }, { message }) {
      if (invocation !== undefined) records.invalid.push(`${call}: ${message}`);
    },
    request(request) {
      recorder.request(request);
      return request.call === 'SSOAdmin.CreateApplicationAssignment' ? countAssignments : undefined;
    },
  };
  return { records, listener };
}

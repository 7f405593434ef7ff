/** How an execution may end, in the order in which reports list it. */
export const EXECUTION_OUTCOMES = ['converged', 'handedOver', 'ignored', 'held', 'failed'] as const;

export type ExecutionOutcome = (typeof EXECUTION_OUTCOMES)[number];

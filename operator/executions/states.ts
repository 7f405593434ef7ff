/** What each state does. States that only choose the next one are left out. */
export const STATES: Readonly<Record<string, string>> = {
  NormalizeRequest: 'reads the input: which users or groups to check',
  CheckPropagation: 'asks Identity Center whether the change is visible',
  WaitForPropagation: 'waits: not visible yet, or too early to trust the reads',
  PlanChanges: 'reads who is entitled and who is assigned, and compares',
  ApplyChanges: 'makes the changes; the ledger records them before and after',
  RecordAudit: 'puts the changes on the audit stream',
  WaitToSettle: 'waits for reads to show the writes; the next plan verifies',
};

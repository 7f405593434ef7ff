import { to } from './route.tsx';

const EXECUTION_ARN = /^arn:[^:]+:states:[^:]+:\d+:execution:[^:]+:[\w-]+$/;
/** EventBridge names executions by two ids; the emulator counts them. */
const EXECUTION_NAME = /^(?:[\da-f-]{36}_[\da-f-]{36}|execution-\d+)$/;

/** Returns the page of what was searched for if its form says what it is; undefined if it may be a person. */
export function pageOf(text: string, entitlements: readonly string[]): string | undefined {
  if (entitlements.includes(text)) return to.entitlement(text);
  if (EXECUTION_ARN.test(text) || EXECUTION_NAME.test(text)) return to.execution(text);
  return undefined;
}

import { LiquidError } from 'liquidjs';
import { FILTERS, TAGS } from './engine.ts';

/** Where a template is broken, and how. */
export interface Fault {
  /** Absent if the error is not tied to a place. */
  file?: string;
  line?: number;
  problem: string;
}

/** Returns what liquidjs found: a parser finds several errors at once. */
export function faultsIn(error: unknown): Fault[] {
  if (!(error instanceof Error)) return [{ problem: 'cannot be rendered' }];
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.flatMap(faultsIn);
  if (!LiquidError.is(error)) return [{ problem: inOurWords(error.message) }];
  const { token, originalError } = error;
  const [line] = token.getPosition();
  return [
    {
      ...(token.file === undefined ? {} : { file: token.file }),
      ...(line === undefined ? {} : { line }),
      problem: inOurWords((originalError ?? error).message),
    },
  ];
}

/** Every message of liquidjs that names something of the template, with what may be written instead. */
const MESSAGES: readonly [pattern: RegExp, problem: (name: string) => string][] = [
  [/^undefined filter: (\S+)/, (name) => `no such filter: ${name}; expected one of ${FILTERS.join(', ')}`],
  [/^tag "(\S+?)" not found/, (name) => `no such tag: ${name}; expected one of ${TAGS.join(', ')}`],
];

function inOurWords(message: string): string {
  for (const [pattern, problem] of MESSAGES) {
    const name = pattern.exec(message)?.[1];
    if (name !== undefined) return problem(name);
  }
  // The place is given apart.
  return message.replace(/(?:, file:[^,]*)?, line:\d+, col:\d+$/, '');
}

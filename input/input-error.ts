import type { ValidationIssue } from '../domain/shared/validation.ts';

/** A file of the command line is invalid. The message has one line per error: `file: path: problem`. */
export class InputError extends Error {
  override readonly name = 'InputError';
  readonly file: string;
  readonly issues: readonly ValidationIssue[];

  constructor(file: string, issues: readonly ValidationIssue[], options?: ErrorOptions) {
    super(issues.map(({ path, problem }) => [file, path, problem].filter(Boolean).join(': ')).join('\n'), options);
    this.file = file;
    this.issues = issues;
  }
}

import { afterAll, beforeAll } from 'vitest';
import { anOperator, type Operator, type OperatorOptions } from './operator.ts';

/** `usher console --local` on a local stack, for the tests of a file. */
export function aConsole(options: OperatorOptions & { changes?: boolean } = {}): {
  operator: Operator;
  /** Address of the page, with the token. */
  readonly url: string;
} {
  const operator = anOperator(options);
  let served: Awaited<ReturnType<Operator['serve']>> | undefined;
  beforeAll(async () => {
    served = await operator.serve('console', '--no-open', ...(options.changes ? ['--allow-changes'] : []));
  });
  afterAll(() => served?.end());
  return {
    operator,
    get url() {
      if (!served) throw new Error('The console has not been started');
      return String(served.line['url']);
    },
  };
}

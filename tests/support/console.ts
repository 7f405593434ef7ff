import { afterAll, beforeAll } from 'vitest';
import { anOperator, linesOf, type Operator, type OperatorOptions } from './operator.ts';

/** `usher console --local` on a local stack, for the tests of a file. */
export function aConsole(options: OperatorOptions & { changes?: boolean } = {}): {
  operator: Operator;
  /** Address of the page, with the token. */
  readonly url: string;
  /** Asks a route, as the page does; posts a body. */
  ask(path: string, body?: object): Promise<Asked>;
} {
  const operator = anOperator(options);
  let served: Awaited<ReturnType<Operator['serve']>> | undefined;
  beforeAll(async () => {
    served = await operator.serve('console', '--no-open', ...(options.changes ? ['--allow-changes'] : []));
  });
  afterAll(() => served?.end());
  const url = () => {
    if (!served) throw new Error('The console has not been started');
    return String(served.line['url']);
  };
  return {
    operator,
    get url() {
      return url();
    },
    ask: (path, body) => askConsole(url(), path, body),
  };
}

/** What a route answers. */
interface Asked {
  status: number;
  /** The command line that it ran, without the address of the emulator: that is another one in each run. */
  command: string;
  text: string;
  /** The lines of a command. */
  lines(): Record<string, unknown>[];
}

/** Asks a route of a console with the token of its address. */
export async function askConsole(url: string, path: string, body?: object): Promise<Asked> {
  const { origin, hash } = new URL(url);
  const authorization = `Bearer ${hash.slice(1)}`;
  const response = await fetch(origin + path, {
    headers: { authorization, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const shown = decodeURIComponent(response.headers.get('x-usher-command') ?? '');
  const command = shown.replace(/^AWS_ENDPOINT_URL=\S+ /, '');
  return { status: response.status, command, text, lines: () => linesOf(text) };
}

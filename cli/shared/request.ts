import type { OutgoingHttpHeaders } from 'node:http';

/** What a server answered. */
export interface Answered {
  status: number | undefined;
  text: string;
}

/**
 * Sends a request, with the HTTP client that the SDK uses, too: `fetch` would load another one. So would an `import` of
 * `node:http`, which reads everything that it exports, and with it `WebSocket`. It follows no redirect.
 */
export async function request(
  url: string,
  options: { method?: string; headers?: OutgoingHttpHeaders; signal: AbortSignal },
  body?: string,
): Promise<Answered> {
  const { request: open } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  return new Promise((resolve, reject) => {
    const sent = open(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

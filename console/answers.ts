import { Buffer } from 'node:buffer';
import type { Answer, StreamedAnswer } from '../http/server.ts';

/** What every answer has, whatever it says: the page gets nothing from elsewhere, and no one else gets the page. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

export function file(type: string, body: Uint8Array): Answer {
  return { statusCode: 200, headers: { ...HEADERS, 'content-type': type }, body };
}

export function json(value: object, statusCode = 200): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { statusCode, headers: { ...HEADERS, 'content-type': 'application/json' }, body };
}

/** Says what is wrong with a request. It repeats nothing of it. */
export function problem(statusCode: number, message: string): Answer {
  return json({ message }, statusCode);
}

/** JSON Lines, as a command prints them. @param headers of this answer */
export function jsonLines(lines: AsyncIterable<string>, headers: Readonly<Record<string, string>>): StreamedAnswer {
  return {
    statusCode: 200,
    headers: { ...HEADERS, ...headers, 'content-type': 'application/jsonl' },
    body: ended(lines),
  };
}

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

/** A stream of events, each a JSON object. */
export function events(values: AsyncIterable<object>): StreamedAnswer {
  return { statusCode: 200, headers: { ...HEADERS, 'content-type': 'text/event-stream' }, body: asEvents(values) };
}

async function* asEvents(values: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const value of values) yield `data: ${JSON.stringify(value)}\n\n`;
}

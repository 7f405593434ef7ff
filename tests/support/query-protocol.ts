import type { ServerResponse } from 'node:http';

/** An answer of AWS that is an error. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** A value to write as XML. */
export type Xml = string | number | boolean | Date | undefined | readonly Xml[] | { [name: string]: Xml };

/** Reads `Tags.member.1.Key`. */
export function mapOf(given: URLSearchParams, list: string, key: string, value: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (let index = 1; given.has(`${list}.member.${index}.${key}`); index += 1) {
    const one = given.get(`${list}.member.${index}.${value}`);
    if (one !== null) found[String(given.get(`${list}.member.${index}.${key}`))] = one;
  }
  return found;
}

/** Writes a value as AWS does in the query protocol. */
export function xml(value: Xml): string {
  if (value === undefined) return '';
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((one) => `<member>${xml(one)}</member>`).join('');
  if (typeof value === 'object') {
    return Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .map(([name, one]) => `<${name}>${xml(one)}</${name}>`)
      .join('');
  }
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Answers a request. */
export function send(
  response: ServerResponse,
  body: string,
  { status = 200, type }: { status?: number; type?: string } = {},
): void {
  const headers = { 'content-type': 'text/xml', ...(type ? { 'x-amzn-errortype': type } : {}) };
  response.writeHead(status, headers).end(body);
}

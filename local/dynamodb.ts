import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import inject from 'light-my-request';
import type { Answer, Service } from './json-service.ts';

/** DynamoDB by `dynalite`, in memory and without a socket. */
export interface DynamoDb extends Service {
  /** What a table of the template looks like is given by the template. */
  createTable(properties: object): Promise<void>;
}

type Dynalite = (options: { createTableMs: number }) => { listeners(event: 'request'): RequestListener[] };

/** dynalite looks at the form of a signature and at nothing else. */
const SIGNED = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20260101T000000Z',
  'content-type': 'application/x-amz-json-1.0',
};

/** Opens an empty database. */
export function openDynamoDb(): DynamoDb {
  const dynalite: Dynalite = createRequire(import.meta.url)('dynalite');
  const [listener] = dynalite({ createTableMs: 0 }).listeners('request');
  if (!listener) throw new Error('dynalite listens to no requests');

  const handle = async (operation: string, body: Uint8Array): Promise<Answer> => {
    const { statusCode, headers, rawPayload } = await inject(listener, {
      method: 'POST',
      url: '/',
      headers: { ...SIGNED, 'x-amz-target': `DynamoDB_20120810.${operation}` },
      payload: Buffer.from(body),
    });
    return { statusCode, headers: { 'content-type': String(headers['content-type']) }, body: rawPayload };
  };

  return {
    handle,
    async createTable(properties) {
      const { statusCode, body } = await handle('CreateTable', Buffer.from(JSON.stringify(properties)));
      if (statusCode !== 200) throw new Error(`CreateTable: ${String(body)}`);
      const { TableDescription } = JSON.parse(String(body));
      const table = Buffer.from(JSON.stringify({ TableName: TableDescription.TableName }));
      // As at AWS, a table can't be used at once.
      while (JSON.parse(String((await handle('DescribeTable', table)).body)).Table.TableStatus !== 'ACTIVE');
    },
  };
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { ACCOUNT, FakeCloudFormation } from './cloudformation.ts';
import { Refusal, send, type Xml, xml } from './query-protocol.ts';

const CLOUD_FORMATION = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

/** What the portal of IAM Identity Center has for a login. */
const ROLE_CREDENTIALS = {
  roleCredentials: {
    accessKeyId: 'ASIA',
    secretAccessKey: 'secret',
    sessionToken: 'token',
    expiration: Date.now() + 3_600_000,
  },
};

/**
 * An account behind HTTP: CloudFormation with one stack, the deployment bucket, the code of functions, and who the caller is.
 */
export class FakeCloud extends FakeCloudFormation {
  alias: string | undefined;
  partition = 'aws';
  /** The objects on one page of a list. */
  pageSize = 1000;
  /** The key of an object that S3 does not delete. */
  kept: string | undefined;
  running = 0;
  /** Device and code of each role that was assumed. */
  readonly mfa: string[] = [];
  /** Requests, in order: `cloudformation DescribeStacks`, `s3 PUT /bucket/key`. */
  readonly calls: string[] = [];
  /** Called before each request; what it throws is the answer. */
  before: (call: string) => void = () => undefined;
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();

  /** Makes a request fail. */
  refuse(code: string, message: string, status = 400): never {
    throw new Refusal(code, message, status);
  }

  /** Opens the account. @param tls for an endpoint with TLS @returns the endpoint */
  async listen(tls?: { cert: string; key: string }): Promise<string> {
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    };
    const server = tls ? createSecureServer(tls, answer) : createServer(answer);
    // Those whose handshake fails are no connections of HTTP.
    server.on('connection', (socket) => this.#sockets.add(socket));
    this.#server = server;
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    return `http${tls ? 's' : ''}://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const [, service = ''] = /Credential=[^/]+\/\d+\/[^/]+\/(\w+)\//.exec(request.headers.authorization ?? '') ?? [];
    const parameters = new URLSearchParams(service === 's3' || service === 'lambda' ? '' : body.toString());
    const target = String(request.headers['x-amz-target'] ?? '').replace(/.*\./, '');
    const action = parameters.get('Action') ?? (target || `${request.method} ${request.url}`);
    const call = `${service} ${action}`;
    this.calls.push(call);
    try {
      this.before(call);
      if (request.url?.startsWith('/federation/credentials')) return send(response, JSON.stringify(ROLE_CREDENTIALS));
      if (service === 's3') return this.#s3(request, body, response);
      if (service === 'lambda') return this.#lambda(String(request.url), response);
      if (service === 'states') return this.#executions(body, response);
      const result =
        service === 'cloudformation' ? this.cloudFormation(action, parameters) : this.#identity(action, parameters);
      send(
        response,
        `<${action}Response xmlns="${CLOUD_FORMATION}"><${action}Result>${xml(result)}</${action}Result></${action}Response>`,
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { code, message, status } = error;
      if (service === 'lambda' || service === 'states') {
        return send(response, JSON.stringify({ __type: code, message }), { status, type: code });
      }
      const inner = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
      send(
        response,
        service === 's3'
          ? `<Error><Code>${code}</Code></Error>`
          : `<ErrorResponse xmlns="${CLOUD_FORMATION}">${inner}</ErrorResponse>`,
        { status },
      );
    }
  }

  #identity(action: string, given: URLSearchParams): Xml {
    if (action === 'GetCallerIdentity')
      return { Account: ACCOUNT, Arn: `arn:${this.partition}:iam::${ACCOUNT}:user/operator` };
    if (action === 'AssumeRole') {
      this.mfa.push(`${given.get('SerialNumber')} ${given.get('TokenCode')}`);
      const secret = { AccessKeyId: 'ASIA', SecretAccessKey: 'secret', SessionToken: 'token' };
      return { Credentials: { ...secret, Expiration: new Date(Date.now() + 3_600_000) } };
    }
    if (action === 'ListAccountAliases') return { AccountAliases: this.alias ? [this.alias] : [] };
    throw new Refusal('InvalidAction', action);
  }

  #s3(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const [path = '', query = ''] = String(request.url).split('?');
    const name = decodeURIComponent(path.slice(1)).replace(/\/$/, '');
    let answer = '';
    if (request.method === 'PUT') this.objects.set(name, body);
    else if (request.method === 'POST' && query.startsWith('delete')) {
      for (const [, key] of body.toString().matchAll(/<Key>([^<]+)<\/Key>/g)) {
        if (key !== this.kept) this.objects.delete(`${name}/${key}`);
      }
      answer = `<DeleteResult>${this.kept ? xml({ Error: { Key: this.kept, Code: 'AccessDenied' } }) : ''}</DeleteResult>`;
    } else if (request.method === 'GET' && query.includes('versions')) {
      const keys = [...this.objects.keys()].filter((one) => one.startsWith(`${name}/`));
      const page = keys.slice(0, this.pageSize).map((key) => key.slice(name.length + 1));
      const versions = page.map((Key) => xml({ Version: { Key, VersionId: 'null' } }));
      const next = page.length < keys.length ? { IsTruncated: true, NextKeyMarker: page.at(-1) } : {};
      answer = `<ListVersionsResult>${versions.join('')}${xml({ IsTruncated: false, ...next })}</ListVersionsResult>`;
    } else throw new Refusal('MethodNotAllowed', name);
    send(response, answer);
  }

  #executions(body: Buffer, response: ServerResponse): void {
    const { nextToken = '0' }: { nextToken?: string } = JSON.parse(body.toString());
    const next = Number(nextToken) + this.pageSize;
    const executions = Array(Math.min(this.pageSize, this.running - Number(nextToken))).fill({});
    send(response, JSON.stringify({ executions, ...(next < this.running ? { nextToken: String(next) } : {}) }));
  }

  #lambda(url: string, response: ServerResponse): void {
    const [, name = ''] = /functions\/([^/]+)\/configuration/.exec(url) ?? [];
    const sha256 = this.code.get(name);
    if (sha256 === undefined) throw new Refusal('ResourceNotFoundException', name, 404);
    send(response, JSON.stringify({ CodeSha256: sha256 }));
  }
}

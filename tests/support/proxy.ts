import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request as forward, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A proxy of a company. */
export interface ProxyServer {
  /** `127.0.0.1:PORT` */
  host: string;
  /** What it was asked for: `CONNECT sts.us-east-1.amazonaws.com:443`, `POST http://…`. */
  asked: string[];
  /** The Proxy-Authorization of each request that had one. */
  authorizations: string[];
}

/**
 * Opens a proxy for one test.
 *
 * @param answer the status line with which it refuses tunnels
 * @param to port of this machine to which all its tunnels and requests lead
 */
export async function aProxy({ answer, to = 0 }: { answer?: string; to?: number }): Promise<ProxyServer> {
  const asked: string[] = [];
  const authorizations: string[] = [];
  const sockets = new Set<Socket>();
  const note = ({ method, url, headers }: IncomingMessage) => {
    asked.push(`${method} ${url}`);
    if (headers['proxy-authorization']) authorizations.push(headers['proxy-authorization']);
  };
  const server = createServer((request, response) => {
    note(request);
    const { method, headers } = request;
    const path = new URL(String(request.url)).pathname;
    const onward = forward({ host: '127.0.0.1', port: to, method, path, headers }, (answered) => {
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    note(request);
    if (answer !== undefined) return socket.end(`HTTP/1.1 ${answer}\r\n\r\n<html>no</html>`);
    const onward = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const one of [onward, socket]) one.on('error', () => undefined);
    return undefined;
  });
  server.on('connection', (socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, asked, authorizations };
}

/** A certificate that signs itself, for one test. @returns its file, its text and its key */
export function aCertificate(name: string): { file: string; cert: string; key: string } {
  const folder = mkdtempSync(join(tmpdir(), 'usher-certificate-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [file, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const files = ['-keyout', keyFile, '-out', file];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files], {
    stdio: 'ignore',
  });
  return { file, cert: readFileSync(file, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

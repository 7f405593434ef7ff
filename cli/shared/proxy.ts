import type { ClientRequest } from 'node:http';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { readText } from '../../input/files.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy that the environment names. */
interface Proxy {
  /** Name of the variable. */
  variable: string;
  url: URL;
}

/** Longer than any proxy takes to answer. Without a limit, an address without a host would be waited for two minutes. */
const CONNECT_MILLISECONDS = 20_000;

/**
 * Returns what sends requests through the proxy of the environment, as the AWS command line does; undefined without one.
 * `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count, also in lower case, which goes first, and `AWS_CA_BUNDLE`.
 *
 * @throws UsageError if a variable names no proxy · InputError if there is no such file
 */
export async function proxyHandler(env: Env): Promise<NodeHttpHandler | undefined> {
  const https = proxyIn(env, 'https_proxy');
  const http = proxyIn(env, 'http_proxy');
  const bundle = env['AWS_CA_BUNDLE'];
  if (!https && !http && !bundle) return undefined;
  return new EnvironmentHandler(env, { https, http }, bundle ? await readText(bundle) : undefined);
}

/** The value of a variable in lower or upper case. The AWS command line takes a value without a scheme as an HTTP proxy. */
function proxyIn(env: Env, name: string): Proxy | undefined {
  const [variable, value] = valueIn(env, name) ?? [];
  if (!(variable && value)) return undefined;
  const text = value.includes('://') ? value : `http://${value.replace(/^\/\//, '')}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.hostname && (url.protocol === 'http:' || url.protocol === 'https:')) return { variable, url };
  // The value may contain a password.
  throw new UsageError(
    `${variable} is no address of a proxy: expected http://HOST:PORT or http://USER:PASSWORD@HOST:PORT`,
  );
}

function valueIn(env: Env, name: string): [variable: string, value: string] | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = env[variable];
    if (value) return [variable, value];
  }
  return undefined;
}

/**
 * Whether a request goes without a proxy. An entry of NO_PROXY names a host and all hosts below it, perhaps with a port.
 *
 * @see https://docs.python.org/3/library/urllib.request.html#urllib.request.getproxies, which the AWS command line uses
 */
export function goesDirect(env: Env, host: string, port: string): boolean {
  // A proxy would look for these on its own machine.
  if (/^(?:localhost|127(?:\.\d+){3}|\[?::1\]?)$/.test(host)) return true;
  const [, list = ''] = valueIn(env, 'no_proxy') ?? [];
  return list.split(',').some((entry) => {
    const name = entry
      .trim()
      .toLowerCase()
      .replace(/^\*?\./, '');
    return name === '*' || [host, `${host}:${port}`].some((one) => name !== '' && `.${one}`.endsWith(`.${name}`));
  });
}

/** Sends each request directly or through its proxy. */
class EnvironmentHandler extends NodeHttpHandler {
  readonly #env: Env;
  readonly #proxies: { https: Proxy | undefined; http: Proxy | undefined };
  readonly #proxied: NodeHttpHandler;

  constructor(env: Env, proxies: { https: Proxy | undefined; http: Proxy | undefined }, ca: string | undefined) {
    super(ca === undefined ? {} : { httpsAgent: { ca } });
    this.#env = env;
    this.#proxies = proxies;
    this.#proxied = new NodeHttpHandler({
      connectionTimeout: CONNECT_MILLISECONDS,
      ...(proxies.https ? { httpsAgent: new TunnelAgent(proxies.https, ca) } : {}),
      ...(proxies.http ? { httpAgent: new ForwardAgent(proxies.http) } : {}),
    });
  }

  override async handle(...[request, options]: Parameters<NodeHttpHandler['handle']>) {
    const isSecure = request.protocol === 'https:';
    const proxy = isSecure ? this.#proxies.https : this.#proxies.http;
    const port = String(request.port ?? (isSecure ? 443 : 80));
    if (!proxy || goesDirect(this.#env, request.hostname.toLowerCase(), port)) return super.handle(request, options);
    try {
      return await this.#proxied.handle(request, options);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (/without establishing a connection/.test(error.message)) {
        throw unreachable(proxy, `no answer in ${CONNECT_MILLISECONDS / 1000} s`);
      }
      if (/certificate/.test(error.message)) {
        throw new MissingPrecondition(
          `${request.hostname}, through the proxy ${proxy.url.host}: ${error.message}. If the proxy opens TLS, name the file with its certificates in AWS_CA_BUNDLE`,
        );
      }
      throw error;
    }
  }

  override destroy(): void {
    this.#proxied.destroy();
    super.destroy();
  }
}

/** Connects to HTTPS endpoints through a tunnel. */
class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #proxy: Proxy;
  readonly #ca: { ca?: string };

  constructor(proxy: Proxy, ca: string | undefined) {
    const trust = ca === undefined ? {} : { ca };
    super(proxy.url, { keepAlive: true, ...trust });
    this.#proxy = proxy;
    this.#ca = trust;
    // The agent would pass the proxy's refusal on as an answer of AWS.
    this.on('proxyConnect', ({ statusCode, statusText }, request: ClientRequest) => {
      if (statusCode !== 200) request.destroy(refusal(proxy, `${statusCode} ${statusText}`, request.host));
    });
  }

  override async connect(...[request, options]: Parameters<HttpsProxyAgent<string>['connect']>) {
    try {
      return await super.connect(request, { ...options, ...this.#ca });
    } catch (error) {
      throw unreachable(this.#proxy, error instanceof Error ? error.message : String(error));
    }
  }
}

/** Sends requests to HTTP endpoints to the proxy, which forwards them. */
class ForwardAgent extends HttpProxyAgent<string> {
  readonly #proxy: Proxy;

  constructor(proxy: Proxy) {
    super(proxy.url, { keepAlive: true });
    this.#proxy = proxy;
  }

  override async connect(...[request, options]: Parameters<HttpProxyAgent<string>['connect']>) {
    try {
      return await super.connect(request, options);
    } catch (error) {
      throw unreachable(this.#proxy, error instanceof Error ? error.message : String(error));
    }
  }
}

/** The error has no cause: the SDK would find a code of the network there, and try again. */
function unreachable({ variable, url }: Proxy, why: string): MissingPrecondition {
  return new MissingPrecondition(`The proxy ${url.host} of ${variable} cannot be reached: ${why}`);
}

function refusal({ variable, url }: Proxy, answer: string, host: string): MissingPrecondition {
  const hint = answer.startsWith('407')
    ? `. Put user and password into ${variable}: http://USER:PASSWORD@HOST:PORT`
    : '';
  return new MissingPrecondition(`The proxy ${url.host} of ${variable} does not connect to ${host}: ${answer}${hint}`);
}

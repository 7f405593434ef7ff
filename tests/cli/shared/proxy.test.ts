import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { describe, expect, it, onTestFinished } from 'vitest';
import { goesDirect, proxyHandler } from '../../../cli/shared/proxy.ts';
import { MissingPrecondition, UsageError } from '../../../operator/failures.ts';
import { FakeCloud } from '../../support/cloud.ts';
import { aCertificate, aProxy } from '../../support/proxy.ts';

const STS = 'sts.us-east-1.amazonaws.com';

/** A client of the SDK whose environment is this. */
async function aClient(env: Record<string, string>, endpoint?: string) {
  const requestHandler = await proxyHandler(env);
  return new STSClient({
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    ...(requestHandler ? { requestHandler } : {}),
    ...(endpoint ? { endpoint } : {}),
  });
}

/** AWS, which only a tunnel reaches. */
async function anEndpoint(tls?: { cert: string; key: string }) {
  const aws = new FakeCloud();
  const url = await aws.listen(tls);
  onTestFinished(() => aws.close());
  return { aws, url, port: Number(new URL(url).port) };
}

describe('a proxy of the environment', () => {
  it.each(['HTTPS_PROXY', 'https_proxy'])(
    'tunnels every request to AWS, and AWS_CA_BUNDLE is trusted: %s',
    async (name) => {
      const certificate = aCertificate(STS);
      const { port } = await anEndpoint(certificate);
      const proxy = await aProxy({ to: port });
      const env = { [name]: `http://operator:s%40fe@${proxy.host}`, AWS_CA_BUNDLE: certificate.file };
      const client = await aClient(env);
      expect(await client.send(new GetCallerIdentityCommand())).toMatchObject({ Account: '111122223333' });
      expect(proxy.asked).toEqual([`CONNECT ${STS}:443`]);
      expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('operator:s@fe').toString('base64')}`]);
    },
  );

  it('that opens TLS is named, with what its certificate needs', async () => {
    const certificate = aCertificate(STS);
    const { port } = await anEndpoint(certificate);
    const proxy = await aProxy({ to: port });
    const client = await aClient({ HTTPS_PROXY: `http://${proxy.host}` });
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error.message).toContain('self-signed certificate');
    expect(error.message).toContain('AWS_CA_BUNDLE');
  });

  it('is none with AWS_CA_BUNDLE alone, which is trusted as well', async () => {
    const certificate = aCertificate('localhost');
    const { port } = await anEndpoint(certificate);
    const client = await aClient({ AWS_CA_BUNDLE: certificate.file }, `https://localhost:${port}`);
    expect(await client.send(new GetCallerIdentityCommand())).toMatchObject({ Account: '111122223333' });
  });

  it('forwards requests to endpoints without TLS: HTTP_PROXY', async () => {
    const { port } = await anEndpoint();
    const proxy = await aProxy({ to: port });
    const client = await aClient({ HTTP_PROXY: `http://${proxy.host}` }, 'http://sts.example.test');
    expect(await client.send(new GetCallerIdentityCommand())).toMatchObject({ Account: '111122223333' });
    expect(proxy.asked).toEqual(['POST http://sts.example.test/']);
  });

  it('may be written without a scheme, and in lower case it goes first', async () => {
    const proxy = await aProxy({ answer: '503 x' });
    const client = await aClient({ https_proxy: proxy.host, HTTPS_PROXY: 'http://127.0.0.1:9' });
    await expect(client.send(new GetCallerIdentityCommand())).rejects.toThrow(MissingPrecondition);
    expect(proxy.asked).toHaveLength(1);
  });

  it('is not asked for endpoints on this machine, such as the emulator', async () => {
    const { url } = await anEndpoint();
    const proxy = await aProxy({ answer: '503 x' });
    const client = await aClient({ HTTP_PROXY: `http://${proxy.host}`, HTTPS_PROXY: `http://${proxy.host}` }, url);
    expect(await client.send(new GetCallerIdentityCommand())).toMatchObject({ Account: '111122223333' });
    expect(proxy.asked).toEqual([]);
  });

  it('is none without a variable', async () => {
    expect(await proxyHandler({ HTTPS_PROXY: '', NO_PROXY: 'a' })).toBeUndefined();
  });
});

describe('a proxy that does not work', () => {
  it.each([
    ['503 Service Unavailable', 'does not connect to sts.us-east-1.amazonaws.com: 503 Service Unavailable'],
    ['407 Proxy Authentication Required', 'Put user and password into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT'],
  ])('is a clear error at once, without its password: %s', async (answer, message) => {
    const proxy = await aProxy({ answer });
    const client = await aClient({ HTTPS_PROXY: `http://operator:safe@${proxy.host}` });
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error.message).toContain(`The proxy ${proxy.host} of HTTPS_PROXY`);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('safe');
    expect(proxy.asked).toHaveLength(1);
  });

  it.each([
    ['HTTPS_PROXY', undefined],
    ['HTTP_PROXY', 'http://sts.example.test'],
  ])('is a clear error if no one listens: %s', async (name, endpoint) => {
    const client = await aClient({ [name]: 'http://127.0.0.1:9' }, endpoint);
    const error = await client.send(new GetCallerIdentityCommand()).catch((caught) => caught);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error.message).toContain(`The proxy 127.0.0.1:9 of ${name} cannot be reached`);
  });

  it.each(['http://', 'socks5://a:1', 'http://a:port', 'user:pass word@ho st', '://'])(
    'is wrong use if it is no address: %s',
    async (value) => {
      const error = await proxyHandler({ HTTPS_PROXY: value }).catch((caught) => caught);
      expect(error).toBeInstanceOf(UsageError);
      expect(error.message).toContain('HTTPS_PROXY is no address of a proxy');
      expect(error.message).not.toContain('pass word');
    },
  );

  it('is wrong use if AWS_CA_BUNDLE is no file', async () => {
    await expect(proxyHandler({ AWS_CA_BUNDLE: '/no/such/file' })).rejects.toThrow('/no/such/file');
  });
});

describe('NO_PROXY', () => {
  it.each([
    ['*', true],
    [STS, true],
    ['amazonaws.com', true],
    ['.amazonaws.com', true],
    ['*.amazonaws.com', true],
    ['AMAZONAWS.COM', true],
    ['example.com, amazonaws.com', true],
    [`${STS}:443`, true],
    ['amazonaws.com:443', true],
    [`${STS}:8443`, false],
    ['onaws.com', false],
    ['example.com', false],
    ['', false],
    [',', false],
    [' , .', false],
  ])('%s lets a request go without the proxy: %s', (list, expected) => {
    expect(goesDirect({ NO_PROXY: list }, STS, '443')).toBe(expected);
    expect(goesDirect({ no_proxy: list }, STS, '443')).toBe(expected);
  });

  it('in lower case goes first', () => {
    expect(goesDirect({ no_proxy: 'example.com', NO_PROXY: '*' }, STS, '443')).toBe(false);
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '[::1]', '::1'])('always has %s', (host) => {
    expect(goesDirect({}, host, '4710')).toBe(true);
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import type { Entitlement, SubscriptionSettings } from '../domain/entitlements.ts';

/** Modules of the SDK that do more than Lambda needs, each with its replacement. */
const REPLACEMENTS: Readonly<Record<string, string>> = {
  // Lambda passes credentials in the environment. The rest of the chain reads files, profiles and endpoints.
  '@aws-sdk/credential-provider-node': "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
  // A function assumes a role with its own credentials, and gets none in another way.
  '@aws-sdk/credential-providers': `
    import { fromEnv } from '@aws-sdk/credential-provider-env';
    import { fromTemporaryCredentials as withDefault } from '@aws-sdk/credential-providers/dist-es/fromTemporaryCredentials.base.js';
    export const fromTemporaryCredentials = (options) => withDefault(options, fromEnv);`,
  // No operation that a function calls streams events. What it shares with the rest would be a file of its own to load.
  '@smithy/core/event-streams': `
    export class EventStreamCodec {}
    export class EventStreamSerde {}
    export const eventStreamSerdeProvider = undefined;
    export const resolveEventStreamSerdeConfig = (config) => config;`,
  '@aws-sdk/eventstream-handler-node': 'export const eventStreamPayloadHandlerProvider = undefined;',
  '@aws-sdk/middleware-eventstream':
    'export const getEventStreamPlugin = undefined;\nexport const resolveEventStreamConfig = (config) => config;',
  // Asks a service for its endpoints, which must be switched on.
  '@aws-sdk/middleware-endpoint-discovery': `
    export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = { environmentVariableSelector() {}, configFileSelector() {} };
    export const resolveEndpointDiscoveryConfig = (config) => config;`,
  // Signs for several Regions at once, with another package that would have to be there. Amazon SES can be asked so.
  '@aws-sdk/signature-v4-multi-region': `
    import { SignatureV4 } from '@smithy/signature-v4';
    export class SignatureV4MultiRegion extends SignatureV4 {
      static sigv4aDependency() { return 'none'; }
    }`,
  // Reads the user agent of a browser.
  bowser: 'export default {};',
};

/**
 * The same for modules within `@smithy` and `@aws-sdk`, by the end of their path. A build fails if another version of the SDK exports
 * something else there.
 */
const INNER_REPLACEMENTS: Readonly<Record<string, string>> = {
  // A Lambda function has no configuration files.
  'shared-ini-file-loader/loadSharedConfigFiles.js': `
    export { CONFIG_PREFIX_SEPARATOR } from './constants';
    export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  // Asks the metadata service of EC2.
  'regionConfig/getInstanceMetadataRegion.js': 'export const getInstanceMetadataRegion = async () => undefined;',
  // The state machine retries, not the SDK (adapters/clients.ts).
  'util-retry/AdaptiveRetryStrategy.js': 'export class AdaptiveRetryStrategy {}',
  // Only conversations speak HTTP/2 (adapters/subscriptions/amazon-q-business.ts).
  'dist-es/node-http2-handler.js': 'export const NodeHttp2Handler = { create: (handler) => handler };',
  // Signs the messages of event streams, of which there are none (above).
  'dist-es/HeaderFormatter.js': 'export class HeaderFormatter {}',
  // No function calls S3.
  'service-customizations/s3.js': `
    export const [resolveParamsForS3, isDnsCompatibleBucketName, isArnBucketName] = [];
    export const [DOT_PATTERN, S3_HOSTNAME_PATTERN] = [];`,
  // Warns of an old Node. That of the functions is set in the template.
  'client/emitWarningIfUnsupportedVersion.js':
    'export const state = {};\nexport const emitWarningIfUnsupportedVersion = () => {};',
  // Tells AWS in the user agent which features of the SDK are in use.
  'middleware-user-agent/check-features.js': 'export const checkFeatures = async () => {};',
  // For builds of Node without cryptography.
  'checksum/sha256/Sha256Js.js': 'export class Sha256Js {}',
};

/**
 * Returns a filter for files by the end of their paths. esbuild gives paths as the system writes them, on Windows with
 * backslashes.
 *
 * @param end the source of a regular expression in which `/` separates folders
 */
function endingIn(end: string): RegExp {
  return new RegExp(`${end.replaceAll('/', String.raw`[\\/]`)}$`);
}

/**
 * Writes the keys of a client's schemas as texts. The SDK computes them from constants, and esbuild keeps every schema with a
 * computed key, whether it is used or not.
 */
function withPlainKeys(source: string): string {
  const texts = new Map([...source.matchAll(/^const (_\w+) = ("[^"]*");$/gm)].map(([, name, text]) => [name, text]));
  return source.replace(/\[(_\w+)\]:/g, (key, name) => (texts.has(name) ? `${texts.get(name)}:` : key));
}

/** Errors that adapters know by their class. All others they know by their name, which the service's own error has as well. */
export const ERROR_CLASSES = ['ConditionalCheckFailedException', 'ConflictException', 'ExecutionDoesNotExist'];

/** Leaves out the classes of errors that no adapter knows by its class. */
function withoutErrorClasses(source: string): string {
  return source.replace(/^\w+\.registerError\(\w+\$?, (\w+)\);$/gm, (registration, name: string) =>
    ERROR_CLASSES.includes(name) || name.endsWith('ServiceException') ? registration : '',
  );
}

const lambdaOnly = (serviceDir: string): Plugin => ({
  name: 'lambda-only',
  setup({ onResolve, onLoad }) {
    for (const [path, contents] of Object.entries(INNER_REPLACEMENTS)) {
      onLoad({ filter: endingIn(`(?:@smithy|@aws-sdk)/.*/${path.replaceAll('.', '\\.')}`) }, () => ({
        contents,
        loader: 'js',
      }));
    }
    const filter = new RegExp(`^(?:${Object.keys(REPLACEMENTS).join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'lambda-only' }));
    // The SDK names its version in the user agent, and would embed the whole description of each package for it.
    onLoad({ filter: endingIn(String.raw`@aws-sdk/(?:client-[\w-]+|nested-clients)/package\.json`) }, ({ path }) => ({
      contents: JSON.stringify({ version: JSON.parse(readFileSync(path, 'utf8')).version }),
      loader: 'json',
    }));
    // No request depends on the display name of a Region.
    onLoad({ filter: endingIn(String.raw`@aws-sdk/core/.*/aws/partitions\.js`) }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/"description": "[^"]*"/g, ''),
    }));
    onLoad({ filter: endingIn(String.raw`@aws-sdk/client-[\w-]+/dist-es/schemas/schemas_0\.js`) }, ({ path }) => ({
      contents: withoutErrorClasses(withPlainKeys(readFileSync(path, 'utf8'))),
    }));
    onLoad({ filter: /./, namespace: 'lambda-only' }, ({ path }) => ({
      contents: REPLACEMENTS[path] ?? '',
      resolveDir: join(serviceDir, 'node_modules', path),
    }));
  },
});

/** What connects to subscriptions, each with whether an entitlement needs it. */
const CONNECTORS: readonly { file: RegExp; isNeeded(settings: SubscriptionSettings): boolean }[] = [
  { file: endingIn(String.raw`adapters/subscriptions/kiro\.ts`), isNeeded: ({ provider }) => provider === 'kiro' },
  {
    file: endingIn(String.raw`adapters/subscriptions/amazon-q-business\.ts`),
    isNeeded: ({ provider }) => provider === 'amazon-q-business',
  },
  { file: endingIn(String.raw`adapters/assume-role\.ts`), isNeeded: ({ roleArn }) => roleArn !== undefined },
];

/** Leaves out the clients of subscriptions that no entitlement asks for: each is loaded on demand only. */
const configuredOnly = (entitlements: readonly Entitlement[]): Plugin => ({
  name: 'configured-only',
  setup({ onLoad }) {
    const settings = entitlements.flatMap(({ subscription }) => subscription ?? []);
    for (const { file, isNeeded } of CONNECTORS) {
      if (!settings.some(isNeeded)) onLoad({ filter: file }, () => ({ contents: 'export {};', loader: 'ts' }));
    }
  },
});

/** Returns the plugins with which functions are packaged for a configuration. */
export function pluginsFor(serviceDir: string, entitlements: readonly Entitlement[]): Plugin[] {
  return [lambdaOnly(serviceDir), configuredOnly(entitlements)];
}

/**
 * Bundles one entry with the SDK, as Lambda runs it.
 *
 * `splitting` keeps modules that the SDK loads on demand out of the cold start; `module` first lets esbuild remove unused
 * code. The names of chunks depend on the paths of their modules: with `preserveSymlinks`, they are the same wherever
 * `node_modules` is.
 *
 * @param entry path of the source from `serviceDir`, without its suffix; the bundle has the same path below `outdir`
 * @param plugins by default those for a configuration without subscriptions; an empty list keeps all modules
 */
export function bundle(serviceDir: string, entry: string, outdir: string, plugins = pluginsFor(serviceDir, [])) {
  return build({
    absWorkingDir: serviceDir,
    entryPoints: { [entry]: `${entry}.ts` },
    outdir,
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunks/[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    preserveSymlinks: true,
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    plugins,
  });
}

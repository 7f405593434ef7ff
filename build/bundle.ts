import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What the SDK brings for places where Lambda isn't: each is replaced by what it comes to in Lambda. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  // Lambda gives credentials by the environment. The chain behind it looks for files, profiles and endpoints.
  '@aws-sdk/credential-provider-node': "export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';",
  // Reads the user agent of a browser.
  bowser: 'export default {};',
};

const lambdaOnly = (serviceDir: string): Plugin => ({
  name: 'lambda-only',
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:${Object.keys(ELSEWHERE).join('|')})$`);
    onResolve({ filter }, ({ path }) => ({ path, namespace: 'lambda-only' }));
    onLoad({ filter: /./, namespace: 'lambda-only' }, ({ path }) => ({
      contents: ELSEWHERE[path] ?? '',
      resolveDir: join(serviceDir, 'node_modules', path),
    }));
  },
});

/**
 * Bundles one entry, the SDK with it, as Lambda runs it.
 *
 * `splitting` keeps what the SDK loads only on demand out of the cold start; `module` first lets esbuild shake the tree.
 *
 * @param entry path of the source from `serviceDir`, without its suffix; the bundle has the same below `outdir`
 * @param plugins none: with all that the SDK brings
 */
export function bundle(serviceDir: string, entry: string, outdir: string, plugins = [lambdaOnly(serviceDir)]) {
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
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    plugins,
  });
}

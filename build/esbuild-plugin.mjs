import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readEntitlements } from '../cli/entitlements-file.ts';

/**
 * Packages each function as one reproducible zip: its code and the SDK bundled, and entitlements.yml, checked, as
 * entitlements.json. A handler keeps its path, so that serverless.yml names the source file.
 */
export default class EsbuildPlugin {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => this.packageFunctions(),
      'before:package:function:package': () => this.packageFunctions(),
    };
  }

  async packageFunctions() {
    const { service, serviceDir, pluginManager } = this.serverless;
    const file = 'entitlements.yml';
    const entitlements = JSON.stringify(readEntitlements(await readFile(join(serviceDir, file), 'utf8'), file));
    // The framework's own zip is sorted and without times; it has no other door for code that doesn't lie in place.
    const packager = pluginManager.plugins.find((plugin) => plugin.constructor.name === 'Package');
    await Promise.all(
      service.getAllFunctions().map(async (name) => {
        const definition = service.getFunction(name);
        const directory = join(serviceDir, '.serverless', 'bundles', name);
        await rm(directory, { recursive: true, force: true });
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'entitlements.json'), entitlements);
        await bundle(serviceDir, definition.handler.replace(/\.\w+$/, ''), directory);
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
        definition.package = { artifact: await packager.zipFiles(files, `${name}.zip`, directory) };
      }),
    );
  }
}

/** `splitting` keeps what the SDK loads only on demand out of the cold start; `module` first lets esbuild shake the tree. */
const bundle = (serviceDir, entry, outdir) =>
  build({
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
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
  });

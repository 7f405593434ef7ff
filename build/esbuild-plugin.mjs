import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readEntitlements } from '../input/entitlements-file.ts';
import { bundle, pluginsFor } from './bundle.ts';

/**
 * Packages each function as one reproducible zip: the bundle of its code and the SDK, and the validated entitlements.yml as
 * entitlements.json. A handler keeps its path, so that serverless.yml names the source file.
 */
export default class EsbuildPlugin {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      'before:package:initialize': () => this.nameDirectory(),
      'before:package:createDeploymentArtifacts': () => this.packageFunctions(),
      'before:package:function:package': () => this.packageFunctions(),
    };
  }

  /**
   * Names the folder in the bucket by SOURCE_DATE_EPOCH. The template contains the folder's name, and the framework makes it
   * from the time of the build: two builds would differ.
   *
   * @see https://reproducible-builds.org/specs/source-date-epoch/
   */
  nameDirectory() {
    const seconds = process.env.SOURCE_DATE_EPOCH;
    if (!seconds) return;
    const date = new Date(Number(seconds) * 1000);
    const { service } = this.serverless;
    const provider = this.serverless.getProvider('aws');
    const folder = [provider.getDeploymentPrefix(), service.service, provider.getStage()].join('/');
    service.package.artifactDirectoryName = `${folder}/${date.getTime()}-${date.toISOString()}`;
  }

  async packageFunctions() {
    const { service, serviceDir, pluginManager } = this.serverless;
    const file = 'entitlements.yml';
    const configuration = readEntitlements(await readFile(join(serviceDir, file), 'utf8'), file);
    const plugins = pluginsFor(serviceDir, configuration.entitlements);
    // The framework's own zip is sorted and has no times. The plugin has no public way to package code of another folder.
    const packager = pluginManager.plugins.find((plugin) => plugin.constructor.name === 'Package');
    await Promise.all(
      service.getAllFunctions().map(async (name) => {
        const definition = service.getFunction(name);
        const directory = join(serviceDir, '.serverless', 'bundles', name);
        await rm(directory, { recursive: true, force: true });
        await mkdir(directory, { recursive: true });
        await writeFile(join(directory, 'entitlements.json'), JSON.stringify(configuration));
        await bundle(serviceDir, definition.handler.replace(/\.\w+$/, ''), directory, plugins);
        const entries = await readdir(directory, { recursive: true, withFileTypes: true });
        const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
        definition.package = { individually: true, artifact: await packager.zipFiles(files, `${name}.zip`, directory) };
      }),
    );
  }
}

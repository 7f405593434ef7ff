import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { readEntitlements } from '../input/entitlements-file.ts';
import { InputError } from '../input/input-error.ts';
import { bundle, pluginsFor } from './bundle.ts';
import { bundledPackages } from './bundled-packages.ts';
import { NOTICES_FILE, noticesFor } from './license-notices.ts';
import { packagedTemplates } from './notice-templates.ts';
import { SBOM_FILE, sbomOf } from './sbom.ts';
import { zipOf } from './zip.ts';

/**
 * Packages each function as one reproducible zip: the bundle of its code and the SDK, the validated entitlements.yml as
 * entitlements.json, and the licenses of the packages in it. A handler keeps its path, so that serverless.yml names the source
 * file. The function that writes to users also has the validated templates of its messages. Next to the zips is their bill
 * of materials.
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
    const { service, serviceDir } = this.serverless;
    const file = 'entitlements.yml';
    const configuration = readEntitlements(await readFile(join(serviceDir, file), 'utf8'), file);
    const zips = await Promise.all(service.getAllFunctions().map((name) => this.packageFunction(name, configuration)));
    for (const { name, bytes } of zips) await writeFile(join(serviceDir, '.serverless', name), bytes);
    const { version } = JSON.parse(await readFile(join(serviceDir, 'package.json'), 'utf8'));
    await writeFile(join(serviceDir, '.serverless', SBOM_FILE), sbomOf(version, zips));
    this.nameDirectory(zips);
  }

  async packageFunction(name, configuration) {
    const { service, serviceDir } = this.serverless;
    const definition = service.getFunction(name);
    const directory = join(serviceDir, '.serverless', 'bundles', name);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'entitlements.json'), JSON.stringify(configuration));
    const templates = definition.environment?.NOTICES_TEMPLATES;
    if (templates) await writeFile(join(directory, templates), JSON.stringify(this.templatesFor(configuration)));
    const plugins = pluginsFor(serviceDir, configuration.entitlements);
    const { metafile } = await bundle(serviceDir, definition.handler.replace(/\.\w+$/, ''), directory, plugins);
    const packages = bundledPackages(metafile, serviceDir);
    const files = new Map([[NOTICES_FILE, Buffer.from(noticesFor(packages))]]);
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(directory, path).split(sep).join('/'), await readFile(path));
    }
    const zip = `${name}.zip`;
    definition.package = { individually: true, artifact: join('.serverless', zip) };
    return { name: zip, bytes: zipOf(files), packages };
  }

  templatesFor(configuration) {
    try {
      return packagedTemplates(this.serverless.serviceDir, configuration);
    } catch (error) {
      // The framework prints the stack, which does not help the author of a template.
      if (error instanceof InputError) throw new this.serverless.classes.Error(error.message);
      throw error;
    }
  }

  /**
   * Names the folder in the bucket by the content of the zips. The template contains the folder's name, and the framework would
   * make it from the time: two templates of the same sources would differ.
   */
  nameDirectory(zips) {
    const hash = createHash('sha256');
    for (const { bytes } of zips) hash.update(bytes);
    const { service } = this.serverless;
    const provider = this.serverless.getProvider('aws');
    const folder = [provider.getDeploymentPrefix(), service.service, provider.getStage()].join('/');
    service.package.artifactDirectoryName = `${folder}/${hash.digest('hex')}`;
  }
}

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { withGuardrails } from './guardrails.ts';
import { excessesOf } from './limits.ts';
import { longNames } from './names.ts';

/**
 * Adds to the packaged template what a company asks of every resource (build/guardrails.ts). Refuses a package that AWS would
 * refuse in the middle of an update, and the framework's own deployment and removal, which compare with the last upload,
 * reset parameters, and know no state of a stack. The framework packages; build/stage.ts deploys and removes.
 */
export default class DeploymentPlugin {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      initialize: () => this.refuseCommand(),
      // The last step that adds resources.
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.addGuardrails(),
      // The template is complete, and not written yet.
      'before:aws:package:finalize:saveServiceState': () => this.checkLimits(),
    };
  }

  refuseCommand() {
    const [command = ''] = this.serverless.processedInput.commands;
    if (command !== 'deploy' && command !== 'remove') return;
    const { Error: ServerlessError } = this.serverless.classes;
    throw new ServerlessError(`serverless ${command} is not used here. Run: npm run ${command} -- --stage <NAME>`);
  }

  addGuardrails() {
    const { provider } = this.serverless.service;
    provider.compiledCloudFormationTemplate = withGuardrails(provider.compiledCloudFormationTemplate);
  }

  checkLimits() {
    const { service, serviceDir } = this.serverless;
    const { naming } = this.serverless.getProvider('aws');
    const [, partition] = service.custom.identityCenter.instanceArn.split(':');
    const excesses = excessesOf({
      template: service.provider.compiledCloudFormationTemplate,
      place: { partition, region: service.custom.identityCenter.region, stack: naming.getStackName() },
      unzipped: new Map(
        service
          .getAllFunctions()
          .map((name) => [naming.getLambdaLogicalId(name), bytesIn(join(serviceDir, '.serverless', 'bundles', name))]),
      ),
    });
    excesses.push(...longNames(service.provider.compiledCloudFormationTemplate, service.custom.name));
    if (excesses.length === 0) return;
    throw new this.serverless.classes.Error(`AWS would refuse this package:\n${excesses.join('\n')}`);
  }
}

function bytesIn(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

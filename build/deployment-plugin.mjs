import { withGuardrails } from './guardrails.ts';
import { longNames } from './names.ts';

/**
 * Refuses the framework's own deployment and removal, which compare with the last upload, reset parameters, and know no
 * state of a stack. The framework packages; build/stage.ts deploys and removes.
 *
 * Adds to the packaged template what a company asks of every resource (build/guardrails.ts), and refuses names that are too
 * long for AWS.
 */
export default class DeploymentPlugin {
  constructor(serverless) {
    this.serverless = serverless;
    this.hooks = {
      initialize: () => this.refuse(),
      // The last step that adds resources; the next one writes the template.
      'after:aws:package:finalize:mergeCustomProviderResources': () => this.finishTemplate(),
    };
  }

  refuse() {
    const [command = ''] = this.serverless.processedInput.commands;
    if (command !== 'deploy' && command !== 'remove') return;
    const { Error: ServerlessError } = this.serverless.classes;
    throw new ServerlessError(`serverless ${command} is not used here. Run: npm run ${command} -- --stage <NAME>`);
  }

  finishTemplate() {
    const { service, classes } = this.serverless;
    const { provider } = service;
    provider.compiledCloudFormationTemplate = withGuardrails(provider.compiledCloudFormationTemplate);
    const long = longNames(provider.compiledCloudFormationTemplate, service.custom.name);
    if (long.length === 0) return;
    throw new classes.Error(`${long.join('\n')}\nShorten namePrefix in entitlements.yml, or the name of the stage.`);
  }
}

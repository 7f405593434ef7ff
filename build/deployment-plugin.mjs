import endpointOf from 'serverless/lib/plugins/aws/utils/get-s3-endpoint-for-region.js';
import { stacksIn } from '../adapters/operator/stacks.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { formatChanges, parametersFor } from './deploying.ts';

/**
 * Adds to the framework's deployment: parameters keep their values from one deployment to the next, a new stack takes over
 * what an earlier one retained except its queues, and `serverless changes` prints what a deployment would change.
 */
export default class DeploymentPlugin {
  constructor(serverless) {
    this.serverless = serverless;
    this.commands = {
      changes: {
        usage: 'Print what a deployment would change',
        lifecycleEvents: ['print'],
        serviceDependencyMode: 'required',
      },
    };
    this.hooks = {
      'before:aws:deploy:deploy:updateStack': () => this.prepare(),
      'changes:print': () => this.printChanges(),
    };
  }

  /** Returns the framework's own plugin, which has the bucket, the upload and the input of a change set. */
  get deployment() {
    return this.serverless.pluginManager.plugins.find((plugin) => plugin.constructor.name === 'AwsDeploy');
  }

  async stacks() {
    return stacksIn(await this.serverless.getProvider('aws').getAwsSdkV3Config(), systemClock);
  }

  /** Sets the parameters. The stack must exist: the framework creates it with a template that has no parameters. */
  async prepare() {
    const { service } = this.serverless;
    const name = this.serverless.getProvider('aws').naming.getStackName();
    const before = await (await this.stacks()).describe(name);
    const given = JSON.parse(process.env.USHER_PARAMETERS ?? '{}');
    const names = Object.keys(service.provider.compiledCloudFormationTemplate.Parameters ?? {});
    service.provider.stackParameters = parametersFor(names, given, before?.parameters ?? {});
    const { deployment } = this;
    const inputOf = deployment.getCreateChangeSetParams;
    // The ledger of a removed stack still exists under its name. CloudFormation imports only resources whose id the template
    // has. It cannot import a queue, whose id is its URL.
    deployment.getCreateChangeSetParams = (options) => ({
      ...inputOf.call(deployment, options),
      ImportExistingResources: true,
    });
  }

  async printChanges() {
    const { pluginManager, service } = this.serverless;
    const provider = this.serverless.getProvider('aws');
    await pluginManager.spawn('package');
    const { deployment } = this;
    await deployment.extendedValidate();
    await deployment.ensureValidBucketExists();
    await deployment.uploadCloudFormationFile();
    await this.prepare();
    const folder = `https://${endpointOf(provider.getRegion())}/${deployment.bucketName}`;
    const template = provider.naming.getCompiledTemplateS3Suffix();
    const templateUrl = `${folder}/${service.package.artifactDirectoryName}/${template}`;
    const input = deployment.getCreateChangeSetParams({ changeSetType: 'UPDATE', templateUrl });
    const changes = await (await this.stacks()).preview({ ...input, ChangeSetName: `${input.StackName}-preview` });
    const lines = changes.length > 0 ? formatChanges(changes) : ['Nothing would change.'];
    for (const line of lines) console.log(line);
  }
}

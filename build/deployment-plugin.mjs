import endpointOf from 'serverless/lib/plugins/aws/utils/get-s3-endpoint-for-region.js';
import { stacksIn } from '../adapters/operator/stacks.ts';
import { changeLines, parametersFor } from './deploying.ts';

const clock = { sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)) };

/**
 * What deploying wants beside what the framework does: parameters keep their values from one deployment to the next, what
 * stayed of an earlier stack is taken over but for its queues, and `serverless changes` prints what a deployment would change.
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

  /** The framework's own plugin: it has the bucket, the upload and the input of a change set. */
  get deployment() {
    return this.serverless.pluginManager.plugins.find((plugin) => plugin.constructor.name === 'AwsDeploy');
  }

  async stacks() {
    return stacksIn(await this.serverless.getProvider('aws').getAwsSdkV3Config(), clock);
  }

  /** Not before the stack is there: the framework makes it with a template that has no parameters. */
  async prepare() {
    const { service } = this.serverless;
    const name = this.serverless.getProvider('aws').naming.getStackName();
    const before = await (await this.stacks()).describe(name);
    const given = JSON.parse(process.env.USHER_PARAMETERS ?? '{}');
    const names = Object.keys(service.provider.compiledCloudFormationTemplate.Parameters ?? {});
    service.provider.stackParameters = parametersFor(names, given, before?.parameters ?? {});
    const { deployment } = this;
    const inputOf = deployment.getCreateChangeSetParams;
    // The ledger of a stack that was removed is still there, under its name. CloudFormation imports only what its template
    // identifies: a queue, whose id is its URL, it doesn't.
    deployment.getCreateChangeSetParams = (what) => ({
      ...inputOf.call(deployment, what),
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
    const lines = changes.length > 0 ? changeLines(changes) : ['Nothing would change.'];
    for (const line of lines) console.log(line);
  }
}

import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { mapOf, Refusal, type Xml } from './query-protocol.ts';

export const ACCOUNT = '111122223333';

interface Template {
  Parameters?: Record<string, { Default?: string }>;
  Resources: Record<string, { Type: string; DeletionPolicy?: string; Properties?: Record<string, unknown> }>;
}

interface FakeStack {
  id: string;
  status: string;
  template: Template;
  parameters: Record<string, string>;
  tags: Record<string, string>;
  isProtected: boolean;
  outputs: Record<string, string>;
  /** Newest first. */
  events: FakeEvent[];
  resources: Map<string, { type: string; physicalId: string; status: string }>;
}

interface FakeEvent {
  logicalId: string;
  type: string;
  status: string;
  reason?: string;
}

interface FakeChangeSet {
  name: string;
  status: string;
  reason?: string;
  createdAt: Date;
  template: Template;
  parameters: Record<string, string>;
  tags: Record<string, string>;
  changes: { Action: string; LogicalResourceId: string; ResourceType: string; Replacement?: string }[];
}

/** What an operation ends as, and what fails in it. */
interface Ending {
  status: string;
  failures?: FakeEvent[];
}

/** Statuses in which CloudFormation takes an update. */
const UPDATABLE = [
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
];

/**
 * CloudFormation with one stack, its change sets and all its statuses. It decides what there is to change as CloudFormation
 * does: by the text of the template and the parameters.
 */
export class FakeCloudFormation {
  stack: FakeStack | undefined;
  readonly changeSets = new Map<string, FakeChangeSet>();
  /** By bucket and key. */
  readonly objects = new Map<string, Buffer>();
  /** Hash of the code, by the function's name. */
  readonly code = new Map<string, string>();
  /** How often a status of an operation is read before the operation ends. */
  polls = 1;
  /** How the next operation ends; by default as it should. */
  ending: Ending | undefined;
  /** `Replacement` of a change, by logical id. */
  replacements: Record<string, string> = {};
  /** Logical ids of resources that an earlier stack has left behind: an update imports them. */
  left: readonly string[] = [];
  /** Where the templates of change sets were, in order. */
  readonly templateUrls: string[] = [];
  /** The time at which change sets are created. */
  now = () => new Date();
  #pending: { polls: number; end: () => void } | undefined;

  /** Puts a stack into the account, as an earlier deployment has left it. */
  deployed(status: string, parts: Partial<FakeStack> = {}): FakeStack {
    const template = parts.template ?? { Resources: {} };
    const stack: FakeStack = {
      id: `arn:aws:cloudformation:us-east-1:${ACCOUNT}:stack/usher-prod/1`,
      status,
      parameters: {},
      tags: {},
      isProtected: false,
      outputs: {},
      events: [],
      resources: new Map(),
      ...parts,
      template,
    };
    this.stack = stack;
    this.#sync(stack);
    return stack;
  }

  /** Answers a request. */
  cloudFormation(action: string, given: URLSearchParams): Xml {
    const name = given.get('StackName') ?? '';
    const { stack } = this;
    if (action === 'CreateStack') return this.#createStack(given);
    if (!stack || (stack.status === 'DELETE_COMPLETE' && name !== stack.id)) {
      throw new Refusal('ValidationError', `Stack with id ${name} does not exist`);
    }
    switch (action) {
      case 'DescribeStacks':
        this.#tick();
        return { Stacks: [describe(stack)] };
      case 'ListStackResources':
        return {
          StackResourceSummaries: [...stack.resources].map(([id, one]) => ({
            LogicalResourceId: id,
            ResourceType: one.type,
            PhysicalResourceId: one.physicalId,
            ResourceStatus: one.status,
          })),
        };
      case 'GetTemplate':
        if (stack.status === 'REVIEW_IN_PROGRESS') throw new Refusal('ValidationError', 'There is no template yet');
        return { TemplateBody: JSON.stringify(stack.template) };
      case 'DescribeStackEvents':
        return {
          StackEvents: stack.events.map(({ logicalId, type, status, reason }) => ({
            StackId: stack.id,
            LogicalResourceId: logicalId,
            PhysicalResourceId: type === 'AWS::CloudFormation::Stack' ? stack.id : logicalId,
            ResourceType: type,
            ResourceStatus: status,
            ResourceStatusReason: reason,
          })),
        };
      case 'UpdateStack':
        return this.#updateStack(stack, given);
      case 'UpdateTerminationProtection':
        stack.isProtected = given.get('EnableTerminationProtection') === 'true';
        return { StackId: stack.id };
      case 'DeleteStack':
        return this.#deleteStack(stack);
      case 'CreateChangeSet':
        return this.#createChangeSet(stack, given);
      case 'ListChangeSets':
        return {
          Summaries: [...this.changeSets.values()].map((one) => ({
            ChangeSetName: one.name,
            CreationTime: one.createdAt,
          })),
        };
      default:
        return this.#changeSet(action, stack, given);
    }
  }

  #changeSet(action: string, stack: FakeStack, given: URLSearchParams): Xml {
    const changeSet = this.changeSets.get(given.get('ChangeSetName') ?? '');
    if (!changeSet) throw new Refusal('ChangeSetNotFound', 'ChangeSet does not exist', 404);
    switch (action) {
      case 'DescribeChangeSet': {
        const { status, reason, changes } = changeSet;
        if (status === 'CREATE_IN_PROGRESS') this.#tick();
        return { Status: status, StatusReason: reason, Changes: changes.map((one) => ({ ResourceChange: one })) };
      }
      case 'DeleteChangeSet':
        if (changeSet.status === 'CREATE_IN_PROGRESS') {
          this.#tick();
          throw new Refusal('InvalidChangeSetStatus', 'The change set is in CREATE_IN_PROGRESS');
        }
        this.changeSets.delete(changeSet.name);
        return {};
      case 'ExecuteChangeSet':
        this.#takesUpdate(stack);
        // CloudFormation deletes all that belong to the stack as it was.
        this.changeSets.clear();
        this.#update(stack, changeSet);
        return {};
      default:
        throw new Refusal('InvalidAction', action);
    }
  }

  #createStack(given: URLSearchParams): Xml {
    if (this.stack && this.stack.status !== 'DELETE_COMPLETE') {
      throw new Refusal('AlreadyExistsException', 'Stack [usher-prod] already exists');
    }
    const template: Template = JSON.parse(given.get('TemplateBody') ?? '');
    const stack = this.deployed('CREATE_IN_PROGRESS', { template, tags: mapOf(given, 'Tags', 'Key', 'Value') });
    this.#operate(stack, 'CREATE', 'CREATE_COMPLETE', () => undefined);
    return { StackId: stack.id };
  }

  #updateStack(stack: FakeStack, given: URLSearchParams): Xml {
    this.#takesUpdate(stack);
    const parameters = parametersOf(given, stack.template, stack.parameters);
    if (isDeepStrictEqual(parameters, stack.parameters)) {
      throw new Refusal('ValidationError', 'No updates are to be performed.');
    }
    this.#update(stack, { ...stack, parameters });
    return { StackId: stack.id };
  }

  #deleteStack(stack: FakeStack): Xml {
    if (stack.isProtected) throw new Refusal('ValidationError', 'TerminationProtection is enabled');
    if (/^(?:UPDATE|IMPORT).*_IN_PROGRESS$/.test(stack.status)) {
      throw new Refusal('ValidationError', `Stack [${stack.id}] cannot be deleted while in status ${stack.status}`);
    }
    const bucket = stack.resources.get('ServerlessDeploymentBucket')?.physicalId;
    const isFull = [...this.objects.keys()].some((key) => key.startsWith(`${bucket}/`));
    if (isFull) {
      const failure = { logicalId: 'ServerlessDeploymentBucket', type: 'AWS::S3::Bucket', status: 'DELETE_FAILED' };
      this.ending ??= { status: 'DELETE_FAILED', failures: [{ ...failure, reason: 'The bucket is not empty' }] };
    }
    stack.status = 'DELETE_IN_PROGRESS';
    this.#operate(stack, 'DELETE', 'DELETE_COMPLETE', () => this.code.clear());
    return {};
  }

  #createChangeSet(stack: FakeStack, given: URLSearchParams): Xml {
    this.#takesUpdate(stack);
    const templateUrl = given.get('TemplateURL') ?? '';
    this.templateUrls.push(templateUrl);
    const object = this.objects.get(new URL(templateUrl).pathname.slice(1));
    if (!object) throw new Refusal('ValidationError', 'S3 error: Access Denied');
    const template: Template = JSON.parse(object.toString());
    const parameters = parametersOf(given, template, stack.parameters);
    const tags = mapOf(given, 'Tags', 'Key', 'Value');
    const name = given.get('ChangeSetName') ?? '';
    const after = { template, parameters };
    const isEmpty = isDeepStrictEqual(
      { ...after, tags },
      { template: stack.template, parameters: stack.parameters, tags: stack.tags },
    );
    const changeSet: FakeChangeSet = {
      name,
      status: 'CREATE_IN_PROGRESS',
      createdAt: this.now(),
      ...after,
      tags,
      changes: this.#changesOf(stack, { ...after, tags }),
    };
    this.changeSets.set(name, changeSet);
    this.#pending = {
      polls: this.polls,
      end: () => {
        changeSet.status = isEmpty ? 'FAILED' : 'CREATE_COMPLETE';
        if (isEmpty) changeSet.reason = "The submitted information didn't contain changes.";
      },
    };
    return { Id: name };
  }

  #changesOf(stack: FakeStack, after: Pick<FakeStack, 'template' | 'parameters' | 'tags'>): FakeChangeSet['changes'] {
    const isTagged = !isDeepStrictEqual(after.tags, stack.tags);
    const changed = Object.keys(after.parameters).filter((key) => after.parameters[key] !== stack.parameters[key]);
    const ids = new Set([...Object.keys(stack.template.Resources), ...Object.keys(after.template.Resources)]);
    return [...ids].flatMap((id) => {
      const [before, next] = [stack.template.Resources[id], after.template.Resources[id]];
      const refers = changed.some((key) => JSON.stringify(next)?.includes(`{"Ref":"${key}"}`));
      const one = { LogicalResourceId: id, ResourceType: (next ?? before)?.Type ?? '' };
      if (!before) return [{ ...one, Action: this.left.includes(id) ? 'Import' : 'Add' }];
      if (!next) return [{ ...one, Action: 'Remove' }];
      if (isDeepStrictEqual(before, next) && !refers && !isTagged) return [];
      return [{ ...one, Action: 'Modify', Replacement: this.replacements[id] ?? 'False' }];
    });
  }

  #takesUpdate({ id, status }: FakeStack): void {
    if (UPDATABLE.includes(status)) return;
    throw new Refusal('ValidationError', `Stack:${id} is in ${status} state and can not be updated.`);
  }

  #update(stack: FakeStack, after: Pick<FakeStack, 'template' | 'parameters' | 'tags'>): void {
    stack.status = 'UPDATE_IN_PROGRESS';
    const { template, parameters, tags } = after;
    this.#operate(stack, 'UPDATE', 'UPDATE_COMPLETE', () => {
      Object.assign(stack, { template, parameters, tags });
      this.#sync(stack);
    });
  }

  /** Begins an operation on a stack. */
  #operate(stack: FakeStack, name: string, success: string, end: () => void): void {
    const ofStack = { logicalId: 'usher-prod', type: 'AWS::CloudFormation::Stack' };
    stack.events.unshift({ ...ofStack, status: `${name}_IN_PROGRESS`, reason: 'User Initiated' });
    const { status, failures = [] } = this.ending ?? { status: success };
    this.ending = undefined;
    this.#pending = {
      polls: this.polls,
      end: () => {
        for (const failure of failures) {
          stack.events.unshift(failure);
          const resource = stack.resources.get(failure.logicalId);
          if (resource) resource.status = failure.status;
        }
        // CloudFormation deletes what it could not create, in the same operation.
        if (name === 'CREATE' && status === 'DELETE_COMPLETE') {
          stack.events.unshift({ ...ofStack, status: 'DELETE_IN_PROGRESS', reason: 'Delete requested by user.' });
        }
        stack.events.unshift({ ...ofStack, status });
        if (status === success) end();
        stack.status = status;
      },
    };
  }

  #tick(): void {
    if (!this.#pending) return;
    this.#pending.polls -= 1;
    if (this.#pending.polls >= 0) return;
    const { end } = this.#pending;
    this.#pending = undefined;
    end();
  }

  /** Makes the resources and the code what the template says. */
  #sync(stack: FakeStack): void {
    const { Resources } = stack.template;
    stack.resources = new Map(
      Object.entries(Resources).map(([id, { Type }]) => {
        const physicalId = Type === 'AWS::S3::Bucket' ? 'the-bucket' : `usher-prod-${id}`;
        return [id, { type: Type, physicalId, status: 'CREATE_COMPLETE' }];
      }),
    );
    for (const { Type, Properties } of Object.values(Resources)) {
      if (Type !== 'AWS::Lambda::Function') continue;
      const { S3Key } = (Properties?.['Code'] ?? {}) as { S3Key?: string };
      const zip = this.objects.get(`the-bucket/${S3Key}`);
      if (zip) this.code.set(String(Properties?.['FunctionName']), createHash('sha256').update(zip).digest('base64'));
    }
  }
}

function describe(stack: FakeStack): Xml {
  const entries = (of: Record<string, string>, name: string) =>
    Object.entries(of).map(([key, value]) => ({ [`${name}Key`]: key, [`${name}Value`]: value }));
  return {
    StackId: stack.id,
    StackName: 'usher-prod',
    CreationTime: new Date(0),
    StackStatus: stack.status,
    EnableTerminationProtection: stack.isProtected,
    Parameters: entries(stack.parameters, 'Parameter'),
    Tags: Object.entries(stack.tags).map(([Key, Value]) => ({ Key, Value })),
    Outputs: entries(stack.outputs, 'Output'),
  };
}

/** The parameters that an update leads to; one that is not given has its default. */
function parametersOf(
  given: URLSearchParams,
  { Parameters = {} }: Template,
  before: Record<string, string>,
): Record<string, string> {
  const values = mapOf(given, 'Parameters', 'ParameterKey', 'ParameterValue');
  const kept = mapOf(given, 'Parameters', 'ParameterKey', 'UsePreviousValue');
  return Object.fromEntries(
    Object.entries(Parameters).map(([name, { Default = '' }]) => {
      if (kept[name] === 'true') return [name, before[name] ?? ''];
      return [name, values[name] ?? Default];
    }),
  );
}

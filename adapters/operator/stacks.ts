import {
  AlreadyExistsException,
  type CloudFormationClient,
  CloudFormationServiceException,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
  type StackStatus,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import * as z from 'zod/mini';
import { parseTemplate, type Template } from './template.ts';
import { poll, type Waiting } from './waiting.ts';

export type { StackStatus };

/** The present state of a CloudFormation stack. */
export interface Stack {
  /** Its ARN. A deleted stack keeps it; its name is free. */
  id: string;
  /** A {@link StackStatus}, or one that is newer than this program. */
  status: string;
  parameters: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
  tags: Readonly<Record<string, string>>;
  /** Whether termination protection is on. */
  isProtected: boolean;
}

/** A resource of a stack. */
export interface StackResource {
  logicalId: string;
  type: string;
  /** The resource's name or ARN. */
  physicalId: string;
  /** `UPDATE_COMPLETE`, `DELETE_FAILED`, … */
  status: string;
}

/** A stack parameter for CloudFormation: with a new value, or with the present one. */
export type StackParameter =
  | { ParameterKey: string; ParameterValue: string }
  | { ParameterKey: string; UsePreviousValue: true };

/** A resource that CloudFormation could not create, change or delete. */
export interface StackFailure {
  logicalId: string;
  type: string;
  status: string;
  reason: string;
}

/** What deployment and removal need of CloudFormation. Throws the errors of the SDK. */
export interface Stacks {
  /** Undefined if there is no such stack. @param name of a stack, or its ARN */
  describe(name: string): Promise<Stack | undefined>;
  resources(name: string): Promise<StackResource[]>;
  /** The template that is live, as it was uploaded. */
  template(name: string): Promise<Template>;
  /** Starts the creation of a stack. @returns its ARN @throws UpdateRefused if there is one */
  create(name: string, template: string, tags: Readonly<Record<string, string>>): Promise<string>;
  /** Starts an update that only sets parameters. @returns whether there is anything to update @throws UpdateRefused */
  setParameters(name: string, parameters: readonly StackParameter[]): Promise<boolean>;
  /** Turns termination protection on or off. CloudFormation refuses the deletion of a stack that has it. */
  protect(id: string, isProtected: boolean): Promise<void>;
  /** Starts the deletion of a stack. @throws UpdateRefused */
  delete(id: string): Promise<void>;
  /** Waits until CloudFormation does nothing with the stack, and returns it; undefined if it is gone. */
  settled(id: string, onStatus?: (status: string) => void): Promise<Stack | undefined>;
  /** Waits until a deletion has ended. @returns undefined if the stack is gone */
  deleted(id: string, onStatus?: (status: string) => void): Promise<Stack | undefined>;
  /** What failed in the last operation, the first failure first. */
  failures(id: string): Promise<StackFailure[]>;
}

/** CloudFormation refuses a change now: because of the stack's status, or because another change came first. */
export class UpdateRefused extends Error {
  override readonly name = 'UpdateRefused';
}

/** CloudFormation demands it for a template that names roles. */
export const CAPABILITIES = ['CAPABILITY_NAMED_IAM' as const];

const StackSchema = z.object({
  StackId: z.string(),
  StackStatus: z.string(),
  EnableTerminationProtection: z._default(z.boolean(), false),
  Parameters: z._default(z.array(z.object({ ParameterKey: z.string(), ParameterValue: z.string() })), []),
  Tags: z._default(z.array(z.object({ Key: z.string(), Value: z.string() })), []),
  Outputs: z._default(z.array(z.object({ OutputKey: z.string(), OutputValue: z.string() })), []),
});
const ResourcesSchema = z.array(
  z.object({
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    ResourceStatus: z.string(),
    /** Missing while CloudFormation creates the resource. */
    PhysicalResourceId: z._default(z.string(), ''),
  }),
);
const EventsSchema = z._default(
  z.array(
    z.object({
      StackId: z.string(),
      LogicalResourceId: z._default(z.string(), ''),
      PhysicalResourceId: z._default(z.string(), ''),
      ResourceType: z._default(z.string(), ''),
      ResourceStatus: z._default(z.string(), ''),
      ResourceStatusReason: z._default(z.string(), ''),
    }),
  ),
  [],
);

/** CloudFormation's stacks, over the SDK. */
export function cloudFormationStacks(client: CloudFormationClient, waiting: Waiting): Stacks {
  async function describe(name: string): Promise<Stack | undefined> {
    try {
      const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
      const stack = StackSchema.parse(Stacks?.[0]);
      if (stack.StackStatus === 'DELETE_COMPLETE') return undefined;
      return {
        id: stack.StackId,
        status: stack.StackStatus,
        parameters: Object.fromEntries(stack.Parameters.map((one) => [one.ParameterKey, one.ParameterValue])),
        outputs: Object.fromEntries(stack.Outputs.map((one) => [one.OutputKey, one.OutputValue])),
        tags: Object.fromEntries(stack.Tags.map((one) => [one.Key, one.Value])),
        isProtected: stack.EnableTerminationProtection,
      };
    } catch (error) {
      if (isValidation(error, /does not exist$/)) return undefined;
      throw error;
    }
  }

  /** Polls until the stack is gone, or has a status that is an end. */
  async function ended(
    id: string,
    isEnd: (status: string) => boolean,
    onStatus: (status: string) => void = () => undefined,
  ): Promise<Stack | undefined> {
    const { found } = await poll(async () => {
      const stack = await describe(id);
      if (stack) onStatus(stack.status);
      return !stack || isEnd(stack.status) ? { found: stack } : undefined;
    }, waiting);
    return found;
  }

  return {
    describe,

    async resources(name) {
      const found: StackResource[] = [];
      for await (const page of paginateListStackResources({ client }, { StackName: name })) {
        const resources = ResourcesSchema.parse(page.StackResourceSummaries);
        found.push(
          ...resources.map((one) => ({
            logicalId: one.LogicalResourceId,
            type: one.ResourceType,
            physicalId: one.PhysicalResourceId,
            status: one.ResourceStatus,
          })),
        );
      }
      return found;
    },

    async template(name) {
      const { TemplateBody } = await client.send(
        new GetTemplateCommand({ StackName: name, TemplateStage: 'Original' }),
      );
      return parseTemplate(String(TemplateBody));
    },

    async create(name, template, tags) {
      const request = new CreateStackCommand({
        StackName: name,
        TemplateBody: template,
        Tags: tagsOf(tags),
        Capabilities: CAPABILITIES,
        // Otherwise what failed would remain, and with it a stack that can only be deleted.
        OnFailure: 'DELETE',
      });
      const { StackId } = await startChange(() => client.send(request), waiting.signal);
      return z.string().parse(StackId);
    },

    async setParameters(name, parameters) {
      try {
        const request = new UpdateStackCommand({
          StackName: name,
          UsePreviousTemplate: true,
          Parameters: [...parameters],
          Capabilities: CAPABILITIES,
        });
        await startChange(() => client.send(request), waiting.signal);
        return true;
      } catch (error) {
        if (isValidation(error, /No updates are to be performed/)) return false;
        throw error;
      }
    },

    async protect(id, isProtected) {
      const request = { StackName: id, EnableTerminationProtection: isProtected };
      await startChange(() => client.send(new UpdateTerminationProtectionCommand(request)), waiting.signal);
    },

    async delete(id) {
      await startChange(() => client.send(new DeleteStackCommand({ StackName: id })), waiting.signal);
    },

    settled: (id, onStatus) => ended(id, (status) => !status.endsWith('_IN_PROGRESS'), onStatus),
    deleted: (id, onStatus) => ended(id, (status) => status === 'DELETE_FAILED', onStatus),

    async failures(id) {
      const found: StackFailure[] = [];
      let isDeletion = false;
      for await (const { StackEvents } of paginateDescribeStackEvents({ client }, { StackName: id })) {
        // The newest is first.
        for (const event of EventsSchema.parse(StackEvents)) {
          const { ResourceStatus: status, ResourceStatusReason: reason } = event;
          const isOfStack = event.PhysicalResourceId === event.StackId;
          if (isOfStack) {
            const isBegin = /^(?:CREATE|UPDATE)_IN_PROGRESS$/.test(status);
            // CloudFormation itself deletes what it could not create: then the failures are those of the creation.
            if (isBegin || (isDeletion && status !== 'CREATE_FAILED')) return found.reverse();
            isDeletion ||= status === 'DELETE_IN_PROGRESS';
            continue;
          }
          // What is cancelled only follows from another failure.
          if (!status.endsWith('_FAILED') || /cancelled$/.test(reason)) continue;
          found.push({ logicalId: event.LogicalResourceId, type: event.ResourceType, status, reason });
        }
      }
      return found.reverse();
    },
  };
}

/** Tags, as CloudFormation takes them. */
export function tagsOf(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/**
 * Sends a request that starts a change of a stack. An operator who has ended the command starts none.
 *
 * @throws UpdateRefused if the status of the stack does not allow the request · the reason of the signal if it is aborted
 */
export async function startChange<T>(request: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  try {
    return await request();
  } catch (error) {
    const isRefused =
      error instanceof AlreadyExistsException ||
      isValidation(error, /\bis (?:currently )?in .*\bstate\b|\bwhile in status\b/);
    if (isRefused) throw new UpdateRefused(error.message, { cause: error });
    throw error;
  }
}

/** Whether CloudFormation rejects the request with such a text: these cases differ in nothing else. */
function isValidation(error: unknown, text: RegExp): error is CloudFormationServiceException {
  return (
    error instanceof CloudFormationServiceException && error.name === 'ValidationError' && text.test(error.message)
  );
}

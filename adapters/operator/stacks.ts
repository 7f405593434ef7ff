import {
  CloudFormationClient,
  CloudFormationServiceException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  paginateListStackResources,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { paginateListExecutions, SFNClient } from '@aws-sdk/client-sfn';
import * as z from 'zod/mini';
import type { Clock } from '../../domain/shared/clock.ts';

/** The present state of a CloudFormation stack. */
export interface Stack {
  /** `CREATE_COMPLETE`, `UPDATE_IN_PROGRESS`, … */
  status: string;
  parameters: Readonly<Record<string, string>>;
  outputs: Readonly<Record<string, string>>;
}

/** A resource of a stack. */
export interface StackResource {
  logicalId: string;
  type: string;
  /** The resource's name or ARN. */
  physicalId: string;
}

/** One line of a change set. */
export interface StackChange {
  action: string;
  logicalId: string;
  type: string;
  /** Whether another resource replaces it. */
  replaced: boolean;
}

/** A stack parameter for CloudFormation: with a new value, or with the present one. */
export type StackParameter =
  | { ParameterKey: string; ParameterValue: string }
  | { ParameterKey: string; UsePreviousValue: true };

/** What deployment and removal need of CloudFormation and Step Functions. Throws the errors of the SDK. */
export interface Stacks {
  /** DescribeStacks; undefined if there is no such stack. */
  describe(name: string): Promise<Stack | undefined>;
  resources(name: string): Promise<StackResource[]>;
  /** Logical ids of resources that remain when the stack is deleted. */
  retained(name: string): Promise<ReadonlySet<string>>;
  /**
   * Sets parameters to new values and waits for the end of the update. Everything else stays.
   *
   * @returns the stack's status; `unchanged` if the parameters had these values
   */
  setParameters(name: string, parameters: readonly StackParameter[]): Promise<string>;
  /**
   * Returns what an update would change. Creates and deletes a change set, and changes nothing.
   *
   * @param input the input of CreateChangeSet, with the name of the change set
   */
  preview(input: PreviewInput): Promise<StackChange[]>;
  /** The number of running executions of a state machine. */
  running(stateMachineArn: string): Promise<number>;
}

export interface PreviewInput {
  StackName: string;
  ChangeSetName: string;
  TemplateURL: string;
}

/** The time between two polls of CloudFormation. */
const POLL_SECONDS = 5;
/** Half an hour. CloudFormation's own limit of an update is longer; check a longer update in the console. */
const MOST_POLLS = 360;

const TemplateSchema = z.object({
  Resources: z.record(z.string(), z.object({ DeletionPolicy: z.optional(z.string()) })),
});
const StackSchema = z.object({
  StackStatus: z.string(),
  Parameters: z._default(z.array(z.object({ ParameterKey: z.string(), ParameterValue: z.string() })), []),
  Outputs: z._default(z.array(z.object({ OutputKey: z.string(), OutputValue: z.string() })), []),
});
const ResourcesSchema = z.array(
  z.object({
    LogicalResourceId: z.string(),
    ResourceType: z.string(),
    /** Missing while CloudFormation creates the resource. */
    PhysicalResourceId: z._default(z.string(), ''),
  }),
);
const ChangesSchema = z._default(
  z.array(
    z.object({
      ResourceChange: z.object({
        Action: z.string(),
        LogicalResourceId: z.string(),
        ResourceType: z.string(),
        Replacement: z.optional(z.string()),
      }),
    }),
  ),
  [],
);

/** CloudFormation and Step Functions, over the SDK. */
export function connectStacks(
  { cloudFormation, sfn }: { cloudFormation: CloudFormationClient; sfn: SFNClient },
  clock: Pick<Clock, 'sleep'>,
): Stacks {
  /** Polls until `read` returns something. @throws Error after half an hour */
  async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
    for (let polls = 0; polls < MOST_POLLS; polls += 1) {
      const found = await read();
      if (found !== undefined) return found;
      await clock.sleep(POLL_SECONDS);
    }
    throw new Error('CloudFormation has not finished after half an hour. Check the stack in the console');
  }

  async function describe(name: string): Promise<Stack | undefined> {
    try {
      const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      const { StackStatus, Parameters, Outputs } = StackSchema.parse(Stacks?.[0]);
      return {
        status: StackStatus,
        parameters: Object.fromEntries(Parameters.map((one) => [one.ParameterKey, one.ParameterValue])),
        outputs: Object.fromEntries(Outputs.map((one) => [one.OutputKey, one.OutputValue])),
      };
    } catch (error) {
      if (isValidation(error, /does not exist$/)) return undefined;
      throw error;
    }
  }

  /** @returns undefined until the change set is complete. CloudFormation reports one without changes as failed */
  async function changesIn(input: PreviewInput, token?: string): Promise<StackChange[] | undefined> {
    const { Status, StatusReason, Changes, NextToken } = await cloudFormation.send(
      new DescribeChangeSetCommand({ ...input, NextToken: token }),
    );
    if (Status === 'FAILED' && /didn't contain changes|No updates are to be performed/.test(StatusReason ?? ''))
      return [];
    if (Status === 'FAILED') throw new Error(`CloudFormation refuses the change set: ${StatusReason}`);
    if (Status !== 'CREATE_COMPLETE') return undefined;
    const changes = ChangesSchema.parse(Changes).map(({ ResourceChange: change }) => ({
      action: change.Action,
      logicalId: change.LogicalResourceId,
      type: change.ResourceType,
      replaced: change.Replacement === 'True',
    }));
    return NextToken ? [...changes, ...((await changesIn(input, NextToken)) ?? [])] : changes;
  }

  return {
    describe,

    async resources(name) {
      const found: StackResource[] = [];
      for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName: name })) {
        const resources = ResourcesSchema.parse(page.StackResourceSummaries);
        found.push(
          ...resources.map((one) => ({
            logicalId: one.LogicalResourceId,
            type: one.ResourceType,
            physicalId: one.PhysicalResourceId,
          })),
        );
      }
      return found;
    },

    async retained(name) {
      const { TemplateBody } = await cloudFormation.send(
        new GetTemplateCommand({ StackName: name, TemplateStage: 'Original' }),
      );
      const { Resources } = TemplateSchema.parse(JSON.parse(String(TemplateBody)));
      return new Set(Object.entries(Resources).flatMap(([id, one]) => (one.DeletionPolicy === 'Retain' ? [id] : [])));
    },

    async setParameters(name, parameters) {
      try {
        await cloudFormation.send(
          new UpdateStackCommand({
            StackName: name,
            UsePreviousTemplate: true,
            Parameters: [...parameters],
            Capabilities: ['CAPABILITY_NAMED_IAM'],
          }),
        );
      } catch (error) {
        if (isValidation(error, /No updates are to be performed/)) return 'unchanged';
        throw error;
      }
      return until(async () => {
        const status = (await describe(name))?.status;
        return status?.endsWith('_IN_PROGRESS') ? undefined : status;
      });
    },

    async preview(input) {
      await cloudFormation.send(new CreateChangeSetCommand(input));
      try {
        return await until(() => changesIn(input));
      } finally {
        await cloudFormation.send(new DeleteChangeSetCommand(input));
      }
    },

    async running(stateMachineArn) {
      let count = 0;
      const pages = paginateListExecutions({ client: sfn }, { stateMachineArn, statusFilter: 'RUNNING' });
      for await (const { executions } of pages) count += z.array(z.unknown()).parse(executions).length;
      return count;
    },
  };
}

/** Whether CloudFormation rejects the request with such a text: these cases differ in nothing else. */
function isValidation(error: unknown, text: RegExp): boolean {
  return (
    error instanceof CloudFormationServiceException && error.name === 'ValidationError' && text.test(error.message)
  );
}

/** Error names of the SDK for missing or unusable credentials, and for missing permissions. */
const UNUSABLE = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidClientTokenId',
  'SignatureDoesNotMatch',
  'TokenProviderError',
  'UnrecognizedClientException',
]);

/** Whether the caller lacks usable credentials or a permission. */
export function lacksAccess(error: unknown): error is Error {
  return error instanceof Error && UNUSABLE.has(error.name);
}

/** {@link connectStacks} with clients of its own, and the credentials that the AWS CLI would use. */
export function stacksIn(settings: { region: string }, clock: Pick<Clock, 'sleep'>): Stacks {
  return connectStacks({ cloudFormation: new CloudFormationClient(settings), sfn: new SFNClient(settings) }, clock);
}

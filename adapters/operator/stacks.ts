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

/** A stack of CloudFormation as it stands. */
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
  /** Its name or ARN. */
  physicalId: string;
}

/** One line of a change set. */
export interface StackChange {
  action: string;
  logicalId: string;
  type: string;
  /** Another resource takes its place. */
  replaced: boolean;
}

/** A parameter as CloudFormation takes it: with a value, or with the one that it has. */
export type StackParameter =
  | { ParameterKey: string; ParameterValue: string }
  | { ParameterKey: string; UsePreviousValue: true };

/** What deploying and removing need of CloudFormation, and of Step Functions. Throws what the SDK throws. */
export interface Stacks {
  /** Undefined when there is no such stack. */
  describe(name: string): Promise<Stack | undefined>;
  resources(name: string): Promise<StackResource[]>;
  /** Logical ids that stay when the stack is deleted. */
  retained(name: string): Promise<ReadonlySet<string>>;
  /**
   * Gives parameters other values, and waits until that is done; all else stays.
   *
   * @returns how it ended; `unchanged` when they had these values
   */
  setParameters(name: string, parameters: readonly StackParameter[]): Promise<string>;
  /**
   * What an update would change. The change set is gone afterwards, and nothing is changed.
   *
   * @param input of CreateChangeSet; its name is that of the change set
   */
  preview(input: PreviewInput): Promise<StackChange[]>;
  /** Executions of a state machine that run now. */
  running(stateMachineArn: string): Promise<number>;
}

export interface PreviewInput {
  StackName: string;
  ChangeSetName: string;
  TemplateURL: string;
}

/** Between two looks at what CloudFormation is doing. */
const LOOK_AGAIN_SECONDS = 5;
/** CloudFormation's own time limit of an update is longer; what takes longer here is looked at in the console. */
const MOST_LOOKS = 360;

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
    /** Missing while it is being made. */
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
  /** @throws Error when it is still not so after half an hour */
  async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
    for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
      const found = await look();
      if (found !== undefined) return found;
      await clock.sleep(LOOK_AGAIN_SECONDS);
    }
    throw new Error('CloudFormation is still at it: look at the stack in the console');
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

  /** @returns undefined until the change set is made; a change set without changes counts as failed */
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

/** CloudFormation tells these apart only by the text. */
function isValidation(error: unknown, text: RegExp): boolean {
  return (
    error instanceof CloudFormationServiceException && error.name === 'ValidationError' && text.test(error.message)
  );
}

/** What the SDK fails with when there are no credentials, or none that AWS takes for this. */
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

/** Whether somebody has to get credentials, or permissions, before it makes sense to go on. */
export function lacksAccess(error: unknown): error is Error {
  return error instanceof Error && UNUSABLE.has(error.name);
}

/** {@link connectStacks} with clients of its own, and the credentials that the AWS command line would take. */
export function stacksIn(settings: { region: string }, clock: Pick<Clock, 'sleep'>): Stacks {
  return connectStacks({ cloudFormation: new CloudFormationClient(settings), sfn: new SFNClient(settings) }, clock);
}

import {
  ChangeSetNotFoundException,
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  type DescribeChangeSetCommandOutput,
  ExecuteChangeSetCommand,
  InvalidChangeSetStatusException,
  paginateListChangeSets,
} from '@aws-sdk/client-cloudformation';
import * as z from 'zod/mini';
import type { Clock } from '../../domain/shared/clock.ts';
import { CAPABILITIES, type StackParameter, startChange, tagsOf, UpdateRefused } from './stacks.ts';
import { poll, type Waiting } from './waiting.ts';

/** One line of a change set. */
export interface StackChange {
  /** `Add`, `Modify`, `Remove`, `Import`, `Dynamic` */
  action: string;
  logicalId: string;
  type: string;
  /** Whether another resource replaces it; `maybe` if CloudFormation knows only when it is done. */
  replaced: boolean | 'maybe';
}

/** An update to preview and make. */
export interface UpdateRequest {
  stackName: string;
  templateUrl: string;
  parameters: readonly StackParameter[];
  tags: Readonly<Record<string, string>>;
}

/** What an update would change, and how to make it. */
export interface ChangeSet {
  /** Undefined if CloudFormation finds nothing to change. Outputs and descriptions are no changes of resources. */
  changes: readonly StackChange[] | undefined;
  /** Starts the update. @throws UpdateRefused if another update came first */
  execute(): Promise<void>;
}

/** Change sets of CloudFormation. Throws the errors of the SDK. */
export interface ChangeSets {
  /**
   * Creates a change set and passes it to `use`. Unless it is executed, it is deleted at the end, whatever happens.
   *
   * @throws UpdateRefused if the status of the stack allows none · Error if CloudFormation refuses its content
   */
  preview<T>(request: UpdateRequest, use: (changeSet: ChangeSet) => Promise<T>): Promise<T>;
  /** Deletes the change sets that interrupted commands have left behind. @returns their names */
  deleteAbandoned(stackName: string): Promise<string[]>;
}

/** Begins the name of every change set that this command creates; it deletes no others. */
const PREFIX = 'usher-deploy-';
/** Longer than an operator takes to answer: the change set of a command that is still running is younger. */
const ABANDONED_AFTER_MINUTES = 60;
/** A minute; CloudFormation creates a change set in seconds. What is left then, a later command deletes. */
const MOST_DELETIONS = 12;
const DELETE_AGAIN_SECONDS = 5;

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
const SummariesSchema = z._default(
  z.array(
    z.object({
      ChangeSetName: z.string(),
      ExecutionStatus: z.optional(z.string()),
      CreationTime: z.optional(z.date()),
    }),
  ),
  [],
);

/** Change sets, over the SDK. @param id part of the names, another one for each command */
export function cloudFormationChangeSets(
  client: CloudFormationClient,
  waiting: Waiting & { clock: Clock },
  id: string,
): ChangeSets {
  /** Deletes a change set, also while the command is being ended: otherwise it would be left behind. */
  async function deleteSet(StackName: string, ChangeSetName: string): Promise<void> {
    for (let tries = 0; tries < MOST_DELETIONS; tries += 1) {
      try {
        await client.send(new DeleteChangeSetCommand({ StackName, ChangeSetName }));
        return;
      } catch (error) {
        if (error instanceof ChangeSetNotFoundException) return;
        // It is still being created.
        if (!(error instanceof InvalidChangeSetStatusException)) throw error;
        await waiting.clock.sleep(DELETE_AGAIN_SECONDS);
      }
    }
  }

  async function execute(StackName: string, ChangeSetName: string): Promise<void> {
    try {
      // With the token, a request that the SDK repeats after a lost answer executes only once.
      const command = new ExecuteChangeSetCommand({ StackName, ChangeSetName, ClientRequestToken: ChangeSetName });
      await startChange(() => client.send(command), waiting.signal);
    } catch (error) {
      // Another update deletes the change sets that it makes obsolete.
      const isObsolete =
        error instanceof ChangeSetNotFoundException || error instanceof InvalidChangeSetStatusException;
      if (isObsolete) throw new UpdateRefused(error.message, { cause: error });
      throw error;
    }
  }

  async function changesOf(StackName: string, ChangeSetName: string): Promise<ChangeSet['changes']> {
    const read = (NextToken?: string) =>
      client.send(new DescribeChangeSetCommand({ StackName, ChangeSetName, NextToken }));
    let page = await poll(async () => {
      const described = await read();
      return /^CREATE_(?:PENDING|IN_PROGRESS)$/.test(described.Status ?? '') ? undefined : described;
    }, waiting);
    if (page.Status === 'FAILED' && isEmpty(page)) return undefined;
    if (page.Status !== 'CREATE_COMPLETE') {
      throw new Error(`CloudFormation refuses the change set (${page.Status}): ${page.StatusReason}`);
    }
    const changes = changesIn(page);
    while (page.NextToken) {
      page = await read(page.NextToken);
      changes.push(...changesIn(page));
    }
    return changes;
  }

  return {
    async preview({ stackName, templateUrl, parameters, tags }, use) {
      const name = `${PREFIX}${id}`;
      const command = new CreateChangeSetCommand({
        StackName: stackName,
        ChangeSetName: name,
        ClientToken: name,
        ChangeSetType: 'UPDATE',
        TemplateURL: templateUrl,
        Parameters: [...parameters],
        Tags: tagsOf(tags),
        Capabilities: CAPABILITIES,
        // The ledger of a removed stack still exists under its name. CloudFormation imports only resources whose id the
        // template has. It cannot import a queue, whose id is its URL.
        ImportExistingResources: true,
      });
      await startChange(() => client.send(command), waiting.signal);
      let isExecuted = false;
      try {
        const changes = await changesOf(stackName, name);
        return await use({
          changes,
          execute: async () => {
            await execute(stackName, name);
            isExecuted = true;
          },
        });
      } finally {
        if (!isExecuted) await deleteSet(stackName, name);
      }
    },

    async deleteAbandoned(stackName) {
      const before = waiting.clock.now().getTime() - ABANDONED_AFTER_MINUTES * 60_000;
      const abandoned: string[] = [];
      for await (const { Summaries } of paginateListChangeSets({ client }, { StackName: stackName })) {
        for (const { ChangeSetName, ExecutionStatus = '', CreationTime } of SummariesSchema.parse(Summaries)) {
          const isOurs = ChangeSetName.startsWith(PREFIX) && !ExecutionStatus.startsWith('EXECUTE_');
          if (isOurs && CreationTime && CreationTime.getTime() < before) abandoned.push(ChangeSetName);
        }
      }
      for (const name of abandoned) await deleteSet(stackName, name);
      return abandoned;
    },
  };
}

/** Whether a failed change set is one without changes: only CloudFormation's text says so. */
function isEmpty({ StatusReason }: DescribeChangeSetCommandOutput): boolean {
  return /didn't contain changes|No updates are to be performed/.test(StatusReason ?? '');
}

function changesIn({ Changes }: DescribeChangeSetCommandOutput): StackChange[] {
  return ChangesSchema.parse(Changes).map(({ ResourceChange: change }) => ({
    action: change.Action,
    logicalId: change.LogicalResourceId,
    type: change.ResourceType,
    replaced: change.Replacement === 'Conditional' ? 'maybe' : change.Replacement === 'True',
  }));
}

import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { IAMClient, ListAccountAliasesCommand } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { paginateListExecutions, SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import * as z from 'zod/mini';
import type { Clock } from '../../domain/shared/clock.ts';
import type { ClientSettings } from '../clients.ts';
import { type Artifacts, s3Artifacts } from './artifacts.ts';
import { type ChangeSets, cloudFormationChangeSets } from './change-sets.ts';
import { cloudFormationStacks, type Stacks } from './stacks.ts';
import type { Waiting } from './waiting.ts';

/** Whose account it is. */
export interface Caller {
  accountId: string;
  /** Undefined if the account has none, or the caller may not read it. */
  alias: string | undefined;
  /** `aws`, `aws-cn`, … */
  partition: string;
}

/** What deployment and removal need of AWS. Throws the errors of the SDK. */
export interface Cloud {
  region: string;
  caller(): Promise<Caller>;
  stacks: Stacks;
  changeSets: ChangeSets;
  artifacts: Artifacts;
  /** The number of running executions of a state machine; 0 if there is no such state machine. */
  running(stateMachineArn: string): Promise<number>;
}

const CallerSchema = z.object({ Account: z.string(), Arn: z.string() });

/** Connects to AWS. @param id part of the names of change sets, another one for each command */
export function connectCloud(
  settings: Omit<ClientSettings, 'maxAttempts'>,
  waiting: Waiting & { clock: Clock },
  id: string,
): Cloud {
  const cloudFormation = new CloudFormationClient(settings);
  const sfn = new SFNClient(settings);
  const sts = new STSClient(settings);
  const iam = new IAMClient(settings);
  return {
    region: settings.region,
    stacks: cloudFormationStacks(cloudFormation, waiting),
    changeSets: cloudFormationChangeSets(cloudFormation, waiting, id),
    artifacts: s3Artifacts(new S3Client(settings), new LambdaClient(settings), waiting.signal),

    async caller() {
      const { Account, Arn } = CallerSchema.parse(await sts.send(new GetCallerIdentityCommand()));
      const aliases = await iam.send(new ListAccountAliasesCommand()).catch(() => undefined);
      return { accountId: Account, alias: aliases?.AccountAliases?.[0], partition: Arn.split(':')[1] ?? 'aws' };
    },

    async running(stateMachineArn) {
      let count = 0;
      try {
        const pages = paginateListExecutions({ client: sfn }, { stateMachineArn, statusFilter: 'RUNNING' });
        for await (const { executions } of pages) count += z.array(z.unknown()).parse(executions).length;
      } catch (error) {
        if (error instanceof Error && error.name === 'StateMachineDoesNotExist') return 0;
        throw error;
      }
      return count;
    },
  };
}

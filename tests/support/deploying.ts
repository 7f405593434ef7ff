import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { connectCloud } from '../../adapters/operator/cloud.ts';
import type { Package } from '../../build/package.ts';
import type { Tools } from '../../build/tools.ts';
import { FakeCloud } from './cloud.ts';

/** The template of a package, with one resource of each kind that a deployment treats differently. */
export const TEMPLATE = {
  Parameters: { Triggers: { Default: 'ENABLED' }, AlarmTopicArn: { Default: '' } },
  Resources: {
    ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' },
    Ledger: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'Retain', Properties: { TableName: 'usher-prod-ledger' } },
    AuditBus: { Type: 'AWS::Events::EventBus', DeletionPolicy: 'RetainExceptOnCreate' },
    UndeliveredEvents: { Type: 'AWS::SQS::Queue', DeletionPolicy: 'Retain' },
    Rule: { Type: 'AWS::Events::Rule', Properties: { State: { Ref: 'Triggers' } } },
    Plan: {
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName: 'usher-prod-plan', Code: { S3Bucket: 'b', S3Key: 'serverless/1/plan.zip' } },
    },
  },
};

/** A package with this code. */
export function aPackage(code = 'the code', parts: Partial<Package> = {}): Package {
  const zip = Buffer.from(code);
  const { ServerlessDeploymentBucket } = TEMPLATE.Resources;
  return {
    template: TEMPLATE,
    firstTemplate: JSON.stringify({ Resources: { ServerlessDeploymentBucket } }),
    tags: { application: 'usher', stage: 'prod' },
    functions: [
      { logicalId: 'Plan', name: 'usher-prod-plan', zip, sha256: createHash('sha256').update(zip).digest('base64') },
    ],
    ...parts,
  };
}

/** An account, and an operator who deploys to it. */
export interface Deploying {
  aws: FakeCloud;
  endpoint: string;
  /** Ends the command, as Ctrl-C does. */
  interrupt(): void;
  /** A run of a command, with what it prints. */
  operator(options?: { packaged?: Package | undefined; answer?: boolean; word?: string; isUnattended?: boolean }): {
    tools: Tools;
    printed: string[];
    asked: string[];
  };
}

/** Opens an account for one test. The SDK's own clients reach it over HTTP; no time passes. */
export async function anAccount(): Promise<Deploying> {
  const aws = new FakeCloud();
  const endpoint = await aws.listen();
  onTestFinished(() => aws.close());
  const interruption = new AbortController();
  const settings = {
    region: 'us-east-1',
    endpoint,
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret' },
    retryMode: 'standard',
    maxAttempts: 1 as const,
  };
  let runs = 0;
  const clock = { now: () => new Date('2026-01-02T03:04:05Z'), sleep: async () => undefined };
  aws.now = clock.now;
  return {
    aws,
    endpoint,
    interrupt: () => interruption.abort(new Error('interrupted')),
    operator({ packaged = aPackage(), answer = true, word = 'prod', isUnattended = false } = {}) {
      runs += 1;
      const id = `run-${runs}`;
      const printed: string[] = [];
      const asked: string[] = [];
      const tools: Tools = {
        id,
        stackName: 'usher-prod',
        cloud: connectCloud(settings, { clock, signal: interruption.signal }, id),
        packageStage: async () => packaged,
        confirm: async (question) => {
          asked.push(question);
          return answer;
        },
        confirmWord: async (question, wanted) => {
          asked.push(question);
          return word === wanted;
        },
        isUnattended,
        print: (line) => printed.push(line),
      };
      return { tools, printed, asked };
    },
  };
}

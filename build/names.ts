import type { Template } from '../adapters/operator/template.ts';

/** Where a type of resource has its name, and how many characters AWS allows. */
interface NameRule {
  property: string;
  limit: number;
}

/** From the API reference of each service. CloudFormation makes the names of roles and of the bucket, and shortens them. */
export const NAME_RULES: Readonly<Record<string, NameRule>> = {
  'AWS::CloudWatch::Alarm': { property: 'AlarmName', limit: 255 },
  'AWS::CloudWatch::Dashboard': { property: 'DashboardName', limit: 255 },
  'AWS::DynamoDB::Table': { property: 'TableName', limit: 255 },
  'AWS::Events::Archive': { property: 'ArchiveName', limit: 48 },
  'AWS::Events::EventBus': { property: 'Name', limit: 256 },
  'AWS::Events::EventBusPolicy': { property: 'StatementId', limit: 64 },
  'AWS::Events::Rule': { property: 'Name', limit: 64 },
  'AWS::KinesisFirehose::DeliveryStream': { property: 'DeliveryStreamName', limit: 64 },
  'AWS::Lambda::Function': { property: 'FunctionName', limit: 64 },
  'AWS::Logs::LogGroup': { property: 'LogGroupName', limit: 512 },
  'AWS::Logs::LogStream': { property: 'LogStreamName', limit: 512 },
  'AWS::Logs::QueryDefinition': { property: 'Name', limit: 255 },
  'AWS::Logs::ResourcePolicy': { property: 'PolicyName', limit: 255 },
  'AWS::SNS::Topic': { property: 'TopicName', limit: 256 },
  'AWS::SQS::Queue': { property: 'QueueName', limit: 80 },
  'AWS::Scheduler::Schedule': { property: 'Name', limit: 64 },
  'AWS::Scheduler::ScheduleGroup': { property: 'Name', limit: 64 },
  'AWS::StepFunctions::StateMachine': { property: 'StateMachineName', limit: 80 },
};

/** Names that are made later, elsewhere: those that leave least room. */
export const LATER_NAMES = [
  { id: 'A rule of forwarder.yml', suffix: '-forward-identity-center', limit: 64 },
  { id: 'A replay of usher replay', suffix: '-2026-01-01T00-00-00-000Z', limit: 64 },
];

/**
 * Returns which names are too long, one line per name, with its length and the limit. AWS would refuse them only in the
 * middle of a deployment.
 *
 * @param prefix the beginning of every name: `namePrefix`, `usher-` and the stage
 */
export function longNames({ Resources }: Template, prefix: string): string[] {
  const named = Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    const rule = NAME_RULES[Type];
    if (!rule) return [];
    const name = Properties?.[rule.property];
    return typeof name === 'string' ? [{ id, name, limit: rule.limit }] : [];
  });
  const later = LATER_NAMES.map(({ id, suffix, limit }) => ({ id, name: prefix + suffix, limit }));
  return [...named, ...later]
    .filter(({ name, limit }) => name.length > limit)
    .map(({ id, name, limit }) => `${id}: the name ${name} has ${name.length} characters, and AWS allows ${limit}`);
}

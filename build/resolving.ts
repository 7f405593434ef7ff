import * as z from 'zod/mini';

/** A template, as far as its sizes depend on it. */
export interface MeasuredTemplate {
  Parameters?: Readonly<Record<string, unknown>> | undefined;
  Outputs?: Readonly<Record<string, unknown>> | undefined;
  Resources: Readonly<Record<string, MeasuredResource>>;
}

export interface MeasuredResource {
  Type: string;
  Properties?: Readonly<Record<string, unknown>> | undefined;
}

/** Where a template is deployed. */
export interface Place {
  /** `aws`, `aws-cn`, … */
  partition: string;
  region: string;
  /** The name of the stack. */
  stack: string;
}

/** An account id has twelve digits, and its length is all that counts here. */
const ACCOUNT = '111122223333';

/** What a type names its resources by, and the part of their ARNs after the account, where that is not `<type>/<name>`. */
const TYPES: Readonly<Record<string, { name: string; path?: (name: string) => string }>> = {
  'AWS::DynamoDB::Table': { name: 'TableName' },
  'AWS::Events::Archive': { name: 'ArchiveName' },
  'AWS::Events::EventBus': { name: 'Name', path: (name) => `event-bus/${name}` },
  'AWS::Events::Rule': { name: 'Name' },
  'AWS::IAM::ManagedPolicy': { name: 'ManagedPolicyName', path: (name) => `policy/${name}` },
  'AWS::IAM::Role': { name: 'RoleName' },
  'AWS::KinesisFirehose::DeliveryStream': { name: 'DeliveryStreamName' },
  'AWS::Lambda::Function': { name: 'FunctionName', path: (name) => `function:${name}` },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', path: (name) => `log-group:${name}:*` },
  'AWS::SQS::Queue': { name: 'QueueName', path: (name) => name },
  'AWS::Scheduler::ScheduleGroup': { name: 'Name', path: (name) => `schedule-group/${name}` },
  'AWS::StepFunctions::StateMachine': { name: 'StateMachineName', path: (name) => `stateMachine:${name}` },
};
/** Types whose `Ref` is an ARN. */
const REFERRED_BY_ARN = ['AWS::IAM::ManagedPolicy', 'AWS::SNS::Topic', 'AWS::StepFunctions::StateMachine'];

/** CloudFormation's limit for the value of a parameter, in bytes. */
const PARAMETER_BYTES = 4096;

const ParameterSchema = z.looseObject({
  AllowedValues: z.optional(z.array(z.string())),
  MaxLength: z.optional(z.number()),
});

/**
 * Returns a function that replaces CloudFormation's functions in a value, as CloudFormation does before it calls AWS.
 *
 * What is known only later is as long as it can be: a parameter has its longest value, and `Fn::If` the longer of its two.
 * Names that AWS makes have their length.
 */
export function resolverFor(
  { Parameters = {}, Resources }: MeasuredTemplate,
  place: Place,
): (value: unknown) => unknown {
  const pseudo: Readonly<Record<string, string>> = {
    'AWS::AccountId': ACCOUNT,
    'AWS::Partition': place.partition,
    'AWS::Region': place.region,
    'AWS::StackName': place.stack,
    'AWS::URLSuffix': place.partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com',
  };

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve).filter((one) => one !== undefined);
    if (!isRecord(value)) return value;
    const [only, ...others] = Object.entries(value);
    const replaced = only && others.length === 0 ? call(only) : undefined;
    if (replaced) return replaced.by;
    const entries = Object.entries(value).map(([key, one]) => [key, resolve(one)] as const);
    return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
  }

  /** @returns undefined if it is no function of CloudFormation */
  function call([name, argument]: [string, unknown]): { by: unknown } | undefined {
    const list = Array.isArray(argument) ? argument : [argument];
    if (name === 'Ref') return { by: argument === 'AWS::NoValue' ? undefined : reference(String(argument)) };
    if (name === 'Fn::GetAtt') return { by: attribute(list.join('.')) };
    if (name === 'Fn::Sub') return { by: substitute(String(list[0]), isRecord(list[1]) ? list[1] : {}) };
    if (name === 'Fn::If') return { by: longer(resolve(list[1]), resolve(list[2])) };
    if (name === 'Fn::Join' && Array.isArray(list[1])) return { by: list[1].map(resolve).join(String(list[0])) };
    return undefined;
  }

  function substitute(text: string, variables: Readonly<Record<string, unknown>>): string {
    return text.replace(/\$\{([^!}][^}]*)\}/g, (_, name: string) => {
      if (Object.hasOwn(variables, name)) return String(resolve(variables[name]));
      return name.includes('.') ? attribute(name) : reference(name);
    });
  }

  function reference(name: string): string {
    const known = pseudo[name];
    if (known !== undefined) return known;
    const resource = Resources[name];
    if (!resource) return longestOf(Parameters[name]);
    return REFERRED_BY_ARN.includes(resource.Type) ? arnOf(name, resource) : nameOf(name, resource);
  }

  function attribute(path: string): string {
    const [id = ''] = path.split('.');
    const resource = Resources[id];
    return resource ? arnOf(id, resource) : path;
  }

  function nameOf(id: string, { Type, Properties }: MeasuredResource): string {
    const given = resolve(Properties?.[TYPES[Type]?.name ?? 'Name']);
    // CloudFormation makes unique names of at most 64 characters for roles, and of the same form for others.
    return typeof given === 'string' ? given : `${place.stack}-${id}-${'X'.repeat(13)}`.slice(0, 64);
  }

  /** Of a role or a policy, without the slash at its beginning. */
  function pathOf({ Properties }: MeasuredResource): string {
    const path = resolve(Properties?.['Path']);
    return typeof path === 'string' ? path.slice(1) : '';
  }

  function arnOf(id: string, resource: MeasuredResource): string {
    const [, service = '', kind = ''] = resource.Type.split('::');
    const name = nameOf(id, resource);
    const inPath = service === 'IAM' ? `${pathOf(resource)}${name}` : name;
    const path = TYPES[resource.Type]?.path?.(inPath) ?? `${kind.toLowerCase()}/${inPath}`;
    const region = service === 'IAM' ? '' : place.region;
    const prefix =
      service === 'StepFunctions' ? 'states' : service === 'KinesisFirehose' ? 'firehose' : service.toLowerCase();
    return `arn:${place.partition}:${prefix}:${region}:${ACCOUNT}:${path}`;
  }

  return resolve;
}

function longestOf(parameter: unknown): string {
  const { AllowedValues = [], MaxLength } = ParameterSchema.parse(parameter ?? {});
  const [longest] = AllowedValues.toSorted((a, b) => b.length - a.length);
  return longest ?? 'x'.repeat(MaxLength ?? PARAMETER_BYTES);
}

function longer(one: unknown, other: unknown): unknown {
  const length = (value: unknown) => JSON.stringify(value)?.length ?? 0;
  return length(one) >= length(other) ? one : other;
}

/** Counts the characters of a text, or of a value as JSON, as AWS counts them in a policy: without white space. */
export function charactersIn(value: unknown): number {
  if (value === undefined) return 0;
  return (typeof value === 'string' ? value : JSON.stringify(value)).replaceAll(/\s/g, '').length;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

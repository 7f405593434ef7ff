import * as z from 'zod/mini';
import { charactersIn, type MeasuredTemplate, type Place, resolverFor } from './resolving.ts';

/** What is about to be deployed. */
export interface Measured {
  template: MeasuredTemplate;
  place: Place;
  /** By logical id of the function, in bytes. */
  unzipped: ReadonlyMap<string, number>;
}

/** How much of something a package has. */
interface Amount {
  resource: string;
  number: number;
}

/** A limit of AWS that a package can reach. */
export interface Limit {
  /** What is counted, in the plural. */
  counts: string;
  most: number;
  /** Where AWS says so. */
  source: string;
  /** What to do about it. */
  remedy: string;
  measure(measured: Measured): Amount[];
}

/** IAM counts no white space. */
export const MANAGED_POLICY_CHARACTERS = 6144;

const API = 'https://docs.aws.amazon.com';
const CLOUDFORMATION = `${API}/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html`;
const IAM = `${API}/IAM/latest/UserGuide/reference_iam-quotas.html`;
const LAMBDA = `${API}/lambda/latest/dg/gettingstarted-limits.html`;

const CONFIGURE_LESS = 'Configure fewer applications, or subscriptions with fewer or shorter roleArns.';
const SHORTER_STAGE = 'Choose a shorter --stage or namePrefix.';
const SHORTER_TEMPLATE = 'Shorten what deploy/ says: no setting has a part in this.';

/** The properties of a resource that need a closer look. */
const PropertiesSchema = z.looseObject({
  ManagedPolicyArns: z._default(z.array(z.unknown()), []),
  Policies: z._default(z.array(z.object({ PolicyDocument: z.unknown() })), []),
  Environment: z._default(z.object({ Variables: z.unknown() }), { Variables: {} }),
  RoleArn: z._default(z.string(), ''),
  ExtendedS3DestinationConfiguration: z._default(z.looseObject({ RoleARN: z._default(z.string(), '') }), {
    RoleARN: '',
  }),
});
type Properties = z.infer<typeof PropertiesSchema>;

/** Measures each resource of a type. Its properties are as AWS gets them. */
function each(type: string, count: (properties: Properties) => number): Limit['measure'] {
  return ({ template, place }) => {
    const resolve = resolverFor(template, place);
    return Object.entries(template.Resources)
      .filter(([, { Type }]) => Type === type)
      .map(([resource, { Properties = {} }]) => ({
        resource,
        number: count(PropertiesSchema.parse(resolve(Properties))),
      }));
  };
}

function whole(count: (template: MeasuredTemplate) => number): Limit['measure'] {
  return ({ template }) => [{ resource: 'the template', number: count(template) }];
}

function lengthOf(value: unknown): number {
  return value === undefined ? 0 : (typeof value === 'string' ? value : JSON.stringify(value)).length;
}

function size(value: object | undefined = {}): number {
  return Object.keys(value).length;
}

/** Every limit of AWS that a package can reach, by its configuration, by the name of its stage or as the template grows. */
export const LIMITS: readonly Limit[] = [
  {
    counts: 'characters of inline policies',
    most: 10_240,
    source: IAM,
    remedy: SHORTER_TEMPLATE,
    measure: each('AWS::IAM::Role', ({ Policies }) =>
      Policies.reduce((sum, { PolicyDocument }) => sum + charactersIn(PolicyDocument), 0),
    ),
  },
  {
    counts: 'managed policies',
    // AWS raises it on request. No request is made here, and the default is enough for most configurations.
    most: 10,
    source: IAM,
    remedy: CONFIGURE_LESS,
    measure: each('AWS::IAM::Role', ({ ManagedPolicyArns }) => ManagedPolicyArns.length),
  },
  {
    counts: 'characters of policy',
    most: MANAGED_POLICY_CHARACTERS,
    source: IAM,
    remedy: CONFIGURE_LESS,
    measure: each('AWS::IAM::ManagedPolicy', ({ PolicyDocument }) => charactersIn(PolicyDocument)),
  },
  {
    counts: 'resources',
    most: 500,
    source: CLOUDFORMATION,
    remedy: SHORTER_TEMPLATE,
    measure: whole(({ Resources }) => size(Resources)),
  },
  {
    counts: 'parameters',
    most: 200,
    source: CLOUDFORMATION,
    remedy: SHORTER_TEMPLATE,
    measure: whole(({ Parameters }) => size(Parameters)),
  },
  {
    counts: 'outputs',
    most: 200,
    source: CLOUDFORMATION,
    remedy: SHORTER_TEMPLATE,
    measure: whole(({ Outputs }) => size(Outputs)),
  },
  {
    counts: 'bytes',
    // 1 MB in a bucket. So no definition of a state machine reaches its own limit, which is as large.
    most: 1_000_000,
    source: CLOUDFORMATION,
    remedy: CONFIGURE_LESS,
    measure: whole((template) => Buffer.byteLength(JSON.stringify(template, null, 2))),
  },
  {
    counts: 'characters of RoleArn',
    most: 256,
    source: `${API}/step-functions/latest/apireference/API_CreateStateMachine.html`,
    remedy: SHORTER_TEMPLATE,
    measure: each('AWS::StepFunctions::StateMachine', ({ RoleArn }) => RoleArn.length),
  },
  {
    counts: 'characters of RoleARN',
    most: 512,
    source: `${API}/firehose/latest/APIReference/API_ExtendedS3DestinationConfiguration.html`,
    remedy: SHORTER_TEMPLATE,
    measure: each(
      'AWS::KinesisFirehose::DeliveryStream',
      ({ ExtendedS3DestinationConfiguration: { RoleARN } }) => RoleARN.length,
    ),
  },
  {
    counts: 'characters of EventPattern',
    most: 2048,
    source: `${API}/eventbridge/latest/userguide/eb-quota.html`,
    remedy: SHORTER_TEMPLATE,
    measure: each('AWS::Events::Rule', ({ EventPattern }) => lengthOf(EventPattern)),
  },
  {
    counts: 'characters of PolicyDocument',
    most: 5120,
    source: `${API}/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html`,
    remedy: SHORTER_STAGE,
    measure: each('AWS::Logs::ResourcePolicy', ({ PolicyDocument }) => lengthOf(PolicyDocument)),
  },
  {
    counts: 'bytes of environment',
    most: 4096,
    source: LAMBDA,
    remedy: SHORTER_STAGE,
    measure: each('AWS::Lambda::Function', ({ Environment }) =>
      Buffer.byteLength(JSON.stringify(Environment.Variables)),
    ),
  },
  {
    counts: 'bytes of code, unzipped',
    // 250 MB.
    most: 262_144_000,
    source: LAMBDA,
    remedy: CONFIGURE_LESS,
    measure: ({ unzipped }) => [...unzipped].map(([resource, number]) => ({ resource, number })),
  },
];

/** Returns what exceeds a limit, one line each. */
export function excessesOf(measured: Measured): string[] {
  return LIMITS.flatMap(({ counts, most, source, remedy, measure }) =>
    measure(measured)
      .filter(({ number }) => number > most)
      .map(({ resource, number }) => `${resource}: ${number} ${counts}, at most ${most}. ${remedy} ${source}`),
  );
}

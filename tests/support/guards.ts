import type { Resource, Template } from './template.ts';

/** A statement of a policy of IAM, with references of CloudFormation in place of some texts. */
export interface PolicyStatement {
  Effect: 'Allow' | 'Deny';
  Principal?: unknown;
  Action: string | string[];
  Resource?: unknown;
  Condition?: Record<string, Record<string, unknown>>;
}

/** A policy that is or may be part of a resource. */
interface Document {
  Statement: PolicyStatement[];
}

/** The keys of a request; what a service of AWS does not send is absent. */
export type RequestContext = Readonly<Record<string, unknown>>;

const THIS_ACCOUNT = '{"Ref":"AWS::AccountId"}';

/** The value of a key or a condition as text: a reference stands for itself. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** IAM's ArnLike and StringLike, whose star also stands for slashes. */
function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
}

/**
 * Whether the conditions of a statement are met.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
export function isMet({ Condition = {} }: PolicyStatement, context: RequestContext): boolean {
  return Object.entries(Condition).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => isMetFor(operator, [wanted].flat().map(textOf), context[key])),
  );
}

function isMetFor(operator: string, wanted: readonly string[], value: unknown): boolean {
  const [, all = '', name = '', ifExists = ''] = /^(ForAllValues:)?(\w+?)(IfExists)?$/.exec(operator) ?? [];
  const isNegated = name.includes('Not');
  // "If the key is not present, negated operators, …IfExists and ForAllValues are true", all others are false.
  if (value === undefined) return isNegated || all !== '' || ifExists !== '';
  const values = [value].flat().map(textOf);
  const compare = (text: string) =>
    wanted.some((pattern) => (name.endsWith('Like') ? isLike(text, pattern) : text === pattern));
  if (!/^(?:Arn|String)(?:Not)?(?:Equals|Like)$|^Bool$/.test(name)) throw new Error(`An unknown operator: ${operator}`);
  return isNegated ? !values.some(compare) : values.every(compare);
}

function ofType({ Resources }: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

/** The statements about a bus, which are resources of their own. */
export function busStatements(template: Template, bus: string): PolicyStatement[] {
  return ofType(template, 'AWS::Events::EventBusPolicy')
    .filter(([, { Properties }]) => textOf(Properties['EventBusName']) === `{"Ref":"${bus}"}`)
    .map(([, { Properties }]) => Properties['Statement'] as PolicyStatement);
}

function queueStatements(template: Template, queue: string): PolicyStatement[] {
  return ofType(template, 'AWS::SQS::QueuePolicy')
    .filter(([, { Properties }]) => textOf(Properties['Queues']) === `[{"Ref":"${queue}"}]`)
    .flatMap(([, { Properties }]) => (Properties['PolicyDocument'] as Document).Statement);
}

function trustsServiceOfAnyAccount({ Properties }: Resource): boolean {
  const { Statement } = Properties['AssumeRolePolicyDocument'] as Document;
  return Statement.some(
    ({ Principal, Condition }) =>
      textOf(Principal).includes('"Service"') &&
      ![Condition?.['StringEquals'], Condition?.['StringEqualsIfExists']].some(
        (keys) => textOf(keys?.['aws:SourceAccount'] ?? '') === THIS_ACCOUNT,
      ),
  );
}

function writesToAnyBucket({ Properties }: Resource): boolean {
  const policies = (Properties['Policies'] ?? []) as { PolicyDocument: Document }[];
  return policies
    .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
    .some(
      ({ Action, Condition }) =>
        [Action].flat().some((action) => action.startsWith('s3:')) &&
        Condition?.['StringEquals']?.['s3:ResourceAccount'] === undefined,
    );
}

function takesPlainHttp(template: Template, queue: string): boolean {
  return !queueStatements(template, queue).some(
    (statement) =>
      statement.Effect === 'Deny' &&
      textOf(statement.Principal) === '*' &&
      textOf(statement.Action) === 'sqs:*' &&
      isMet(statement, { 'aws:SecureTransport': 'false' }),
  );
}

/** Whether someone in the account may put events on a bus if a policy of IAM lets them. */
function takesEventsOfAnyone(template: Template, bus: string): boolean {
  const anyone = { 'aws:PrincipalArn': 'arn:aws:iam::111122223333:role/anyone', 'aws:PrincipalIsAWSService': 'false' };
  return !busStatements(template, bus).some(
    (statement) =>
      statement.Effect === 'Deny' &&
      textOf(statement.Principal) === '*' &&
      textOf(statement.Action) === 'events:PutEvents' &&
      isMet(statement, anyone),
  );
}

function allowsWholeAccount({ Properties }: Resource): boolean {
  const { Effect, Condition } = Properties['Statement'] as PolicyStatement;
  return Effect === 'Allow' && Condition?.['ArnEquals']?.['aws:PrincipalArn'] === undefined;
}

function isInvokedForAnyone({ Properties }: Resource): boolean {
  return textOf(Properties['SourceAccount'] ?? '') !== THIS_ACCOUNT || Properties['SourceArn'] === undefined;
}

/** By type: what makes a resource of it unguarded. */
const GUARDS: readonly [
  type: string,
  fault: string,
  isFaulty: (resource: Resource, template: Template, id: string) => boolean,
][] = [
  ['AWS::IAM::Role', 'trusts a service for any account', trustsServiceOfAnyAccount],
  ['AWS::IAM::Role', 'writes to a bucket of any account', writesToAnyBucket],
  ['AWS::SQS::Queue', 'takes requests without TLS', (_resource, template, id) => takesPlainHttp(template, id)],
  ['AWS::Events::EventBus', 'takes events of anyone', (_resource, template, id) => takesEventsOfAnyone(template, id)],
  ['AWS::Events::EventBusPolicy', 'allows a whole account', allowsWholeAccount],
  ['AWS::Lambda::Permission', 'lets a service invoke for anyone', isInvokedForAnyone],
];

/** What is not guarded against other accounts, other principals and plain HTTP, in a resolved template. */
export function unguarded(template: Template): string[] {
  return GUARDS.flatMap(([type, fault, isFaulty]) =>
    ofType(template, type)
      .filter(([id, resource]) => isFaulty(resource, template, id))
      .map(([id]) => `${id} ${fault}`),
  );
}

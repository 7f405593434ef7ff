import type { Template } from '../adapters/operator/template.ts';

type Properties = Readonly<Record<string, unknown>>;

/** Properties that every resource of a type gets; those of the resource itself win. */
const DEFAULTS: Readonly<Record<string, Properties>> = {
  'AWS::Logs::LogGroup': {
    RetentionInDays: { Ref: 'LogRetentionDays' },
    KmsKeyId: { 'Fn::If': ['HasKey', { Ref: 'KeyArn' }, { Ref: 'AWS::NoValue' }] },
  },
};

/** Whom an alarm notifies. */
const NOTIFY = {
  'Fn::If': [
    'HasAlarmTopic',
    [{ 'Fn::If': ['HasOwnAlarmTopic', { Ref: 'AlarmTopic' }, { Ref: 'AlarmTopicArn' }] }],
    { Ref: 'AWS::NoValue' },
  ],
};

/** Properties that every resource of a type has, whatever the resource itself says. */
const DEMANDS: Readonly<Record<string, Properties>> = {
  'AWS::CloudWatch::Alarm': { AlarmActions: NOTIFY, OKActions: NOTIFY },
  'AWS::IAM::ManagedPolicy': { Path: { Ref: 'RolePath' } },
  'AWS::IAM::Role': {
    Path: { Ref: 'RolePath' },
    PermissionsBoundary: {
      'Fn::If': ['HasPermissionsBoundary', { Ref: 'PermissionsBoundaryArn' }, { Ref: 'AWS::NoValue' }],
    },
  },
};

/**
 * Returns the template with what a company asks of every role, log group and alarm, so that no resource can be added without it.
 *
 * @returns a template that refers to parameters and conditions of `deploy/parameters.yml`
 */
export function withGuardrails(template: Template): Template {
  const Resources = Object.fromEntries(
    Object.entries(template.Resources).map(([id, resource]) => {
      const [defaults, demands] = [DEFAULTS[resource.Type], DEMANDS[resource.Type]];
      if (!(defaults || demands)) return [id, resource];
      return [id, { ...resource, Properties: { ...defaults, ...resource.Properties, ...demands } }];
    }),
  );
  return { ...template, Resources };
}

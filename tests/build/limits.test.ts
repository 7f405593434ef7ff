import { describe, expect, it } from 'vitest';
import { excessesOf, LIMITS } from '../../build/limits.ts';
import type { MeasuredResource, MeasuredTemplate } from '../../build/resolving.ts';
import { readTemplateFile } from '../support/template.ts';

const PLACE = { partition: 'aws', region: 'us-east-1', stack: 'usher-prod' };

type Package = Partial<MeasuredTemplate> & { unzipped?: ReadonlyMap<string, number> };

function excessesIn({ unzipped = new Map(), Resources = {}, ...rest }: Package): string[] {
  return excessesOf({ template: { Resources, ...rest }, place: PLACE, unzipped });
}

const x = (length: number) => 'x'.repeat(length);
const entries = <Value>(count: number, value: Value) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`R${index}`, value]));
const one = (Type: string, Properties: MeasuredResource['Properties']): Package => ({
  Resources: { One: { Type, Properties } },
});
/** A policy document of that many characters. */
const policyOf = (length: number) => ({ Version: x(length - JSON.stringify({ Version: '' }).length) });

/** What has exactly that much of what a limit counts, by the limit. */
const PACKAGES: [counts: string, most: number, of: string, make: (number: number) => Package][] = [
  [
    'characters of inline policies',
    10_240,
    'One',
    (number) =>
      one('AWS::IAM::Role', {
        Policies: [{ PolicyDocument: policyOf(number - 100) }, { PolicyDocument: policyOf(100) }],
      }),
  ],
  ['managed policies', 10, 'One', (number) => one('AWS::IAM::Role', { ManagedPolicyArns: x(number).split('') })],
  [
    'characters of policy',
    6144,
    'One',
    (number) => one('AWS::IAM::ManagedPolicy', { PolicyDocument: policyOf(number) }),
  ],
  ['resources', 500, 'the template', (number) => ({ Resources: entries(number, { Type: 'T' }) })],
  ['parameters', 200, 'the template', (number) => ({ Parameters: entries(number, {}) })],
  ['outputs', 200, 'the template', (number) => ({ Outputs: entries(number, {}) })],
  [
    'bytes',
    1_000_000,
    'the template',
    (number) => {
      const sized = (length: number) => one('T', { Text: x(length) });
      // As the packager writes it.
      return sized(number - JSON.stringify(sized(0), null, 2).length);
    },
  ],
  ['characters of RoleArn', 256, 'One', (number) => one('AWS::StepFunctions::StateMachine', { RoleArn: x(number) })],
  [
    'characters of RoleARN',
    512,
    'One',
    (number) =>
      one('AWS::KinesisFirehose::DeliveryStream', { ExtendedS3DestinationConfiguration: { RoleARN: x(number) } }),
  ],
  ['characters of EventPattern', 2048, 'One', (number) => one('AWS::Events::Rule', { EventPattern: policyOf(number) })],
  [
    'characters of PolicyDocument',
    5120,
    'One',
    (number) => one('AWS::Logs::ResourcePolicy', { PolicyDocument: x(number) }),
  ],
  [
    'bytes of environment',
    4096,
    'One',
    (number) => one('AWS::Lambda::Function', { Environment: { Variables: policyOf(number) } }),
  ],
  ['bytes of code, unzipped', 262_144_000, 'Plan', (number) => ({ unzipped: new Map([['Plan', number]]) })],
];

describe('a limit of AWS', () => {
  it.each(PACKAGES)('on %s is %i: a package may reach it, and is refused beyond it', (counts, most, of, make) => {
    expect(excessesIn(make(most))).toEqual([]);
    const [excess = '', ...others] = excessesIn(make(most + 1));
    expect(others).toEqual([]);
    expect(excess.startsWith(`${of}: ${most + 1} ${counts}, at most ${most}. `)).toBe(true);
    // What to do, and where AWS says so.
    expect(excess).toMatch(/\. [A-Z][^.]+\. https:\/\/docs\.aws\.amazon\.com\/\S+\.html$/);
  });

  it('is tested like this, each', () => {
    expect(LIMITS.map(({ counts, most }) => [counts, most])).toEqual(PACKAGES.map(([counts, most]) => [counts, most]));
  });

  it('on a policy is for what AWS gets: no white space, with references resolved and the longest parameter', () => {
    const policy = (text: unknown) => ({
      Parameters: { KeyArn: { MaxLength: 6000 }, Free: {} },
      ...one('AWS::IAM::ManagedPolicy', { PolicyDocument: { Statement: [{ Resource: text }] } }),
    });
    expect(excessesIn(policy(x(6200)))).toHaveLength(1);
    expect(excessesIn(policy(' '.repeat(6200)))).toEqual([]);
    expect(excessesIn(policy({ Ref: 'KeyArn' }))).toEqual([]);
    expect(excessesIn(policy([{ Ref: 'KeyArn' }, x(149)]))).toEqual([expect.stringContaining('One: 6185 ')]);
    expect(excessesIn(policy({ Ref: 'Free' }))).toEqual([]);
  });

  it('that several resources exceed names each', () => {
    const Properties = { PolicyDocument: x(5121) };
    const Resources = { One: { Type: 'AWS::Logs::ResourcePolicy', Properties }, Two: { Type: 'T' } };
    expect(excessesIn({ Resources: { ...Resources, Three: Resources.One } })).toEqual([
      expect.stringMatching(/^One: 5121 /),
      expect.stringMatching(/^Three: 5121 /),
    ]);
  });
});

describe('every parameter of a stage', () => {
  it('says how long its value may be, within what CloudFormation takes: packaging counts with that', () => {
    const texts = Object.entries(readTemplateFile('deploy/parameters.yml').Parameters).filter(
      ([, { Type, AllowedValues }]) => Type === 'String' && !AllowedValues,
    );
    expect(texts.length).toBeGreaterThan(3);
    const unlimited = texts.filter(([, { MaxLength = Number.POSITIVE_INFINITY }]) => MaxLength > 4096);
    expect(unlimited.map(([name]) => name)).toEqual([]);
  });

  it('leaves Step Functions an ARN that it takes, with the longest path, name and partition', () => {
    const { Parameters } = readTemplateFile('deploy/parameters.yml');
    const Resources = {
      Role: { Type: 'AWS::IAM::Role', Properties: { Path: { Ref: 'RolePath' } } },
      Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] } } },
    };
    const excesses = (parameters: typeof Parameters) =>
      excessesOf({
        template: { Parameters: parameters, Resources },
        place: { partition: 'aws-us-gov', region: 'us-gov-west-1', stack: x(64) },
        unzipped: new Map(),
      });
    expect(excesses(Parameters)).toEqual([]);
    const longer = { ...Parameters, RolePath: { MaxLength: 156 } };
    expect(excesses(longer)).toEqual([expect.stringMatching(/^Machine: 257 characters of RoleArn, at most 256/)]);
  });
});

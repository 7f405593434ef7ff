import { describe, expect, it } from 'vitest';
import { checkParameters, formatParameters, parametersFor, valuesFor } from '../../build/parameters.ts';

const PARAMETERS = { Triggers: 'ENABLED', AlarmTopicArn: 'arn:aws:sns:us-east-1:111122223333:topic' };

describe('parameters', () => {
  const rules = {
    Triggers: { AllowedValues: ['ENABLED', 'DISABLED'] },
    ForwarderAccountId: { AllowedPattern: '(\\d{12})?', ConstraintDescription: 'twelve digits, or nothing' },
    Log: { AllowedPattern: 'on|off' },
    Name: { AllowedPattern: '[a-z]*', MaxLength: 4, ConstraintDescription: 'at most four letters' },
    Free: {},
  };

  it('are read as they stand on the command line', () => {
    const given = ['Triggers=DISABLED', 'ForwarderAccountId=', 'Name=abcd', 'Free=a=b\n'];
    expect(checkParameters(given, rules)).toEqual({
      problems: [],
      parameters: { Triggers: 'DISABLED', ForwarderAccountId: '', Name: 'abcd', Free: 'a=b\n' },
    });
  });

  it.each([
    ['Triggers', 'Triggers: expected Name=value with one of Triggers, ForwarderAccountId, Log, Name, Free'],
    ['triggers=ENABLED', 'triggers: expected Name=value with one of Triggers, ForwarderAccountId, Log, Name, Free'],
    ['constructor=x', 'constructor: expected Name=value with one of Triggers, ForwarderAccountId, Log, Name, Free'],
    ['Triggers=off', 'Triggers: expected ENABLED or DISABLED'],
    ['Log=one', 'Log: expected another value'],
    ['Name=abcde', 'Name: expected at most four letters'],
    ['ForwarderAccountId=1234567890123', 'ForwarderAccountId: expected twelve digits, or nothing'],
  ])('are refused before anything is packaged: %s', (given, problem) => {
    expect(checkParameters([given], rules).problems).toEqual([problem]);
  });

  it('keep their values, unless they are given others', () => {
    expect(parametersFor(['Triggers', 'AlarmTopicArn', 'New'], { Triggers: 'DISABLED' }, PARAMETERS)).toEqual([
      { ParameterKey: 'Triggers', ParameterValue: 'DISABLED' },
      { ParameterKey: 'AlarmTopicArn', UsePreviousValue: true },
    ]);
    expect(parametersFor(['Triggers'], {}, {})).toEqual([]);
    // The template no longer has it: CloudFormation would refuse it.
    expect(parametersFor([], {}, PARAMETERS)).toEqual([]);
  });

  it('have a line each in what a deployment shows, if they change', () => {
    const template = { Parameters: { Triggers: { Default: 'ENABLED' }, AlarmTopicArn: {}, New: {} }, Resources: {} };
    const after = valuesFor(template, { Triggers: 'DISABLED', AlarmTopicArn: '' }, PARAMETERS);
    expect(formatParameters(PARAMETERS, after)).toEqual([
      '~ Triggers: ENABLED → DISABLED',
      `~ AlarmTopicArn: ${PARAMETERS.AlarmTopicArn} → empty`,
      '~ New: none → empty',
    ]);
  });
});

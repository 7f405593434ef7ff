import type { StackParameter } from '../adapters/operator/stacks.ts';
import type { Template } from '../adapters/operator/template.ts';

/** The rules that the template declares for a parameter. */
export interface ParameterRule {
  AllowedPattern?: string | undefined;
  AllowedValues?: readonly string[] | undefined;
  /** In characters. */
  MaxLength?: number | undefined;
  ConstraintDescription?: string | undefined;
}

export type Parameters = Readonly<Record<string, string>>;

/**
 * Checks the given parameters, because CloudFormation would check them only after the upload.
 *
 * @param given as on the command line, `Name=value`
 * @returns one message per invalid parameter, and the valid ones by name
 */
export function checkParameters(
  given: readonly string[],
  rules: Readonly<Record<string, ParameterRule>>,
): { problems: string[]; parameters: Record<string, string> } {
  const problems: string[] = [];
  const parameters: Record<string, string> = {};
  for (const one of given) {
    const [, name = '', value = ''] = /^(\w+)=(.*)$/s.exec(one) ?? [];
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (!rule) problems.push(`${name || one}: expected Name=value with one of ${Object.keys(rules).join(', ')}`);
    else if (!isAllowed(value, rule)) {
      problems.push(
        `${name}: expected ${rule.ConstraintDescription ?? rule.AllowedValues?.join(' or ') ?? 'another value'}`,
      );
    } else parameters[name] = value;
  }
  return { problems, parameters };
}

function isAllowed(value: string, { AllowedPattern, AllowedValues, MaxLength }: ParameterRule): boolean {
  if (AllowedValues && !AllowedValues.includes(value)) return false;
  if (MaxLength !== undefined && value.length > MaxLength) return false;
  return AllowedPattern === undefined || new RegExp(`^(?:${AllowedPattern})$`).test(value);
}

/**
 * Returns the parameters of an update: the given ones, and the present values of all others. Without these, CloudFormation
 * would reset them to the defaults, and an alarm would no longer notify anyone.
 *
 * @param names all parameters of the template
 * @param before the parameters of the stack
 */
export function parametersFor(names: readonly string[], given: Parameters, before: Parameters): StackParameter[] {
  return names.flatMap((name): StackParameter[] => {
    const value = given[name];
    if (value !== undefined) return [{ ParameterKey: name, ParameterValue: value }];
    return Object.hasOwn(before, name) ? [{ ParameterKey: name, UsePreviousValue: true }] : [];
  });
}

/** Returns the values that all parameters of a template will have. */
export function valuesFor({ Parameters = {} }: Template, given: Parameters, before: Parameters): Parameters {
  return Object.fromEntries(
    Object.entries(Parameters).map(([name, { Default = '' }]) => [name, given[name] ?? before[name] ?? Default]),
  );
}

/** Returns what is lost with parameters that had a value and that the template no longer has, one line each. */
export function formatDropped(before: Parameters, after: Parameters): string[] {
  return Object.entries(before)
    .filter(([name, value]) => value !== '' && !Object.hasOwn(after, name))
    .map(([name]) => `There is no parameter ${name} any longer. CHANGELOG.md says what replaces it.`);
}

/** Formats the parameters that change, one line each. */
export function formatParameters(before: Parameters, after: Parameters): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .filter((name) => before[name] !== after[name])
    .map((name) => `~ ${name}: ${shown(before[name])} → ${shown(after[name])}`);
}

function shown(value: string | undefined): string {
  return value === undefined ? 'none' : value === '' ? 'empty' : value;
}

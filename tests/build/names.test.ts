import { describe, expect, it } from 'vitest';
import { LATER_NAMES, longNames, NAME_RULES } from '../../build/names.ts';
import { readTemplateFile } from '../support/template.ts';

const LONGEST = Math.min(...LATER_NAMES.map(({ suffix, limit }) => limit - suffix.length));

function anArchive(ArchiveName: unknown) {
  return { Resources: { Archive: { Type: 'AWS::Events::Archive', Properties: { ArchiveName } } } };
}

describe('a name that is too long', () => {
  it('is refused with its length and the limit', () => {
    expect(longNames(anArchive('a'.repeat(48)), 'usher-prod')).toEqual([]);
    expect(longNames(anArchive('a'.repeat(49)), 'usher-prod')).toEqual([
      `Archive: the name ${'a'.repeat(49)} has 49 characters, and AWS allows 48`,
    ]);
  });

  it('is refused also if another template or a command makes it later', () => {
    expect(longNames({ Resources: {} }, 'a'.repeat(LONGEST))).toEqual([]);
    const [line = '', ...more] = longNames({ Resources: {} }, 'a'.repeat(LONGEST + 1));
    expect(line).toMatch(/^A replay of usher replay: the name a+-[\dTZ-]+ has 65 characters, and AWS allows 64$/);
    expect(more).toEqual([]);
  });

  it('is no name that CloudFormation makes', () => {
    const Role = { Type: 'AWS::IAM::Role', Properties: { Path: 'a'.repeat(500) } };
    expect(longNames({ Resources: { Role } }, 'usher-prod')).toEqual([]);
    expect(longNames(anArchive({ Ref: 'Name' }), 'usher-prod')).toEqual([]);
  });
});

it('forwarder.yml has no name that is longer than the one that is checked', () => {
  const named = Object.values(readTemplateFile('forwarder.yml').Resources).flatMap(({ Type, Properties }) => {
    const rule = NAME_RULES[Type];
    const name = rule && (Properties[rule.property] as { 'Fn::Sub': string } | undefined);
    return name && rule ? [{ text: name['Fn::Sub'], limit: rule.limit }] : [];
  });
  expect(named.length).toBeGreaterThan(3);
  for (const { text, limit } of named) {
    expect(text).toMatch(/^\$\{NamePrefix\}usher-\$\{Stage\}-/);
    expect(text.replace('${NamePrefix}usher-${Stage}', 'a'.repeat(LONGEST)).length).toBeLessThanOrEqual(limit);
  }
});

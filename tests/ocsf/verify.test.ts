import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { filesOf } from '../support/folder.ts';
import type { Attribute, Definition, Statement } from '../support/ocsf/statement.ts';
import { OCSF_COMMIT } from '../support/ocsf/user-access.ts';
import { ocsfValidator } from '../support/ocsf/validator.ts';
import { type Compiled, compileClass } from './compile.ts';
import { A_LOAN, type Json, LIBRARY, LOAN } from './library.ts';
import { readRepository } from './repository.ts';
import { command, verify } from './verify.ts';

/** Files in place of others; one that is undefined is missing, and a text is written as it is. */
type Changes = Readonly<Record<string, Json | string | undefined>>;

function library(changes: Changes = {}): string {
  const files = Object.entries({ ...LIBRARY, ...changes }).flatMap(([path, file]) =>
    file === undefined ? [] : [[path, typeof file === 'string' ? file : JSON.stringify(file)]],
  );
  return filesOf(Object.fromEntries(files));
}

/** A file of the library with other keys; of `attributes`, with more. */
function file(path: string, { attributes, ...keys }: Json): Json {
  const was = LIBRARY[path];
  return { ...was, ...keys, attributes: { ...(was?.['attributes'] as Json), ...(attributes as Json) } };
}

/** The dictionary of the library with other types. */
function dictionary(types: Json): Json {
  const was = LIBRARY['dictionary.json'] as { attributes: Json; types: { attributes: Json } };
  return { ...was, types: { attributes: { ...was.types.attributes, ...types } } };
}

function compiled(changes: Changes = {}) {
  return compileClass(readRepository(library(changes)), 7003, 'branch');
}

describe('a class of the repository of OCSF', () => {
  it.each<[string, (found: Compiled) => unknown, unknown]>([
    [
      'has the attributes of the classes that it extends, of its profile and of no other profile',
      ({ event }) => Object.keys(event.attributes).toSorted(),
      [
        ...['activity_id', 'activity_name', 'books', 'branch', 'category_uid', 'class_uid', 'clerk', 'due', 'extra'],
        ...['fine', 'metadata', 'quiet', 'raw', 'reader', 'shelf', 'type_uid'],
      ],
    ],
    [
      'joins its values with those of the dictionary',
      ({ event }) => event.attributes['activity_id'],
      {
        type: 'integer',
        required: true,
        values: { 0: 'Unknown', 1: 'Lend', 2: 'Take Back', 99: 'Other' },
        sibling: 'activity_name',
      },
    ],
    [
      'has its own number, and not that of the class below',
      ({ event }) => event.attributes['class_uid']?.values,
      { 7003: 'Book Loan' },
    ],
    [
      'has the category of a class that it extends',
      ({ event }) => event.attributes['category_uid']?.values,
      { 7: 'Library' },
    ],
    [
      'says which attribute is of the profile',
      ({ event }) => event.attributes['branch'],
      { type: 'branch', required: true, profile: 'branch' },
    ],
    ['takes an attribute out of a profile', ({ event }) => event.attributes['clerk'], { type: 'reader' }],
    [
      'requires what a class below recommends',
      ({ event }) => event.attributes['reader'],
      { type: 'reader', required: true },
    ],
    ['has lists of objects', ({ event }) => event.attributes['books'], { type: 'book[]', required: true }],
    ['follows a type to the one that it narrows', ({ event }) => event.attributes['due'], { type: 'integer' }],
    [
      'has the range of a type',
      ({ event }) => event.attributes['shelf'],
      { type: 'integer', range: [1, 500], profile: 'branch' },
    ],
    ['has numbers', ({ event }) => event.attributes['fine'], { type: 'number' }],
    ['has truth values', ({ event }) => event.attributes['quiet'], { type: 'boolean' }],
    ['has any JSON', ({ event }) => event.attributes['raw'], { type: 'json' }],
    ['has objects of any form', ({ event }) => event.attributes['extra'], { type: 'object' }],
    ['has constraints', ({ event }) => event.anyOf, ['due', 'fine']],
    [
      'holds the objects that it can reach',
      ({ objects }) => Object.keys(objects).toSorted(),
      ['book', 'branch', 'metadata', 'reader'],
    ],
    [
      'has objects with the constraint of the object that they extend',
      ({ objects }) => objects['reader']?.anyOf,
      ['name', 'uid'],
    ],
    [
      'has objects with a constraint of their own instead',
      ({ objects }) => ({ anyOf: objects['book']?.anyOf, oneOf: objects['book']?.oneOf }),
      { oneOf: ['isbn', 'uid'] },
    ],
    [
      'has objects that give an attribute another type',
      ({ objects }) => objects['book']?.attributes['uid'],
      { type: 'string', pattern: '^[0-9]+$', maxLength: 13 },
    ],
    [
      'has values that are texts',
      ({ objects }) => objects['book']?.attributes['state']?.values,
      { new: 'New', worn: 'Worn' },
    ],
  ])('%s', (_fact, found, expected) => {
    expect(found(compiled())).toEqual(expected);
  });
});

describe('a file that includes others', () => {
  const overlapping = {
    'profiles/weather.json': {
      meta: 'profile',
      name: 'weather',
      attributes: { branch: { requirement: 'optional' } },
    },
  };

  it('takes an attribute of two files from the first', () => {
    expect(compiled(overlapping).event.attributes['branch']).toEqual({
      type: 'branch',
      required: true,
      profile: 'branch',
    });
  });

  it('has its own word about what it includes', () => {
    const base = file('events/base_event.json', { attributes: { branch: { requirement: 'recommended' } } });
    expect(compiled({ 'events/base_event.json': base }).event.attributes['branch']).toEqual({
      type: 'branch',
      profile: 'branch',
    });
  });
});

/** A statement in which one definition is another one. */
function withDefinition(name: string, change: (definition: Definition) => Definition): Statement {
  if (name === 'loan') return { ...LOAN, event: change(LOAN.event) };
  const was = LOAN.objects[name] ?? { attributes: {} };
  return { ...LOAN, objects: { ...LOAN.objects, [name]: change(was) } };
}

/** A statement in which one attribute says something else, too. */
function withAttribute(name: string, at: string, change: Partial<Attribute>): Statement {
  return withDefinition(name, (definition) => ({
    ...definition,
    attributes: { ...definition.attributes, [at]: { type: 'string', ...definition.attributes[at], ...change } },
  }));
}

function without(name: string, at: string): Statement {
  return withDefinition(name, ({ attributes, ...constraints }) => {
    const { [at]: _out, ...others } = attributes;
    return { ...constraints, attributes: others };
  });
}

/** A statement in which one attribute does not say this. */
function silent(name: string, at: string, key: keyof Attribute): Statement {
  return withDefinition(name, (definition) => {
    const { [key]: _out, ...others } = { type: 'string', ...definition.attributes[at] };
    return { ...definition, attributes: { ...definition.attributes, [at]: others as Attribute } };
  });
}

describe('a comparison with OCSF', () => {
  it('finds no difference to what is true, and counts', () => {
    expect(verify(library(), LOAN, new Map([['a loan', [A_LOAN]]]))).toEqual({
      facts: [
        'OCSF 2.0.0, class 7003 (Book Loan), profile branch: 5 definitions.',
        'The class is deprecated since 2.0.0.',
        'Deprecated, of what we state in it: loan.activity_id.2 since 1.9.0, loan.due since 1.5.0.',
        'Compared: 16 attributes in 5 definitions. Differences: 0.',
        'Validated: 1 events. Problems: 0.',
      ],
      faults: [],
    });
  });

  it.each<[string, Statement, string]>([
    [
      'an attribute that OCSF does not have',
      withAttribute('book', 'color', {}),
      'book.color: we state this attribute; OCSF does not have it.',
    ],
    [
      'an attribute of another profile',
      withAttribute('loan', 'weather', {}),
      'loan.weather: we state this attribute; OCSF does not have it.',
    ],
    [
      'an object that the class does not hold',
      withDefinition('_thing', () => ({ attributes: {} })),
      "_thing: we state this object; OCSF's class does not hold it.",
    ],
    [
      'a type',
      withAttribute('loan', 'due', { type: 'string' }),
      'loan.due: we state type as "string"; OCSF says "integer".',
    ],
    [
      'a list that is none',
      withAttribute('loan', 'books', { type: 'book' }),
      'loan.books: we state type as "book"; OCSF says "book[]".',
    ],
    [
      'an attribute that is not required',
      withAttribute('loan', 'due', { required: true }),
      'loan.due: we state required as true; OCSF says nothing.',
    ],
    [
      'an attribute that is required',
      silent('loan', 'metadata', 'required'),
      'loan.metadata: we state required as nothing; OCSF says true.',
    ],
    [
      "an attribute that is the profile's",
      silent('loan', 'branch', 'profile'),
      'loan.branch: we state profile as nothing; OCSF says "branch".',
    ],
    [
      "an attribute that is no profile's",
      withAttribute('loan', 'due', { profile: 'branch' }),
      'loan.due: we state profile as "branch"; OCSF says nothing.',
    ],
    [
      'a caption',
      withAttribute('loan', 'activity_id', { values: { 1: 'Give' } }),
      'loan.activity_id: we state the value 1 as "Give"; OCSF says "Lend".',
    ],
    [
      'a value that OCSF does not have',
      withAttribute('loan', 'activity_id', { values: { 3: 'Renew' } }),
      'loan.activity_id: we state the value 3 as "Renew"; OCSF says nothing.',
    ],
    [
      'no values where OCSF has some',
      silent('loan', 'category_uid', 'values'),
      'loan.category_uid: we state no values; OCSF says {"7":"Library"}.',
    ],
    [
      'a sibling',
      withAttribute('loan', 'class_uid', { sibling: 'name' }),
      'loan.class_uid: we state sibling as "name"; OCSF says "class_name".',
    ],
    ['a pattern', silent('book', 'isbn', 'pattern'), 'book.isbn: we state pattern as nothing; OCSF says "^[0-9]+$".'],
    [
      'a length',
      withAttribute('book', 'isbn', { maxLength: 14 }),
      'book.isbn: we state maxLength as 14; OCSF says 13.',
    ],
    [
      'a range',
      withAttribute('loan', 'shelf', { type: 'integer', profile: 'branch', range: [0, 500] }),
      'loan.shelf: we state range as [0,500]; OCSF says [1,500].',
    ],
    [
      'a constraint of an object',
      withDefinition('reader', ({ attributes }) => ({ anyOf: ['name'], attributes })),
      'reader: we state anyOf as ["name"]; OCSF says ["name","uid"].',
    ],
    [
      'no constraint of the class',
      withDefinition('loan', ({ attributes }) => ({ attributes })),
      'loan: we state anyOf as nothing; OCSF says ["due","fine"].',
    ],
    [
      'a required attribute of the class that is missing',
      without('loan', 'books'),
      'loan.books: OCSF requires this attribute; we do not state it.',
    ],
    [
      'a required attribute of the profile that is missing',
      without('loan', 'branch'),
      'loan.branch: OCSF requires this attribute; we do not state it.',
    ],
    [
      'a required attribute of an object that is missing',
      without('metadata', 'version'),
      'metadata.version: OCSF requires this attribute; we do not state it.',
    ],
  ])('finds %s', (_fact, ours, fault) => {
    expect(verify(library(), ours, new Map()).faults).toEqual([fault]);
  });
});

describe('an event, by the definitions of the repository', () => {
  const problemsWith = (change: Json) =>
    ocsfValidator(compiled())(JSON.parse(JSON.stringify({ ...A_LOAN, ...change })));

  it.each<[string, Json]>([
    ['has all that it may have', {}],
    ['has another activity with a name of its own', { activity_id: 99, type_uid: 700_399, activity_name: 'Reserve' }],
    [
      'does not name the profile, and has none of its attributes',
      { metadata: { version: '2.0.0' }, branch: undefined, shelf: undefined, books: [] },
    ],
  ])('is right if it %s', (_fact, change) => {
    expect(problemsWith(change)).toEqual([]);
  });

  it.each<[string, Json]>([
    ['has an attribute that the class does not have', { color: 'red' }],
    ['has an attribute of another profile', { weather: 'rain' }],
    ['misses an attribute that a class below requires', { metadata: undefined }],
    ['misses one of the profile', { branch: undefined }],
    ['has one of the profile without naming it', { metadata: { version: '2.0.0' }, branch: undefined, books: [] }],
    [
      'has one of the profile in an object without naming it',
      { metadata: { version: '2.0.0' }, branch: undefined, shelf: undefined },
    ],
    ['misses all of which one must be there', { due: undefined }],
    ['has an object with both of which one may be there', { books: [{ isbn: '1', uid: '1' }] }],
    ['has an object in an object that has nothing', { reader: { uid: '1', friend: {} } }],
    ['has a value that is none', { activity_id: 3, type_uid: 700_303 }],
    ['has the caption of another value', { activity_name: 'Take Back' }],
    ['has a type of another class', { type_uid: 300_501 }],
    ['has a list with a value that is none', { books: [{ isbn: '1', genre_ids: [7] }] }],
    ['has a text that is no value', { books: [{ isbn: '1', state: 'lost' }] }],
    ['has a text that the pattern does not allow', { books: [{ isbn: 'x' }] }],
    ['has a text that is too long', { books: [{ isbn: '12345678901234' }] }],
    ['has a number out of range', { shelf: 501 }],
    ['has a fraction of a moment', { due: 1.5 }],
    ['has a word for a truth value', { quiet: 'yes' }],
    ['is of another version', { metadata: { version: '2.0.1', profiles: ['branch'] } }],
  ])('is wrong if it %s', (_fact, change) => {
    expect(problemsWith(change)).not.toEqual([]);
  });
});

describe('npm run ocsf', () => {
  const run = (args: readonly string[], ours = LOAN, events: unknown[] = [A_LOAN]) => {
    const printed: string[] = [];
    const code = command(args, ours, new Map([['a loan', events]]), (text) => printed.push(text));
    return { code, text: printed.join('\n') };
  };

  it('exits with 0 if nothing differs', () => {
    expect(run([library()])).toMatchObject({ code: 0, text: expect.stringContaining('Differences: 0.') });
  });

  it('exits with 1, and says what differs, if a statement is wrong', () => {
    const { code, text } = run([library()], withAttribute('loan', 'due', { type: 'string' }));
    expect(code).toBe(1);
    expect(text).toContain('loan.due: we state type as "string"; OCSF says "integer".');
    expect(text).toContain('Differences: 1.');
  });

  it('exits with 1, and says what is wrong where, if an event is', () => {
    const { code, text } = run([library()], LOAN, [A_LOAN, { ...A_LOAN, fine: 'much' }]);
    expect(code).toBe(1);
    expect(text).toContain('a loan: /fine must be number');
    expect(text).toContain('Validated: 2 events. Problems: 1.');
  });

  it('shows 50 of many problems, and counts the others', () => {
    const { text } = run([library()], LOAN, Array(60).fill({ ...A_LOAN, fine: 'much' }));
    expect(text.match(/must be number/g)).toHaveLength(50);
    expect(text).toContain('10 more are not shown.');
  });

  const version = LIBRARY['version.json'];
  const loan = 'events/library/lending.json';
  const book = 'objects/book.json';

  it.each<[string, Changes, string]>([
    [
      'of another version',
      { 'version.json': { version: '2.1.0-dev' } },
      'version.json: has OCSF "2.1.0-dev", and not 2.0.0',
    ],
    ['without a version', { 'version.json': undefined }, 'version.json: cannot be read (ENOENT)'],
    [
      'whose version is no text',
      { 'version.json': { ...version, version: 2 } },
      'version.json: is not as OCSF writes it: version: ',
    ],
    ['with a broken file', { [book]: '{ "name": ' }, 'objects/book.json: is no JSON'],
    ['with a list in place of a file', { [book]: '[]' }, 'objects/book.json: is not as OCSF writes it: the file: '],
    [
      'with a folder in place of a file',
      { [book]: undefined, [`${book}/x.json`]: '{}' },
      'objects/book.json: is no file',
    ],
    ['without a dictionary', { 'dictionary.json': undefined }, 'dictionary.json: cannot be read (ENOENT)'],
    [
      'without classes',
      Object.fromEntries(
        Object.keys(LIBRARY)
          .filter((path) => path.startsWith('events/'))
          .map((path) => [path, undefined]),
      ),
      'events: cannot be listed (ENOENT)',
    ],
    ['without the class', { [loan]: undefined }, 'events: no class has the number 7003'],
    [
      'without an object',
      { [book]: undefined },
      'loan.books: its type book is neither one of the dictionary nor an object',
    ],
    ['without what an object extends', { 'objects/_thing.json': undefined }, 'book extends _thing: there is no _thing'],
    ['without a profile', { 'profiles/branch.json': undefined }, 'profiles/branch.json: cannot be read (ENOENT)'],
    ['with a huge file', { [book]: ' '.repeat(5_000_001) }, 'objects/book.json: has 5000001 bytes, more than 5000000'],
    [
      'with very many files',
      Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`objects/more/${at}.json`, '{}'])),
      'objects: has 2006 files, more than 2000',
    ],
    ['with deep JSON', { [book]: '['.repeat(1_000_000) }, 'objects/book.json: is no JSON'],
    [
      'with a class that extends itself',
      { 'events/base_event.json': file('events/base_event.json', { extends: 'loan' }) },
      'loan extends library_event extends base_event extends loan, which never ends',
    ],
    [
      'with an object that extends itself',
      { 'objects/_thing.json': file('objects/_thing.json', { extends: '_thing' }) },
      '_thing extends _thing, which never ends',
    ],
    [
      'whose included file includes another',
      { 'includes/names.json': { attributes: { $include: 'profiles/branch.json' } } },
      'includes/names.json: is not as OCSF writes it: attributes/$include: ',
    ],
    [
      'with a file that includes one outside',
      { [book]: file(book, { attributes: { $include: '../secret.json' } }) },
      'objects/book.json: includes "../secret.json", which is no file of the folder',
    ],
    [
      'with a type that goes round',
      { 'dictionary.json': dictionary({ isbn_t: { type: 'code_t' }, code_t: { type: 'isbn_t' } }) },
      'book.isbn: its type isbn_t never ends',
    ],
    [
      'with a type that narrows none of ours',
      { 'dictionary.json': dictionary({ moment_t: {} }) },
      'loan.due: its type moment_t is neither one of the dictionary nor an object',
    ],
    [
      'with a pattern that is none',
      { 'dictionary.json': dictionary({ isbn_t: { type: 'string_t', regex: '(' } }) },
      'dictionary.json: is not as OCSF writes it: types/attributes/isbn_t/regex: expected a regular expression',
    ],
    [
      'with control characters',
      { [loan]: file(loan, { attributes: { '\u001b[2J': { requirement: 1 } } }) },
      'events/library/lending.json: is not as OCSF writes it: attributes/?[2J/requirement: ',
    ],
    [
      'with an attribute that is included',
      { [loan]: file(loan, { attributes: { due: { $include: 'x.json' } } }) },
      'events/library/lending.json: is not as OCSF writes it: attributes/due/$include: ',
    ],
    [
      'with an attribute that the dictionary does not have',
      { [loan]: file(loan, { attributes: { '\u001b[2Jcolor': {} } }) },
      'loan: the dictionary does not have the attribute "\\u001b[2Jcolor"',
    ],
    [
      'with a constraint on what an attribute holds',
      { [loan]: file(loan, { constraints: { at_least_one: ['reader.uid'] } }) },
      'loan: a constraint names "reader.uid", which is none of its attributes',
    ],
    [
      'with a constraint of an unknown kind',
      { [loan]: file(loan, { constraints: { at_most_one: ['due'] } }) },
      'events/library/lending.json: is not as OCSF writes it: constraints: ',
    ],
    ['with two files of one name', { 'objects/other.json': LIBRARY[book] }, 'objects: two files have the name book'],
    [
      'with an enumeration that is included',
      { [loan]: file(loan, { attributes: { activity_id: { enum: { $include: 'x.json' } } } }) },
      'events/library/lending.json: is not as OCSF writes it: attributes/activity_id/enum/$include: ',
    ],
  ])('exits with 2, and says what is wrong where, for a folder %s', (_fact, changes, message) => {
    const folder = library(changes);
    const { code, text } = run([folder]);
    expect(code).toBe(2);
    expect(text).toContain(message);
    expect(text.startsWith(`${folder}: `)).toBe(true);
    expect(text).toContain(`git -C FOLDER checkout ${OCSF_COMMIT}`);
  });

  it.each<[string, string[], string]>([
    ['no folder', [], 'Name one folder.'],
    ['two folders', ['a', 'b'], 'a: Name one folder.'],
    ['a folder that is not there', ['not-there'], 'not-there: there is no such folder.'],
    ['a file', [import.meta.filename], `${import.meta.filename}: version.json: cannot be read (ENOTDIR).`],
  ])('exits with 2, and says how it is used, for %s', (_fact, args, message) => {
    expect(run(args)).toEqual({ code: 2, text: expect.stringContaining(`${message}\n\nnpm run ocsf -- FOLDER`) });
  });

  it('runs in the workflow, on the commit that it names', () => {
    const workflow = parse(
      readFileSync(join(import.meta.dirname, '..', '..', '.github', 'workflows', 'check.yml'), 'utf8'),
    );
    expect(workflow.jobs.ocsf.steps).toContainEqual(
      expect.objectContaining({
        with: { repository: 'ocsf/ocsf-schema', ref: OCSF_COMMIT, path: 'ocsf-schema', 'persist-credentials': false },
      }),
    );
    expect(workflow.jobs.ocsf.steps).toContainEqual({ run: 'npm run ocsf -- ocsf-schema' });
  });
});

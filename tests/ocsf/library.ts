/** A made-up schema in the form of OCSF's repository: the loans of a library. No part of it is OCSF's. */
import type { Statement } from '../support/ocsf/statement.ts';

/** A JSON file. */
export type Json = Record<string, unknown>;

const attribute = (type: string, more: Json = {}) => ({ caption: type, description: type, type, ...more });

/** The files, by path. */
export const LIBRARY: Readonly<Record<string, Json>> = {
  'version.json': { version: '2.0.0' },
  'categories.json': { attributes: { library: { uid: 7, caption: 'Library' }, other: { uid: 8, caption: 'Other' } } },
  'dictionary.json': {
    attributes: {
      activity_id: attribute('integer_t', {
        sibling: 'activity_name',
        enum: { 0: { caption: 'Unknown' }, 99: { caption: 'Other' } },
      }),
      activity_name: attribute('string_t'),
      books: attribute('book', { is_array: true }),
      branch: attribute('branch'),
      category_uid: attribute('integer_t', { sibling: 'category_name' }),
      class_uid: attribute('integer_t', { sibling: 'class_name' }),
      clerk: attribute('reader'),
      due: attribute('moment_t', { '@deprecated': { message: 'Wait.', since: '1.5.0' } }),
      extra: attribute('object'),
      fine: attribute('float_t'),
      friend: attribute('reader'),
      genre_ids: attribute('integer_t', {
        is_array: true,
        sibling: 'genres',
        enum: { 1: { caption: 'Novel' }, 99: { caption: 'Other' } },
      }),
      isbn: attribute('isbn_t'),
      metadata: attribute('metadata'),
      name: attribute('string_t'),
      profiles: attribute('string_t', { is_array: true }),
      quiet: attribute('boolean_t'),
      raw: attribute('json_t'),
      reader: attribute('reader'),
      shelf: attribute('shelf_t'),
      state: attribute('string_t', { enum: { new: { caption: 'New' }, worn: { caption: 'Worn' } } }),
      type_uid: attribute('long_t', { sibling: 'type_name' }),
      uid: attribute('string_t'),
      version: attribute('string_t'),
      weather: attribute('string_t'),
    },
    types: {
      attributes: {
        string_t: {},
        integer_t: {},
        long_t: {},
        float_t: {},
        boolean_t: { values: [false, true] },
        json_t: {},
        moment_t: { type: 'long_t' },
        code_t: { type: 'string_t', max_len: 20 },
        isbn_t: { type: 'code_t', regex: '^[0-9]+$', max_len: 13 },
        shelf_t: { type: 'integer_t', range: [1, 500] },
      },
    },
  },
  'profiles/branch.json': {
    meta: 'profile',
    name: 'branch',
    attributes: { branch: { requirement: 'required' }, shelf: { requirement: 'optional' } },
  },
  'profiles/weather.json': {
    meta: 'profile',
    name: 'weather',
    attributes: { clerk: { requirement: 'optional' }, weather: { requirement: 'required' } },
  },
  'includes/names.json': { attributes: { name: { requirement: 'recommended' }, uid: { requirement: 'recommended' } } },
  'events/base_event.json': {
    name: 'base_event',
    caption: 'Base',
    category: 'other',
    attributes: {
      $include: ['profiles/branch.json', 'profiles/weather.json'],
      activity_id: { requirement: 'required' },
      activity_name: { requirement: 'optional' },
      category_uid: { requirement: 'required', enum: { 0: { caption: 'None' } } },
      class_uid: { requirement: 'required', enum: { 0: { caption: 'Base' } } },
      metadata: { requirement: 'required' },
      type_uid: { requirement: 'required' },
    },
  },
  'events/library/library.json': {
    name: 'library_event',
    caption: 'Library',
    category: 'library',
    extends: 'base_event',
    attributes: { clerk: { requirement: 'recommended', profile: null }, reader: { requirement: 'recommended' } },
  },
  'events/library/lending.json': {
    name: 'loan',
    caption: 'Book Loan',
    uid: 3,
    extends: 'library_event',
    attributes: {
      activity_id: {
        enum: {
          1: { caption: 'Lend' },
          2: { caption: 'Take Back', '@deprecated': { message: 'Use it no more.', since: '1.9.0' } },
        },
      },
      books: { requirement: 'required' },
      due: { requirement: 'optional' },
      extra: { requirement: 'optional' },
      fine: { requirement: 'optional' },
      quiet: { requirement: 'optional' },
      raw: { requirement: 'optional' },
      reader: { requirement: 'required' },
    },
    constraints: { at_least_one: ['due', 'fine'] },
    '@deprecated': { message: 'Buy it.', since: '2.0.0' },
  },
  'objects/object.json': { name: 'object', caption: 'Object', attributes: {} },
  'objects/_thing.json': {
    name: '_thing',
    caption: 'Thing',
    extends: 'object',
    attributes: { $include: 'includes/names.json' },
    constraints: { at_least_one: ['name', 'uid'] },
  },
  'objects/book.json': {
    name: 'book',
    caption: 'Book',
    extends: '_thing',
    attributes: {
      genre_ids: { requirement: 'optional' },
      isbn: { requirement: 'recommended' },
      shelf: { requirement: 'optional', profile: 'branch' },
      state: { requirement: 'optional' },
      uid: { type: 'isbn_t' },
    },
    constraints: { just_one: ['isbn', 'uid'] },
  },
  'objects/branch.json': { name: 'branch', caption: 'Branch', attributes: { name: { requirement: 'required' } } },
  'objects/metadata.json': {
    name: 'metadata',
    caption: 'Metadata',
    attributes: { profiles: { requirement: 'optional' }, version: { requirement: 'required' } },
  },
  // A reader has a friend, who is a reader.
  'objects/reader.json': {
    name: 'reader',
    caption: 'Reader',
    extends: '_thing',
    attributes: { friend: { requirement: 'optional' } },
  },
};

const string = { type: 'string' } as const;

/** What is true of the class Book Loan with the profile `branch`, as far as an event has it. */
export const LOAN: Statement = {
  version: '2.0.0',
  profile: 'branch',
  event: {
    anyOf: ['fine', 'due'],
    attributes: {
      activity_id: {
        type: 'integer',
        required: true,
        values: { 1: 'Lend', 2: 'Take Back', 99: 'Other' },
        sibling: 'activity_name',
      },
      activity_name: string,
      books: { type: 'book[]', required: true },
      branch: { type: 'branch', required: true, profile: 'branch' },
      category_uid: { type: 'integer', required: true, values: { 7: 'Library' }, sibling: 'category_name' },
      class_uid: { type: 'integer', required: true, values: { 7003: 'Book Loan' }, sibling: 'class_name' },
      due: { type: 'integer' },
      metadata: { type: 'metadata', required: true },
      reader: { type: 'reader', required: true },
      type_uid: { type: 'integer', required: true, sibling: 'type_name' },
    },
  },
  objects: {
    book: {
      oneOf: ['uid', 'isbn'],
      attributes: { isbn: { type: 'string', pattern: '^[0-9]+$', maxLength: 13 }, name: string },
    },
    branch: { attributes: { name: { ...string, required: true } } },
    metadata: { attributes: { profiles: { type: 'string[]' }, version: { ...string, required: true } } },
    reader: { anyOf: ['name', 'uid'], attributes: { uid: string } },
  },
};

/** An event that is as the class says. */
export const A_LOAN = {
  activity_id: 1,
  activity_name: 'Lend',
  books: [{ isbn: '9780000000002', genre_ids: [1], shelf: 12, state: 'new' }],
  branch: { name: 'North' },
  category_uid: 7,
  class_uid: 7003,
  due: 1_795_000_000_000,
  extra: { any: { thing: [1] } },
  metadata: { version: '2.0.0', profiles: ['branch'] },
  raw: [null],
  reader: { uid: '1', friend: { uid: '2' } },
  shelf: 500,
  type_uid: 700_301,
};

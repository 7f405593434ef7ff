import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENTS } from '../../support/ocsf/events.ts';
import { problemsWithOcsf } from '../../support/ocsf/validator.ts';

const SAMPLES = new URL('../../../schemas/samples/', import.meta.url);

interface Detail {
  [name: string]: unknown;
  metadata: Record<string, unknown>;
  actor: Record<string, unknown>;
  user: Record<string, unknown>;
  cloud: Record<string, unknown>;
  resources: Record<string, unknown>[];
}

function sampleOf(file: string): Detail {
  return JSON.parse(readFileSync(new URL(file, SAMPLES), 'utf8')).detail;
}

describe('OCSF 1.6.0, User Access Management', () => {
  it.each(readdirSync(SAMPLES))('allows the sample %s', (file) => {
    expect(problemsWithOcsf(sampleOf(file))).toEqual([]);
  });

  it.each(Object.entries(EVENTS))('allows every event of %s', (_what, event) => {
    fc.assert(
      fc.property(event, ({ detail }) => {
        expect(problemsWithOcsf(detail)).toEqual([]);
      }),
    );
  });

  it.each<[string, (detail: Detail) => void]>([
    ['an attribute that the class does not have', (detail) => Object.assign(detail, { seat: 1 })],
    ['an attribute that an object does not have', ({ user }) => Object.assign(user, { seat: 1 })],
    [
      'an attribute that an object in a list does not have',
      ({ resources }) => Object.assign(resources[0] ?? {}, { a: 1 }),
    ],
    ['no user', (detail) => Reflect.deleteProperty(detail, 'user')],
    ['no privileges', (detail) => delete detail['privileges']],
    ['no time', (detail) => delete detail['time']],
    ['no severity_id', (detail) => delete detail['severity_id']],
    ['a time in words', (detail) => Object.assign(detail, { time: '2026-11-25T09:30:12.345Z' })],
    ['a time with a fraction', (detail) => Object.assign(detail, { time: 1.5 })],
    ['one privilege that is no list', (detail) => Object.assign(detail, { privileges: 'amazon-q-developer' })],
    [
      'an activity that the class does not have',
      (detail) => Object.assign(detail, { activity_id: 14, type_uid: 300514 }),
    ],
    ['the name of another activity', (detail) => Object.assign(detail, { activity_name: 'Revoke Privileges' })],
    ['a type of another activity', (detail) => Object.assign(detail, { type_uid: 300502 })],
    ['a type of another class', (detail) => Object.assign(detail, { type_uid: 300701 })],
    ['another class', (detail) => Object.assign(detail, { class_uid: 3007 })],
    ['the name of another class', (detail) => Object.assign(detail, { class_name: 'User Management' })],
    ['the name of another category', (detail) => Object.assign(detail, { category_name: 'Findings' })],
    ['a severity that is not its number', (detail) => Object.assign(detail, { severity: 'High' })],
    ['a status that is not its number', (detail) => Object.assign(detail, { status: 'Failure' })],
    ['a kind of user that is not its number', ({ user }) => Object.assign(user, { type: 'Admin' })],
    [
      'another activity without a name',
      (detail) => {
        Object.assign(detail, { activity_id: 99, type_uid: 300599 });
        delete detail['activity_name'];
      },
    ],
    [
      'another activity that has the name of a known one',
      (detail) => Object.assign(detail, { activity_id: 99, type_uid: 300599, activity_name: 'Assign Privileges' }),
    ],
    ['another version', ({ metadata }) => Object.assign(metadata, { version: '1.7.0' })],
    ['no product', ({ metadata }) => delete metadata['product']],
    [
      'a product without name and uid',
      ({ metadata }) => Object.assign(metadata, { product: { vendor_name: 'Usher' } }),
    ],
    ['a user without uid, name and account', (detail) => Object.assign(detail, { user: { type_id: 0 } })],
    ['an actor without anything', (detail) => Object.assign(detail, { actor: {} })],
    ['the profile cloud without its attribute', (detail) => Reflect.deleteProperty(detail, 'cloud')],
    [
      'the attribute of the profile cloud without the profile',
      ({ metadata }) => Object.assign(metadata, { profiles: [] }),
    ],
    ['a cloud without a provider', ({ cloud }) => delete cloud['provider']],
    ['unmapped attributes that are no object', (detail) => Object.assign(detail, { unmapped: 'group-join' })],
  ])('allows no event with %s', (_fact, change) => {
    const detail = sampleOf('seat-assigned.json');
    change(detail);
    expect(problemsWithOcsf(detail)).not.toEqual([]);
  });

  it('allows anything in unmapped', () => {
    expect(problemsWithOcsf({ ...sampleOf('seat-assigned.json'), unmapped: { any: [{ thing: null }] } })).toEqual([]);
  });
});

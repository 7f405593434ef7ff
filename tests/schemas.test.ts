import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedSchemas } from '../build/schemas.ts';
import {
  auditEvent,
  type BusEvent,
  onboardingFailed,
  revocationsHeld,
  subscriptionFinding,
} from '../domain/audit/event.ts';
import { CLASSIFICATIONS } from '../domain/audit/schema.ts';
import { HoldSchema } from '../domain/decision/hold.ts';
import { ObservationSchema } from '../domain/decision/observation.ts';
import { ReasonSchema } from '../domain/seat/seat.ts';
import { FINDING_KINDS } from '../domain/subscription/findings.ts';
import { LINES } from '../operator/lines/all.ts';
import { problemsWithLine } from './support/line-schemas.ts';

const SCHEMAS = join(import.meta.dirname, '..', 'schemas');
const DOCS = join(import.meta.dirname, '..', 'docs');
const AUDIT_EVENTS = [
  'seat-assigned',
  'seat-revoked',
  'seat-waitlisted',
  'seat-refused',
  'seat-leaving',
  'seat-kept',
  'seat-adopted',
  'seat-observed',
  'subscription-finding',
  'revocations-held',
  'onboarding-failed',
];
/** Samples by name, with the schema of each. */
const SAMPLES = new Map([
  ...AUDIT_EVENTS.map((name) => [name, name] as const),
  ['seat-refused-revocation', 'seat-refused'],
]);
const SAMPLE_NAMES = [...SAMPLES.keys()];

type Json = Record<string, unknown>;

function readJson(...path: string[]): Json {
  return JSON.parse(readFileSync(join(SCHEMAS, ...path), 'utf8'));
}

const LINE_SCHEMAS = Object.keys(LINES).map((type) => `lines/${type}`);
/** Strict, as other programs' validators may be. */
const VALIDATORS = new Map(
  ['entitlements', 'directory', 'scenario', ...AUDIT_EVENTS, ...LINE_SCHEMAS].map((name) => [
    name,
    new Ajv({ strict: true, allErrors: true }).compile(readJson(`${name}.schema.json`)),
  ]),
);

/** The validator of a schema, or of the schema of a sample. */
function validatorOf(name: string): ValidateFunction {
  const validate = VALIDATORS.get(SAMPLES.get(name) ?? name);
  if (!validate) throw new Error(`no schema ${name}`);
  return validate;
}

function sampleOf(name: string): Json {
  return readJson('samples', `${name}.json`);
}

/** Every path to a property, through objects and arrays. */
function pathsOf(value: unknown, at: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    ...(Array.isArray(value) ? [] : [[...at, key]]),
    ...pathsOf(child, [...at, key]),
  ]);
}

function holderOf(value: Json, path: string[]): Json {
  return path.slice(0, -1).reduce((holder, key) => holder[key] as Json, value);
}

const OPTIONAL = new Set([
  'detail.cloud.account',
  ...['revoke_at', 'requested_at', 'plan', 'expected_plan', 'subscription_status', 'source'].map(
    (field) => `detail.unmapped.${field}`,
  ),
]);
const REQUIRED = SAMPLE_NAMES.flatMap((name) =>
  pathsOf(sampleOf(name))
    .map((path) => path.join('.'))
    .filter((path) => !OPTIONAL.has(path))
    .map((path) => [name, path] as const),
);

describe('schemas/', () => {
  it('holds exactly what is generated from the code', () => {
    for (const [name, text] of generatedSchemas()) expect(readFileSync(join(SCHEMAS, name), 'utf8')).toBe(text);
  });

  it('holds a schema and a sample of every audit event', () => {
    expect(readdirSync(join(SCHEMAS, 'samples')).sort()).toEqual(SAMPLE_NAMES.map((name) => `${name}.json`).sort());
    expect([...generatedSchemas().keys()].filter((name) => !name.startsWith('lines/'))).toEqual(
      ['entitlements', 'directory', 'scenario', ...AUDIT_EVENTS].map((name) => `${name}.schema.json`),
    );
  });

  it('allows every line that the pages show in full', () => {
    const pages = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
    const shown = pages
      .flatMap((name) => readFileSync(join(DOCS, name), 'utf8').split('\n'))
      .filter((line) => line.startsWith('{"type":') && !line.includes('…'));
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.flatMap((line) => problemsWithLine(JSON.parse(line)))).toEqual([]);
  });

  it('holds a schema of every line of --json, and no other', () => {
    expect(readdirSync(join(SCHEMAS, 'lines')).sort()).toEqual(
      Object.keys(LINES)
        .map((type) => `${type}.schema.json`)
        .sort(),
    );
  });

  it.each(Object.keys(LINES))('names the type of the line %s in it', (type) => {
    const { required, properties, ...rest } = readJson('lines', `${type}.schema.json`);
    expect(required).toContain('type');
    expect(properties).toMatchObject({ type: { const: type } });
    expect(rest).not.toHaveProperty('additionalProperties');
  });

  it.each(SAMPLE_NAMES)('has a valid sample of %s', (name) => {
    const validate = validatorOf(name);
    validate(sampleOf(name));
    expect(validate.errors).toBeNull();
  });

  it.each(AUDIT_EVENTS)('tells %s from every other event', (name) => {
    const others = SAMPLE_NAMES.filter((other) => SAMPLES.get(other) !== name && validatorOf(name)(sampleOf(other)));
    expect(others).toEqual([]);
  });

  it.each(REQUIRED)('requires in %s %s', (name, path) => {
    const event = sampleOf(name);
    const keys = path.split('.');
    delete holderOf(event, keys)[keys.at(-1) ?? ''];
    expect(validatorOf(name)(event)).toBe(false);
  });

  it.each(SAMPLE_NAMES)('takes %s from a sender that does not know its account', (name) => {
    const event = sampleOf(name);
    delete holderOf(event, ['detail', 'cloud', 'account'])['account'];
    expect(validatorOf(name)(event)).toBe(true);
  });

  it.each(
    SAMPLE_NAMES.flatMap((name) =>
      [
        'user.name',
        'user.email_addr',
        'user.full_name',
        'user.display_name',
        'actor.user',
        'unmapped.note',
        'message',
      ].map((path) => [name, path] as const),
    ),
  )('forbids in %s a text that may name a person: %s', (name, path) => {
    const event = sampleOf(name);
    const keys = ['detail', ...path.split('.')];
    const holder = holderOf(event, keys) ?? {};
    holder[keys.at(-1) ?? ''] = 'x';
    if (path.startsWith('unmapped')) (event['detail'] as Json)['unmapped'] = holder;
    expect(validatorOf(name)(event)).toBe(false);
  });

  it.each([
    ['another activity', { activity_id: 99 }],
    ['the type of the other activity', { type_uid: 300502 }],
    ['the name of the other activity', { activity_name: 'Revoke Privileges' }],
    ['success', { status_id: 1, status: 'Success' }],
  ])('takes no refusal with %s', (_fact, parts) => {
    const event = sampleOf('seat-refused');
    expect(validatorOf('seat-refused')({ ...event, detail: { ...(event['detail'] as Json), ...parts } })).toBe(false);
  });

  it.each([
    ['is no time', 'in a week'],
    ['is not in UTC', '2026-12-03T16:02:40+01:00'],
    ['is a number', 1_796_313_760],
  ])('takes no date of a leave that %s', (_fact, revoke_at) => {
    const event = sampleOf('seat-leaving');
    holderOf(event, ['detail', 'unmapped', 'revoke_at'])['revoke_at'] = revoke_at;
    expect(validatorOf('seat-leaving')(event)).toBe(false);
  });

  it.each([
    ['a digest that is cut off', { hold_digest: '9f86d081' }],
    ['nobody held', { held_revocations: 0 }],
  ])('takes no hold with %s', (_fact, parts) => {
    const event = sampleOf('revocations-held');
    Object.assign(holderOf(event, ['detail', 'unmapped', '']), parts);
    expect(validatorOf('revocations-held')(event)).toBe(false);
  });

  it.each(AUDIT_EVENTS)('takes what EventBridge adds to the envelope of %s', (name) => {
    expect(validatorOf(name)({ ...sampleOf(name), 'replay-name': 'replay-1' })).toBe(true);
  });

  it('accepts the entitlements.yml of this repository, with its ids in upper case, too', () => {
    const validate = validatorOf('entitlements');
    const text = readFileSync(join(SCHEMAS, '..', 'entitlements.yml'), 'utf8');
    const group = '44f834e8-0081-7055-1d60-2eb4f1bb0f7b';
    expect(text).toContain(group);
    expect(validate(parse(text))).toBe(true);
    expect(validate(parse(text.replace(group, group.toUpperCase())))).toBe(true);
    expect(validate(parse(text.replace('max: 200', 'max: many')))).toBe(false);
  });
});

describe('an audit event', () => {
  const CONTEXT = { productVersion: '0.1.0', region: 'us-east-1', accountId: '111122223333' };
  const MACHINE = 'usher-onboarding';
  const EXECUTION = `arn:aws:states:us-east-1:111122223333:execution:${MACHINE}`;
  const CHANGE = {
    changeSeq: 1,
    at: '2026-11-25T09:30:12.345Z',
    reason: 'group-join',
    execution: `${EXECUTION}:6f1c0d9e-2b7a-4c35-9e41-0a8d5b3f7c21`,
    cause: 'c1a5f0e2-7d94-4b1e-8a36-5e0f9d2b4c78',
  };
  const NEXT_CHANGE = {
    changeSeq: 2,
    at: '2026-11-26T16:02:40.008Z',
    reason: 'group-leave',
    execution: `${EXECUTION}:b2d47e90-3c18-4f6a-8e5b-9a70c1d2f346`,
    cause: 'e7b30c64-19fa-4d82-a5c7-2f8e6d1b9035',
  };
  const LAST_CHANGE = {
    changeSeq: 3,
    at: '2026-11-28T07:45:03.271Z',
    reason: 'still-entitled',
    execution: `${EXECUTION}:0d8e6a51-f3b7-4290-8c1d-5b6f7e2a9043`,
    cause: '8a4f2c17-5e90-4db3-b6f8-1c7d0e9a3526',
  };
  const ADMIN = `${EXECUTION}-admin:7c3e9b05-4a1f-4d68-92b0-e8f5d6a7c143`;
  const SEAT = {
    applicationArn: 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888',
    userId: '94482488-3041-7005-8f3a-1c2d3e4f5a6b',
    entitlement: 'amazon-q-developer',
  };

  it.each<[string, BusEvent]>([
    [
      'seat-assigned',
      auditEvent({ ...CHANGE, kind: 'assigned', requestedAt: '2026-11-25T09:30:02.118Z' }, SEAT, CONTEXT),
    ],
    ['seat-revoked', auditEvent({ ...NEXT_CHANGE, kind: 'revoked' }, SEAT, CONTEXT)],
    [
      'seat-refused',
      auditEvent({ ...CHANGE, kind: 'refused', refused: 'grant', reason: 'quota-exceeded' }, SEAT, CONTEXT),
    ],
    [
      'seat-refused-revocation',
      auditEvent({ ...NEXT_CHANGE, kind: 'refused', refused: 'revoke', reason: 'access-denied' }, SEAT, CONTEXT),
    ],
    ['seat-waitlisted', auditEvent({ ...CHANGE, kind: 'waitlisted', reason: 'cap-reached' }, SEAT, CONTEXT)],
    ['seat-leaving', auditEvent({ ...NEXT_CHANGE, kind: 'leaving', dueAt: '2026-12-03T16:02:40.008Z' }, SEAT, CONTEXT)],
    ['seat-kept', auditEvent({ ...LAST_CHANGE, kind: 'kept' }, SEAT, CONTEXT)],
    [
      'seat-adopted',
      auditEvent({ ...CHANGE, kind: 'adopted', reason: 'manual', execution: ADMIN, cause: ADMIN }, SEAT, CONTEXT),
    ],
    ['seat-observed', auditEvent({ ...CHANGE, kind: 'observed', reason: 'would-assign' }, SEAT, CONTEXT)],
    [
      'subscription-finding',
      subscriptionFinding(
        {
          kind: 'wrong-plan',
          state: 'found',
          changeSeq: 1,
          at: CHANGE.at,
          execution: CHANGE.execution,
          since: CHANGE.at,
          plan: 'Q_DEVELOPER_STANDALONE_POWER',
          expected: 'Q_DEVELOPER_STANDALONE_PRO',
          status: 'active',
          source: 'individual',
        },
        SEAT,
        CONTEXT,
      ),
    ],
    [
      'revocations-held',
      revocationsHeld(
        {
          at: CHANGE.at,
          reason: 'brake',
          execution: CHANGE.execution,
          digest: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
          count: 118,
        },
        SEAT,
        CONTEXT,
      ),
    ],
    [
      'onboarding-failed',
      onboardingFailed(
        {
          execution: CHANGE.execution,
          status: 'FAILED',
          error: 'RefusedError',
          at: '2026-11-25T09:30:15.120Z',
          stateMachineArn: `arn:aws:states:us-east-1:111122223333:stateMachine:${MACHINE}`,
        },
        CONTEXT,
      ),
    ],
  ])('comes out as its sample says: %s', (name, { detailType, resources, detail }) => {
    const sample = sampleOf(name);
    expect({ 'detail-type': detailType, resources, detail }).toEqual({
      'detail-type': sample['detail-type'],
      resources: sample['resources'],
      detail: sample['detail'],
    });
  });
});

describe('docs/audit.md', () => {
  const text = readFileSync(join(SCHEMAS, '..', 'docs', 'audit.md'), 'utf8');

  it('shows every detail-type with its sample', () => {
    const rows = Object.keys(CLASSIFICATIONS).map((detailType) => {
      const name = detailType.toLowerCase().replaceAll(' ', '-');
      return `| [\`${detailType}\`](../schemas/samples/${name}.json) |`;
    });
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
  });

  it('tells every reason that is written down', () => {
    const reasons = [
      ...ReasonSchema.options,
      ...HoldSchema.shape.reason.options,
      ...FINDING_KINDS,
      ...ObservationSchema.shape.answer.def.innerType.options,
      'cap-reached',
      'still-entitled',
    ];
    const section = text.slice(text.indexOf('### Reasons'), text.indexOf('## Copies and order'));
    expect(reasons.filter((reason) => !section.includes(`\`${reason}\``))).toEqual([]);
  });
});

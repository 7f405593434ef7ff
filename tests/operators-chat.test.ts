import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { namesOf } from '../adapters/resource-names.ts';
import { type AuditEvent, parseAuditEvent } from '../domain/audit/parse.ts';
import { type EventPattern, matches } from '../emulator/aws/eventbridge/event-pattern.ts';
import { type PolicyStatement, unguarded } from './support/guards.ts';
import { escaped, type InputTransformer, transform, unescaped, type Writer } from './support/input-transformer.ts';
import { readTemplateFile, resolved } from './support/template.ts';
import { openWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');
const TEMPLATE = readTemplateFile('docs/operators-chat.yml');
const SAMPLES = globSync('schemas/samples/*.json', { cwd: ROOT }).map((file) =>
  parseAuditEvent(JSON.parse(readFileSync(join(ROOT, file), 'utf8'))),
);
const FINDING = JSON.parse(readFileSync(join(ROOT, 'schemas/samples/subscription-finding.json'), 'utf8'));

/** A finding of this kind and in this state. */
function aFinding(kind: string, state: string): AuditEvent {
  const { detail } = FINDING;
  return parseAuditEvent({
    ...FINDING,
    detail: { ...detail, status_detail: kind, unmapped: { ...detail.unmapped, state } },
  });
}

const EVENTS = [...SAMPLES, aFinding('orphan', 'found'), aFinding('twice', 'found')];

interface Rule {
  pattern: EventPattern;
  transformer: InputTransformer;
}

const RULES = Object.entries(TEMPLATE.Resources).flatMap(([id, { Type, Properties }]): [string, Rule][] => {
  if (Type !== 'AWS::Events::Rule') return [];
  const [target] = Properties['Targets'] as { InputTransformer: InputTransformer }[];
  if (!target) throw new Error(`${id} has no target`);
  return [[id, { pattern: Properties['EventPattern'] as EventPattern, transformer: target.InputTransformer }]];
});

/**
 * A custom notification of Amazon Q Developer in chat applications.
 *
 * @see https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
 */
const Notification = z.strictObject({
  version: z.literal('1.0'),
  source: z.literal('custom'),
  id: z.string().check(z.minLength(1)),
  content: z.strictObject({
    textType: z.literal('client-markdown'),
    title: z.string().check(z.minLength(1)),
    description: z.string().check(z.minLength(1)),
    nextSteps: z.array(z.string().check(z.minLength(1))).check(z.minLength(1)),
    keywords: z.array(z.string().check(z.minLength(1))),
  }),
  metadata: z.strictObject({
    threadId: z.optional(z.string().check(z.minLength(1))),
    eventType: z.string().check(z.minLength(1)),
    relatedResources: z.array(z.string().check(z.startsWith('arn:'))),
  }),
});

function takenBy(event: object): string[] {
  return RULES.flatMap(([id, { pattern }]) => (matches(pattern, event) ? [id] : []));
}

/** What the channel gets of an event, by the one rule that takes it. */
function told(event: AuditEvent, write: Writer) {
  const [id] = takenBy(event);
  const rule = RULES.find(([name]) => name === id)?.[1];
  if (!rule) throw new Error(`No rule takes ${event['detail-type']}`);
  return JSON.parse(transform(rule.transformer, event, write));
}

describe('the channel of operators', () => {
  it('is told what needs a person, by one rule each, and nothing else', () => {
    const taken = EVENTS.map((event) => [event['detail-type'], takenBy(event)] as const);
    expect(Object.fromEntries(taken.filter(([, rules]) => rules.length > 0))).toEqual({
      'Revocations Held': ['HeldToChat'],
      'Seat Refused': ['RefusedToChat'],
      'Onboarding Failed': ['FailedToChat'],
      'Subscription Finding': ['FindingsToChat'],
    });
  });

  it('is not told of replays, of findings that end, and of those that cost nothing', () => {
    for (const event of EVENTS) expect(takenBy({ ...event, 'replay-name': 'r' })).toEqual([]);
    expect(takenBy(aFinding('orphan', 'ended'))).toEqual([]);
    expect(takenBy(aFinding('pending', 'found'))).toEqual([]);
  });

  it.each([
    ['as AWS documents it', escaped],
    ['without escapes', unescaped],
  ])('gets notifications of the documented form, of ids and codes only, with texts put in %s', (_how, write) => {
    const needed = EVENTS.filter((event) => takenBy(event).length > 0);
    expect(needed.length).toBeGreaterThan(5);
    for (const event of needed) {
      const notification = Notification.parse(told(event, write));
      expect(notification).toMatchObject({
        id: event.detail.metadata.uid,
        metadata: { eventType: event['detail-type'] },
      });
      expect(JSON.stringify(notification)).not.toMatch(/[<>]|undefined|\[object/);
    }
  });

  it('gets the same of a hold that the service makes', async () => {
    const world = await openWorld({ seated: [1, 2, 3], brake: { percent: 0, atLeast: 1 } });
    for (const one of [1, 2, 3]) await world.leaves(one);
    await world.play();
    const held = world.audit.find(({ DetailType }) => DetailType === 'Revocations Held');
    const event = { source: 'usher', 'detail-type': held?.DetailType, detail: held?.Detail };
    expect(takenBy(event)).toEqual(['HeldToChat']);
    const { title, nextSteps } = Notification.parse(told(event as AuditEvent, escaped)).content;
    expect(title).toMatch(/^Usher holds \d+ revocations of amazon-q-developer$/);
    expect(nextSteps.join()).toMatch(/usher release [0-9a-f]{64}/);
  });

  it('gets quotes, backslashes and markup as they are, where EventBridge keeps the JSON valid', () => {
    const odd = 'a"b\\c</d>&{}\n`e`';
    const event = structuredClone(EVENTS.find((one) => one['detail-type'] === 'Seat Refused'));
    if (!event) throw new Error('There is one');
    event.detail.status_detail = odd;
    expect(Notification.parse(told(event, escaped)).content.description).toContain(odd);
  });

  it('is told ids, names of entitlements, numbers and codes, and no other field of an event', () => {
    const paths = new Set(RULES.flatMap(([, { transformer }]) => Object.values(transformer.InputPathsMap)));
    expect([...paths].sort()).toEqual([
      '$.detail.activity_name',
      '$.detail.metadata.correlation_uid',
      '$.detail.metadata.uid',
      '$.detail.privileges[0]',
      '$.detail.resources[0].uid',
      '$.detail.status_code',
      '$.detail.status_detail',
      '$.detail.unmapped.held_revocations',
      '$.detail.unmapped.hold_digest',
      '$.detail.user.uid',
    ]);
  });
});

describe('the template of the channel', () => {
  const parameters = { SlackWorkspaceId: 'T0', SlackChannelId: 'C0', TeamsTenantId: 't', AlarmTopicArn: 'arn' };
  const all = resolved(TEMPLATE, parameters);

  it('reads the audit bus of the stage', () => {
    for (const [id] of RULES) {
      const name = TEMPLATE.Resources[id]?.Properties['EventBusName'] as { 'Fn::Sub': string } | undefined;
      const bus = name?.['Fn::Sub'] ?? '';
      expect(bus.replace('${NamePrefix}', 'acme-').replace('${Stage}', 'prod')).toBe(namesOf('prod', 'acme-').auditBus);
    }
  });

  it('guards its role, its queue and its topic, and lets exactly its rules publish', () => {
    expect(unguarded(all)).toEqual([]);
    for (const id of ['TopicPolicy', 'UndeliveredPolicy']) {
      const policy = all.Resources[id]?.Properties['PolicyDocument'] as { Statement: PolicyStatement[] } | undefined;
      const [allowed, denied] = policy?.Statement ?? [];
      expect(allowed?.Condition?.['ArnEquals']).toEqual({
        'aws:SourceArn': RULES.map(([rule]) => ({ 'Fn::GetAtt': [rule, 'Arn'] })),
      });
      expect(denied).toMatchObject({
        Effect: 'Deny',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
    }
  });

  it.each(['SlackChannel', 'TeamsChannel'])('lets no one do anything from the channel: %s', (id) => {
    expect(all.Resources['ChatRole']?.Properties).not.toHaveProperty('Policies');
    expect(all.Resources[id]?.Properties).toMatchObject({
      IamRoleArn: { 'Fn::GetAtt': ['ChatRole', 'Arn'] },
      GuardrailPolicies: [{ 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/AWSDenyAll' }],
      SnsTopicArns: [{ Ref: 'Topic' }, { Ref: 'AlarmTopicArn' }],
    });
  });

  it('has only the channels that are named', () => {
    const channels = (given: Record<string, string>) =>
      Object.keys(resolved(TEMPLATE, given).Resources).filter((id) => id.endsWith('Channel'));
    expect(channels({})).toEqual([]);
    expect(channels({ SlackWorkspaceId: 'T0' })).toEqual(['SlackChannel']);
    expect(channels({ TeamsTenantId: 't' })).toEqual(['TeamsChannel']);
  });
});

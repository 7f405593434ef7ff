import { describe, expect, it } from 'vitest';
import { notifyUserStatements } from '../../build/mail-permissions.ts';
import type { NoticeSettings } from '../../domain/notices/schema.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { isMet, type PolicyStatement } from '../support/guards.ts';
import { noticed } from '../support/noticed.ts';

function statementFor(settings: Partial<NoticeSettings> = {}): PolicyStatement {
  const [statement, ...more] = notifyUserStatements(noticed(settings));
  if (!statement || more.length > 0) throw new Error('There is one');
  return statement;
}

const arn = (resource: string, region = 'us-east-1') => ({
  'Fn::Sub': `arn:\${AWS::Partition}:ses:${region}:\${AWS::AccountId}:${resource}`,
});

describe('what the function that writes to users may send', () => {
  it('is nothing without notices', () => {
    expect(notifyUserStatements(exampleEntitlements())).toEqual([]);
  });

  it.each<[string, Partial<NoticeSettings>, object[]]>([
    ['the domain of the sender, in lower case', { from: 'usher@Mail.Example.com' }, [arn('identity/mail.example.com')]],
    ['the identity that is named', { identity: 'example.com' }, [arn('identity/example.com')]],
    [
      'an address, in the Region of Amazon SES',
      { identity: 'usher@example.com', region: 'eu-west-1' },
      [arn('identity/usher@example.com', 'eu-west-1')],
    ],
    [
      'the configuration set, too',
      { configurationSet: 'usher' },
      [arn('identity/example.com'), arn('configuration-set/usher')],
    ],
  ])('goes out by %s, and by nothing else', (_fact, settings, resources) => {
    expect(statementFor(settings)).toMatchObject({ Effect: 'Allow', Action: ['ses:SendEmail'], Resource: resources });
  });

  it.each<[string, Partial<NoticeSettings>, Record<string, string>, boolean]>([
    ['its own address', {}, { 'ses:FromAddress': 'usher@example.com' }, true],
    ['another address', {}, { 'ses:FromAddress': 'boss@example.com' }, false],
    ['no address that AWS knows of', {}, {}, false],
    ['its own name', { fromName: 'Acme IT' }, named('Acme IT'), true],
    ['its own name in quotes', { fromName: 'Acme IT' }, named('"Acme IT"'), true],
    ['another name', { fromName: 'Acme IT' }, named('The Boss'), false],
    ['a name of which AWS says nothing', { fromName: 'Acme IT' }, { 'ses:FromAddress': 'usher@example.com' }, true],
    ['a name that the message encodes', { fromName: 'Über' }, named('=?UTF-8?B?w5xiZXI=?='), true],
    ['a name that IAM would replace', { fromName: 'The ${aws:username}' }, named('The ${aws:username}'), true],
    [
      'a name with markup, which the message encodes',
      { fromName: 'Acme <IT>' },
      named('=?UTF-8?B?QWNtZSA8SVQ+?='),
      true,
    ],
    ['a name that the message escapes', { fromName: 'The "IT"' }, named('"The \\"IT\\""'), true],
  ])('comes from %s: allowed or not', (_who, settings, context, isAllowed) => {
    expect(isMet(statementFor(settings), context)).toBe(isAllowed);
  });

  it('has no character that IAM refuses in a policy', () => {
    const text = JSON.stringify(statementFor({ fromName: 'Приветствие 席' }));
    expect(text).toMatch(/^[\t\n\r\x20-\xff]*$/);
  });
});

function named(name: string): Record<string, string> {
  return { 'ses:FromAddress': 'usher@example.com', 'ses:FromDisplayName': name };
}

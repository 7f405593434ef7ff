import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../conformance/redact.ts';

const EVENT = {
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.identitystore',
  account: '999988887777',
  detail: {
    eventSource: 'identitystore.amazonaws.com',
    eventName: 'CreateUser',
    userIdentity: {
      arn: 'arn:aws:sts::999988887777:assumed-role/admin/jane.doe@example.com',
      accountId: '999988887777',
    },
    sourceIPAddress: '203.0.113.9',
    requestParameters: {
      userName: 'jane.doe',
      'jane doe': 'x',
      identityStoreId: 'd-9067f2a3b4',
      userId: '94e80458-9021-70ea-08fa-c3a10a1d8a92',
      name: 'HIDDEN_DUE_TO_SECURITY_REASONS',
    },
    readOnly: false,
    responseElements: null,
  },
};

describe('a recorded event', () => {
  it('keeps its shape, its ids and the words of AWS', () => {
    expect(redact(EVENT)).toEqual({
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.identitystore',
      account: '111122223333',
      detail: {
        eventSource: 'identitystore.amazonaws.com',
        eventName: 'CreateUser',
        userIdentity: { arn: 'redacted', accountId: '111122223333' },
        sourceIPAddress: 'redacted',
        requestParameters: {
          userName: 'redacted',
          redacted: 'redacted',
          identityStoreId: 'd-9067f2a3b4',
          userId: '94e80458-9021-70ea-08fa-c3a10a1d8a92',
          name: 'HIDDEN_DUE_TO_SECURITY_REASONS',
        },
        readOnly: false,
        responseElements: null,
      },
    });
  });

  it.each<[string, object, string]>([
    ['the address of a user', { detail: { requestParameters: { addresses: [{ region: 'Bavaria' }] } } }, 'Bavaria'],
    ['the type of an address', { detail: { requestParameters: { emails: [{ type: 'of-Jane' }] } } }, 'Jane'],
    ['a field that is a name', { detail: { requestParameters: { tags: { 'jane.doe': '1' } } } }, 'jane'],
    ['a number', { detail: { requestParameters: { phone: 4915112345678, employee: 7 } } }, '49151'],
    ['a resource that is a name', { resources: ['arn:aws:identitystore:::user/jane-doe'] }, 'jane'],
    ['a source that anyone put on the bus', { source: 'Jane Doe' }, 'Jane'],
    ['a field that JavaScript has', JSON.parse('{"__proto__":{"name":"Jane"}}'), 'Jane'],
  ])('keeps nothing of %s', (_what, event, text) => {
    expect(JSON.stringify(redact(event))).not.toContain(text);
  });

  it('that is deeper than any is cut', () => {
    const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(JSON.stringify(redact(deep)).length).toBeLessThan(100);
  });

  it('keeps no text of a person, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 4 }),
        fc.constantFrom('jane.doe@example.com', 'Jane Doe', 'DOMAIN\\jane'),
        (json, text) => {
          const hidden = JSON.parse(JSON.stringify(json, (_key, value) => (typeof value === 'string' ? text : value)));
          expect(JSON.stringify(redact(hidden))).not.toContain(JSON.stringify(text).slice(1, -1));
        },
      ),
    );
  });
});

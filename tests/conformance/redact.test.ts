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

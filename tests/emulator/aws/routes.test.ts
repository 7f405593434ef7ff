import { describe, expect, it } from 'vitest';
import { callOf, type Envelope } from '../../../emulator/aws/routes.ts';

const APPLICATION = '0a1b2c3d-1111-2222-3333-444455556666';
const SUBSCRIPTIONS = `/applications/${APPLICATION}/subscriptions`;
const AUTHORIZATION = 'AWS4-HMAC-SHA256 Credential=AKIA/20260903/eu-central-1/q/aws4_request, SignedHeaders=host';

/** The service and operation of a request, and its input. */
function callIn(envelope: Partial<Envelope>, body = '') {
  const call = callOf({ method: 'POST', path: '/', headers: {}, ...envelope }, Buffer.from(body));
  return call && [`${call.service}.${call.operation}`, JSON.parse(Buffer.from(call.body).toString())];
}

describe('a request to Amazon Q Business', () => {
  it.each([
    ['GET', '/applications', 'ListApplications', {}],
    ['GET', '/applications?maxResults=2&nextToken=a%2B', 'ListApplications', { maxResults: 2, nextToken: 'a+' }],
    ['GET', `/applications/${APPLICATION}`, 'GetApplication', { applicationId: APPLICATION }],
    ['GET', SUBSCRIPTIONS, 'ListSubscriptions', { applicationId: APPLICATION }],
    ['POST', SUBSCRIPTIONS, 'CreateSubscription', { applicationId: APPLICATION, type: 'Q_LITE' }],
    [
      'PUT',
      `${SUBSCRIPTIONS}/8f1c2d34`,
      'UpdateSubscription',
      { applicationId: APPLICATION, subscriptionId: '8f1c2d34', type: 'Q_LITE' },
    ],
    [
      'DELETE',
      `${SUBSCRIPTIONS}/8f1c2d34`,
      'CancelSubscription',
      { applicationId: APPLICATION, subscriptionId: '8f1c2d34' },
    ],
  ])('by %s %s is %s', (method, path, operation, input) => {
    const body = 'type' in input ? '{"type":"Q_LITE","applicationId":"another"}' : '';
    expect(callIn({ method, path }, body)).toEqual([`QBusiness.${operation}`, input]);
  });

  it.each([
    ['POST', '/applications'],
    ['DELETE', SUBSCRIPTIONS],
    ['GET', `${SUBSCRIPTIONS}/8f1c2d34`],
    ['PUT', `${SUBSCRIPTIONS}/8f1c2d34/more`],
    ['PUT', `${SUBSCRIPTIONS}/%`],
  ])('by %s %s is none that the emulator has', (method, path) => {
    expect(callIn({ method, path }, '{}')).toBeUndefined();
  });

  it.each(['', 'null', '7', '{"type":'])('with the body %j lacks what the body should have', (body) => {
    const input = { applicationId: APPLICATION };
    expect(callIn({ path: SUBSCRIPTIONS }, body)).toEqual(['QBusiness.CreateSubscription', input]);
  });
});

describe('a request to Q', () => {
  it.each(['AmazonQDeveloperService', 'KiroControlPlaneQDeveloperService'])(
    'has the Region of its signature: %s',
    (target) => {
      const headers = { 'x-amz-target': `${target}.CreateAssignment`, authorization: AUTHORIZATION };
      const input = { principalId: 'a', region: 'eu-central-1' };
      expect(callIn({ headers }, '{"principalId":"a","region":"us-east-1"}')).toEqual(['Q.CreateAssignment', input]);
    },
  );

  it('has no Region without a signature', () => {
    const headers = { 'x-amz-target': 'AmazonQDeveloperService.DeleteAssignment' };
    expect(callIn({ headers }, '{"region":"us-east-1"}')).toEqual(['Q.DeleteAssignment', {}]);
  });
});

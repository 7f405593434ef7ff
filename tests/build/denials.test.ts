import { describe, expect, it } from 'vitest';
import { denialsIn } from '../../build/denials.ts';

const ROLE = 'arn:aws:iam::111122223333:role/usher-prod-PlanChangesRole-1A2B3C';
const USER = 'User: arn:aws:sts::111122223333:assumed-role/deployer/session';

describe('what AWS denies', () => {
  it.each([
    [
      `${USER} is not authorized to perform: iam:CreateRole on resource: ${ROLE} because no permissions boundary allows the iam:CreateRole action`,
      'AWS denies iam:CreateRole: no permissions boundary allows it.',
    ],
    [
      `Resource handler returned message: "${USER} is not authorized to perform: iam:PutRolePolicy on resource: role usher with an explicit deny in a permissions boundary (Service: Iam, Status Code: 403)"`,
      'AWS denies iam:PutRolePolicy: a permissions boundary denies it.',
    ],
    [
      `${USER} is not authorized to perform: s3:PutObject on resource: "x" with an explicit deny in a service control policy: arn:aws:organizations::1:policy/p`,
      'AWS denies s3:PutObject: a service control policy denies it.',
    ],
    [
      `${USER} is not authorized to perform: user-subscriptions:CreateClaim on resource: * because no identity-based policy allows the user-subscriptions:CreateClaim action`,
      'AWS denies user-subscriptions:CreateClaim: no identity-based policy allows it.',
    ],
    [`${USER} is not authorized to perform: sqs:createqueue`, 'AWS denies sqs:createqueue.'],
  ])('is named with what is in the way, as far as AWS names it: %s', (text, line) => {
    expect(denialsIn([text])).toEqual([line]);
  });

  it('is named once, however many resources it concerns, and is nothing that AWS does not name', () => {
    const denied = `${USER} is not authorized to perform: iam:TagRole on resource: ${ROLE}`;
    expect(denialsIn([denied, 'Resource update cancelled', denied])).toEqual(['AWS denies iam:TagRole.']);
    expect(denialsIn(['The role is not authorized to access the log destination'])).toEqual([]);
  });
});

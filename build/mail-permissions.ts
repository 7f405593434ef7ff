import type { Entitlements } from '../domain/entitlements.ts';
import { identityOf } from '../domain/notices/identity.ts';
import type { PolicyStatement } from './subscription-permissions.ts';

/** IAM takes no other characters in a policy. */
const IN_POLICY = /^[\t\n\r\x20-\xff]*$/;

/**
 * Returns what `NotifyUser` needs beyond deploy/notices.yml: it sends from exactly the configured address, by the verified
 * identity that the address belongs to and, if there is one, the configuration set.
 */
export function notifyUserStatements({ identityCenter, notices }: Entitlements): PolicyStatement[] {
  if (!notices) return [];
  const { from, fromName, configurationSet, region = identityCenter.region } = notices;
  const inSes = (resource: string) => ({
    'Fn::Sub': `arn:\${AWS::Partition}:ses:${region}:\${AWS::AccountId}:${resource}`,
  });
  return [
    {
      Effect: 'Allow',
      Action: ['ses:SendEmail'],
      Resource: [
        inSes(`identity/${identityOf(notices)}`),
        ...(configurationSet === undefined ? [] : [inSes(`configuration-set/${configurationSet}`)]),
      ],
      Condition: {
        StringEquals: { 'ses:FromAddress': from },
        // AWS does not say whether the name has its quotes there, and how it is written in other scripts.
        ...(fromName !== undefined && IN_POLICY.test(fromName)
          ? { StringEqualsIfExists: { 'ses:FromDisplayName': [fromName, `"${fromName}"`] } }
          : {}),
      },
    },
  ];
}

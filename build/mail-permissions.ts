import type { Entitlements } from '../domain/entitlements.ts';
import { identityOf } from '../domain/notices/identity.ts';
import { isQuotable } from '../domain/notices/sender.ts';
import type { PolicyStatement } from './subscription-permissions.ts';

/**
 * Whether a policy can name a display name: it is in the message as it is. Others are encoded there, and AWS does not say
 * what it compares then; IAM takes only the characters of Latin-1 in a policy, and replaces what looks like a variable.
 */
function isComparable(name: string): boolean {
  return isQuotable(name) && !name.includes('${');
}

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
        // AWS does not say whether the quotes of the name are part of it.
        ...(fromName !== undefined && isComparable(fromName)
          ? { StringEqualsIfExists: { 'ses:FromDisplayName': [fromName, `"${fromName}"`] } }
          : {}),
      },
    },
  ];
}

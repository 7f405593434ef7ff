import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import type { ClientSettings } from '../clients.ts';
import { askWith, malformedAnswer } from '../requests.ts';
import { STS_ERRORS } from '../sts-errors.ts';

/** The caller of AWS. */
export interface Identity {
  accountId: string;
  /** ARN of the caller. */
  arn: string;
  /** `aws`, `aws-cn`, … */
  partition: string;
}

/**
 * Returns who calls AWS.
 *
 * @throws TransientAwsError worth a retry · RefusedError not; `credentials` if they are missing, expired or wrong
 */
export async function identityOf(sts: STSClient): Promise<Identity> {
  const operation = 'GetCallerIdentity';
  const { Account, Arn } = await askWith(STS_ERRORS)(operation, [], () => sts.send(new GetCallerIdentityCommand()));
  const [, partition] = Arn?.split(':') ?? [];
  if (!(Account && Arn && partition)) throw malformedAnswer(operation, 'Arn');
  return { accountId: Account, arn: Arn, partition };
}

/** {@link identityOf} with a client of its own. */
export function readIdentity(settings: ClientSettings): Promise<Identity> {
  return identityOf(new STSClient(settings));
}

/**
 * Returns the Region that the AWS CLI would use.
 *
 * @returns undefined if none is configured
 */
export async function configuredRegion(profile: string | undefined): Promise<string | undefined> {
  try {
    const region: Promise<string> = new STSClient(profile === undefined ? {} : { profile }).config.region();
    return await region;
  } catch (error) {
    // An empty AWS_REGION configures none.
    if (error instanceof Error && /Region is missing|region=""/.test(error.message)) return undefined;
    throw error;
  }
}

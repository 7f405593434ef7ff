/** Ids of the example account. They are the same in every run, so that runs can be compared. */
export const REGION = 'us-east-1';
export const INSTANCE_ARN = 'arn:aws:sso:::instance/ssoins-1111222233334444';
export const STORE_ID = 'd-1234567890';

/** Returns the id of the user with this number. */
export function user(number: number): string {
  return `a0000000-0000-4000-8000-${digits(number, 12)}`;
}

/** Returns the numbers of users, from the first to the last. */
export function people(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Returns the id of the group with this number. */
export function group(number: number): string {
  return `44f834e8-0081-7055-1d60-${digits(number, 12)}`;
}

/** Returns the ARN of the application with this number. */
export function application(number: number): string {
  return `arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-${digits(number, 16)}`;
}

/** The entitlement that gives members of GROUP seats of APPLICATION. */
export const ENTITLEMENT = 'amazon-q-developer';
export const GROUP = group(1);
export const APPLICATION = application(1);

function digits(number: number, length: number): string {
  return String(number).padStart(length, '0');
}

import { describe, expect, it } from 'vitest';
import { lacksAccess } from '../../../adapters/operator/credentials.ts';

const named = (name: string) => Object.assign(new Error('no'), { name });

describe('what lacks access', () => {
  it.each(['CredentialsProviderError', 'ExpiredToken', 'InvalidAccessKeyId', 'AccessDenied'])('is %s', (name) => {
    expect(lacksAccess(named(name))).toBe(true);
  });

  it.each([[named('ValidationError')], ['AccessDenied']])('is not %s', (error) => {
    expect(lacksAccess(error)).toBe(false);
  });
});

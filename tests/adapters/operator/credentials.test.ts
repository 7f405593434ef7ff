import { describe, expect, it } from 'vitest';
import { lacksAccess } from '../../../adapters/operator/credentials.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';

const named = (name: string) => Object.assign(new Error('no'), { name });

describe('what lacks access', () => {
  it.each(['CredentialsProviderError', 'ExpiredToken', 'InvalidAccessKeyId', 'AccessDenied'])('is %s', (name) => {
    expect(lacksAccess(named(name))).toBe(true);
  });

  it('is a refusal of the providers of credentials', () => {
    expect(lacksAccess(new RefusedError('credentials', 'no'))).toBe(true);
    expect(lacksAccess(new RefusedError('login-expired', 'no'))).toBe(true);
    expect(lacksAccess(new RefusedError('group-missing', 'no'))).toBe(false);
  });

  it.each([[named('ValidationError')], ['AccessDenied']])('is not %s', (error) => {
    expect(lacksAccess(error)).toBe(false);
  });
});

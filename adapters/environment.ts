import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Clock } from '../domain/shared/clock.ts';
import type { ClientSettings } from './clients.ts';
import { systemClock } from './system-clock.ts';

/** All that a function needs from around it. */
export interface Environment {
  entitlements: Entitlements;
  clock: Clock;
  /** For the services beside Usher: ledger and audit bus. */
  aws: ClientSettings;
  ledgerTable: string;
  auditBus: string;
  /** Usher's own version, for the audit stream. */
  version: string;
}

const Variables = z.object({
  AWS_REGION: z.string().check(z.minLength(1)),
  ENTITLEMENTS_FILE: z.string().check(z.minLength(1)),
  LEDGER_TABLE: z.string().check(z.minLength(1)),
  AUDIT_BUS: z.string().check(z.minLength(1)),
  USHER_VERSION: z.string().check(z.minLength(1)),
});

/**
 * The environment of a Lambda function, from its variables and the configuration in its package.
 *
 * @throws Error naming every fault at once, and no value
 */
export function lambdaEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const read = Variables.safeParse(variables);
  if (!read.success) {
    const names = read.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new Error(`Environment variables missing or empty: ${names}`);
  }
  const { AWS_REGION, ENTITLEMENTS_FILE, LEDGER_TABLE, AUDIT_BUS, USHER_VERSION } = read.data;
  // Packaging has parsed it, and whoever could change the package could change this code.
  const entitlements: Entitlements = JSON.parse(readFileSync(ENTITLEMENTS_FILE, 'utf8'));
  return {
    entitlements,
    clock: systemClock,
    aws: { region: AWS_REGION, maxAttempts: 1 },
    ledgerTable: LEDGER_TABLE,
    auditBus: AUDIT_BUS,
    version: USHER_VERSION,
  };
}

/** The settings for the clients of Identity Center, which may live in another Region than Usher. */
export function identityCenterSettings({ aws, entitlements }: Environment): ClientSettings {
  return { ...aws, region: entitlements.identityCenter.region };
}

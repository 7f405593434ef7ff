import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import type { Templates } from '../domain/notices/message.ts';
import type { Clock } from '../domain/shared/clock.ts';
import type { ClientSettings } from './clients.ts';
import { systemClock } from './system-clock.ts';

/** What a function gets from its environment. */
export interface Environment {
  entitlements: Entitlements;
  clock: Clock;
  /** Settings of the clients in Usher's own Region: ledger and audit bus. */
  aws: ClientSettings;
  ledgerTable: string;
  auditBus: string;
  /** ARN of the state machine `onboarding`. */
  stateMachine: string;
  /** Usher's version, for the audit stream. */
  version: string;
  /** Of the function that writes to users: the table with a marker per notice, and the sources of the templates. */
  notices?: { table: string; templates: Templates };
  /** Fewer users per batch than time allows: random histories play rounds of several batches with few users. */
  batchUsers?: number;
}

/** A call without an answer must not use up the time of a function: it fails for now, and is made again. Milliseconds. */
const TIMEOUTS = { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true };

const Variables = z.object({
  AWS_REGION: z.string().check(z.minLength(1)),
  ENTITLEMENTS_FILE: z.string().check(z.minLength(1)),
  LEDGER_TABLE: z.string().check(z.minLength(1)),
  AUDIT_BUS: z.string().check(z.minLength(1)),
  STATE_MACHINE: z.string().check(z.minLength(1)),
  USHER_VERSION: z.string().check(z.minLength(1)),
  NOTICES_TABLE: z.optional(z.string().check(z.minLength(1))),
  NOTICES_TEMPLATES: z.optional(z.string().check(z.minLength(1))),
});

/**
 * Reads the environment of a Lambda function from its variables and the configuration in its package.
 *
 * @throws Error that names all missing variables at once, and no value
 */
export function lambdaEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const parsed = Variables.safeParse(variables);
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new Error(`Environment variables missing or empty: ${names}`);
  }
  const { AWS_REGION, ENTITLEMENTS_FILE, LEDGER_TABLE, AUDIT_BUS, STATE_MACHINE, USHER_VERSION } = parsed.data;
  const { NOTICES_TABLE, NOTICES_TEMPLATES } = parsed.data;
  // Packaging has validated it. A person who can change the package can change this code, too.
  const entitlements: Entitlements = JSON.parse(readFileSync(ENTITLEMENTS_FILE, 'utf8'));
  return {
    entitlements,
    clock: systemClock,
    aws: { region: AWS_REGION, maxAttempts: 1, requestHandler: TIMEOUTS },
    ledgerTable: LEDGER_TABLE,
    auditBus: AUDIT_BUS,
    stateMachine: STATE_MACHINE,
    version: USHER_VERSION,
    ...(NOTICES_TABLE === undefined || NOTICES_TEMPLATES === undefined
      ? {}
      : { notices: { table: NOTICES_TABLE, templates: JSON.parse(readFileSync(NOTICES_TEMPLATES, 'utf8')) } }),
  };
}

/** Returns the settings of the clients of Identity Center, which may be in another Region than Usher. */
export function identityCenterSettings({ aws, entitlements }: Environment): ClientSettings {
  return { ...aws, region: entitlements.identityCenter.region };
}

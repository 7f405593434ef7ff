import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import type { Platform } from '../../functions/handler.ts';
import { BUS, START, STATE_MACHINE, TABLE } from './ids.ts';

const STANDING_CLOCK = { now: () => START, sleep: async () => undefined };

/** What a platform may be given; the rest is of no consequence. */
export interface PlatformOptions {
  aws?: ClientSettings;
  services?: { clock: Platform['environment']['clock']; entitlements: Entitlements };
}

/** A platform for handlers, whose tools write into a list instead of standard output. */
export function aPlatform({ aws, services }: PlatformOptions = {}) {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string) => {
    lines.push(JSON.parse(line));
  };
  const sink = { log: write, info: write, warn: write, error: write, debug: write };
  const logger = new Logger({ serviceName: 'usher' });
  const metrics = new Metrics({ namespace: 'Usher', serviceName: 'usher' });
  // Powertools writes to a console of its own, and has no option for another.
  for (const tool of [logger, metrics]) Reflect.set(tool, 'console', sink);
  const platform: Platform = {
    environment: {
      entitlements: services?.entitlements ?? exampleEntitlements(),
      clock: services?.clock ?? STANDING_CLOCK,
      aws: aws ?? { region: 'us-east-1', maxAttempts: 1 },
      ledgerTable: TABLE,
      auditBus: BUS,
      stateMachine: STATE_MACHINE,
      version: '1.2.3',
    },
    logger,
    metrics,
  };
  return {
    platform,
    /** All that was written, a line each. */
    lines,
    logged: () => lines.filter((line) => 'level' in line),
    counted: () => lines.filter((line) => '_aws' in line),
  };
}

import { connectEventBus } from '../../adapters/event-bus.ts';
import { connectOwnExecutions } from '../../adapters/executions.ts';
import { connectDirectory } from '../../adapters/identity-store.ts';
import { connectLedger } from '../../adapters/ledger.ts';
import { connectApplications } from '../../adapters/sso-admin.ts';
import { connectSubscriptions } from '../../adapters/subscriptions/connect.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Stack } from '../../emulator/stack/stack.ts';
import { BUS, REGION, STATE_MACHINE, STORE_ID, TABLE } from './ids.ts';

type Metric = [name: string, value: number, entitlement?: string];

/**
 * Connects the real adapters to an emulated account, for tests that call a function without the state machine.
 *
 * Time stands still for them, except that each request takes the time that it has to wait for the rate limits of AWS.
 */
export function connectServices({ settings, clock: { now }, advance }: Stack, entitlements: Entitlements) {
  const clock = { now, advance, sleep: async (seconds: number) => advance(seconds) };
  const pacer = { pace: async () => advance(0.1) };
  const metrics: Metric[] = [];
  const services = {
    clock,
    entitlements,
    ledger: connectLedger(settings, TABLE),
    directory: connectDirectory(settings, STORE_ID, pacer),
    applications: connectApplications(settings, pacer),
    subscriptions: connectSubscriptions(settings, pacer),
    lists: new Map(),
    bus: connectEventBus(settings, BUS),
    executions: connectOwnExecutions(settings, STATE_MACHINE),
    sender: { productVersion: '1.2.3', region: REGION },
    measure: (...metric: Metric) => {
      metrics.push(metric);
    },
  };
  return { clock, services, metrics };
}

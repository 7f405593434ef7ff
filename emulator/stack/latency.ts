import * as z from 'zod/mini';
import type { Latency } from './invocations.ts';

/** The client of a function gives up after 20 s without an answer. */
const Seconds = z.number().check(z.minimum(0), z.maximum(19));

/** How long AWS takes to answer the functions. */
export const LatencySchema = z.strictObject({
  change: z._default(Seconds.check(z.describe('Seconds to make, change or remove an assignment or a subscription')), 0),
  read: z._default(
    Seconds.check(
      z.describe('Seconds of each other request to SSOAdmin and IdentityStore, and of each list of subscriptions'),
    ),
    0,
  ),
  ledger: z._default(Seconds.check(z.describe('Seconds of each request to DynamoDB')), 0),
  bus: z._default(
    Seconds.check(z.describe('Seconds of each request to EventBridge, Step Functions, STS and Amazon SES')),
    0,
  ),
});
/** See {@link LatencySchema}. */
export type Latencies = z.output<typeof LatencySchema>;

/** Returns the seconds that each call takes. */
export function latencyOf({ change, read, ledger, bus }: Latencies): Latency {
  return (call) => {
    if (/^(?:SSOAdmin|Q|QBusiness)\.(?:Create|Update|Delete|Cancel)/.test(call)) return change;
    if (/^(?:SSOAdmin|IdentityStore|UserSubscriptions|QBusiness)\./.test(call)) return read;
    return call.startsWith('DynamoDB.') ? ledger : bus;
  };
}

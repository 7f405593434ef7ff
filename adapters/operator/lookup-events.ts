import { type CloudTrailClient, LookupEventsCommand } from '@aws-sdk/client-cloudtrail';
import { jsonIn } from '../../domain/shared/json.ts';
import type { Pacer } from '../clients.ts';
import { askWith, listIn, pages } from '../requests.ts';
import { CLOUDTRAIL_ERRORS } from './cloudtrail-errors.ts';

/** The most that one call returns. */
const EVENTS_PER_PAGE = 50;

/** Looks for the records of one operation, of any service, in a time: newest first, by pages. */
export type LookUp = (eventName: string, from: Date, to: Date) => AsyncIterable<readonly unknown[]>;

/**
 * Returns LookupEvents of this account and Region: CloudTrail keeps 90 days. What is no JSON is undefined.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export function lookUpWith(client: CloudTrailClient, pacer: Pacer): LookUp {
  const operation = 'LookupEvents';
  const ask = askWith(CLOUDTRAIL_ERRORS, pacer);
  return async function* lookUp(eventName, from, to) {
    for await (const { events } of pages(operation, (NextToken) =>
      ask(operation, [`calls of ${eventName}`], async () => {
        const command = new LookupEventsCommand({
          // AWS takes one attribute.
          LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: eventName }],
          StartTime: from,
          EndTime: to,
          MaxResults: EVENTS_PER_PAGE,
          NextToken,
        });
        const { Events, NextToken: next } = await client.send(command);
        return { events: Events, NextToken: next };
      }),
    ))
      yield listIn(events ?? [], operation, 'Events').map(({ CloudTrailEvent }) => jsonIn(CloudTrailEvent));
  };
}

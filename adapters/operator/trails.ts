import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  type GetEventSelectorsCommandOutput,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import type { ClientSettings } from '../clients.ts';
import { askWith, listIn, undefinedIf } from '../requests.ts';
import { CLOUDTRAIL_ERRORS } from './cloudtrail-errors.ts';

/** A trail of CloudTrail. */
export interface Trail {
  arn: string;
  /** Undefined if this account may not read it. */
  isLogging: boolean | undefined;
  /** Whether the trail records writes of management events; undefined if this account may not read that. */
  recordsWrites: boolean | undefined;
}

/** What records the events that Usher waits for. @throws TransientAwsError worth a retry · RefusedError */
export interface Trails {
  /** Trails that record in this Region, including those of the organization. */
  trails(): Promise<readonly Trail[]>;
}

/** Exceptions that a member account gets for the organization's trail, which it sees, but may not read. */
const FOREIGN: ReadonlySet<string> = new Set([
  'AccessDeniedException',
  'CloudTrailARNInvalidException',
  'TrailNotFoundException',
]);
const unlessForeign = <T>(send: () => Promise<T>) =>
  undefinedIf((error) => error instanceof Error && FOREIGN.has(error.name), send);

/** Trails, over the SDK. */
export function awsTrails(cloudTrail: CloudTrailClient): Trails {
  const ask = askWith(CLOUDTRAIL_ERRORS);

  return {
    async trails() {
      const { trailList } = await ask('DescribeTrails', [], () => cloudTrail.send(new DescribeTrailsCommand({})));
      const found: Trail[] = [];
      for (const { TrailARN: arn } of listIn(trailList ?? [], 'DescribeTrails', 'trailList')) {
        if (!arn) continue;
        const status = await ask('GetTrailStatus', [`trail ${arn}`], () =>
          unlessForeign(() => cloudTrail.send(new GetTrailStatusCommand({ Name: arn }))),
        );
        const selectors = await ask('GetEventSelectors', [`trail ${arn}`], () =>
          unlessForeign(() => cloudTrail.send(new GetEventSelectorsCommand({ TrailName: arn }))),
        );
        found.push({
          arn,
          isLogging: status && status.IsLogging === true,
          recordsWrites: selectors && recordsWrites(selectors),
        });
      }
      return found;
    },
  };
}

function recordsWrites({ EventSelectors, AdvancedEventSelectors }: GetEventSelectorsCommandOutput): boolean {
  const basic = (EventSelectors ?? []).some(
    ({ IncludeManagementEvents, ReadWriteType }) => IncludeManagementEvents && ReadWriteType !== 'ReadOnly',
  );
  const advanced = (AdvancedEventSelectors ?? []).some(({ FieldSelectors = [] }) => {
    const management = FieldSelectors.some(
      ({ Field, Equals = [] }) => Field === 'eventCategory' && Equals.includes('Management'),
    );
    const onlyReads = FieldSelectors.some(({ Field, Equals = [] }) => Field === 'readOnly' && Equals.includes('true'));
    return management && !onlyReads;
  });
  return basic || advanced;
}

/** {@link awsTrails} with a client of its own. */
export function connectTrails(settings: ClientSettings): Trails {
  return awsTrails(new CloudTrailClient(settings));
}

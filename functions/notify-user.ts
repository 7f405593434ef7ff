import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import type { SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { createPacer } from '../adapters/clients.ts';
import { type Environment, identityCenterSettings } from '../adapters/environment.ts';
import { connectLedger } from '../adapters/ledger.ts';
import { connectContacts } from '../adapters/notices/contacts.ts';
import { connectMailer } from '../adapters/notices/mailer.ts';
import { connectNotices } from '../adapters/notices/table.ts';
import { LOOK_UPS_PER_SECOND } from '../domain/pace.ts';
import { plusSeconds } from '../domain/shared/time.ts';
import { rendererOf } from '../notices/render.ts';
import { comesAgain, type NoticeResult, type NoticeServices, notify } from '../reconcile/notices/notify.ts';
import { defineHandler, describeError } from './handler.ts';

const Input = z.object({ Records: z.array(z.looseObject({ messageId: z.string(), body: z.string() })) });

/** The event source mapping runs two sandboxes at a time: each takes half of the pace. */
const SANDBOXES = 2;
/** The function has 60 seconds. What is sent before this can still be recorded. */
const SEND_WITHIN_SECONDS = 35;

/** What became of each message of the queue, and which of them have to come again. */
interface Output {
  notices: (NoticeResult | Record<string, unknown>)[];
  batchItemFailures: { itemIdentifier: string }[];
}

/** The sixth function, which no state calls: writes to the users of whose seats the audit stream says something. */
export const handler = defineHandler({
  input: Input,
  services: noticeServices,
  run: serveBatch,
  respond: ({ batchItemFailures }) => ({ batchItemFailures }),
  logFields: ({ notices, batchItemFailures }) => ({ notices, comeAgain: batchItemFailures.length }),
});

function noticeServices(environment: Environment): Omit<NoticeServices, 'measure'> {
  const { aws, clock, entitlements, ledgerTable, notices } = environment;
  const { notices: settings, identityCenter } = entitlements;
  if (settings === undefined || notices === undefined) throw new Error('Notices are not configured');
  return {
    clock,
    entitlements,
    ledger: connectLedger(aws, ledgerTable),
    contacts: connectContacts(
      identityCenterSettings(environment),
      identityCenter.identityStoreId,
      createPacer(LOOK_UPS_PER_SECOND / SANDBOXES, clock),
    ),
    mailer: connectMailer({ ...aws, region: settings.region ?? identityCenter.region }, settings),
    mailPacer: createPacer(settings.perSecond / SANDBOXES, clock),
    notices: connectNotices(aws, notices.table),
    render: rendererOf(notices.templates, { language: settings.language }),
  };
}

async function serveBatch(input: z.infer<typeof Input>, services: NoticeServices): Promise<Output> {
  const until = new Date(plusSeconds(services.clock.now(), SEND_WITHIN_SECONDS));
  const notices: Output['notices'] = [];
  const serve = async (record: SQSRecord): Promise<void> => {
    const result = await notify(record, until, services).catch((error: unknown) => {
      notices.push({ outcome: 'failed', ...describeError(error) });
      throw error;
    });
    notices.push(result);
    if (comesAgain(result)) throw new Error('The message has to come again');
  };
  // One after another, so that the pace holds, and a second copy in the same batch finds the marker of the first.
  const { batchItemFailures } = await processPartialResponse(input, serve, new BatchProcessor(EventType.SQS), {
    processInParallel: false,
    throwOnFullBatchFailure: false,
  });
  return { notices, batchItemFailures };
}

import { StandardRetryStrategy } from '@smithy/core/retry';
import { type ClientSettings, createPacer, type Pacer } from '../adapters/clients.ts';
import type { Mailer } from '../adapters/notices/mailer.ts';
import { namesOf } from '../adapters/resource-names.ts';
import type { SubscriptionsInput } from '../adapters/subscriptions/connect.ts';
import type { NoticeSettings } from '../domain/notices/schema.ts';
import { SUBSCRIPTIONS_PER_SECOND } from '../domain/pace.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { once } from './once.ts';

/** An operator waits: a throttled call is retried for some 20 seconds. */
const MOST_ATTEMPTS = 8;
/** AWS allows 20 calls per second of each operation of the Identity Store, and Usher itself needs some of them. */
const DIRECTORY_PER_SECOND = 10;
/**
 * How often executions are asked for, below what AWS allows all callers together: 15 calls per second of DescribeExecution
 * after 300 at once, and 5 of GetExecutionHistory. The functions, too, describe executions.
 */
const EXECUTION_PACES: Readonly<Record<string, { atOnce: number; perSecond: number }>> = {
  DescribeExecution: { atOnce: 100, perSecond: 12 },
  GetExecutionHistory: { atOnce: 0, perSecond: 4 },
};

/** AWS allows two requests per second and account, also to users of the console. */
const LOOKUPS_PER_SECOND = 1.5;

/** What services are made with. */
export interface ServicesOptions {
  /** Called, every five seconds at most, when a call is retried. */
  onRetry(text: string): void;
  clock: Clock;
  stage: string;
  /** Of the entitlements. The emulator has none. */
  namePrefix?: string | undefined;
  region: string;
  /** `requestsPerSecond` of the configuration. Calls to the emulator are not paced. */
  perSecond: number;
  access: Pick<ClientSettings, 'endpoint' | 'credentials' | 'profile' | 'requestHandler'>;
}

/** AWS or the emulator, through adapters that are loaded on request: the SDK takes long to load. */
export type Services = ReturnType<typeof servicesOf>;

/** Makes the services; opens no connection yet. */
export function servicesOf({ onRetry, clock, stage, namePrefix, region, perSecond, access }: ServicesOptions) {
  const settings: ClientSettings = {
    region,
    maxAttempts: 1,
    ...access,
    retryStrategy: new NotifyingRetryStrategy(onRetry),
  };
  const names = namesOf(stage, namePrefix);
  const pacer = (most: number): Pacer =>
    access.endpoint === undefined ? createPacer(most, clock) : { pace: async () => undefined };
  const applicationsPacer = pacer(perSecond);
  const directoryPacer = pacer(DIRECTORY_PER_SECOND);
  const lookupsPacer = pacer(LOOKUPS_PER_SECOND);
  const subscriptionsPacer = pacer(SUBSCRIPTIONS_PER_SECOND);
  const identity = once(async () => (await import('../adapters/operator/caller.ts')).readIdentity(settings));
  const executionPacers = new Map(
    Object.entries(EXECUTION_PACES).map(([name, { atOnce, perSecond: most }]) => [
      name,
      afterBurst(atOnce, pacer(most)),
    ]),
  );
  const executionsPacer: Pacer = { pace: async (operation = '') => executionPacers.get(operation)?.pace() };
  return {
    region,
    names,
    /** @throws RefusedError `credentials` */
    identity,
    /** Returns the ARN of a state machine of this stage. */
    async machineArn(name: string): Promise<string> {
      const { partition, accountId } = await identity();
      return `arn:${partition}:states:${region}:${accountId}:stateMachine:${name}`;
    },
    organizations: once(async () =>
      (await import('../adapters/operator/organizations.ts')).connectOrganizations(settings),
    ),
    executions: once(async () =>
      (await import('../adapters/operator/executions.ts')).connectExecutions(settings, executionsPacer),
    ),
    auditLog: once(async () =>
      (await import('../adapters/operator/audit-log.ts')).connectAuditLog(settings, names.auditLogGroup),
    ),
    functionLog: once(async () =>
      (await import('../adapters/operator/audit-log.ts')).connectFunctionLog(settings, names.normalizeLogGroup),
    ),
    /** The copy of the audit stream in a bucket. */
    async auditCopy(bucket: string) {
      return (await import('../adapters/operator/audit-copy.ts')).connectAuditCopy(settings, bucket, names.prefix);
    },
    starts: once(async () => (await import('../adapters/operator/starts.ts')).connectStarts(settings, lookupsPacer)),
    async directoryChanges(identityStoreId: string) {
      const { connectDirectoryChanges } = await import('../adapters/operator/directory-changes.ts');
      return connectDirectoryChanges(settings, lookupsPacer, identityStoreId);
    },
    instances: once(async () =>
      (await import('../adapters/operator/instances.ts')).connectInstances(settings, applicationsPacer),
    ),
    deployment: once(async () => (await import('../adapters/operator/deployment.ts')).connectDeployment(settings)),
    trails: once(async () => (await import('../adapters/operator/trails.ts')).connectTrails(settings)),
    queues: once(async () => (await import('../adapters/operator/queues.ts')).connectQueues(settings)),
    replays: once(async () => (await import('../adapters/operator/replays.ts')).connectReplays(settings)),
    ledger: once(async () => (await import('../adapters/ledger.ts')).connectLedger(settings, names.ledger)),
    tables: once(async () => (await import('../adapters/operator/tables.ts')).connectTables(settings)),
    notices: once(async () =>
      (await import('../adapters/operator/notices.ts')).connectNotices(settings, names.noticesTable),
    ),
    applications: once(async () =>
      (await import('../adapters/sso-admin.ts')).connectApplications(settings, applicationsPacer),
    ),
    async directory(identityStoreId: string) {
      return (await import('../adapters/identity-store.ts')).connectDirectory(
        settings,
        identityStoreId,
        directoryPacer,
      );
    },
    async people(identityStoreId: string) {
      return (await import('../adapters/operator/people.ts')).connectPeople(settings, identityStoreId, directoryPacer);
    },
    /** Amazon SES in the Region of the notices. */
    async mailSettings(of: string) {
      return (await import('../adapters/operator/mail.ts')).connectMailSettings({ ...settings, region: of });
    },
    /** Sends messages through Amazon SES, each once: a repetition could send it twice. */
    async mailer(of: string, notices: NoticeSettings): Promise<Mailer> {
      const { retryStrategy: _, ...unrepeated } = settings;
      const { connectMailer } = await import('../adapters/notices/mailer.ts');
      const mailer = connectMailer({ ...unrepeated, region: of }, notices);
      const mailPacer = pacer(notices.perSecond);
      return {
        async send(mail) {
          await mailPacer.pace();
          return mailer.send(mail);
        },
      };
    },
    /** How users are reached. */
    async contacts(identityStoreId: string) {
      const { connectContacts } = await import('../adapters/notices/contacts.ts');
      return connectContacts(settings, identityStoreId, directoryPacer);
    },
    async subscriptions(input: SubscriptionsInput) {
      const { connectSubscriptions } = await import('../adapters/subscriptions/connect.ts');
      return connectSubscriptions(settings, subscriptionsPacer)(input);
    },
  };
}

/** Paces all calls but the first. */
function afterBurst(atOnce: number, pacer: Pacer): Pacer {
  let left = atOnce;
  return {
    async pace() {
      left -= 1;
      if (left < 0) await pacer.pace();
    },
  };
}

/** Retries throttled and transient errors as the SDK does, and notes it every five seconds at most. */
class NotifyingRetryStrategy extends StandardRetryStrategy {
  readonly #onRetry: ServicesOptions['onRetry'];
  #notedAt = Number.NEGATIVE_INFINITY;

  constructor(onRetry: ServicesOptions['onRetry']) {
    super({ maxAttempts: MOST_ATTEMPTS });
    this.#onRetry = onRetry;
  }

  override refreshRetryTokenForRetry(...[token, info]: Parameters<StandardRetryStrategy['refreshRetryTokenForRetry']>) {
    const passes = info.errorType !== 'CLIENT_ERROR';
    if (passes && performance.now() - this.#notedAt > 5000) {
      this.#notedAt = performance.now();
      const what = info.errorType === 'THROTTLING' ? 'AWS throttles this command' : 'AWS did not answer';
      this.#onRetry(`${what}; retrying …`);
    }
    return super.refreshRetryTokenForRetry(token, info);
  }
}

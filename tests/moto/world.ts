import { own } from '../../domain/shared/json.ts';
import { Faults } from '../../emulator/aws/faults.ts';
import { Gateway } from '../../emulator/aws/gateway.ts';
import { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import { identityStore } from '../../emulator/aws/identity-store/identity-store.ts';
import { parseJson, type Service } from '../../emulator/aws/json-service.ts';
import { ssoAdmin } from '../../emulator/aws/sso-admin/sso-admin.ts';
import type { Script } from '../../emulator/scenario/script.ts';
import type { AccountTime } from './account-time.ts';
import { auditLine } from './compare.ts';
import type { Lambda } from './lambda.ts';
import { MotoMail } from './mail.ts';
import { ACCOUNT_HEADER, type Moto } from './moto.ts';

/** An account of moto in which the stack is complete. */
export interface Place {
  account: string;
  region: string;
  moto: Moto;
  lambda: Lambda;
  time: AccountTime;
}

/** A script's Identity Center, with the doors to it and to moto's own services in front of the functions. */
export class World {
  readonly identityCenter: IdentityCenter;
  readonly faults: Faults;
  readonly door: Gateway;
  readonly audit: string[] = [];
  readonly mail: MotoMail;

  constructor(
    { directory, entitlements }: Pick<Script, 'directory' | 'entitlements'>,
    { account, region, moto, lambda, time }: Place,
  ) {
    const clock = time.time;
    this.faults = new Faults(clock);
    const { instanceArn } = entitlements.identityCenter;
    this.identityCenter = new IdentityCenter(directory, { clock, instanceArn });
    const behind = (options: Passage) => passThrough(moto.endpoint, { account, region, ...options });
    this.mail = new MotoMail({ endpoint: moto.endpoint, account, region });
    const bus = behind({ target: 'AWSEvents', scope: 'events', version: '1.1' });
    this.door = new Gateway({
      services: {
        IdentityStore: identityStore(this.identityCenter, clock),
        SSOAdmin: ssoAdmin(this.identityCenter, clock),
        DynamoDB: behind({ target: 'DynamoDB_20120810', scope: 'dynamodb', version: '1.0' }),
        SFN: behind({ target: 'AWSStepFunctions', scope: 'states', version: '1.0' }),
        EventBridge: listened(bus, (line) => this.audit.push(line)),
        SESv2: this.mail,
      },
      faults: this.faults,
      onCrash: (id, death) => lambda.kill(id, death),
      onRequest: () => {
        time.progress();
        return undefined;
      },
    });
  }

  assignments(): string[] {
    const all = this.identityCenter.assignments();
    return all.map(({ principalId, applicationArn }) => `${principalId} ${applicationArn}`).sort();
  }
}

interface Passage {
  /** The prefix of `X-Amz-Target`. */
  target: string;
  /** The service's name in a signature. */
  scope: string;
  /** Of AWS JSON. */
  version: '1.0' | '1.1';
}

/** A service of moto, in one account. */
function passThrough(
  endpoint: string,
  { account, region, target, scope, version }: Passage & { account: string; region: string },
): Service {
  const contentType = `application/x-amz-json-${version}`;
  const credential = `Credential=moto/20260101/${region}/${scope}/aws4_request`;
  return {
    handle: async (operation, body) => {
      const answer = await fetch(endpoint, {
        method: 'POST',
        headers: {
          'content-type': contentType,
          'x-amz-target': `${target}.${operation}`,
          authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
          [ACCOUNT_HEADER]: account,
        },
        body: Buffer.from(body),
      });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { statusCode: answer.status, headers: { 'content-type': contentType }, body: bytes };
    },
  };
}

/** Tells of each event that the bus takes. */
function listened(bus: Service, onEvent: (line: string) => void): Service {
  return {
    handle: async (operation, body) => {
      const answer = await bus.handle(operation, body);
      const results = listAt(parseJson(Buffer.from(answer.body)), 'Entries');
      for (const [index, entry] of listAt(parseJson(body), 'Entries').entries()) {
        if (typeof own(results[index], 'EventId') !== 'string') continue;
        const detail: unknown = JSON.parse(String(own(entry, 'Detail')));
        onEvent(auditLine(String(own(entry, 'DetailType')), detail));
      }
      return answer;
    },
  };
}

/** The list in an object; empty when there is none. */
export function listAt(value: unknown, key: string): unknown[] {
  const list = own(value, key);
  return Array.isArray(list) ? list : [];
}

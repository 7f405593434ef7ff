import * as z from 'zod/mini';
import { identityOf } from '../../domain/notices/identity.ts';
import type { NoticeSettings } from '../../domain/notices/schema.ts';
import type { Answer, Service } from '../../emulator/aws/json-service.ts';
import { ACCOUNT_HEADER } from './moto.ts';

/** What moto keeps of the messages of all its accounts. */
const Records = z.object({
  ses: z.object({
    Message: z.array(z.object({ subject: z.string(), destinations: z.object({ ToAddresses: z.array(z.string()) }) })),
  }),
});

/** Amazon SES of moto, in one account. */
export class MotoMail implements Service {
  readonly #endpoint: string;
  readonly #headers: Record<string, string>;

  constructor({ endpoint, account, region }: { endpoint: string; account: string; region: string }) {
    this.#endpoint = endpoint;
    const credential = `Credential=moto/20260101/${region}/ses/aws4_request`;
    this.#headers = {
      'content-type': 'application/json',
      authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
      [ACCOUNT_HEADER]: account,
    };
  }

  async handle(operation: string, body: Uint8Array): Promise<Answer> {
    if (operation !== 'SendEmail') throw new Error(`Not passed on to moto: ${operation}`);
    return this.#post('outbound-emails', Buffer.from(body));
  }

  /** Verifies the identity of the notices. */
  async verify(notices: NoticeSettings): Promise<void> {
    const { statusCode } = await this.#post('identities', JSON.stringify({ EmailIdentity: identityOf(notices) }));
    if (statusCode !== 200) throw new Error(`moto verifies no identity: ${statusCode}`);
  }

  /** Returns what moto recorded of all messages: only one account has notices. */
  async sent(): Promise<string[]> {
    const answer = await fetch(`${this.#endpoint}/moto-api/data.json`);
    const { Message } = Records.parse(await answer.json()).ses;
    return Message.map(({ destinations, subject }) => `${destinations.ToAddresses.join()} ${subject}`).sort();
  }

  async #post(path: string, body: Uint8Array | string): Promise<Answer> {
    const url = `${this.#endpoint}/v2/email/${path}`;
    const answer = await fetch(url, { method: 'POST', headers: this.#headers, body: Buffer.from(body) });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return { statusCode: answer.status, headers: { 'content-type': 'application/json' }, body: bytes };
  }
}

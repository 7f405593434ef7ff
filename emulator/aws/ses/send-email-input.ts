import * as z from 'zod/mini';
import { isSendable } from '../../../domain/notices/address.ts';
import { ServiceError } from '../json-service.ts';

/** Longest address, with the name next to it. */
const MOST_ADDRESS_CHARACTERS = 320;
/** Of a header's name and value together. */
const MOST_HEADER_CHARACTERS = 996;
const MOST_RECIPIENTS = 50;
/** What AWS encodes; without one of them, a text must be 7-bit ASCII. */
const CHARSETS = ['UTF-8', 'ISO-8859-1', 'Shift_JIS'];

/** What SendEmail sets itself in a message of parts: a caller may not. */
const SET_BY_SES: ReadonlySet<string> = new Set([
  'bcc',
  'cc',
  'content-disposition',
  'content-type',
  'date',
  'from',
  'message-id',
  'mime-version',
  'reply-to',
  'return-path',
  'subject',
  'to',
]);

/** Returns the address in `Name <address>` or of an address alone; undefined if AWS would not take the text. */
export function addressIn(text: string): string | undefined {
  if (text.length > MOST_ADDRESS_CHARACTERS || !/^[ -~]*$/.test(text)) return undefined;
  const address = /^[^<>]*<([^<>]+)>$/.exec(text)?.[1] ?? text;
  return isSendable(address) ? address : undefined;
}

const Address = z
  .string()
  .check(z.refine((text) => addressIn(text) !== undefined, 'expected an address, whose name is ASCII'));

function text(what: z.core.$ZodCheck<string>[]) {
  return z
    .object({ Data: z.string().check(...what), Charset: z.optional(z.enum(CHARSETS)) })
    .check(
      z.refine(
        ({ Data, Charset }) => Charset !== undefined || /^\p{ASCII}*$/u.test(Data),
        'expected 7-bit ASCII without a Charset',
      ),
    );
}

const Header = z
  .object({
    Name: z.string().check(z.regex(/^[!-9;-~]{1,126}$/, 'expected printable ASCII without a colon, at most 126')),
    Value: z.string().check(z.regex(/^[ -~]{1,995}$/, 'expected printable ASCII, at most 995')),
  })
  .check(
    z.refine(({ Name, Value }) => Name.length + Value.length <= MOST_HEADER_CHARACTERS, 'expected at most 996'),
    z.refine(({ Name }) => !SET_BY_SES.has(Name.toLowerCase()), 'expected no header that SES sets'),
  );

const TagText = z.string().check(z.regex(/^[A-Za-z0-9_-]{1,256}$/, 'expected letters, digits, _ and -, at most 256'));

const Body = z
  .object({ Text: z.optional(text([])), Html: z.optional(text([])) })
  .check(z.refine(({ Text, Html }) => Text !== undefined || Html !== undefined, 'expected Text, Html or both'));

const Addresses = z._default(z.array(Address), []);
const Destination = z.object({ ToAddresses: Addresses, CcAddresses: Addresses, BccAddresses: Addresses });

/**
 * The input of SendEmail with the limits that AWS documents. Of the kinds of content, the emulator has `Simple`.
 *
 * @see https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
 * @see https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
 */
const SendEmailInput = z.object({
  FromEmailAddress: Address,
  ReplyToAddresses: Addresses,
  Destination: z.object({ ToAddresses: Addresses, CcAddresses: Addresses, BccAddresses: Addresses }).check(
    z.refine((destination) => recipientsOf(destination).length > 0, 'expected a recipient'),
    z.refine((destination) => recipientsOf(destination).length <= MOST_RECIPIENTS, 'expected at most 50 recipients'),
  ),
  Content: z.object({
    Simple: z.object({
      Subject: text([z.minLength(1), z.regex(/^\P{Cc}*$/u, 'expected one line')]),
      Body,
      Headers: z._default(
        z.array(Header).check(
          z.maxLength(15),
          z.refine(
            (headers) => new Set(headers.map(({ Name }) => Name.toLowerCase())).size === headers.length,
            'expected each header once',
          ),
        ),
        [],
      ),
    }),
  }),
  EmailTags: z._default(z.array(z.object({ Name: TagText, Value: TagText })), []),
  ConfigurationSetName: z.optional(z.string()),
});
/** A request to send a message, parsed. */
export type SendEmail = z.output<typeof SendEmailInput>;

/** Returns all recipients, each of whom counts against the quotas. */
export function recipientsOf(destination: z.output<typeof Destination>): string[] {
  const { ToAddresses, CcAddresses, BccAddresses } = destination;
  return [...ToAddresses, ...CcAddresses, ...BccAddresses];
}

/** Parses the input of SendEmail. @throws ServiceError BadRequestException */
export function parseSendEmail(input: object): SendEmail {
  const { success, data, error } = SendEmailInput.safeParse(input);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ServiceError('BadRequestException', problems.join('; '));
}

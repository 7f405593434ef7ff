import { Buffer } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventsIn, executionInput, parseEvents } from '../../input/event-files.ts';
import { InputError } from '../../input/input-error.ts';
import {
  aDeleteGroupMembership,
  aNativeNotification,
  anAddMemberToGroup,
  aPatchGroup,
  aQuickSightMembership,
  bare,
  type Envelope,
} from '../support/events.ts';
import { GROUP, user } from '../support/ids.ts';

const JOIN = anAddMemberToGroup({ groupId: GROUP, userId: user(1), eventId: anEventId(1) });
const PATCH = aPatchGroup({ groupId: GROUP, eventId: anEventId(2) });
const [JOIN_RECORD, PATCH_RECORD] = [bare(JOIN), bare(PATCH)];

const json = (value: unknown, _replacer?: null, space?: number) => JSON.stringify(value, null, space);
const compressed = (text: string) => gzipSync(text).toString('base64');

function anEventId(number: number): string {
  return `0e0e0e0e-1111-4222-8333-${String(number).padStart(12, '0')}`;
}

/** An entry of `lookup-events`. */
function lookedUp(record: ReturnType<typeof bare>) {
  const { eventID: EventId, eventName: EventName, eventSource: EventSource } = record;
  return { EventId, EventName, ReadOnly: 'false', EventSource, Resources: [], CloudTrailEvent: json(record) };
}

/** A message as `receive-message` returns it. */
function received(body: unknown) {
  return { MessageId: 'm', ReceiptHandle: 'AQEB', MD5OfBody: '0', Body: text(body) };
}

/** A message as a Lambda function gets it. */
function delivered(body: unknown) {
  return { messageId: 'm', receiptHandle: 'AQEB', body: text(body), eventSource: 'aws:sqs', awsRegion: 'us-east-1' };
}

function published(message: unknown) {
  return {
    Type: 'Notification',
    MessageId: 'm',
    TopicArn: 'arn:aws:sns:us-east-1:111122223333:t',
    Message: text(message),
  };
}

function logged(message: unknown) {
  return { logStreamName: 's', timestamp: 1_796_637_600_000, message: text(message), ingestionTime: 1, eventId: '3' };
}

function subscribed(...messages: unknown[]) {
  const logEvents = messages.map((message) => ({ id: '3', timestamp: 1, message: text(message) }));
  return { messageType: 'DATA_MESSAGE', owner: '111122223333', logGroup: 'g', logStream: 's', logEvents };
}

function put(event: Envelope<object>) {
  return {
    Source: event.source,
    DetailType: event['detail-type'],
    Detail: json(event.detail),
    EventBusName: 'default',
  };
}

function executed(input: unknown) {
  const executionArn = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:x';
  return { executionArn, name: 'x', status: 'FAILED', input: text(input), inputDetails: { included: true } };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : json(value);
}

/** The event that EventBridge makes of an entry of PutEvents. */
function asPut({ source, 'detail-type': detailType, detail }: Envelope<object>) {
  return { 'detail-type': detailType, source, detail };
}

/** What a file holds, by place; problems as texts. */
function found(content: string | Uint8Array): Record<string, unknown> {
  const { places } = eventsIn(content, 'FILE');
  return Object.fromEntries(places.map(({ path, event, problem }) => [path, event ?? problem]));
}

function refusalOf(content: string | Uint8Array, limits?: Parameters<typeof eventsIn>[2]): string {
  try {
    const { places } = eventsIn(content, 'FILE', limits);
    return places.map(({ path, problem }) => `${path}: ${problem}`).join('\n');
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

describe('a file of events', () => {
  it.each<[form: string, content: unknown, places: Record<string, unknown>]>([
    [
      'a log file of CloudTrail',
      { Records: [JOIN_RECORD, PATCH_RECORD] },
      { 'Records[0]': JOIN_RECORD, 'Records[1]': PATCH_RECORD },
    ],
    [
      'the answer of lookup-events',
      { Events: [lookedUp(JOIN_RECORD)], NextToken: 'x' },
      { 'Events[0].CloudTrailEvent': JOIN_RECORD },
    ],
    [
      'the list of lookup-events',
      [lookedUp(JOIN_RECORD), lookedUp(PATCH_RECORD)],
      { '[0].CloudTrailEvent': JOIN_RECORD, '[1].CloudTrailEvent': PATCH_RECORD },
    ],
    ['one entry of lookup-events', lookedUp(PATCH_RECORD), { CloudTrailEvent: PATCH_RECORD }],
    [
      'the texts of lookup-events',
      [json(JOIN_RECORD), json(PATCH_RECORD)],
      { '[0]': JOIN_RECORD, '[1]': PATCH_RECORD },
    ],
    ['a table with the texts of lookup-events', [['AddMemberToGroup', json(JOIN_RECORD)]], { '[0][1]': JOIN_RECORD }],
    ['one text', json(JOIN_RECORD), { '': JOIN_RECORD }],
    [
      'the answer of receive-message',
      { Messages: [received(JOIN), received(PATCH)] },
      { 'Messages[0].Body': JOIN, 'Messages[1].Body': PATCH },
    ],
    ['one message of SQS', received(JOIN), { Body: JOIN }],
    ['what Lambda gets from SQS', { Records: [delivered(JOIN)] }, { 'Records[0].body': JOIN }],
    ['a notification of SNS', published(JOIN), { Message: JOIN }],
    [
      'what Lambda gets from SNS',
      { Records: [{ EventSource: 'aws:sns', Sns: published(JOIN) }] },
      { 'Records[0].Sns.Message': JOIN },
    ],
    ['SNS in SQS', { Messages: [received(published(JOIN))] }, { 'Messages[0].Body → Message': JOIN }],
    [
      'SNS in SQS for Lambda, with a log file',
      { Records: [delivered(published({ Records: [JOIN_RECORD] }))] },
      { 'Records[0].body → Message → Records[0]': JOIN_RECORD },
    ],
    [
      'get-log-events',
      { events: [logged(JOIN_RECORD), logged(PATCH)], nextForwardToken: 'f' },
      { 'events[0].message': JOIN_RECORD, 'events[1].message': PATCH },
    ],
    [
      'the data of a log subscription',
      { awslogs: { data: compressed(json(subscribed(JOIN_RECORD, PATCH))) } },
      { 'awslogs.data → logEvents[0].message': JOIN_RECORD, 'awslogs.data → logEvents[1].message': PATCH },
    ],
    ['a log subscription, unpacked', subscribed(JOIN_RECORD), { 'logEvents[0].message': JOIN_RECORD }],
    [
      'what Lambda gets from Kinesis',
      {
        Records: [
          {
            kinesis: { data: compressed(json(subscribed(JOIN))) },
            eventSource: 'aws:kinesis',
            eventName: 'aws:kinesis:record',
          },
        ],
      },
      { 'Records[0].kinesis.data → logEvents[0].message': JOIN },
    ],
    [
      'what Lambda gets from Firehose',
      { records: [{ recordId: '1', data: Buffer.from(json(JOIN)).toString('base64') }] },
      { 'records[0].data': JOIN },
    ],
    [
      'an answer of Logs Insights',
      {
        results: [
          [
            { field: '@message', value: json(JOIN_RECORD) },
            { field: '@ptr', value: 'C' },
          ],
        ],
      },
      { 'results[0][0].value': JOIN_RECORD },
    ],
    ['describe-execution', executed(JOIN), { input: JOIN }],
    [
      'entries for PutEvents',
      { Entries: [put(JOIN), put(PATCH)] },
      { 'Entries[0]': asPut(JOIN), 'Entries[1]': asPut(PATCH) },
    ],
    ['a list of entries for PutEvents', [put(JOIN)], { '[0]': asPut(JOIN) }],
    ['the record as a detail', { detail: JOIN_RECORD }, { detail: JOIN_RECORD }],
    ['the detail as a text', { ...JOIN, detail: json(JOIN_RECORD) }, { '': JOIN }],
    [
      'the parameters as texts',
      { ...JOIN_RECORD, requestParameters: json(JOIN_RECORD.requestParameters) },
      { '': JOIN_RECORD },
    ],
    [
      'a dead letter of Lambda',
      { requestContext: {}, requestPayload: JOIN, responsePayload: { errorMessage: 'x' } },
      { requestPayload: JOIN },
    ],
    [
      'an export of Splunk',
      {
        preview: false,
        result: {
          _raw: json(JOIN_RECORD),
          source: 's3',
          eventName: 'AddMemberToGroup',
          eventSource: 'sso-directory.amazonaws.com',
          'requestParameters.groupId': GROUP,
        },
      },
      { 'result._raw': JOIN_RECORD },
    ],
    [
      'an export of Elasticsearch',
      { hits: { hits: [{ _source: { event: { original: json(JOIN_RECORD), action: 'AddMemberToGroup' } } }] } },
      { 'hits.hits[0]._source.event.original': JOIN_RECORD },
    ],
    ['a line of syslog', { raw: `<13>Dec 7 07:01:00 host trail: ${json(JOIN_RECORD)}` }, { raw: JOIN_RECORD }],
    ['a text in a text', { payload: json(json(JOIN)) }, { payload: JOIN }],
    ['a manual start in a message', received({ scope: 'tick' }), { Body: { scope: 'tick' } }],
    ['an event of the store in a message', received(aNativeNotification()), { Body: aNativeNotification() }],
  ])('may be %s', (_form, content, places) => {
    expect(found(json(content))).toEqual(places);
    expect(found(gzipSync(json(content)))).toEqual(places);
    expect(found(gzipSync(gzipSync(json(content, null, 2))))).toEqual(places);
    const twice = found(`${json(content)}\n${json(content)}\n`);
    expect(Object.values(twice)).toEqual([...Object.values(places), ...Object.values(places)]);
  });

  it.each<[form: string, content: string | Uint8Array, places: Record<string, unknown>]>([
    ['lines of texts', `${json(json(JOIN))}\n${json(json(PATCH))}\n`, { 'line 1': JOIN, 'line 2': PATCH }],
    [
      'objects over several lines, as jq prints them',
      `${json(JOIN, null, 2)}\n${json(PATCH, null, 2)}\n`,
      { 'line 1': JOIN, [`line ${json(JOIN, null, 2).split('\n').length + 1}`]: PATCH },
    ],
    [
      'objects with nothing between them, as Firehose writes them',
      `${json(JOIN)}${json(PATCH)}`,
      { 'line 1': JOIN, [`line 1, column ${json(JOIN).length + 1}`]: PATCH },
    ],
    [
      'texts with tabs between them, as --output text prints them',
      `${json(JOIN_RECORD)}\t${json(PATCH_RECORD)}\n`,
      { 'line 1': JOIN_RECORD, [`line 1, column ${json(JOIN_RECORD).length + 2}`]: PATCH_RECORD },
    ],
    ['lines of arrays', `[${json(JOIN)}]\n[${json(PATCH)}]`, { 'line 1 → [0]': JOIN, 'line 2 → [0]': PATCH }],
    [
      'lines of a log',
      `2026-12-07T07:01:00 s ${json(JOIN_RECORD)}\n\n2026-12-07T07:02:00 s START\r\n2026-12-07T07:03:00 s ${json(PATCH)}\r\n`,
      { 'line 1': JOIN_RECORD, 'line 4': PATCH },
    ],
    ['base64 of gzip', compressed(json(subscribed(JOIN))), { 'logEvents[0].message': JOIN }],
    [
      'base64 in lines of 76 characters',
      `${compressed(json(subscribed(JOIN))).replace(/.{76}/g, '$&\n')}\n`,
      { 'logEvents[0].message': JOIN },
    ],
    ['base64 of a list', Buffer.from(json([JOIN, PATCH])).toString('base64'), { '[0]': JOIN, '[1]': PATCH }],
    [
      'gzip of several members',
      Buffer.concat([gzipSync(`${json(JOIN)}\n`), gzipSync(json(PATCH))]),
      { 'line 1': JOIN, 'line 2': PATCH },
    ],
    ['UTF-16, as PowerShell writes it', Buffer.from(`\ufeff${json(JOIN)}`, 'utf16le'), { '': JOIN }],
    ['big-endian UTF-16', Buffer.from(`\ufeff${json(JOIN)}`, 'utf16le').swap16(), { '': JOIN }],
    ['a byte order mark', Buffer.from(`\ufeff${json({ Records: [JOIN_RECORD] })}`), { 'Records[0]': JOIN_RECORD }],
  ])('may be %s', (_form, content, places) => {
    expect(found(content)).toEqual(places);
  });

  it.each([
    ['Athena', 'eventsource', 'eventname', 'requestparameters', 'responseelements', 'eventid'],
    ['Microsoft Sentinel', 'EventSource', 'EventName', 'RequestParameters', 'ResponseElements', 'EventId'],
    ['Steampipe', 'event_source', 'event_name', 'request_parameters', 'response_elements', 'event_id'],
  ])('may be rows of %s, which has names of its own for the fields', (_tool, source, name, parameters, answer, id) => {
    const row = {
      [source]: JOIN_RECORD.eventSource,
      [name]: JOIN_RECORD.eventName,
      [parameters]: json(JOIN_RECORD.requestParameters),
      [answer]: null,
      [id]: JOIN_RECORD.eventID,
      account: '111122223333',
    };
    const { eventSource, eventName, requestParameters, eventID } = JOIN_RECORD;
    const record = { eventSource, eventName, requestParameters, responseElements: null, eventID };
    expect(found(json([row, row]))).toEqual({ '[0]': record, '[1]': record });
  });

  it('has what an execution was given as its input, whatever that is', () => {
    const start = { userId: user(1) };
    const foreign = { Records: [JOIN_RECORD] };
    expect(found(json(executed(start)))).toEqual({ input: start });
    expect(found(json(executed(foreign)))).toEqual({ input: foreign });
    expect(found(json({ stateMachineArn: 'arn', input: json(JOIN) }))).toEqual({ input: JOIN });
    expect(executionInput(json(start))).toEqual({ path: '', event: start });
    expect(executionInput(undefined)).toMatchObject({ problem: expect.stringMatching(/without its input/) });
    expect(executionInput(json(JOIN).slice(1))).toMatchObject({
      problem: expect.stringMatching(/no whole JSON object/),
    });
  });

  it.each<[string, object]>([
    [
      'get-execution-history',
      {
        events: [
          { id: 1, previousEventId: 0, type: 'ExecutionStarted', executionStartedEventDetails: { input: json(JOIN) } },
          { id: 2, previousEventId: 1, type: 'TaskStateEntered', stateEnteredEventDetails: { input: json(JOIN) } },
          {
            id: 3,
            previousEventId: 2,
            type: 'LambdaFunctionScheduled',
            lambdaFunctionScheduledEventDetails: { input: json({ input: JOIN }) },
          },
        ],
      },
    ],
    [
      'the log of a state machine',
      {
        events: [
          logged({ id: '1', previous_event_id: '0', type: 'ExecutionStarted', details: { input: json(JOIN) } }),
          logged({ id: '2', previous_event_id: '1', type: 'TaskStateEntered', details: { input: json(JOIN) } }),
        ],
      },
    ],
  ])('has the input of an execution once, though %s repeats it', (_form, content) => {
    const { places, leftOut } = eventsIn(json(content), 'FILE');
    expect(places).toEqual([{ path: expect.stringMatching(/^events\[0\]/), event: JOIN }]);
    expect(leftOut).toBe(0);
  });

  it('has a record once that stands in several fields of an object', () => {
    const copies = {
      message: json(JOIN_RECORD),
      event: { original: json(JOIN_RECORD) },
      parsed: JOIN,
      _raw: json(JOIN),
    };
    expect(found(json([copies, { ...copies, other: PATCH }]))).toEqual({
      '[0].message': JOIN_RECORD,
      '[1].message': JOIN_RECORD,
      '[1].other': PATCH,
    });
  });

  it('has events apart that share an id which AWS did not make, and events that are listed twice', () => {
    const [one, other] = [JOIN, PATCH].map((event) => ({ ...event, detail: { ...event.detail, eventID: 'xxxx' } }));
    expect(Object.values(found(json({ one, other })))).toEqual([one, other]);
    expect(Object.values(found(json({ Records: [JOIN_RECORD, JOIN_RECORD] })))).toHaveLength(2);
  });

  it('has whole events, in which nothing is searched', () => {
    const carrier = {
      ...aQuickSightMembership(),
      detail: { ...aQuickSightMembership().detail, userAgent: json(JOIN_RECORD) },
    };
    const custom = { 'detail-type': 'x', source: 'com.example', detail: { event: JOIN } };
    expect(found(json([carrier, bare(carrier), custom]))).toEqual({
      '[0]': carrier,
      '[1]': bare(carrier),
      '[2]': custom,
    });
    expect(found(json({ userName: json(JOIN) }))).toEqual({ '': { userName: json(JOIN) } });
  });

  it('counts the entries that hold no event', () => {
    const log = { events: [logged('START RequestId'), logged(JOIN), logged({ level: 'INFO' }), logged('{"half')] };
    expect(eventsIn(json(log), 'FILE')).toMatchObject({ places: [{ path: 'events[1].message' }], leftOut: 3 });
    const messages = [received(JOIN), received('x'), { ...received('y'), Attributes: { SentTimestamp: '1' } }];
    expect(eventsIn(json({ Messages: messages }), 'FILE').leftOut).toBe(2);
    expect(eventsIn(json(messages), 'FILE').leftOut).toBe(2);
    expect(eventsIn(json({ Records: [JOIN_RECORD] }), 'FILE').leftOut).toBe(0);
  });

  it('holds the same events in whatever they are wrapped', async () => {
    const wrapper = fc.constantFrom<(value: unknown) => unknown>(
      (value) => ({ Messages: [received(value)] }),
      (value) => ({ Records: [delivered(value)] }),
      published,
      (value) => ({ events: [logged(value)] }),
      (value) => ({ awslogs: { data: compressed(json(subscribed(value))) } }),
      (value) => ({ data: Buffer.from(json(value)).toString('base64') }),
      (value) => [value],
      (value) => ({ some: { field: value } }),
      (value) => json(value),
    );
    const events = fc.array(fc.constantFrom<object>(JOIN, PATCH, JOIN_RECORD, PATCH_RECORD, aDeleteGroupMembership()), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.property(events, fc.array(wrapper, { maxLength: 5 }), fc.boolean(), (inner, wrappers, packed) => {
        const whole = json(wrappers.reduce<unknown>((value, wrap) => wrap(value), { Records: inner }));
        expect(parseEvents(packed ? gzipSync(whole) : whole, 'FILE')).toEqual(inner);
      }),
    );
  });
});

describe('a file without an event', () => {
  it.each<[what: string, content: unknown, message: string]>([
    ['a log file without records', { Records: [] }, 'FILE: holds no event in Records'],
    ['an empty answer of lookup-events', { Events: [] }, 'FILE: holds no event in Events'],
    ['an empty answer of receive-message', { Messages: [] }, 'FILE: holds no event in Messages'],
    ['a message of something else', received('hello'), 'FILE: holds no event in Body'],
    ['messages of something else', [received('hello'), published({ a: 1 })], 'FILE: holds no event in Body, Message'],
    [
      'a log of something else',
      { events: [logged('START')], searchedLogStreams: [] },
      'FILE: holds no event in events',
    ],
    ['a control message', subscribed('CWL CONTROL MESSAGE: Checking health'), 'FILE: holds no event in logEvents'],
    ['no entries', { Entries: [] }, 'FILE: holds no event in Entries'],
    [
      'a history without its beginning',
      { events: [{ previousEventId: 4, type: 'TaskStateExited' }] },
      'FILE: holds no event in events',
    ],
    ['a search without a result', { hits: { hits: [] } }, 'FILE: holds no event in hits'],
    [
      'an answer of CloudTrail Lake',
      { QueryResultRows: [[{ eventName: 'x' }]] },
      'FILE: holds no event in QueryResultRows',
    ],
    ['an empty array', [], 'FILE: holds no event'],
  ])('is refused: %s', (_what, content, message) => {
    expect(refusalOf(json(content))).toBe(message);
    expect(refusalOf(gzipSync(json(content)))).toBe(message);
  });

  it.each<[form: string, content: unknown, says: RegExp]>([
    [
      'a notification of S3',
      {
        Records: [
          {
            eventSource: 'aws:s3',
            eventName: 'ObjectCreated:Put',
            requestParameters: {},
            s3: { bucket: { name: 'b' }, object: { key: 'k' } },
          },
        ],
      },
      /^Records\[0\]: a notification of Amazon S3.*jq -r .*aws s3 cp/,
    ],
    [
      'a notification of S3 in SQS',
      { Messages: [received({ Records: [{ s3: { object: { key: 'k' } } }] })] },
      /^Messages\[0\]\.Body → Records\[0\]: a notification of Amazon S3/,
    ],
    [
      'a notification of CloudTrail',
      published({ s3Bucket: 'b', s3ObjectKey: ['k'] }),
      /^Message: a notification of CloudTrail.*jq -r/,
    ],
    [
      'a digest file of CloudTrail',
      { digestS3Object: 'o', logFiles: [{ s3Bucket: 'b', s3Object: 'k' }] },
      /a digest file of CloudTrail.*jq -r/,
    ],
    [
      'lookup-events without the records',
      { Events: [{ ...lookedUp(JOIN_RECORD), CloudTrailEvent: undefined }] },
      /^Events\[0\]: an entry of lookup-events.*jq/,
    ],
    [
      'a record in columns',
      {
        result: {
          eventName: 'AddMemberToGroup',
          eventSource: 'sso-directory.amazonaws.com',
          'requestParameters.groupId': GROUP,
        },
      },
      /^result: a record that is spread over columns.*jq/,
    ],
    [
      'an execution without its input',
      { ...executed(JOIN), input: undefined },
      /^input: an execution without its input.*describe-execution/,
    ],
    [
      'executions',
      { executions: [{ executionArn: 'arn', status: 'FAILED' }] },
      /^executions\[0\]\.input: an execution without its input/,
    ],
    [
      'an input that is cut off',
      executed(json(JOIN).slice(0, 200)),
      /^input: the input of an execution that is no whole/,
    ],
    [
      'a record that is cut off',
      { _raw: json(JOIN_RECORD).slice(0, 300) },
      /^_raw: an event as a text that is not JSON/,
    ],
    [
      'a message that is cut off',
      { Messages: [received(json(JOIN).slice(0, 300))] },
      /^Messages\[0\]\.Body: an event as a text that is not JSON/,
    ],
  ])('is refused with its form, and with how to get the record: %s', (_form, content, says) => {
    expect(refusalOf(json(content))).toMatch(says);
  });

  it.each([
    ['YAML', 'Events:\n- CloudTrailEvent: x\n'],
    ['a table', '-----\n|  LookupEvents  |\n||  EventSource  ||\n'],
    ['comma-separated values', 'Event ID,Event name,Event source\n1,AddMemberToGroup,sso-directory.amazonaws.com\n'],
  ])('is refused with how to get JSON: %s', (_form, content) => {
    expect(refusalOf(content)).toMatch(
      /^FILE: line 1.*: not JSON\. Export it as JSON; with the AWS CLI: --output json$/,
    );
  });

  it.each<[form: string, first: readonly number[], says: string]>([
    ['zip', [0x50, 0x4b, 0x03, 0x04], 'FILE: a zip archive: unzip -p FILE | usher explain -'],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd], 'FILE: compressed with zstd: zstd -dc FILE | usher explain -'],
    ['bzip2', [0x42, 0x5a, 0x68, 0x39], 'FILE: compressed with bzip2: bzip2 -dc FILE | usher explain -'],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a], 'FILE: compressed with xz: xz -dc FILE | usher explain -'],
  ])('is refused with what unpacks it: %s', (_form, first, says) => {
    expect(refusalOf(Uint8Array.from([...first, 0, 0]))).toBe(says);
    expect(refusalOf(gzipSync(Uint8Array.from(first)))).toBe(says);
  });

  it('is refused with what unpacks it: tar', () => {
    const tar = Buffer.alloc(1024);
    tar.write('record.json', 0);
    tar.write('ustar', 257);
    expect(refusalOf(gzipSync(tar))).toBe('FILE: a tar archive: tar -xOf FILE | usher explain -');
  });

  it('is refused without quoting what is in it', () => {
    const secret = 'Jane.Doe@example.com';
    for (const content of [
      { [secret]: { Records: [] }, Messages: [received(secret)] },
      { [`${secret}\u001b[2J`]: json(JOIN).slice(0, 300) },
      { Records: [{ [secret]: { s3: { object: {} } } }] },
    ]) {
      expect(refusalOf(json(content))).not.toMatch(/Jane|\[2J/);
    }
  });
});

describe('a file that is too large', () => {
  const MEBIBYTE = 1024 * 1024;
  const limits = { events: 3, unpackedBytes: MEBIBYTE, levels: 10 };

  it('is refused if it unpacks to more than the limit', () => {
    const bomb = gzipSync(Buffer.alloc(2 * MEBIBYTE, ' '));
    expect(bomb.length).toBeLessThan(10_000);
    expect(refusalOf(bomb, limits)).toBe('FILE: unpacks to more than 1 MiB, which is the limit');
    const inside = json({ awslogs: { data: bomb.toString('base64') } });
    expect(refusalOf(inside, limits)).toBe('FILE: awslogs.data: unpacks to more than 1 MiB, which is the limit');
  });

  it('is refused if its parts together unpack to more than the limit', () => {
    const part = compressed(json({ ...subscribed(JOIN), pad: ' '.repeat(0.6 * MEBIBYTE) }));
    const one = { awslogs: { data: part } };
    expect(eventsIn(json([one]), 'FILE', limits).places).toHaveLength(1);
    expect(refusalOf(json([one, one]), limits)).toMatch(/^FILE: \[1\]\.awslogs\.data: unpacks to more than 1 MiB/);
  });

  it('is refused if the limit is used up to the last byte', () => {
    const part = { data: gzipSync(' '.repeat(MEBIBYTE)).toString('base64') };
    expect(refusalOf(json([part, part]), limits)).toBe(
      'FILE: [1].data: unpacks to more than 1 MiB, which is the limit',
    );
  });

  it('is refused if it is compressed too often', () => {
    let bytes: Uint8Array = Buffer.from(json(JOIN));
    for (let times = 0; times < 8; times += 1) bytes = gzipSync(bytes);
    expect(eventsIn(bytes, 'FILE').places).toHaveLength(1);
    expect(refusalOf(gzipSync(bytes))).toBe('FILE: compressed more than 8 times');
  });

  it('is refused if it holds more events than the limit', () => {
    expect(eventsIn(json([JOIN, JOIN, JOIN]), 'FILE', limits).places).toHaveLength(3);
    for (const content of [
      [JOIN, JOIN, JOIN, JOIN],
      { Records: Array(4).fill(JOIN_RECORD) },
      [{ scope: 'x' }, JOIN, JOIN, JOIN],
    ]) {
      expect(refusalOf(json(content), limits)).toBe('FILE: holds more than 3 events, which is the limit: split it');
    }
  });

  it('is refused if too much is around its events', () => {
    const inside = (levels: number) => `${'{"a":'.repeat(levels)}${json(JOIN)}${'}'.repeat(levels)}`;
    expect(eventsIn(inside(10), 'FILE', limits).places).toHaveLength(1);
    expect(refusalOf(inside(11), limits)).toBe(
      `${Array(11).fill('a').join('.')}: in more than 10 objects, lists and texts, which is the limit`,
    );
    expect(refusalOf(inside(20_000))).toBe(': nested more than 1000 levels deep');
    expect(refusalOf(`{"Records":[${json(JOIN_RECORD)}],"deep":${inside(5000)}}`)).toMatch(
      /^Records\[0\]: undefined\ndeep\.a.*: in more than 100 objects/,
    );
    let texts = json(JOIN);
    for (let times = 0; times < 11; times += 1) texts = Buffer.from(json(texts)).toString('base64');
    expect(refusalOf(texts, limits)).toMatch(/in more than 10 objects|not JSON/);
  });

  it.each([
    ['truncated', gzipSync(json(JOIN)).subarray(0, 100)],
    ['damaged', Uint8Array.from(gzipSync(json(JOIN)), (byte, index) => (index === 60 ? byte ^ 0xff : byte))],
  ])('is refused if its gzip is %s', (_how, bytes) => {
    expect(refusalOf(bytes)).toBe('FILE: truncated or damaged gzip');
  });

  it('is searched as often as it has characters, not more', () => {
    const started = process.cpuUsage();
    for (const content of [
      json({ text: `eyJ${' '.repeat(100_000)}!` }),
      json({ text: '{'.repeat(100_000) }),
      json({ text: `"eventSource":${'{'.repeat(50_000)}` }),
      '{'.repeat(100_000),
      `{"a":"${'\\\\'.repeat(50_000)}`,
      json(Array(10_000).fill({ message: '{"half' })),
    ]) {
      refusalOf(content);
    }
    expect(process.cpuUsage(started).user / 1_000_000).toBeLessThan(3);
  });
});

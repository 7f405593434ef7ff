import { Writable } from 'node:stream';
import type { WriteStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { noteAwsEquivalent } from '../../../cli/command/aws-equivalent.ts';
import type { Context } from '../../../cli/command/context.ts';
import { Terminal } from '../../../cli/ui/terminal.ts';

const EMULATOR = { endpoint: 'http://127.0.0.1:4599', region: 'us-east-1' } as NonNullable<Context['emulator']>;

/** What is written to standard error, which is a terminal or not; nothing is written to standard output. */
async function noted({ isTTY = true, local = true, options = {} } = {}) {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  }) as WriteStream;
  const stderr = Object.assign(stream, { isTTY });
  const stdout = new Writable() as WriteStream;
  const terminal = await Terminal.open({ stdout, stderr, stdin: {}, env: { NO_COLOR: '1' } });
  noteAwsEquivalent({ emulator: local ? EMULATOR : undefined, terminal }, 'stepfunctions start-execution', options);
  return written.join('');
}

describe('the equivalent of a command in the AWS command line', () => {
  it('is one line that a shell takes', async () => {
    const options = {
      'state-machine-arn': 'arn:aws:states:us-east-1:1:stateMachine:x',
      input: { scope: 'everything' },
    };
    expect(await noted({ options })).toBe(
      `The same: aws stepfunctions start-execution --state-machine-arn arn:aws:states:us-east-1:1:stateMachine:x --input '{"scope":"everything"}' --endpoint-url http://127.0.0.1:4599 --region us-east-1 --no-sign-request\n`,
    );
  });

  it.each([
    ["it's", `'it'\\''s'`],
    ['$(date)', `'$(date)'`],
    ['a b', `'a b'`],
    ['', `''`],
  ])('quotes %j for the shell', async (value, quoted) => {
    expect(await noted({ options: { input: value } })).toContain(`--input ${quoted} --endpoint-url`);
  });

  it('is not written where no one reads it, or to AWS', async () => {
    expect(await noted({ isTTY: false })).toBe('');
    expect(await noted({ local: false })).toBe('');
  });
});

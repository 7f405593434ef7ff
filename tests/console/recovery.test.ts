// @module-tag long
import { describe, expect, it } from 'vitest';
import { aConsole, askConsole } from '../support/console.ts';
import { user } from '../support/ids.ts';
import { linesOf } from '../support/operator.ts';

const { operator, ask, url } = withUrl(aConsole({ people: 3 }));

/** The address is known only after the console has been started. */
function withUrl(served: ReturnType<typeof aConsole>) {
  return { operator: served.operator, ask: served.ask, url: () => served.url };
}

/** AWS takes no credentials any more, until a login. */
const EXPIRED = [
  'DynamoDB.Query',
  'DynamoDB.GetItem',
  'SSOAdmin.ListApplicationAssignments',
  'IdentityStore.DescribeUser',
  'STS.GetCallerIdentity',
].map((operation) => ({ operation, kind: 'exception', exception: 'ExpiredTokenException', times: 1000 }));

/** Follows a question, as a page does. @returns what hands out the lines of its next answer */
async function follow(question: string) {
  const { origin, hash } = new URL(url());
  const leaving = new AbortController();
  const response = await fetch(`${origin}/api/live?ask=${question}`, {
    headers: { authorization: `Bearer ${hash.slice(1)}` },
    signal: leaving.signal,
  });
  const events = (async function* () {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) yield JSON.parse(part.replace('data: ', ''));
    }
  })();
  return {
    async next(): Promise<Record<string, unknown>[]> {
      for (;;) {
        const { answer } = (await events.next()).value;
        if (answer) return linesOf(answer.lines.join('\n'));
      }
    },
    leave: () => leaving.abort(),
  };
}

describe('a console whose login expires', () => {
  it('says so to who follows a question and to who asks, and goes on after the login by itself', async () => {
    await operator.run('start', '--all', '--wait');
    const followed = await follow('seats');
    const before = await followed.next();
    expect(before).toContainEqual(expect.objectContaining({ type: 'entitlement', seats: 3 }));
    await operator.fault(...EXPIRED);
    const [error] = await followed.next();
    expect(error).toMatchObject({ type: 'error', exitCode: 3, hint: expect.stringContaining('aws sso login') });
    expect((await ask('/api/ask/seats')).lines()).toEqual([
      expect.objectContaining({ type: 'error', exitCode: 3, hint: error?.['hint'] }),
    ]);
    expect((await ask('/api/names', { users: [user(1)] })).status).toBe(503);
    await operator.clearFaults();
    expect(JSON.parse((await ask('/api/names', { users: [user(1)] })).text)).toEqual({
      users: { [user(1)]: expect.any(String) },
      groups: {},
    });
    expect(await followed.next()).toEqual(before);
    expect((await ask('/api/ask/seats')).lines()).toEqual(before);
    followed.leave();
  });
});

describe('two consoles', () => {
  it('have addresses and tokens of their own, and each answers', async () => {
    const other = await operator.serve('console', '--no-open');
    const [one, two] = [new URL(url()), new URL(String(other.line['url']))];
    expect(one.port).not.toBe(two.port);
    expect(one.hash).not.toBe(two.hash);
    expect((await askConsole(two.href, '/api/ask/held')).text).toBe((await ask('/api/ask/held')).text);
    expect((await askConsole(two.origin + one.hash.replace('#', '/#'), '/api/about')).status).toBe(401);
    expect(await other.end()).toBe(0);
  });
});

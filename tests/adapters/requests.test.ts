import { describe, expect, it } from 'vitest';
import { askWith, pages } from '../../adapters/requests.ts';
import { TransientAwsError } from '../../domain/shared/errors.ts';

describe('asking', () => {
  it('sends nothing before its turn', async () => {
    const log: string[] = [];
    const ask = askWith([], {
      pace: async () => {
        log.push('turn');
      },
    });
    for (const name of ['first', 'second']) await ask('Ask', [], async () => log.push(name));
    expect(log).toEqual(['turn', 'first', 'turn', 'second']);
  });

  it('translates by its table', async () => {
    const ask = askWith([{ exception: 'BusyException', as: 'transient', because: 'It says so.' }]);
    const busy = () => Promise.reject(Object.assign(new Error(), { name: 'BusyException' }));
    await expect(ask('Ask', ['user u'], busy)).rejects.toThrow(new TransientAwsError('Ask: BusyException (user u)'));
  });
});

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('pages', () => {
  /** Pages numbered from 0, with the token of the next one as given. */
  function asked(nextTokens: (page: number) => string | undefined) {
    const tokens: (string | undefined)[] = [];
    const ask = async (token: string | undefined) => {
      tokens.push(token);
      return { NextToken: nextTokens(tokens.length - 1) };
    };
    return { tokens, ask, all: () => collected(pages('ListThings', ask)) };
  }

  it.each([
    ['no token', undefined],
    ['an empty token', ''],
  ])('asks with each token in turn and ends with %s', async (_fact, end) => {
    const { tokens, all } = asked((page) => ['a', 'b', end][page]);
    expect(await all()).toHaveLength(3);
    expect(tokens).toEqual([undefined, 'a', 'b']);
  });

  it('asks for no page before it is wanted', async () => {
    const { tokens, ask } = asked((page) => `token-${page}`);
    await pages('ListThings', ask).next();
    expect(tokens).toEqual([undefined]);
  });

  it.each([
    ['the same token at once', ['a', 'a']],
    ['a cycle of tokens', ['a', 'b', 'c', 'a']],
  ])('fails on %s', async (_fact, nextTokens) => {
    const { tokens, all } = asked((page) => nextTokens[page]);
    await expect(all()).rejects.toThrow('ListThings: AWS returned the same NextToken twice');
    expect(tokens).toHaveLength(nextTokens.length);
  });

  it('fails on tokens that never end', async () => {
    const { all } = asked((page) => `token-${page}`);
    await expect(all()).rejects.toThrow('ListThings: AWS returned more than 10000 pages');
  });
});

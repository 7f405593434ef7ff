import { post } from './session.ts';

/**
 * Finds the id of a user by a user name, an e-mail address or an id. The text is in no address: it goes in a body.
 *
 * @returns `problem`: why there is none, in words
 */
export async function findUser(text: string): Promise<{ userId?: string; problem?: string }> {
  const response = await post('/api/ask/why', { user: text });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  for (const line of lines.map((one) => JSON.parse(one))) {
    if (line.type === 'user') return { userId: line.userId };
    if (line.type === 'error') return { problem: [line.message, line.hint].filter(Boolean).join('. ') };
  }
  return { problem: 'The console did not answer' };
}

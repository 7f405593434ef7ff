import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SES_ERRORS } from '../../adapters/notices/errors.ts';
import { NOTICE_KINDS } from '../../domain/notices/schema.ts';
import { FILTERS, TAGS } from '../../notices/engine.ts';
import { VARIABLES } from '../../notices/values.ts';
import { remedyFor } from '../../operator/notices/refusals.ts';

const PAGE = readFileSync(new URL('../../docs/notices.md', import.meta.url), 'utf8');

/** The words in backquotes of a text. */
function codeIn(text = ''): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

/** The words in backquotes in the first column of the table with this head. */
function firstColumn(head: string): string[] {
  const [, table = ''] = PAGE.split(`| ${head} |`);
  const rows = table.split('\n\n')[0]?.split('\n').slice(2) ?? [];
  return rows.flatMap((row) => codeIn(row.split('|')[1]));
}

describe('docs/notices.md', () => {
  it('has all kinds', () => expect(firstColumn('kind | sent when | it says')).toEqual(NOTICE_KINDS));

  it('has every reason for which Amazon SES refuses a message, as the command has what to do', () => {
    const reasons = new Set<string>(SES_ERRORS.flatMap(({ as }) => (as === 'transient' ? [] : [as])));
    expect([...reasons].filter((reason) => !firstColumn('reason | means | do').includes(reason))).toEqual([]);
    const unknown = remedyFor({ outcome: 'refused', reason: 'TeapotException' });
    expect([...reasons].filter((reason) => remedyFor({ outcome: 'refused', reason }) === unknown)).toEqual([]);
  });

  it('has what templates may use', () => {
    expect(codeIn(/^- Tags: (.+)$/m.exec(PAGE)?.[1])).toEqual(TAGS);
    expect(codeIn(/^- Filters: (.+)$/m.exec(PAGE)?.[1])).toEqual(FILTERS);
    expect(firstColumn('variable | holds')).toEqual(VARIABLES);
  });
});

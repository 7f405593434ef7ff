import { useSignal } from '@preact/signals';
import { go, Link, to } from '../data/route.tsx';
import { pageOf } from '../data/search.ts';
import { post } from '../data/session.ts';

/** Finds a person, an execution or an entitlement, and goes there. What is typed is in no address: it may be a name. */
export function Search({ entitlements }: { entitlements: readonly string[] }) {
  const text = useSignal('');
  const said = useSignal<string | undefined>(undefined);
  const find = async () => {
    const wanted = text.value.trim();
    if (wanted === '') return;
    const page = pageOf(wanted, entitlements);
    said.value = 'Searching …';
    const found = page === undefined ? await personOf(wanted) : { page };
    said.value = found.problem;
    if (found.page === undefined) return;
    text.value = '';
    go(found.page);
    document.getElementById('main')?.focus();
  };
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          find().catch((error: unknown) => {
            said.value = String(error);
          });
        }}
      >
        <input
          id="search"
          type="search"
          autocomplete="off"
          spellcheck={false}
          list="searched"
          placeholder="Person, execution, …"
          aria-label="Search: user name, e-mail or id of a person, an execution, an entitlement"
          title="Press / to search"
          value={text.value}
          onInput={({ currentTarget }) => {
            text.value = currentTarget.value;
            said.value = undefined;
          }}
        />
        <datalist id="searched">
          {entitlements.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </form>
      <div class="found" role="status">
        {said.value !== undefined && (
          <p>
            {said.value}{' '}
            {/^[\w-]{8,}$/.test(text.value) && (
              <Link href={to.execution(text.value)}>Look for an execution of this name</Link>
            )}
          </p>
        )}
      </div>
    </search>
  );
}

/** Asks why this person has a seat or none, for the id. */
async function personOf(user: string): Promise<{ page?: string; problem?: string }> {
  const response = await post('/api/ask/why', { user });
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  for (const line of lines.map((one) => JSON.parse(one))) {
    if (line.type === 'user') return { page: to.person(line.userId) };
    if (line.type === 'error') return { problem: [line.message, line.hint].filter(Boolean).join('. ') };
  }
  return { problem: 'The console did not answer' };
}

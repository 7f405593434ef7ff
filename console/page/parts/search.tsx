import { useSignal } from '@preact/signals';
import { findUser } from '../data/find-user.ts';
import { go, Link, to } from '../data/route.tsx';
import { pageOf } from '../data/search.ts';

/** Finds a person, an execution or an entitlement, and goes there. What is typed is in no address: it may be a name. */
export function Search({ entitlements }: { entitlements: readonly string[] }) {
  const text = useSignal('');
  const said = useSignal<string | undefined>(undefined);
  const find = async () => {
    const wanted = text.value.trim();
    if (wanted === '') return;
    const page = pageOf(wanted, entitlements);
    said.value = 'Searching …';
    const found = page === undefined ? await findUser(wanted) : {};
    said.value = found.problem;
    const path = page ?? (found.userId && to.person(found.userId));
    if (path === undefined) return;
    text.value = '';
    go(path);
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

import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useAnswer } from '../data/answers.ts';
import { isUserId } from '../data/table.ts';

interface FindUserProps {
  label: string;
  value: string;
  onInput(text: string): void;
  /** Called with the id of the user whom a name, an address or an id belongs to. */
  onFound(userId: string): void;
}

/** A box that takes an id, a user name or an e-mail address. Only ids leave it: what was typed is in no address. */
export function FindUser({ label, value, onInput, onFound }: FindUserProps) {
  const asked = useSignal<string>();
  const isAsked = asked.value !== undefined;
  const answer = useAnswer('why', { user: asked.value }, { skip: !isAsked });
  const failed = isAsked ? (answer.problem ?? answer.error?.message) : undefined;
  const found = isAsked && !answer.isStale ? answer.of('user')[0]?.userId : undefined;
  useEffect(() => {
    if (found === undefined) return;
    asked.value = undefined;
    onFound(found);
  }, [found]);
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        const text = value.trim();
        if (isUserId(text)) onFound(text.toLowerCase());
        else if (text !== '') asked.value = text;
      }}
    >
      <input
        type="search"
        name="user"
        aria-label={label}
        placeholder={label}
        title={label}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => {
          asked.value = undefined;
          onInput(currentTarget.value);
        }}
      />
      {isAsked && answer.isLoading && <span class="soft">Looking …</span>}
      {failed !== undefined && (
        <span class="trouble" role="alert">
          {failed}
        </span>
      )}
    </form>
  );
}

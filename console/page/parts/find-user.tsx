import { useSignal } from '@preact/signals';
import { findUser } from '../data/find-user.ts';
import { isUserId } from '../data/table.ts';

interface FindUserProps {
  label: string;
  value: string;
  onInput(text: string): void;
  /** Called with the id of the user whom a name, an address or an id belongs to. */
  onFound(userId: string): void;
}

/** A box that takes a part of an id and, with Enter, a user name or an e-mail address. */
export function FindUser({ label, value, onInput, onFound }: FindUserProps) {
  const said = useSignal<string | undefined>(undefined);
  const find = async (text: string) => {
    if (text === '') return;
    if (isUserId(text)) return onFound(text.toLowerCase());
    said.value = 'Searching …';
    const { userId, problem } = await findUser(text);
    said.value = problem;
    if (userId !== undefined) onFound(userId);
  };
  return (
    <form
      class="find"
      onSubmit={(event) => {
        event.preventDefault();
        find(value.trim()).catch((error: unknown) => {
          said.value = String(error);
        });
      }}
    >
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        title={label}
        autocomplete="off"
        spellcheck={false}
        value={value}
        onInput={({ currentTarget }) => {
          said.value = undefined;
          onInput(currentTarget.value);
        }}
      />
      <span class="said" role="status">
        {said.value}
      </span>
    </form>
  );
}

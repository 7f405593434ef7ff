import { useEffect, useRef } from 'preact/hooks';
import { type Act, actOf, GOES, KEYS } from '../data/keys.ts';
import { areNamesShown } from '../data/names.ts';
import { go } from '../data/route.tsx';
import { nextTimeMode } from './text.tsx';

/** What j and k move between. */
const ROWS = 'main tbody tr, main [role=row], main .attention > li, main .cards > *, main .rows > *';
const FOCUSABLE = 'a[href], button:not([disabled]), input, select';

/** The keys of every page, and the dialog that explains them. @param props `pages`: the paths that there are */
export function Keyboard({ pages }: { pages: readonly string[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    let isAfterG = false;
    const press = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, isComposing } = event;
      const isTaken = ctrlKey || metaKey || altKey || isComposing || isTyping(event.target);
      const act = actOf({ key, isTaken, isAfterG });
      isAfterG = !(isTaken || isAfterG) && key === 'g';
      if (act === undefined) return;
      event.preventDefault();
      if (typeof act === 'string') PERFORM[act](dialog.current);
      else if (pages.includes(act.go)) go(act.go);
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [pages.join(' ')]);
  const goes = Object.entries(GOES).filter(([, { path }]) => pages.includes(path));
  return (
    <>
      <button type="button" class="quiet" onClick={() => dialog.current?.showModal()} title="Keys: press ?">
        Keys
      </button>
      <dialog ref={dialog} aria-labelledby="keys">
        <h2 id="keys">Keys</h2>
        <dl>
          {Object.entries(KEYS).map(([key, { title }]) => (
            <Key key={key} keys={[key]} title={title} />
          ))}
          {goes.map(([key, { title }]) => (
            <Key key={key} keys={['g', key]} title={title} />
          ))}
        </dl>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}

/** What each act does, but to go somewhere. */
const PERFORM: Readonly<Record<Exclude<Act, object>, (dialog: HTMLDialogElement | null) => void>> = {
  search: () => document.getElementById('search')?.focus(),
  next: () => move(1),
  previous: () => move(-1),
  names() {
    areNamesShown.value = !areNamesShown.value;
  },
  times: nextTimeMode,
  help: (dialog) => dialog?.showModal(),
};

function Key({ keys, title }: { keys: readonly string[]; title: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{title}</dd>
    </div>
  );
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  // A dialog has the keyboard: Esc, which closes it, is the browser's.
  return target.closest('input, textarea, select, [contenteditable], dialog[open]') !== null;
}

/** Moves the focus to the next row that has something to focus, or to the one before. */
function move(step: 1 | -1): void {
  const rows = [...document.querySelectorAll(ROWS)].flatMap((row) => {
    const first = row.matches(FOCUSABLE) ? row : row.querySelector(FOCUSABLE);
    return first instanceof HTMLElement ? [{ row, first }] : [];
  });
  const at = rows.findIndex(({ row }) => row.contains(document.activeElement));
  const next = at === -1 && step === -1 ? rows.at(-1) : rows[at + step];
  next?.first.focus();
}

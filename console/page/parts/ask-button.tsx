import type { Signal } from '@preact/signals';

/** A button for what is read only on request, since it costs many calls. */
export function AskButton({ label, isAsked }: { label: string; isAsked: Signal<boolean> }) {
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => {
        isAsked.value = true;
      }}
    >
      {label}
    </button>
  );
}

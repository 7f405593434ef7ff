import { signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { now } from '../data/answers.ts';

type TimeMode = 'relative' | 'local' | 'UTC';
/** How times are shown. */
export const timeMode = signal<TimeMode>('relative');

const NEXT_MODES = { relative: 'local', local: 'UTC', UTC: 'relative' } as const;

/** Shows times in the next way. */
export function nextTimeMode(): void {
  timeMode.value = NEXT_MODES[timeMode.value];
}

/** A time, as the user wants times to be shown. The others are in its title. */
export function Time({ at }: { at: string | undefined }) {
  if (at === undefined) return null;
  const utc = `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;
  const local = new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
  const shown = { relative: relative(at, now.value), local, UTC: utc }[timeMode.value];
  return (
    <time dateTime={at} title={`${utc}\n${local}`}>
      {shown}
    </time>
  );
}

const UNITS = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'min'],
] as const;

/** Returns `35 s`, `4 min`, `3 h` or `12 d`, as the commands do. */
export function duration(seconds: number): string {
  const [size, name] = UNITS.find(([one]) => seconds >= one) ?? [1, 's'];
  return `${Math.max(0, size === 1 ? Math.round(seconds) : Math.floor(seconds / size))} ${name}`;
}

function relative(at: string, from: Date): string {
  const seconds = (from.getTime() - Date.parse(at)) / 1000;
  return seconds >= 0 ? `${duration(seconds)} ago` : `in ${duration(-seconds)}`;
}

/** Text with a button that copies it. */
export function Copy({ text, label, class: name }: { text: string; label: string; class?: string }) {
  return (
    <span class={`copy ${name ?? ''}`}>
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** A button that copies a text that stands next to it. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const copied = useSignal(false);
  return (
    <button
      type="button"
      class="quiet copies"
      aria-label={label}
      title={label}
      onClick={async () => {
        await navigator.clipboard.writeText(text);
        copied.value = true;
      }}
    >
      {copied.value ? 'copied' : 'copy'}
    </button>
  );
}

/** A number of things, in groups of three digits. */
export function count(number: number | undefined): string {
  return number === undefined ? '?' : number.toLocaleString('en');
}

/** A number of things with their noun: `1 seat`, `2 seats`. */
export function countOf(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`;
}

const SHAPES = { good: '●', wait: '◐', bad: '✕', calm: '○', busy: '▸' } as const;
export type Tone = keyof typeof SHAPES;

/** A status, by its word, a shape and a colour. */
export function Status({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`status ${tone}`}>
      <span aria-hidden="true">{SHAPES[tone]}</span> {children}
    </span>
  );
}

import { isDay } from '../domain/shared/day.ts';
import { isPrintable } from '../domain/shared/printable.ts';
import { secondsBetween } from '../domain/shared/time.ts';

/** Escapes what would move the cursor of a terminal or turn the direction of writing. */
export function escaped(text: string): string {
  if (isPrintable(text)) return text;
  return [...text].map((character) => (isPrintable(character) ? character : codeUnits(character))).join('');
}

/** Returns a value as one line of JSON, escaped like {@link escaped}. */
export function jsonLine(value: unknown): string {
  const line = JSON.stringify(value);
  return isPrintable(line) ? line : escaped(line);
}

function codeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
    .map((code) => `\\u${code.toString(16).padStart(4, '0')}`)
    .join('');
}

const UNITS = [
  { seconds: 86_400, name: 'd' },
  { seconds: 3600, name: 'h' },
  { seconds: 60, name: 'min' },
] as const;

/** Returns `35 s`, `4 min`, `3 h` or `12 d`. */
export function durationOf(seconds: number): string {
  const unit = UNITS.find((one) => seconds >= one.seconds);
  return unit ? `${Math.floor(seconds / unit.seconds)} ${unit.name}` : `${Math.max(0, Math.round(seconds))} s`;
}

/** Returns `4 min ago`, or `in 4 min`. */
export function relative(time: Date | string, now: Date): string {
  const seconds = secondsBetween(time, now);
  return seconds >= 0 ? `${durationOf(seconds)} ago` : `in ${durationOf(-seconds)}`;
}

/** Returns `2026-11-25 08:30:12`, in UTC. */
export function timeOf(time: Date | string): string {
  return new Date(time).toISOString().replace('T', ' ').slice(0, 19);
}

/** Returns `2026-11-25T08:30:12Z`. */
export function isoTimeOf(time: Date | string): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Returns `1 seat`, or `5,000 seats`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${numberOf(number)} ${number === 1 ? one : many}`;
}

/** Returns a number with commas. To load the data of languages for that would take Node 10 ms. */
export function numberOf(number: number): string {
  return String(number).replace(/(?<!\.\d*)\B(?=(?:\d{3})+\b)/g, ',');
}

/** Returns an amount of money with two decimals: `1,234.50`. */
export function moneyOf(amount: number): string {
  return amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/**
 * Parses a time of the command line: an ISO time, how long ago it was (`90s`, `15m`, `3h`, `7d`), or a time as {@link timeOf}
 * prints it. All are in UTC.
 *
 * @returns undefined if it is none of them
 */
export function momentIn(text: string, now: Date): Date | undefined {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined) {
    const seconds = { s: 1, m: 60, h: 3600, d: 86_400 }[unit ?? ''] ?? 0;
    return new Date(now.getTime() - Number(amount) * seconds * 1000);
  }
  const [, day = '', time = '00:00'] = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z?)?$/.exec(text) ?? [];
  const moment = new Date(`${day}T${time}Z`);
  return isDay(day) && !Number.isNaN(moment.getTime()) ? moment : undefined;
}

/**
 * Breaks a text between words into lines of at most `width` columns. Its own line ends stay.
 *
 * @param widthOf by default, every character is as wide as a letter
 */
export function wrap(text: string, width: number, widthOf = ({ length }: string) => length): string[] {
  return text
    .trimEnd()
    .split('\n')
    .flatMap((paragraph) => {
      const lines: string[] = [];
      let line = '';
      for (const word of paragraph.split(/\s+/)) {
        if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
          lines.push(line);
          line = word;
        } else line = line === '' ? word : `${line} ${word}`;
      }
      return [...lines, line];
    });
}

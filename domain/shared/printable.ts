/** Control, format, private-use and unpaired code points, and the line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Whether a text from outside may appear in a log or a state. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

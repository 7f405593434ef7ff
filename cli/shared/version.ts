import { readFileSync } from 'node:fs';

const file = new URL('../../package.json', import.meta.url);

/** Usher's own version, of `package.json`. */
export const version: string = JSON.parse(readFileSync(file, 'utf8')).version;

#!/usr/bin/env node
// Starts the command: in a checkout, with the Node version that the lockfile pins, whatever Node the shell has. It is old, plain
// JavaScript, so that an old Node gets far enough to print what is missing.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const OLDEST = [22, 18];
const MISSING = 3;

const source = new URL('main.ts', import.meta.url);
// The package has no sources, but a bundle (build/command-package.ts).
const isCheckout = existsSync(source);
const main = isCheckout ? source : new URL('cli/main.mjs', import.meta.url);
const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);

if (!existsSync(main)) {
  console.error('This package is empty: npm pack cannot make it. In a checkout, run: npm run pack');
  process.exitCode = MISSING;
} else if (isNewEnough) {
  module.enableCompileCache?.();
  if (isCheckout) module.registerHooks?.({ resolve: withoutLanguages });
  await import(main.href);
} else if (isCheckout && existsSync(pinned)) {
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes; the child decides what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0);
  });
} else {
  const fix = isCheckout ? ' Run: npm ci' : '';
  console.error(`usher needs Node ${OLDEST.join('.')} or later; this is ${process.versions.node}.${fix}`);
  process.exitCode = MISSING;
}

/** Leaves out the messages of zod in all languages, one file each: Usher uses none of them. The bundle of the package has none. */
function withoutLanguages(specifier, context, resolve) {
  const isOfZod = specifier === '../locales/index.js' && context.parentURL?.includes('/zod/');
  return isOfZod ? { url: 'data:text/javascript,', shortCircuit: true } : resolve(specifier, context);
}

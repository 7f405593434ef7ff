// Loaded with `node --import`: writes the path of each file that the process loads to standard error, from this folder.
import { registerHooks } from 'node:module';

const root = new URL('../../', import.meta.url).href;

registerHooks({
  load(url, context, next) {
    if (url.startsWith(root)) process.stderr.write(`loaded ${url.slice(root.length)}\n`);
    return next(url, context);
  },
});

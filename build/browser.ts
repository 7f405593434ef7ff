import { existsSync } from 'node:fs';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The Chromium of this machine, which `.ci/run` installs. Undefined without one: then no page is tested, and no picture made. */
export const browser: string | undefined = BROWSERS.find(existsSync);

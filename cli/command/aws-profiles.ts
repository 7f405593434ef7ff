import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The profiles of the AWS command line. */
export interface AwsProfiles {
  names: readonly string[];
  /** Where they were looked for. A file may be missing. */
  files: readonly string[];
}

/** A profile of the configuration; other sections are none. In the credentials, every section is one. */
const PROFILE = /^profile\s+(.+)$|^(default)$/;

/** Finds out which profiles there are, and where they are looked for. */
export async function awsProfiles(env: NodeJS.ProcessEnv): Promise<AwsProfiles> {
  const folder = join(homedir(), '.aws');
  const config = env['AWS_CONFIG_FILE'] || join(folder, 'config');
  const credentials = env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials');
  const names = [
    ...(await sectionsOf(config)).flatMap((section) => {
      const [, name, byDefault] = PROFILE.exec(section) ?? [];
      return name ?? byDefault ?? [];
    }),
    ...(await sectionsOf(credentials)),
  ];
  return { names: [...new Set(names.map(unquoted))], files: [config, credentials] };
}

/** Returns the titles of the sections of a file. None if it cannot be read: the SDK, too, then continues without it. */
async function sectionsOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split(/\r?\n/).flatMap((line) => /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1] ?? []);
}

function unquoted(name: string): string {
  return name.replace(/^(["'])(.*)\1$/, '$2');
}

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as z from 'zod/mini';
import { parseTemplate, type Template } from '../adapters/operator/template.ts';

/** A function of a package. */
export interface PackagedFunction {
  logicalId: string;
  name: string;
  zip: Uint8Array;
  /** The hash by which Lambda knows the zip. */
  sha256: string;
}

/** What `serverless package` made. */
export interface Package {
  template: Template;
  /** The template of a new stack: the deployment bucket. */
  firstTemplate: string;
  functions: readonly PackagedFunction[];
  /** Tags of the stack that Usher sets itself. */
  tags: Readonly<Record<string, string>>;
}

const StateSchema = z.object({
  service: z.object({ provider: z.object({ stackTags: z._default(z.record(z.string(), z.string()), {}) }) }),
});
const FunctionSchema = z.object({ FunctionName: z.string(), Code: z.object({ S3Key: z.string() }) });

/** Reads a package. @param directory `.serverless` */
export function readPackage(directory: string): Package {
  const read = (file: string) => readFileSync(join(directory, file), 'utf8');
  const template = parseTemplate(read('cloudformation-template-update-stack.json'));
  const { service } = StateSchema.parse(JSON.parse(read('serverless-state.json')));
  return {
    template,
    firstTemplate: read('cloudformation-template-create-stack.json'),
    tags: service.provider.stackTags,
    functions: functionsIn(template).map(({ logicalId, name, key }) => {
      const zip = readFileSync(join(directory, basename(key)));
      return { logicalId, name, zip, sha256: createHash('sha256').update(zip).digest('base64') };
    }),
  };
}

/** Lists the functions of a template, with the keys of their zips. */
export function functionsIn({ Resources }: Template): { logicalId: string; name: string; key: string }[] {
  return Object.entries(Resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([logicalId, { Properties }]) => {
      const { FunctionName, Code } = FunctionSchema.parse(Properties);
      return { logicalId, name: FunctionName, key: Code.S3Key };
    });
}

/** What a function has at present. */
export interface LiveCode {
  /** The key of its zip in the live template. */
  key: string;
  /** The hash of its code; undefined if someone has deleted the function. */
  sha256: string | undefined;
}

/**
 * Returns the keys of a package's zips in the deployment bucket, by logical id.
 *
 * A key names the content of the zip. So a template differs from the live one only if something differs, and a change set
 * without changes means that nothing does. If someone has replaced the code of a function, its key has the suffix, too:
 * CloudFormation compares keys, not code, and would leave the function as it is.
 *
 * @param prefix folder of the stage in the bucket
 * @param suffix another one for each deployment
 */
export function keysFor(
  functions: readonly Omit<PackagedFunction, 'zip'>[],
  live: ReadonlyMap<string, LiveCode>,
  { prefix, suffix }: { prefix: string; suffix: string },
): Map<string, string> {
  return new Map(
    functions.map(({ logicalId, sha256 }) => {
      const content = `${prefix}/${Buffer.from(sha256, 'base64').toString('hex')}`;
      const now = live.get(logicalId);
      if (now === undefined || !now.key.startsWith(content)) return [logicalId, `${content}.zip`];
      return [logicalId, now.sha256 === sha256 ? now.key : `${content}-${suffix}.zip`];
    }),
  );
}

/** Returns the template with other keys for the zips of its functions. */
export function withKeys(template: Template, keys: ReadonlyMap<string, string>): Template {
  const Resources = { ...template.Resources };
  for (const [logicalId, key] of keys) {
    const resource = Resources[logicalId];
    if (!resource) continue;
    const code = z.looseObject({}).parse(resource.Properties?.['Code']);
    Resources[logicalId] = { ...resource, Properties: { ...resource.Properties, Code: { ...code, S3Key: key } } };
  }
  return { ...template, Resources };
}

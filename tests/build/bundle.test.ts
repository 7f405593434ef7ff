import type { OnLoadOptions, PluginBuild } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { pluginsFor } from '../../build/bundle.ts';

/** The filters of all files that the plugins replace, for a configuration without subscriptions. */
async function filters(): Promise<RegExp[]> {
  const found: RegExp[] = [];
  const recorder: Pick<PluginBuild, 'onLoad' | 'onResolve'> = {
    onLoad: ({ filter, namespace }: OnLoadOptions) => {
      if (namespace === undefined) found.push(filter);
    },
    onResolve: () => undefined,
  };
  // The plugins use nothing else of a build.
  for (const { setup } of pluginsFor('.', [])) await setup(recorder as PluginBuild);
  return found;
}

describe('the files that packaging replaces', () => {
  it.each([
    'node_modules/@smithy/core/dist-es/submodules/config/shared-ini-file-loader/loadSharedConfigFiles.js',
    'node_modules/@smithy/node-http-handler/dist-es/node-http2-handler.js',
    'node_modules/@aws-sdk/client-dynamodb/package.json',
    'node_modules/@aws-sdk/nested-clients/package.json',
    'node_modules/@aws-sdk/client-sso-admin/dist-es/schemas/schemas_0.js',
    'adapters/subscriptions/kiro.ts',
    'adapters/subscriptions/amazon-q-business.ts',
    'adapters/assume-role.ts',
  ])('are the same on Windows: %s', async (file) => {
    const all = await filters();
    const onLinux = all.filter((filter) => filter.test(`/home/me/usher/${file}`));
    const onWindows = all.filter((filter) => filter.test(`C:\\Users\\me\\usher\\${file.replaceAll('/', '\\')}`));
    expect(onLinux).toHaveLength(1);
    expect(onWindows).toEqual(onLinux);
  });

  it('are no others', async () => {
    const all = await filters();
    const files = ['adapters/ledger.ts', 'node_modules/@aws-sdk/client-dynamodb/dist-es/index.js', 'my-kiro.ts'];
    expect(files.filter((file) => all.some((filter) => filter.test(`/home/me/usher/${file}`)))).toEqual([]);
  });
});

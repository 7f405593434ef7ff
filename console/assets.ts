import type { Asset } from './page-build.ts';

/**
 * Returns the files of the page, by their path; `/` is the document. A checkout bundles them here. The package has them built:
 * there, `build/command-bundle.ts` puts another module in the place of this one.
 */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  const { buildPage } = await import('./page-build.ts');
  return buildPage();
}

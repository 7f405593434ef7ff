import { createHash } from 'node:crypto';
import { Enums, Models, Serialize, SPDX, Spec } from '@cyclonedx/cyclonedx-library';
import type { BundledPackage } from './bundled-packages.ts';

/** The name of the bill of materials in the folder of the package. */
export const SBOM_FILE = 'sbom.cdx.json';

/** A zip, and the packages of which it contains code. */
export interface Zip {
  /** Such as `planChanges.zip`. */
  name: string;
  bytes: Uint8Array;
  packages: readonly BundledPackage[];
}

/**
 * Returns the software bill of materials of a version's zips: a BOM of CycloneDX 1.6, in JSON.
 *
 * It has each zip with its hash, each package with the hash of the lockfile, and which package is in which zip. It has no time
 * and no serial number, so that the same zips have the same BOM.
 *
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(version: string, zips: readonly Zip[]): string {
  const usher = new Models.Component(Enums.ComponentType.Application, 'usher', {
    bomRef: 'usher',
    version,
    licenses: new Models.LicenseRepository([licenseOf('Apache-2.0')]),
  });
  const bom = new Models.Bom({ metadata: new Models.Metadata({ component: usher }) });
  const packages = new Map(zips.flatMap((zip) => zip.packages).map((one) => [one.path, componentOf(one)]));
  for (const component of packages.values()) bom.components.add(component);
  for (const zip of zips) {
    const sha256 = createHash('sha256').update(zip.bytes).digest('hex');
    const component = new Models.Component(Enums.ComponentType.File, zip.name, {
      bomRef: zip.name,
      hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-256'], sha256]]),
    });
    bom.components.add(component);
    usher.dependencies.add(component.bomRef);
    for (const { path, imports } of zip.packages) {
      const one = packages.get(path);
      if (one) component.dependencies.add(one.bomRef);
      for (const imported of imports) {
        const other = packages.get(imported);
        if (one && other) one.dependencies.add(other.bomRef);
      }
    }
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  return `${serializer.serialize(bom, { sortLists: true, space: 2 })}\n`;
}

function componentOf({ path, name, version, license, integrity }: BundledPackage): Models.Component {
  const [algorithm, hash = ''] = integrity.split('-');
  if (algorithm !== 'sha512') throw new Error(`package-lock.json has no SHA-512 of ${path}`);
  const [group, base] = name.startsWith('@') ? name.split('/', 2) : [undefined, name];
  return new Models.Component(Enums.ComponentType.Library, base ?? name, {
    bomRef: path,
    ...(group === undefined ? {} : { group }),
    version,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    licenses: new Models.LicenseRepository([licenseOf(license)]),
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm['SHA-512'], Buffer.from(hash, 'base64').toString('hex')]]),
  });
}

function licenseOf(license: string): Models.License {
  return SPDX.isSupportedSpdxId(license) ? new Models.SpdxLicense(license) : new Models.LicenseExpression(license);
}

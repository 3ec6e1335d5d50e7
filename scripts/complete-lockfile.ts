/**
 * Completes package-lock.json after `npm install`. A registry mirror may hold the prebuilt packages
 * of some platforms only; npm then leaves the others out of the lockfile, without a word, and `npm ci`
 * refuses such a lockfile everywhere. All that npm needs of them is version and platform; what the
 * mirror cannot tell is their checksum.
 */

import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lockfile = 'package-lock.json';
const systems = /\b(?:aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)\b/;
const processors = /\b(?:arm64|arm|ia32|loong64|mips64el|ppc64|riscv64|s390x|x64)\b/;

if (import.meta.main) complete();

function complete(): void {
  const lock = JSON.parse(readFileSync(lockfile, 'utf8'));
  const absent = absentPackages(lock.packages);
  const packages = { ...lock.packages, ...Object.fromEntries(absent) };
  lock.packages = Object.fromEntries(
    Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')),
  );
  writeFileSync(lockfile, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(`${lockfile}: ${absent.length} packages of other platforms added`);
}

/** What the lockfile's packages name as optional but the lockfile lacks, as entries to add. */
export function absentPackages(
  packages: Readonly<Record<string, LockedPackage>>,
): [path: string, LockedPackage][] {
  return Object.values(packages).flatMap(({ dev, optionalDependencies = {} }) =>
    Object.entries(optionalDependencies)
      .filter(([name]) => packages[`node_modules/${name}`] === undefined)
      .map(([name, version]) => [`node_modules/${name}`, describe(name, version, dev)]),
  );
}

function describe(name: string, version: string, dev: boolean | undefined): LockedPackage {
  const os = systems.exec(name)?.[0];
  const cpu = processors.exec(name)?.[0];
  if (os === undefined || cpu === undefined) {
    throw new Error(`"${name}" names no platform: add it to ${lockfile} by hand`);
  }
  const libc = os === 'linux' ? [name.includes('musl') ? 'musl' : 'glibc'] : undefined;
  return { version, cpu: [cpu], dev, libc, optional: true, os: [os] };
}

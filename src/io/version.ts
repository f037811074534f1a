/** Podyard's version, from the package's own description. */
import { readFileSync } from 'node:fs';

/** The same place relative to src/io and to dist/io. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

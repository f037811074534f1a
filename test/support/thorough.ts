/**
 * `npm test` judges every behaviour in a few minutes; the long proof of the same laws (whole days, more rounds, larger
 * clusters) is the thorough part. `npm run thorough` runs the files that import this one with PODYARD_THOROUGH=1, and
 * `.ci/run` does so, too.
 */
export const isThorough = process.env['PODYARD_THOROUGH'] === '1';

/** What `npm test` takes, or what the thorough part takes instead, which holds the same and more. */
export function sized<T>(usual: T, thorough: T): T {
  return isThorough ? thorough : usual;
}

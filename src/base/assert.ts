/**
 * Our own mistakes. A failed assertion is a bug in Podyard, never the user's fault and never the modelled world's bad
 * news.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message);
}

/** For the default branch of an exhaustive switch: the compiler proves it unreachable, this says so at run time. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value ${String(value)}`);
}

export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure';
}

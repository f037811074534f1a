/** Errors on their way from a thread: they lose their class, so what is needed to make them again comes along. */
import { AssertionFailure } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { PluginFailure } from '../scheduler/framework/guarded-plugin.ts';

export type ThreadError =
  | { readonly problems: readonly Problem[] }
  | { readonly failure: { readonly name: string; readonly message: string; readonly stack: string } };

/** What a thread says of what it has caught. */
export function packError(error: unknown): ThreadError {
  if (error instanceof InputError) return { problems: error.problems };
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { failure: { name, message, stack: stack ?? message } };
}

/** The error as the thread had it. */
export function unpackError(told: ThreadError): Error {
  if ('problems' in told) return new InputError(told.problems);
  const { name, message, stack } = told.failure;
  if (name === 'PluginFailure') return new PluginFailure(message);
  const error = name === 'AssertionFailure' ? new AssertionFailure(message) : new Error(message);
  error.stack = stack;
  return error;
}

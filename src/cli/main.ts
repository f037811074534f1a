#!/usr/bin/env node
/**
 * The entry of the command line: runs the program and leaves with its exit code. Nothing is imported before the guard
 * is up: out of file handles, the loading of modules is what fails first.
 */

/** What a plugin left for later fails outside of everything that could tell it better. */
process.on('uncaughtException', (error: unknown) => {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const own = import.meta.url.slice(0, import.meta.url.lastIndexOf('/cli/'));
  const place = /(file:|\/)[^()\s]*:\d+:\d+/.exec(stack)?.[0] ?? '';
  const what = error instanceof Error ? `${error.name}: ${error.message.split('\n')[0]}` : String(error);
  const isOurs = place.startsWith(own) || place.startsWith(own.slice('file://'.length));
  process.stderr.write(
    isOurs
      ? `error: an unexpected error: ${stack}\n`
      : `error: something that a plugin left for later threw ${what}${place === '' ? '' : ` (at ${place})`}\n`,
  );
  process.exit(1);
});

try {
  const { processTerminal } = await import('./terminal.ts');
  const { runProgram } = await import('./program.ts');
  const terminal = processTerminal();
  const exitCode = await runProgram(process.argv.slice(2), terminal);
  await terminal.flush();
  const { refusal } = terminal;
  if (refusal !== null) {
    terminal.err(`error: standard output cannot be written: ${refusal}\n`);
    await terminal.flush();
  }
  // A user's plugin may have left a timer running: the program ends here all the same.
  process.exit(refusal === null || exitCode !== 0 ? exitCode : 1);
} catch (error) {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const isSystems = typeof code === 'string' && (error as NodeJS.ErrnoException).syscall !== undefined;
  process.stderr.write(
    isSystems
      ? `error: Podyard cannot start: ${String(message).split('\n')[0]}\n`
      : `${String((error as Error).stack ?? error)}\n`,
  );
  process.exitCode = 1;
}

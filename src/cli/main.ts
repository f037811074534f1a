#!/usr/bin/env node
/**
 * The entry of the command line: runs the program and leaves with its exit code. Nothing is imported before the guard
 * is up: out of file handles, the loading of modules is what fails first.
 */
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

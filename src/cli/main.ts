#!/usr/bin/env node
/** The entry of the command line: runs the program and leaves with its exit code. */
import { runProgram } from './program.ts';
import { processTerminal } from './terminal.ts';

const terminal = processTerminal();
const exitCode = await runProgram(process.argv.slice(2), terminal);
await terminal.flush();
// A user's plugin may have left a timer running: the program ends here all the same.
process.exit(exitCode);

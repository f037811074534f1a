// The command line in a thread of the test's own process: one line after another, each with a terminal of its own.
// test/cli/podyard.ts waits for each answer; `state` tells it that there is one.
import { parentPort, workerData } from 'node:worker_threads';
import { pathToFileURL } from 'node:url';

const { program, state, port } = workerData;
const { runProgram } = await import(pathToFileURL(program).href);

parentPort.on('message', async (args) => {
  let [out, err, both] = ['', '', ''];
  const write = (text) => {
    err += text;
    both += text;
  };
  const terminal = {
    out: (text) => {
      out += text;
      both += text;
    },
    err: write,
    hasColor() {
      return this.colorChoice === 'always';
    },
    colorChoice: 'auto',
    errorStream: { write },
    width: null,
    flush: async () => undefined,
  };
  let answer;
  try {
    const code = await runProgram(args, terminal);
    answer = { code, out, err, both };
  } catch (error) {
    answer = { failure: String(error?.stack ?? error) };
  }
  port.postMessage(answer);
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
});

/** Runs the built command line in a folder of its own. Builds once when dist/ is behind the sources. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { afterAll, beforeAll } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

const CLI = resolve('dist/cli/main.js');

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** Standard error holds this text; rejected when the program ends without it. */
  saw(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

/** What a program in this process takes its terminal for. */
export interface HereSettings {
  /** Columns; null: no terminal. */
  readonly width?: number | null;
}

/**
 * Runs the command line in this process, which is twenty times as fast as in one of its own. Not for what is the
 * process's own: standard input, signals, the environment.
 */
export async function podyardHere(args: readonly string[], { width = null }: HereSettings = {}): Promise<Outcome> {
  let [out, err] = ['', ''];
  const terminal: Terminal = {
    out: (text) => { out += text; },
    err: (text) => { err += text; },
    hasColor() { return this.colorChoice === 'always'; },
    colorChoice: 'auto',
    errorStream: { write: (text: string) => { err += text; } } as unknown as NodeJS.WriteStream,
    width,
    flush: () => Promise.resolve(),
  };
  return { code: await runProgram(args, terminal), out, err };
}

export interface CliFolder {
  readonly path: () => string;
  /** `podyardHere` in this folder. */
  here(...args: readonly string[]): Promise<Outcome>;
  write(name: string, text: string | Uint8Array): void;
  /**
   * The built command line in a thread that has loaded it already: what takes a process half a second takes some
   * hundredths. `fitsWarmProgram` tells which command lines get a process of their own all the same.
   */
  run(...args: readonly string[]): Outcome;
  /** In a process of its own. */
  spawn(...args: readonly string[]): Outcome;
  runWith(settings: { readonly input?: string; readonly env?: Readonly<Record<string, string>> }, ...args: readonly string[]): Outcome;
  /** Begins and comes back at once. */
  start(...args: readonly string[]): Started;
  /** Sends the signal as soon as standard error holds `text`. */
  interrupt(signal: NodeJS.Signals, text: string, ...args: readonly string[]): Promise<Outcome>;
}

/** Against hangs only. */
const LIMIT_MILLIS = 500_000;

/** To be called at the top of a test file. */
export function cliFolder(): CliFolder {
  let folder = '';
  beforeAll(() => {
    buildOnce();
    folder = mkdtempSync(join(tmpdir(), 'podyard-cli-'));
  });
  afterAll(() => { rmSync(folder, { recursive: true, force: true }); });
  const environment = (env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({ ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', NODE_OPTIONS: '', ...env });
  return {
    path: () => folder,
    write: (name, text) => {
      writeFileSync(join(folder, name), text);
    },
    here: (...args) => inFolder(folder, () => podyardHere(args)),
    run(...args) {
      if (!fitsWarmProgram(args, folder)) return this.spawn(...args);
      const { code, out, err } = warmProgram().run(args, folder);
      return { code, out, err };
    },
    spawn(...args) {
      return this.runWith({}, ...args);
    },
    runWith({ input = '', env }, ...args) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], {
        cwd: folder,
        encoding: 'utf8',
        input,
        env: environment(env),
        timeout: LIMIT_MILLIS,
        maxBuffer: 1 << 26,
      });
      return { code: status, out: stdout, err: stderr };
    },
    start(...args) {
      return startProgram(args, folder, environment());
    },
    async interrupt(signal, text, ...args) {
      const { child, saw, ended } = this.start(...args);
      await saw(text);
      child.kill(signal);
      return ended;
    },
  };
}

function startProgram(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Started {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env });
  let [out, err] = ['', ''];
  child.stdout.on('data', (part: Buffer) => { out += part.toString(); });
  child.stderr.on('data', (part: Buffer) => { err += part.toString(); });
  const ended = new Promise<Outcome>((done) => {
    child.on('close', (code) => { done({ code, out, err }); });
  });
  const saw = (text: string): Promise<void> => new Promise((done, fail) => {
    const look = (): void => {
      if (err.includes(text)) done();
    };
    look();
    child.stderr.on('data', look);
    void ended.then(() => { fail(new Error(`the program ended without ${text}: ${err}`)); });
  });
  return { child, saw, ended };
}

async function inFolder<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const start = process.cwd();
  process.chdir(folder);
  try {
    return await work();
  } finally {
    process.chdir(start);
  }
}

let isBuilt = false;

/** The first file of a test process looks whether dist/ is that of the sources; the others find it so. */
function buildOnce(): void {
  if (isBuilt) return;
  const built = spawnSync(process.execPath, ['scripts/setup.mjs', '--tolerant'], { stdio: 'ignore' });
  if (built.status !== 0) throw new Error('the build failed: npm run build tells why');
  isBuilt = true;
}

type Answer = ReturnType<WarmProgram['run']>;

export interface WarmProgram {
  /** `both`: standard output and standard error, as they came. */
  run(args: readonly string[], folder: string): Outcome & { readonly both: string };
}

/** What the warm thread has loaded of users' modules, by real path: a thread keeps the first text of a module. */
const loadedTexts = new Map<string, string>();

/**
 * Nothing is read from standard input, and no plugin file has another text than the one which the thread may have
 * loaded under that name. What a plugin does to its process is not for a thread: `spawn`.
 */
export function fitsWarmProgram(args: readonly string[], folder: string): boolean {
  if (args.includes('-')) return false;
  const files = args.flatMap((arg) => arg.split(/[=,]/)).filter((word) => /\.[cm]?[jt]s$/.test(word));
  return files.every((file) => {
    try {
      const path = realpathSync(resolve(folder, file));
      const text = readFileSync(path, 'utf8');
      const loaded = loadedTexts.get(path) ?? text;
      loadedTexts.set(path, loaded);
      return loaded === text;
    } catch {
      // No such file, or a name that is too long: there is nothing to load.
      return true;
    }
  });
}

let warm: WarmProgram | null = null;

/** One thread for all files of a test process. */
export function warmProgram(): WarmProgram {
  warm ??= startWarmProgram();
  return warm;
}

function startWarmProgram(): WarmProgram {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1: answers, port2: port } = new MessageChannel();
  const worker = new Worker(new URL('warm-program.mjs', import.meta.url), {
    workerData: { program: resolve('dist/cli/program.js'), state, port },
    transferList: [port],
    execArgv: [],
  });
  worker.unref();
  return {
    run(args, folder) {
      const start = process.cwd();
      process.chdir(folder);
      try {
        Atomics.store(state, 0, 0);
        worker.postMessage(args);
        if (Atomics.wait(state, 0, 0, LIMIT_MILLIS) === 'timed-out') {
          throw new Error(`podyard ${args.join(' ')} has not ended after ${String(LIMIT_MILLIS / 1000)} s`);
        }
        const answer = receiveMessageOnPort(answers)?.message as Answer | { readonly failure: string } | undefined;
        if (answer === undefined || 'failure' in answer) {
          throw new Error(`podyard ${args.join(' ')} ended without an exit code: ${answer?.failure ?? ''}`);
        }
        return answer;
      } finally {
        process.chdir(start);
      }
    },
  };
}

/** Three nodes, one service, some jobs; a few milliseconds to run. */
export const SMALL = `name: small
seed: one
duration: 30m
nodePools:
  - {name: general, count: 3, allocatable: {cpu: 4, memory: 16Gi}}
workloads:
  - {name: web, kind: Deployment, replicas: 4, requests: {cpu: 500m, memory: 1Gi}}
  - {name: job, kind: Job, arrivals: {poisson: {ratePerHour: 60}}, lifetime: {exponential: {mean: 4m}}, requests: {cpu: 1, memory: 2Gi}}
`;

/** Packs, and spreads nothing: the default constraints would. */
export const PACK = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - pluginConfig:
      - {name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}
      - {name: PodTopologySpread, args: {defaultingType: List}}
`;

/** Never ends by itself within a test. */
export const ENDLESS = `name: endless
duration: 30000d
nodePools:
  - {name: general, count: 5, allocatable: {cpu: 8, memory: 16Gi}}
workloads:
  - {name: task, kind: Pod, arrivals: {poisson: {ratePerHour: 600}}, lifetime: {exponential: {mean: 2m}}, requests: {cpu: 1, memory: 1Gi}}
metrics: {sampleInterval: 1d, pods: none}
`;

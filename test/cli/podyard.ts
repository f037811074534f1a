/** Runs the built command line in a folder of its own. Builds once when dist/ is behind the sources. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

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

export interface CliFolder {
  readonly path: () => string;
  write(name: string, text: string | Uint8Array): void;
  run(...args: readonly string[]): Outcome;
  runWith(settings: { readonly input?: string; readonly env?: Readonly<Record<string, string>> }, ...args: readonly string[]): Outcome;
  /** Begins and comes back at once. */
  start(...args: readonly string[]): Started;
  /** Sends the signal as soon as standard error holds `text`. */
  interrupt(signal: NodeJS.Signals, text: string, ...args: readonly string[]): Promise<Outcome>;
}

/** To be called at the top of a test file. */
export function cliFolder(): CliFolder {
  let folder = '';
  beforeAll(() => {
    const built = spawnSync(process.execPath, ['scripts/setup.mjs', '--tolerant'], { stdio: 'ignore' });
    if (built.status !== 0) throw new Error('the build failed: npm run build tells why');
    folder = mkdtempSync(join(tmpdir(), 'podyard-cli-'));
  }, 120_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const environment = (env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({ ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', NODE_OPTIONS: '', ...env });
  return {
    path: () => folder,
    write: (name, text) => {
      writeFileSync(join(folder, name), text);
    },
    run(...args) {
      return this.runWith({}, ...args);
    },
    runWith({ input = '', env }, ...args) {
      const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { cwd: folder, encoding: 'utf8', input, env: environment(env), timeout: 50_000, maxBuffer: 1 << 26 });
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

/** Never ends by itself within a test. */
export const ENDLESS = `name: endless
duration: 30000d
nodePools:
  - {name: general, count: 5, allocatable: {cpu: 8, memory: 16Gi}}
workloads:
  - {name: task, kind: Pod, arrivals: {poisson: {ratePerHour: 600}}, lifetime: {exponential: {mean: 2m}}, requests: {cpu: 1, memory: 1Gi}}
metrics: {sampleInterval: 1d, pods: none}
`;

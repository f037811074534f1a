// Set-up before `npm start`, `npm test` and `npm run bench`: installs from the lockfile when that has not been done,
// builds when sources have changed. Needs Node and npm only: it must run before anything is installed. Writes to
// standard error only, so that what follows keeps standard output to itself. When all is up to date it costs the
// hashing of src/ (about 50 ms). Options: `--tolerant` keeps a build that has type errors (`npm test` reports them
// itself); `--force` builds in any case; `--install-only` never does.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MINIMUM_NODE = [20, 19];
const LOCK_WAIT_MILLIS = 600_000;

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const modules = join(root, 'node_modules');
const dist = join(root, 'dist');
const next = join(root, '.dist-next');
const lock = join(root, '.setup-lock');
const installStamp = join(modules, '.podyard-install');
const buildStamp = join(dist, '.stamp');

main();

function main() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    fail(2, `Podyard needs Node ${MINIMUM_NODE.join('.')} or newer; this is Node ${process.versions.node}.`);
  }
  const tolerant = process.argv.includes('--tolerant');
  const force = process.argv.includes('--force');
  const installOnly = process.argv.includes('--install-only');
  if (!force && isInstalled() && (installOnly || isBuilt())) return;
  takeLock();
  try {
    if (!isInstalled()) install();
    if (!installOnly && (force || !isBuilt())) build(tolerant);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

// ---------------------------------------------------------------------------------------------------------- install

/** True when the stamp fits the lockfile, or when npm's own record of node_modules does (an `npm ci` by hand). */
function isInstalled() {
  const wanted = lockfileHash();
  if (readOr(installStamp, '') === wanted) return true;
  if (!agreesWithLockfile()) return false;
  writeAtomically(installStamp, wanted);
  return true;
}

function lockfileHash() {
  return sha256(`${process.platform} ${process.arch}\n${readFileSync(join(root, 'package-lock.json'), 'utf8')}`);
}

function agreesWithLockfile() {
  const record = readOr(join(modules, '.package-lock.json'), '');
  if (record === '') return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const present = JSON.parse(record).packages;
  return Object.keys(wanted).every((path) => {
    if (path === '') return true;
    if (present[path] === undefined) return wanted[path].optional === true;
    return present[path].version === wanted[path].version && existsSync(join(root, path, 'package.json'));
  });
}

function install() {
  say('installing the packages of package-lock.json (npm ci; once, about half a minute)');
  const cache = cacheOverride();
  const options = [
    'ci',
    '--include=dev',
    '--global=false',
    '--dry-run=false',
    '--package-lock=true',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--no-update-notifier',
    '--loglevel=error',
    ...(cache === null ? [] : [`--cache=${cache}`, '--logs-max=0']),
  ];
  try {
    const result = runNpm(options);
    if (result.error !== undefined) fail(1, `npm could not be started: ${result.error.message}.`);
    if (result.status !== 0) fail(1, 'npm ci failed: its reason stands above. It needs the npm registry, or a filled npm cache.');
  } finally {
    if (cache !== null) rmSync(cache, { recursive: true, force: true });
  }
  writeAtomically(installStamp, lockfileHash());
}

/** Runs the npm that runs us, else the one in PATH; its standard output goes to our standard error. */
function runNpm(options) {
  const self = process.env.npm_execpath;
  const settings = { cwd: root, env: cleanEnvironment(), stdio: ['ignore', 2, 2] };
  if (self !== undefined && basename(self) === 'npm-cli.js') return spawnSync(process.execPath, [self, ...options], settings);
  const windows = process.platform === 'win32';
  return spawnSync(windows ? 'npm.cmd' : 'npm', options, { ...settings, shell: windows });
}

/** What an outer npm sets for its scripts describes the outer call; it must not steer the inner one. */
function cleanEnvironment() {
  const env = {};
  for (const [key, value] of Object.entries(process.env)) {
    if (/^npm_(lifecycle|package|command)/i.test(key)) continue;
    if (/^npm_config_(omit|only|production|include|global|global_prefix|local_prefix|prefix|dry_run|workspaces?|package_lock)$/i.test(key)) continue;
    if (key === 'INIT_CWD' || key === 'NODE_ENV' || key === 'NODE_OPTIONS') continue;
    env[key] = value;
  }
  return env;
}

/** A temporary npm cache when the usual one cannot be written (read-only home), else null. */
function cacheOverride() {
  const usual = process.env.npm_config_cache ?? join(homedir(), '.npm');
  try {
    mkdirSync(join(usual, '_cacache'), { recursive: true });
    accessSync(join(usual, '_cacache'), constants.W_OK);
    return null;
  } catch {
    return mkdtempSync(join(tmpdir(), 'podyard-npm-'));
  }
}

// ------------------------------------------------------------------------------------------------------------ build

function isBuilt() {
  return readOr(buildStamp, '') === sourceHash();
}

/** Hash over paths and contents of everything that decides what dist/ holds. */
function sourceHash() {
  const hash = createHash('sha256');
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...filesBelow(join(root, 'src')).sort()];
  for (const file of files) {
    hash.update(file);
    hash.update('\0');
    hash.update(readFileSync(join(root, file)));
    hash.update('\0');
  }
  return hash.digest('hex');
}

/**
 * Compiles into .dist-next, then renames file by file into dist/: whoever runs from dist/ meanwhile never sees half a
 * file, and an interrupted build leaves no stamp.
 */
function build(tolerant) {
  const wanted = sourceHash();
  if (!filesBelow(join(root, 'src')).some((file) => file.endsWith('.ts'))) return;
  say('building src/ into dist/');
  rmSync(next, { recursive: true, force: true });
  const compiler = join(modules, 'typescript', 'lib', 'tsc.js');
  const options = ['-p', 'tsconfig.build.json', '--outDir', next, '--tsBuildInfoFile', join(next, '.tsbuildinfo')];
  const stdio = tolerant ? 'ignore' : ['ignore', 2, 2];
  const result = spawnSync(process.execPath, [compiler, ...options], { cwd: root, stdio });
  const emitted = existsSync(next) ? filesBelow(next, next).filter((file) => file !== '.tsbuildinfo') : [];
  if (result.status !== 0 && (!tolerant || emitted.length === 0)) {
    rmSync(next, { recursive: true, force: true });
    fail(1, 'the build failed: the compiler\'s reasons stand above (`npm run types` repeats them). dist/ is as it was.');
  }
  if (result.status !== 0) say('the sources have type errors; built all the same, so that the tests can say more');
  replaceDist(emitted);
  // A tolerated build is not stamped: `npm start` must see the errors, too.
  if (result.status === 0) writeAtomically(buildStamp, wanted);
}

function replaceDist(emitted) {
  rmSync(buildStamp, { force: true });
  for (const file of emitted) {
    const from = join(next, file);
    const to = join(dist, file);
    if (file === join('cli', 'main.js')) chmodSync(from, 0o755);
    if (existsSync(to) && readFileSync(to).equals(readFileSync(from)) && statSync(to).mode === statSync(from).mode) continue;
    mkdirSync(dirname(to), { recursive: true });
    renameSync(from, to);
  }
  const kept = new Set(emitted);
  for (const file of filesBelow(dist, dist)) if (!kept.has(file)) rmSync(join(dist, file));
  rmSync(next, { recursive: true, force: true });
}

// ------------------------------------------------------------------------------------------------------------- lock

/** Waits for another set-up in the same checkout; a lock whose owner is gone is broken. */
function takeLock() {
  const started = Date.now();
  let told = false;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(1, `${root} cannot be written: ${error.message}.`);
    }
    if (isStale(lock)) {
      breakLock();
      continue;
    }
    if (Date.now() - started > LOCK_WAIT_MILLIS) fail(1, `another set-up holds ${lock}; remove that folder if none is running.`);
    if (!told) say('waiting for another set-up of this checkout');
    told = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** Renamed before it is removed, so that of several that wait only one breaks it; one taken meanwhile is put back. */
function breakLock() {
  const grave = `${lock}-${process.pid}`;
  try {
    renameSync(lock, grave);
    if (isStale(grave)) rmSync(grave, { recursive: true, force: true });
    else renameSync(grave, lock);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
}

function isStale(folder) {
  const owner = Number(readOr(join(folder, 'pid'), ''));
  if (owner > 0) {
    try {
      process.kill(owner, 0);
      return false;
    } catch (error) {
      return error.code === 'ESRCH';
    }
  }
  // Made, but its owner died before it wrote its number.
  try {
    return Date.now() - statSync(folder).mtimeMs > 5_000;
  } catch {
    return false;
  }
}

// ------------------------------------------------------------------------------------------------------------ pieces

function filesBelow(folder, base = root) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path, base) : [relative(base, path)];
  });
}

function writeAtomically(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, text);
  renameSync(temporary, file);
}

function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}

function say(sentence) {
  process.stderr.write(`set-up: ${sentence}\n`);
}

/** Ends the process; the lock, if ours, goes first. */
function fail(code, sentence) {
  if (Number(readOr(join(lock, 'pid'), '')) === process.pid) rmSync(lock, { recursive: true, force: true });
  process.stderr.write(`${sentence}\n`);
  process.exit(code);
}

// `npm run cards [-- NAME ...]`: plays the standing benchmark with every shipped scheduler, or those named, writes
// their cards to results/cards, and the table of all into docs/bench.md. A test plays a part of two again.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const schedulers = JSON.parse(readFileSync(join(root, 'workloads', 'bench', 'schedulers', 'shipped.json'), 'utf8'));
const page = join(root, 'docs', 'bench.md');
const MARKED = /(<!-- cards -->\n)([\s\S]*?)(<!-- end of cards -->)/;

process.chdir(root);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !schedulers.some((scheduler) => scheduler.name === name));
if (unknown.length > 0) {
  const known = schedulers.map(({ name }) => name).join(', ');
  console.error(`No scheduler is named ${unknown.join(' or ')}; there are: ${known}.`);
  process.exit(2);
}
mkdirSync('results/cards', { recursive: true });
const isAsked = ({ name }) => asked.length === 0 || asked.includes(name);
for (const { name, label, options } of schedulers.filter(isAsked)) {
  const folder = mkdtempSync(join(tmpdir(), 'podyard-card-'));
  console.error(`${name}:`);
  podyard(['bench', '--label', label, ...options, '--out', join(folder, 'card'), '--quiet'], 'ignore');
  copyFileSync(join(folder, 'card', 'card.json'), join('results', 'cards', `${name}.json`));
  rmSync(folder, { recursive: true });
}
const table = podyard(['bench', ...schedulers.flatMap(({ name }) => ['--show', `results/cards/${name}.json`])], 'pipe');
const text = readFileSync(page, 'utf8');
writeFileSync(page, text.replace(MARKED, (_all, before, _old, after) => `${before}${table}${after}`));

function podyard(args, stdout) {
  const settings = { encoding: 'utf8', stdio: ['ignore', stdout, 'inherit'], maxBuffer: 1 << 26 };
  const { status, stdout: printed } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], settings);
  if (status !== 0) process.exit(1);
  return printed;
}

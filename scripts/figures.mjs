// `npm run figures`: writes the tables of README.md and docs/benchmarking.md from results/*.json, between the marks
// `<!-- figures: NAME -->` and `<!-- end of figures -->`. `--check` writes nothing and fails where a table is not what
// results/ say. `npm run bench` ends with it whenever it has recorded something.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const DOCUMENTS = ['README.md', 'docs/benchmarking.md'];
const MARKED = /(<!-- figures: ([a-z-]+) -->\n)([\s\S]*?)(<!-- end of figures -->)/g;
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const tables = {
  'perf-shapes': () => {
    const { rows } = results('scheduler-perf');
    const lines = decisionRows(rows).map(({ shape, row, calibration }) => {
      const real = realOf(shape);
      return [shape, whole(row.counts.pods), round(row.value), real[0] === real[1] ? whole(real[0]) : `${whole(real[0])} to ${whole(real[1])}`, times(row.value, real), round(calibration)];
    });
    return table(['shape, 5,000 nodes', 'pods', 'decisions/s', 'real algorithm', 'times as many', 'calibration, events/s'], lines);
  },
  scale: () => {
    const shapes = new Map();
    for (const { shape, row } of decisionRows(results('scheduler-scale').rows)) shapes.set(shape, [...(shapes.get(shape) ?? []), row]);
    const sizes = [...shapes.values()][0].map((row) => `${whole(row.counts.nodes)} nodes`);
    const lines = [...shapes].map(([shape, rows]) => [shape, ...rows.map(({ value }) => `${round(1e6 / value)} µs`), `${(rows[0].value / rows.at(-1).value).toFixed(1)}`]);
    return table(['cost of a decision', ...sizes, 'growth'], lines);
  },
  runs: () => {
    const lines = ['cold-manifests', 'default-day', 'million-pods', 'borg-month'].filter(isRecorded).map((bench) => {
      const { rows } = results(bench);
      const [seconds, events, memory] = rows;
      return [seconds.name, whole(seconds.counts.podsArrived), whole(seconds.counts.decisions), whole(seconds.counts.events), `${round(seconds.value)} s`, round(events.value), `${round(memory.value)} MiB`];
    });
    return table(['whole simulation', 'pods', 'decisions', 'events', 'time', 'events/s', 'peak memory'], lines);
  },
  queue: () => {
    const lines = results('event-queue').rows.map(({ name, value }) => [name.replace('hold, ', '').replace(/\d+/, (digits) => whole(Number(digits))), round(value)]);
    return table(['events held', 'events/s'], lines);
  },
  traces: () =>
    table(
      ['rows of a trace, from bytes to jobs in order', 'rows/s of processor time'],
      results('trace-readers').rows.map(({ name, value }) => [name, round(value)]),
    ),
  scan: () => table(['one decision on 5,000 nodes that stand still', 'decisions/s'], results('filter-score').rows.map(({ name, value }) => [name, round(value)])),
  machine: () => {
    const { cpu, cores, node } = results('scheduler-perf').machine;
    return `Recorded on ${cores} cores of a shared ${cpu} machine with Node ${node.slice(1)}; it is noisy by a factor of two.\n`;
  },
  summary: () => {
    const rows = decisionRows(results('scheduler-perf').rows);
    const ratios = rows.map(({ shape, row }) => row.value / Math.sqrt(realOf(shape)[0] * realOf(shape)[1]));
    const rates = rows.map(({ row }) => row.value);
    const [day] = results('default-day').rows;
    const [million, , memory] = results('million-pods').rows;
    return [
      `  ${round(Math.min(...rates))} to ${round(Math.max(...rates))} decisions/s at 5,000 nodes, ${round(Math.min(...ratios), 2)} to ${round(Math.max(...ratios), 2)} times as many as the real`,
      `  scheduler's algorithm alone on such a machine. The day of \`npm start\` takes ${round(day.value, 2)} s, a million pods on 5,000`,
      `  nodes ${round(million.value, 2)} s and ${round(memory.value, 2)} MiB ([method, bounds, every figure](docs/benchmarking.md)).`,
      '  ',
    ].join('\n');
  },
};

process.exitCode = main(process.argv.slice(2));

function main(options) {
  const unknown = options.filter((option) => option !== '--check');
  if (unknown.length > 0) return complain(2, `Unknown option ${unknown.join(' ')}. Usage: npm run figures [-- --check]`);
  let stale = 0;
  for (const document of DOCUMENTS) {
    const file = join(root, document);
    const before = readFileSync(file, 'utf8');
    const after = before.replace(MARKED, (_all, open, name, _old, close) => {
      if (tables[name] === undefined) throw new Error(`${document}: there are no figures named ${name}, only ${Object.keys(tables).join(', ')}`);
      return `${open}${tables[name]()}${close}`;
    });
    if (after === before) continue;
    stale++;
    if (options.includes('--check')) complain(1, `${document}: its figures are not those of results/: npm run figures`);
    else writeFileSync(file, after);
  }
  return options.includes('--check') && stale > 0 ? 1 : 0;
}

function isRecorded(bench) {
  return existsSync(join(root, 'results', `${bench}.json`));
}

function results(bench) {
  return JSON.parse(readFileSync(join(root, 'results', `${bench}.json`), 'utf8'));
}

function realOf(shape) {
  const { decisionsPerSecond } = JSON.parse(readFileSync(join(root, 'bench', 'real-scheduler.json'), 'utf8'));
  if (decisionsPerSecond[shape] === undefined) throw new Error(`bench/real-scheduler.json says nothing of ${shape}`);
  return decisionsPerSecond[shape];
}

/** Rows of workloads with the rate of the calibration loop that ran before each. */
function decisionRows(rows) {
  return rows
    .filter(({ unit }) => unit === 'decisions/s')
    .map((row) => ({ shape: row.name.split('/')[0], row, calibration: rows.find(({ name }) => name === `${row.name}, calibration before it`).value }));
}

function times(value, [low, high]) {
  return low === high ? round(value / low, 2) : `${round(value / high, 2)} to ${round(value / low, 2)}`;
}

/** To three digits (or so many). */
function round(value, digits = 3) {
  const rounded = Number(value.toPrecision(digits));
  return rounded >= 1000 ? whole(rounded) : String(rounded);
}

function whole(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

function table(head, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |\n`;
  return row(head) + row(head.map((_, i) => (i === 0 ? '---' : '---:'))) + lines.map(row).join('');
}

function complain(result, sentence) {
  process.stderr.write(`${sentence}\n`);
  return result;
}

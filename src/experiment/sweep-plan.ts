/**
 * A sweep file: parameters, design, variants, seeds and metrics, read and checked. The scenario and the files of
 * variants are read by the caller. Every mistake is collected, then thrown as one InputError.
 */
import { z } from 'zod';
import { InputError, nearestName } from '../base/input-error.ts';
import { commonMetrics, isMetricMeant, metricNamed, nearestMetric } from '../metrics/metric-names.ts';
import { decodeBy } from '../scenario/decode.ts';
import { expecting, publishedSchema, whole } from '../scenario/fields.ts';
import { nameOfFile } from '../simulation/scenario-reader.ts';
import { readOnlyDocument } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { placeFindings } from '../workload/manifests/source-document.ts';
import type { SourceDocument } from '../workload/manifests/source-document.ts';
import type { PathStep } from '../base/source-path.ts';
import { below, describeValue, parsePath, quoteShort } from '../base/source-path.ts';
import { Findings } from '../base/structure.ts';
import { readParameter } from './sweep-parameters.ts';
import type { SweepParameter } from './sweep-parameters.ts';
import { DESIGNS, isExcluded, sameValue, sweepPoints } from './sweep-points.ts';
import type { Design, Exclusion, SweepPoint } from './sweep-points.ts';

export interface SweepVariant {
  readonly name: string;
  /** Files, their paths from the working directory, and changes as for `--set`. Empty: the scenario as it is. */
  readonly words: readonly string[];
}

/** One row of the report: a point with a variant. */
export interface SweepRow {
  readonly point: SweepPoint;
  /** Index. */
  readonly variant: number;
}

export interface SweepPlan {
  readonly name: string;
  /** Path of the sweep file. */
  readonly file: string;
  readonly scenarioFile: string;
  readonly parameters: readonly SweepParameter[];
  readonly design: Design;
  readonly variants: readonly SweepVariant[];
  /** Without what is excluded. */
  readonly rows: readonly SweepRow[];
  readonly seeds: readonly string[];
  /** Names, `*` for anything. */
  readonly metrics: readonly string[];
  /** `file:line:column:` of a part of the file, for messages. */
  placeOf(steps: readonly PathStep[]): string;
}

/** What the report shows unless the file says otherwise. */
export const DEFAULT_METRICS: readonly string[] = [
  'utilization.cpu', 'queueWait', 'queueWait.p99', 'counts.podsPending', 'cost',
];
/** More runs than this are a mistake more often than a plan. */
const MOST_CELLS = 100_000;

const TEXT = expecting('expected a text');
const WORDS = expecting('expected a file or path=value, or a list of them');

/** What the editor is told of the values of a parameter; `sweep-parameters.ts` reads them. */
const VALUES = z.unknown().describe('Values that the field takes').meta({
  anyOf: [
    { type: 'array', minItems: 1, description: 'Each of them' },
    {
      type: 'object',
      required: ['from', 'to', 'step'],
      properties: {
        from: { description: 'First value' },
        to: { description: 'Last value, if the steps meet it' },
        step: { description: 'Difference of neighbours' },
      },
      additionalProperties: false,
    },
    {
      type: 'object',
      required: ['distribution'],
      properties: {
        distribution: { description: 'uniform, logUniform, exponential or lognormal with its parameters' },
        whole: { type: 'boolean', description: 'Whether what is drawn is rounded to whole numbers' },
      },
      additionalProperties: false,
    },
  ],
});

const SWEEP = z.strictObject({
  name: z.string(TEXT).optional().describe('Name of the sweep. Default: that of the file'),
  scenario: z.string(expecting('expected the path of a scenario')).describe('Scenario that all cells start from'),
  parameters: z
    .record(z.string(), VALUES, expecting('expected a mapping'))
    .default({})
    .describe('Paths as for --set: a list of values, {from, to, step} or {distribution, whole}'),
  design: z
    .enum(DESIGNS, expecting(`expected ${DESIGNS.join(', ')}`))
    .default('grid')
    .describe('How values of several parameters go together'),
  samples: whole('Points of a random design or a Latin hypercube', 1, MOST_CELLS).optional(),
  seed: z
    .union([z.string(), z.number()], expecting('expected a text or a number'))
    .default('1')
    .describe('Root of the streams that draw points; runs have seeds of their own'),
  exclude: z
    .array(z.record(z.string(), z.unknown(), expecting('expected a mapping')), expecting('expected a list'))
    .default([])
    .describe('Values that go together nowhere; `variant` counts as a parameter'),
  variants: z
    .record(
      z.string(),
      z.union([z.string(WORDS), z.array(z.string(WORDS))], WORDS),
      expecting('expected a mapping of names'),
    )
    .default({ default: [] })
    .describe('Name to files and changes, as the parts of --a of podyard compare'),
  seeds: whole('Runs of each point and variant, with the seeds 1, 2, 3, ...', 1, 10_000).default(1),
  metrics: z
    .array(z.string(TEXT), expecting('expected a list'))
    .default([...DEFAULT_METRICS])
    .describe('Metrics of the report, * for anything'),
});

/** The JSON Schema of a sweep file (draft 7). */
export function sweepJsonSchema(): Record<string, unknown> {
  return publishedSchema(SWEEP);
}

type SweepInput = z.output<typeof SWEEP>;

/** Throws InputError with all mistakes. */
export function readSweepPlan(file: string, files: FileReader): SweepPlan {
  const { document } = readOnlyDocument(files.read(file), file, 'sweep');
  const findings = new Findings();
  const input = decodeBy(SWEEP, 'a sweep', document.value, findings);
  const plan = input === undefined ? undefined : checked(input, document, files, findings);
  if (findings.errors.length > 0 || plan === undefined) throw new InputError(placeFindings(document, findings.errors));
  return plan;
}

function checked(
  input: SweepInput,
  document: SourceDocument,
  files: FileReader,
  findings: Findings,
): SweepPlan | undefined {
  const { file } = document;
  const scenarioFile = files.resolve(file, input.scenario);
  if (!files.isFile(scenarioFile)) findings.error(below(null, 'scenario'), `no such file: ${scenarioFile}`);
  const parameters = parametersOf(input, findings);
  const variants = Object.entries(input.variants).map(([name, words]) => ({
    name,
    words: (typeof words === 'string' ? [words] : words).map((word) => wordFrom(word, file, files)),
  }));
  if (variants.length === 0) findings.error(below(null, 'variants'), 'expected at least one variant');
  checkMetrics(input, findings);
  checkDesign(input, parameters, findings);
  checkExclusions(input, parameters, findings);
  if (findings.errors.length > 0) return undefined;
  const seeds = Array.from({ length: input.seeds }, (_, i) => String(i + 1));
  const most = Math.max(1, pointCount(input, parameters)) * variants.length * seeds.length;
  if (most > MOST_CELLS) {
    const counted = `${String(pointCount(input, parameters))} points x ${String(variants.length)} variants`;
    const found = `found ${counted} x ${String(seeds.length)} seeds`;
    findings.error(null, `expected at most ${String(MOST_CELLS)} runs, ${found}`);
    return undefined;
  }
  const { design, samples = 0 } = input;
  const points = sweepPoints({ parameters, design, samples, seed: String(input.seed) });
  const rows = points.flatMap((point) => variants.flatMap(({ name }, variant): SweepRow[] =>
    isExcluded(point, name, parameters, input.exclude) ? [] : [{ point, variant }],
  ));
  if (rows.length === 0) findings.error(below(null, 'exclude'), 'expected some point to be left, all are excluded');
  return {
    name: input.name ?? nameOfFile(file, 'sweep'), file, scenarioFile, parameters, design, variants, rows, seeds,
    metrics: input.metrics,
    placeOf: (steps) => {
      const place = document.locate(steps, 'value');
      return place === undefined ? `${file}:` : `${file}:${String(place.line)}:${String(place.column)}:`;
    },
  };
}

function parametersOf(input: SweepInput, findings: Findings): SweepParameter[] {
  const all = below(null, 'parameters');
  return Object.entries(input.parameters).flatMap(([path, given]): SweepParameter[] => {
    const at = below(all, path);
    if (parsePath(path) === undefined) {
      const expected = 'expected a path such as duration or nodePools[0].count';
      findings.error(at, `${expected}, found ${quoteShort(path)}`, undefined, 'key');
    }
    if (path === 'seed') findings.error(at, 'seeds of runs are counted by "seeds"', 'seeds', 'key');
    const values = readParameter(given, at, findings);
    return values === undefined ? [] : [{ path, values }];
  });
}

/** Files are named from the folder of the sweep file. */
function wordFrom(word: string, file: string, files: FileReader): string {
  const isChange = /^[A-Za-z_][^=\s]*=/.test(word);
  return isChange ? word : files.resolve(file, word);
}

function checkMetrics({ metrics }: SweepInput, findings: Findings): void {
  metrics.forEach((name, i) => {
    const isKnown = name.includes('*')
      ? commonMetrics().some((path) => isMetricMeant(name, path))
      : metricNamed(name) !== undefined;
    if (isKnown) return;
    findings.error(below(below(null, 'metrics'), i), `there is no metric ${name}`, nearestMetric(name));
  });
}

function checkDesign(input: SweepInput, parameters: readonly SweepParameter[], findings: Findings): void {
  const { design, samples } = input;
  const isDrawn = design === 'random' || design === 'latinHypercube';
  if (isDrawn && samples === undefined) {
    findings.error(below(null, 'design'), `a ${design} design needs "samples": how many points are drawn`);
  }
  if (!isDrawn && samples !== undefined) {
    findings.error(below(null, 'samples'), `a ${design} design has no samples`, undefined, 'key');
  }
  if (isDrawn) return;
  const all = below(null, 'parameters');
  for (const { path, values } of parameters) {
    if (values.kind === 'listed') continue;
    findings.error(below(all, path), `a ${design} design needs values, found a distribution`);
  }
  if (design !== 'list') return;
  const [first, ...others] = parameters;
  for (const { path, values } of others) {
    const [here, there] = [values, first.values].map((each) => (each.kind === 'listed' ? each.values.length : 0));
    if (here === there) continue;
    const message = `expected ${String(there)} values, as many as ${first.path} has, found ${String(here)}`;
    findings.error(below(all, path), message);
  }
}

function checkExclusions(input: SweepInput, parameters: readonly SweepParameter[], findings: Findings): void {
  const names = [...parameters.map(({ path }) => path), 'variant'];
  input.exclude.forEach((exclusion: Exclusion, i) => {
    const at = below(below(null, 'exclude'), i);
    if (Object.keys(exclusion).length === 0) findings.error(at, 'expected at least one parameter or "variant"');
    for (const [name, value] of Object.entries(exclusion)) {
      if (!names.includes(name)) {
        // A parameter with a mistake of its own is not unknown.
        if (Object.hasOwn(input.parameters, name)) continue;
        findings.error(below(at, name), `no such parameter: ${quoteShort(name)}`, nearestName(name, names), 'key');
        continue;
      }
      const values = parameters.find(({ path }) => path === name)?.values;
      if (values?.kind === 'drawn') {
        findings.error(below(at, name), 'what is drawn from a distribution cannot be excluded by a value');
        continue;
      }
      const known = values?.values ?? Object.keys(input.variants);
      if (known.some((each) => sameValue(each, value))) continue;
      const texts = known.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
      const near = nearestName(typeof value === 'string' ? value : JSON.stringify(value), texts);
      findings.error(below(at, name), `no point has this value: ${describeValue(value)}`, near);
    }
  });
}

function pointCount({ design, samples }: SweepInput, parameters: readonly SweepParameter[]): number {
  if (design === 'random' || design === 'latinHypercube') return samples ?? 0;
  const counts = parameters.map(({ values }) => (values.kind === 'listed' ? values.values.length : 0));
  return design === 'list' ? (counts[0] ?? 0) : counts.reduce((product, count) => product * count, 1);
}

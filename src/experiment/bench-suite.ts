/**
 * The suite of `podyard bench`: which scenarios are played with which seeds, and which figures of each count. Read and
 * checked; the scenarios themselves are read by the caller. Every mistake is collected, then thrown as one InputError.
 */
import { z } from 'zod';
import { InputError } from '../base/input-error.ts';
import { metricNamed, nearestMetric } from '../metrics/metric-names.ts';
import { decodeBy } from '../scenario/decode.ts';
import { expecting, publishedSchema, text, whole } from '../scenario/fields.ts';
import { nameOfFile } from '../simulation/scenario-reader.ts';
import { readOnlyDocument } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { placeFindings } from '../workload/manifests/source-document.ts';
import { below } from '../base/source-path.ts';
import { Findings } from '../base/structure.ts';

export interface SuiteScenario {
  /** Of the file, without its ending; unique. */
  readonly name: string;
  readonly file: string;
  /** Paths in report.json. */
  readonly metrics: readonly string[];
}

export interface BenchSuite {
  readonly name: string;
  /** Cards of two versions are not compared. */
  readonly version: number;
  readonly seeds: readonly string[];
  readonly scenarios: readonly SuiteScenario[];
}

const MOST_SEEDS = 1000;

const SCENARIO = z.strictObject({
  scenario: z.string(expecting('expected the path of a scenario')).describe('Path from the folder of the suite'),
  metrics: z
    .array(text('Metric, as for podyard compare'), expecting('expected a list'))
    .min(1, expecting('expected at least one metric'))
    .describe('What the card tells of the scenario'),
});

const SUITE = z.strictObject({
  suite: text('Name of the suite'),
  version: whole('Raised with every change', 1, 1_000_000),
  seeds: whole('Runs of each scenario, with the seeds 1, 2, 3, ...', 1, MOST_SEEDS),
  scenarios: z
    .array(SCENARIO, expecting('expected a list'))
    .min(1, expecting('expected at least one scenario'))
    .describe('Scenarios, in the order of the card'),
});

/** The JSON Schema of a suite file (draft 7). */
export function suiteJsonSchema(): Record<string, unknown> {
  return publishedSchema(SUITE);
}

/** Throws InputError with all mistakes. */
export function readBenchSuite(file: string, files: FileReader): BenchSuite {
  const { document } = readOnlyDocument(files.read(file), file, 'suite');
  const findings = new Findings();
  const input = decodeBy(SUITE, 'a suite', document.value, findings);
  const scenarios = (input?.scenarios ?? []).map(({ scenario, metrics }, i): SuiteScenario => {
    const at = below(below(null, 'scenarios'), i);
    const path = files.resolve(file, scenario);
    if (!files.isFile(path)) findings.error(below(at, 'scenario'), `no such file: ${path}`);
    const paths = metrics.map((name, j) => {
      const known = metricNamed(name);
      if (known === undefined)
        findings.error(below(below(at, 'metrics'), j), `there is no metric ${name}`, nearestMetric(name));
      return known?.path ?? name;
    });
    return { name: nameOfFile(scenario, 'scenario'), file: path, metrics: paths };
  });
  scenarios.forEach(({ name }, i) => {
    if (scenarios.findIndex((other) => other.name === name) < i)
      findings.error(below(below(null, 'scenarios'), i), `expected every scenario once, ${name} stands twice`);
  });
  if (input === undefined || findings.errors.length > 0) throw new InputError(placeFindings(document, findings.errors));
  const seeds = Array.from({ length: input.seeds }, (_, i) => String(i + 1));
  return { name: input.suite, version: input.version, seeds, scenarios };
}

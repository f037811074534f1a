/**
 * An experiment file: what its block `inflation` says, read and checked. The files that it names are opened by the
 * caller. Every mistake is collected, then thrown as one InputError.
 */
import { z } from 'zod';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { decodeBy } from '../scenario/decode.ts';
import { expecting, publishedSchema, whole } from '../scenario/fields.ts';
import { applyOverrides } from '../simulation/scenario-overrides.ts';
import type { AppliedOverrides, Override } from '../simulation/scenario-overrides.ts';
import { nameOfFile, readConfigurationFile } from '../simulation/scenario-reader.ts';
import { readDocuments, readOnlyDocument } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { placeFindings } from '../workload/manifests/source-document.ts';
import type { SourceDocument } from '../workload/manifests/source-document.ts';
import { below, stepsOf } from '../base/source-path.ts';
import { Findings, isMapping } from '../base/structure.ts';
import { PAPER_POLICIES } from './gpu-sharing.ts';

export interface PolicyPlan {
  readonly name: string;
  /** null: the score plugin of that name alone, behind the filters for resources and labels. */
  readonly configuration: unknown;
}

export interface InflationPlan {
  readonly name: string;
  readonly description: string;
  /** Root of every random stream. */
  readonly seed: string;
  readonly nodesFile: string;
  readonly podsFile: string;
  /** Files of orders, or folders of them; empty: orders are drawn. */
  readonly orderPaths: readonly string[];
  readonly policies: readonly PolicyPlan[];
  /** Runs with drawn orders. */
  readonly runs: number;
  /** Pods arrive until they have asked for so many times what there is. */
  readonly demand: number;
  readonly podsPerNode: number;
  readonly pluginFiles: readonly string[];
}

const TEXT = 'expected a text';
const FILE = 'expected the path of a file';

function path(help: string): z.ZodString {
  return z.string(expecting(FILE)).min(1, expecting(FILE)).describe(help);
}

const POLICY = z.union([
  z.string(expecting('expected the name of a score plugin')),
  z.strictObject({
    name: z.string(expecting(TEXT)).describe('Name of the policy in the table'),
    config: path('KubeSchedulerConfiguration of the policy'),
  }),
]);

const DEMAND = 'expected a number from 0.01 to 10';

const INFLATION = z.strictObject({
  nodes: path('Node list of the openb trace'),
  pods: path('Pod list of the openb trace; with or without times'),
  orders: z
    .union([path('A file with an order, or a folder of them'), z.array(path('A file or folder'))])
    .default([])
    .describe(
      'Orders as recorded: {"arrivals": [pod, ...], "nodeOrder": [node, ...]}, .json or .json.gz; else they are drawn',
    ),
  policies: z
    .array(POLICY)
    .min(1, expecting('expected at least one policy'))
    .default([...PAPER_POLICIES])
    .describe('Score plugins, or {name, config}'),
  runs: whole('Runs of each policy where orders are drawn', 1, 10_000).default(10),
  demand: z
    .number(expecting(DEMAND))
    .min(0.01, expecting(DEMAND))
    .max(10, expecting(DEMAND))
    .default(1.3)
    .describe('Pods arrive until they have asked for so many times what the cluster has'),
  podsPerNode: whole('Pods that a node takes at most', 1, 1_000_000).default(1001),
});

const EXPERIMENT = z.strictObject({
  name: z.string(expecting(TEXT)).optional().describe('Name of the experiment. Default: that of the file'),
  description: z.string(expecting(TEXT)).default('').describe('What the experiment shows'),
  seed: z
    .union([z.string(), z.number()], expecting('expected a text or a number'))
    .default('1')
    .describe('Root of every random stream'),
  plugins: z
    .union([path('File'), z.array(path('File'))])
    .default([])
    .describe('Files with plugins of your own'),
  inflation: INFLATION.describe('Pods arrive, none leaves'),
});

/** The JSON Schema of an experiment file (draft 7). */
export function inflationJsonSchema(): Record<string, unknown> {
  return publishedSchema(EXPERIMENT);
}

/**
 * Whether a file is an experiment of this kind rather than a scenario. Broken files are left to the scenario's reader.
 */
export function isInflation(text: string, file: string): boolean {
  const { documents } = readDocuments(text, file);
  const value = documents[0]?.value;
  return isMapping(value) && 'inflation' in value;
}

/** Throws InputError with all mistakes. */
export function readInflationPlan(
  text: string,
  file: string,
  files: FileReader,
  overrides: readonly Override[],
): InflationPlan {
  const { document } = readOnlyDocument(text, file, 'experiment');
  const changed = applyOverrides(document.value, overrides);
  const findings = new Findings();
  const input = decodeBy(EXPERIMENT, 'an experiment', changed.value, findings);
  const plan = input === undefined ? undefined : resolved(input, file, files, findings);
  const mistakes = [...changed.problems, ...placed(document, changed, findings)];
  if (mistakes.length > 0 || plan === undefined) throw new InputError(mistakes);
  return plan;
}

function resolved(
  input: z.output<typeof EXPERIMENT>,
  file: string,
  files: FileReader,
  findings: Findings,
): InflationPlan {
  const { inflation } = input;
  const at = below(null, 'inflation');
  const existing = (relative: string, key: string, orFolder = false): string => {
    const found = files.resolve(file, relative);
    if (!files.isFile(found) && !(orFolder && files.isFolder(found))) {
      findings.error(below(at, key), `no such ${orFolder ? 'file or folder' : 'file'}: ${found}`);
    }
    return found;
  };
  const listed = (paths: string | readonly string[]): readonly string[] =>
    typeof paths === 'string' ? [paths] : paths;
  const policies = inflation.policies.map((policy): PolicyPlan => {
    if (typeof policy === 'string') return { name: policy, configuration: null };
    const config = existing(policy.config, 'policies');
    return {
      name: policy.name,
      configuration: files.isFile(config) ? readConfigurationFile(config, files).value : null,
    };
  });
  const names = policies.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    findings.error(below(at, 'policies'), `expected every policy once, and "${twice}" stands twice`);
  return {
    name: input.name ?? nameOfFile(file, 'experiment'),
    description: input.description,
    seed: String(input.seed),
    nodesFile: existing(inflation.nodes, 'nodes'),
    podsFile: existing(inflation.pods, 'pods'),
    orderPaths: listed(inflation.orders).map((order) => existing(order, 'orders', true)),
    policies,
    runs: inflation.runs,
    demand: inflation.demand,
    podsPerNode: inflation.podsPerNode,
    pluginFiles: listed(input.plugins).map((plugin) => files.resolve(file, plugin)),
  };
}

/** A problem below a value that was set on the command line is shown there. */
function placed(document: SourceDocument, { applied }: AppliedOverrides, { errors }: Findings): Problem[] {
  return placeFindings(document, errors).map((problem, index) => {
    if (index >= errors.length) return problem;
    const steps = stepsOf(errors[index].path);
    const override = applied.findLast(({ steps: set }) => set.every((step, depth) => steps[depth] === step));
    if (override === undefined) return problem;
    const { message, path: place, suggestion } = problem;
    return { file: override.origin, path: place, message, suggestion };
  });
}

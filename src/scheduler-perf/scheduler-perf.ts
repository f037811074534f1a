/**
 * Upstream's scheduler benchmark on our scheduler: reads its files, selects workloads as its flags do, plays them, and
 * hands over rates with a digest each. Pure but for the clock and the files, which the caller brings.
 */
import { assert } from '../base/assert.ts';
import { InputError, formatProblem, nearestName } from '../base/input-error.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { featureGateNotes } from './feature-gates.ts';
import { ObjectTemplates, besidePerfFile } from './object-template.ts';
import { resolveOps } from './ops.ts';
import type { PerfOp } from './ops.ts';
import { PerfCluster } from './perf-cluster.ts';
import { readPerfFile } from './perf-file.ts';
import type { PerfCase, PerfWorkload } from './perf-file.ts';
import type { Clock } from './phase-meter.ts';
import { templateSupport } from './template-support.ts';
import { WorkloadPlayer } from './workload-player.ts';
import type { UnsupportedWorkload, WorkloadResult } from './workload-result.ts';

/** Which workloads are meant; an empty list means any. */
export interface PerfSelection {
  readonly cases: readonly string[];
  readonly workloads: readonly string[];
  /** `performance`, `+short`, `-integration-test`: all must hold. Several in one text are parted by commas. */
  readonly labels: readonly string[];
}

export interface PlannedWorkload {
  readonly perfCase: PerfCase;
  readonly workload: PerfWorkload;
  readonly ops: readonly PerfOp[];
  /** KubeSchedulerConfiguration as decoded YAML; null: upstream's defaults. */
  readonly configuration: unknown;
  readonly templates: ObjectTemplates;
  readonly notes: readonly string[];
}

export interface PerfPlan {
  readonly workloads: readonly PlannedWorkload[];
  readonly unsupported: readonly UnsupportedWorkload[];
}

/** Reads the files and everything that the selected workloads need. Throws InputError. */
export function planPerf(paths: readonly string[], selection: PerfSelection, files: FileReader): PerfPlan {
  const cases = paths.flatMap((path) => readPerfFile(path, files));
  refuseUnknownNames(cases, selection);
  const workloads: PlannedWorkload[] = [];
  const unsupported: UnsupportedWorkload[] = [];
  const templates = new ObjectTemplates(files);
  for (const perfCase of cases) {
    if (selection.cases.length > 0 && !selection.cases.includes(perfCase.name)) continue;
    for (const workload of perfCase.workloads) {
      if (selection.workloads.length > 0 && !selection.workloads.includes(workload.name)) continue;
      if (!hasLabels(workload.labels, selection.labels)) continue;
      const resolved = resolveOps(perfCase, workload);
      const support =
        resolved.unsupported.length > 0
          ? { unsupported: [], notes: [] }
          : templateSupport(perfCase, resolved.ops, templates);
      const configuration = configurationOf(perfCase, files);
      const reasons = [...resolved.unsupported, ...support.unsupported, ...configuration.mistakes];
      if (reasons.length > 0) unsupported.push({ case: perfCase.name, workload: workload.name, reasons });
      else {
        const notes = [
          ...caseNotes(perfCase, workload),
          ...resolved.notes,
          ...support.notes,
          ...featureGateNotes(workload.featureGates),
        ];
        workloads.push({ perfCase, workload, ops: resolved.ops, configuration: configuration.value, templates, notes });
      }
    }
  }
  if (workloads.length + unsupported.length === 0)
    throw new InputError({ message: `no workload has the labels ${selection.labels.join(',')}` });
  return { workloads, unsupported };
}

const MOST_RUNS = 20;
const RUNS_MILLIS = 3000;

/** One run on a new cluster. */
export function playWorkload(
  plan: PlannedWorkload,
  options: { readonly plain: boolean; readonly now: Clock },
): WorkloadResult {
  const { perfCase, workload, ops, configuration, templates } = plan;
  const target = new PerfCluster(configuration, { seed: perfCase.name, plain: options.plain });
  const player = new WorkloadPlayer(target, perfCase, workload, templates, options.now);
  player.play(ops);
  const phases = player.meter.measurements;
  const total = (pick: (phase: (typeof phases)[number]) => number): number =>
    phases.reduce((sum, phase) => sum + pick(phase), 0);
  const seconds = total((phase) => phase.seconds);
  const decisions = total((phase) => phase.decisions);
  const scheduled = total((phase) => phase.scheduled);
  const rate = (count: number): number => (seconds > 0 ? count / seconds : 0);
  return {
    case: perfCase.name,
    workload: workload.name,
    nodes: player.nodes,
    pods: total((phase) => phase.pods),
    scheduled,
    decisions,
    seconds,
    decisionsPerSecond: rate(decisions),
    podsPerSecond: rate(scheduled),
    nodesFiltered: target.scheduler.algorithm.nodesFiltered,
    nodesEvaluated: target.scheduler.algorithm.cacheMisses,
    threshold: workload.threshold,
    digest: target.kernel.digest.hex(),
    notes: [...plan.notes, ...player.notes, ...(phases.length === 0 ? ['the workload measures nothing'] : [])],
    phases,
  };
}

/**
 * Several runs; with more than one, the first warms up and the fastest of the others counts. `runs` null: at least two,
 * and as many more as fit into three seconds, set-up included: phases of a few milliseconds measure the compiler
 * otherwise.
 */
export function measureWorkload(
  plan: PlannedWorkload,
  options: { readonly plain: boolean; readonly now: Clock; readonly runs: number | null },
): WorkloadResult {
  const startedAt = options.now();
  const goesOn = (run: number): boolean =>
    options.runs === null
      ? run < 2 || (run < MOST_RUNS && options.now() - startedAt < RUNS_MILLIS)
      : run < options.runs;
  let best = playWorkload(plan, options);
  const { digest } = best;
  for (let run = 1; goesOn(run); run++) {
    const result = playWorkload(plan, options);
    assert(result.digest === digest, `${result.case}/${result.workload} had digest ${digest}, then ${result.digest}`);
    if (run === 1 || result.seconds < best.seconds) best = result;
  }
  return best;
}

/** The words of a label filter as upstream's: a plus or nothing asks for a label, a minus refuses it. */
export function hasLabels(labels: readonly string[], wanted: readonly string[]): boolean {
  const words = wanted.flatMap((text) => text.split(',')).map((word) => word.trim()).filter((word) => word !== '');
  return words.every((word) =>
    word.startsWith('-') ? !labels.includes(word.slice(1)) : labels.includes(word.replace(/^\+/, '')),
  );
}

/** A case's notes, those about another workload left out. */
function caseNotes({ notes, workloads }: PerfCase, { name }: PerfWorkload): string[] {
  return notes.filter(
    (note) => note.startsWith(`${name}: `) || !workloads.some((other) => note.startsWith(`${other.name}: `)),
  );
}

interface CaseConfiguration {
  readonly value: unknown;
  /**
   * Why no scheduler can be built from it (a plugin of a fork, an old version), each with file, line and column: the
   * case is left out.
   */
  readonly mistakes: readonly string[];
}

/** Throws InputError for a file that is missing or broken. */
function configurationOf(perfCase: PerfCase, files: FileReader): CaseConfiguration {
  if (perfCase.schedulerConfigPath === null) return { value: null, mistakes: [] };
  const file = besidePerfFile(files, perfCase.file, perfCase.schedulerConfigPath);
  const { documents, problems } = readDocuments(files.read(file), file);
  if (problems.length > 0) throw new InputError(problems);
  const document = documents.at(0);
  const value = document?.value ?? null;
  try {
    decodeSchedulerConfiguration(value, {
      registry: pluginRegistry(),
      locate: (path) => ({ file, ...document?.locate(path, 'value') }),
    });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { value, mistakes: error.problems.map(formatProblem) };
  }
  return { value, mistakes: [] };
}

function refuseUnknownNames(cases: readonly PerfCase[], { cases: names, workloads }: PerfSelection): void {
  const known = cases.map(({ name }) => name);
  const meant = names.length === 0 ? cases : cases.filter(({ name }) => names.includes(name));
  const knownWorkloads = meant.flatMap((perfCase) => perfCase.workloads.map(({ name }) => name));
  const problems = [
    ...names
      .filter((name) => !known.includes(name))
      .map((name) => ({ message: `there is no test case ${name}`, suggestion: nearestName(name, known) })),
    ...workloads
      .filter((name) => !knownWorkloads.includes(name))
      .map((name) => ({ message: `there is no workload ${name}`, suggestion: nearestName(name, knownWorkloads) })),
  ];
  if (problems.length > 0) throw new InputError(problems);
}

/**
 * Reads upstream's scheduler_perf files (performance-config.yaml) as they are: test cases, each with a template of ops
 * and the workloads that fill in its parameters. Mistakes of the file are an InputError with every one of them; what is
 * right but not modelled is kept and told later, by case and op.
 * Source of the format: test/integration/scheduler_perf/scheduler_perf.go (v1.36).
 */
import { InputError } from '../base/input-error.ts';
import type { Problem, SourcePlace } from '../base/input-error.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import type { SourceDocument } from '../workload/manifests/source-document.ts';
import { describeValue, formatPath } from '../base/source-path.ts';
import type { PathStep } from '../base/source-path.ts';
import { isMapping, listOf, mappingOf } from '../base/structure.ts';
import type { Mapping } from '../base/structure.ts';

export interface PerfWorkload {
  readonly name: string;
  /** Its own and its case's. */
  readonly labels: readonly string[];
  readonly params: Mapping;
  /** Upstream's least pods/s for the case to pass; null: none, or a threshold of another metric. */
  readonly threshold: number | null;
  /** The case's gates with the workload's over them. */
  readonly featureGates: Readonly<Record<string, boolean>>;
}

export interface PerfCase {
  readonly name: string;
  readonly file: string;
  readonly defaultPodTemplatePath: string | null;
  readonly schedulerConfigPath: string | null;
  readonly ops: readonly Mapping[];
  readonly workloads: readonly PerfWorkload[];
  /** Fields that are read and change nothing; one sentence each. */
  readonly notes: readonly string[];
  /** Where a member of the n-th op stands. */
  placeOf(op: number, member: string): SourcePlace;
}

const CASE_FIELDS = new Set([
  'name',
  'featureGates',
  'metricsCollectorConfig',
  'workloadTemplate',
  'workloads',
  'schedulerConfigPath',
  'defaultPodTemplatePath',
  'labels',
  'defaultThresholdMetricSelector',
]);
const WORKLOAD_FIELDS = new Set(['name', 'params', 'labels', 'threshold', 'thresholdMetricSelector', 'featureGates']);
const THROUGHPUT = 'SchedulingThroughput';

/** Throws InputError. */
export function readPerfFile(file: string, files: FileReader): PerfCase[] {
  const read = readDocuments(files.read(file), file);
  const problems = [...read.problems];
  const reader = new PerfFileReader(problems);
  const cases = read.documents.flatMap((document) => reader.cases(document));
  if (problems.length === 0 && cases.length === 0)
    problems.push({ file, message: 'expected a list of test cases, found none' });
  if (problems.length > 0) throw new InputError(problems);
  return cases;
}

/** Of the case around a workload. */
interface CaseContext {
  readonly document: SourceDocument;
  readonly perfCase: Mapping;
  readonly gates: Readonly<Record<string, boolean>>;
  readonly labels: readonly string[];
  readonly notes: string[];
}

class PerfFileReader {
  private readonly problems: Problem[];

  constructor(problems: Problem[]) {
    this.problems = problems;
  }

  cases(document: SourceDocument): PerfCase[] {
    if (!Array.isArray(document.value)) {
      this.refuse(document, [], `expected a list of test cases, found ${describeValue(document.value)}`);
      return [];
    }
    const found = listOf(document.value).flatMap((value, at) => this.case(document, value, at) ?? []);
    this.refuseDuplicates(document, found.map(({ name }) => name), []);
    return found;
  }

  private case(document: SourceDocument, value: unknown, at: number): PerfCase | null {
    if (!isMapping(value)) return this.refuse(document, [at], `expected a test case, found ${describeValue(value)}`);
    const name = this.text(document, value, [at], 'name', true) ?? '';
    const ops = listOf(value['workloadTemplate']);
    for (const [i, op] of ops.entries()) {
      if (!isMapping(op) || typeof op['opcode'] !== 'string')
        this.refuse(document, [at, 'workloadTemplate', i], 'expected an op with an "opcode"');
    }
    if (ops.length === 0) this.refuse(document, [at], 'the test case has no "workloadTemplate"');
    const gates = this.gates(document, value, [at]);
    const labels = this.labels(document, value, [at]);
    const notes = [
      ...unknownFields(value, CASE_FIELDS).map((field) => `${field}: the field is not known and has no effect`),
    ];
    if (value['metricsCollectorConfig'] !== undefined)
      notes.push('metricsCollectorConfig: only the scheduling throughput is measured');
    const workloads = listOf(value['workloads']).flatMap(
      (entry, i) =>
        this.workload({ document, perfCase: value, gates, labels, notes }, entry, [at, 'workloads', i]) ?? [],
    );
    this.refuseDuplicates(document, workloads.map((workload) => workload.name), [at, 'workloads']);
    return {
      name,
      file: document.file,
      defaultPodTemplatePath: this.text(document, value, [at], 'defaultPodTemplatePath', false),
      schedulerConfigPath: this.text(document, value, [at], 'schedulerConfigPath', false),
      ops: ops.map(mappingOf),
      workloads,
      notes,
      placeOf: (op, member) => place(document, [at, 'workloadTemplate', op, member]),
    };
  }

  private workload({ document, perfCase, gates, labels, notes }: CaseContext, value: unknown, steps: readonly PathStep[]): PerfWorkload | null {
    if (!isMapping(value)) return this.refuse(document, steps, `expected a workload, found ${describeValue(value)}`);
    const name = this.text(document, value, steps, 'name', true) ?? '';
    for (const field of unknownFields(value, WORKLOAD_FIELDS))
      notes.push(`${name}: ${field}: the field is not known and has no effect`);
    return {
      name,
      labels: [...labels, ...this.labels(document, value, steps)],
      params: mappingOf(value['params']),
      threshold: this.threshold(document, perfCase, value, steps, notes),
      featureGates: { ...gates, ...this.gates(document, value, steps) },
    };
  }

  private threshold(document: SourceDocument, perfCase: Mapping, value: Mapping, steps: readonly PathStep[], notes: string[]): number | null {
    const { threshold } = value;
    if (threshold === undefined || threshold === null || threshold === 0) return null;
    const selector = mappingOf(value['thresholdMetricSelector'] ?? perfCase['defaultThresholdMetricSelector']);
    const metric = typeof selector['name'] === 'string' ? selector['name'] : THROUGHPUT;
    if (metric !== THROUGHPUT) {
      notes.push(`${String(value['name'])}: the threshold is one of ${metric}, which is not measured`);
      return null;
    }
    if (typeof threshold === 'number' && threshold >= 0) return threshold;
    if (isMapping(threshold)) {
      notes.push(`${String(value['name'])}: the threshold is given by topic and is not shown`);
      return null;
    }
    return this.refuse(
      document,
      [...steps, 'threshold'],
      `expected a number of pods/s, found ${describeValue(threshold)}`,
    );
  }

  private labels(document: SourceDocument, value: Mapping, steps: readonly PathStep[]): string[] {
    return listOf(value['labels']).flatMap((label, i) => {
      if (typeof label === 'string') return [label];
      this.refuse(document, [...steps, 'labels', i], `expected a text, found ${describeValue(label)}`);
      return [];
    });
  }

  private gates(document: SourceDocument, value: Mapping, steps: readonly PathStep[]): Record<string, boolean> {
    const gates: Record<string, boolean> = {};
    for (const [name, state] of Object.entries(mappingOf(value['featureGates']))) {
      if (typeof state === 'boolean') gates[name] = state;
      else
        this.refuse(
          document,
          [...steps, 'featureGates', name],
          `expected true or false, found ${describeValue(state)}`,
        );
    }
    return gates;
  }

  private text(document: SourceDocument, value: Mapping, steps: readonly PathStep[], member: string, required: boolean): string | null {
    const found = value[member];
    if (typeof found === 'string' && found !== '') return found;
    if (found === undefined || found === null)
      return required ? this.refuse(document, steps, `"${member}" is missing`) : null;
    return this.refuse(document, [...steps, member], `expected a text, found ${describeValue(found)}`);
  }

  private refuseDuplicates(document: SourceDocument, names: readonly string[], steps: readonly PathStep[]): void {
    for (const [i, name] of names.entries()) {
      if (name !== '' && names.indexOf(name) < i)
        this.refuse(document, [...steps, i, 'name'], `a second one is named ${name}`);
    }
  }

  private refuse(document: SourceDocument, steps: readonly PathStep[], message: string): null {
    this.problems.push({ ...place(document, steps), message });
    return null;
  }
}

function place(document: SourceDocument, steps: readonly PathStep[]): SourcePlace {
  return { file: document.file, ...document.locate(steps, 'value'), path: formatPath(steps) };
}

function unknownFields(value: Mapping, known: ReadonlySet<string>): string[] {
  return Object.keys(value).filter((field) => !known.has(field));
}

/**
 * The scenario as users write it: names, types, units, defaults and where a default comes from, at the field. The texts
 * are the editor's help (they land in `schemas/scenario.schema.json`) and `docs/formats/scenario.md` repeats none of
 * them. Parts bring their blocks. Durations and quantities stay texts here; `scenario-resolve.ts` turns them into
 * numbers, `scenario-checks.ts` looks at relations between fields.
 */
import { z } from 'zod';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS } from '../cluster/kubernetes-versions.ts';
import { applicationSchema } from '../scenario/application.ts';
import { duration, expecting, flag, list, publishedSchema, text, whole } from '../scenario/fields.ts';
import { schedulerProcessSchema, schedulerSchema } from '../scheduler/settings.ts';
import { workloadSchema } from '../workload/settings.ts';
import { machinesSchema, traceSchema } from '../workload/trace-settings.ts';
import { nodePoolSchema } from './pool-settings.ts';
import { BLOCK_FIELDS } from './parts.ts';

const KUBERNETES = `expected a version of Kubernetes: ${KUBERNETES_VERSIONS.join(' or ')}`;

const priorityClass = z
  .union(
    [
      z
        .int(expecting('expected a whole number'))
        .min(-2_147_483_648, expecting('expected a priority from -2147483648 to 1000000000'))
        .max(1_000_000_000, expecting('expected a priority from -2147483648 to 1000000000')),
      z.strictObject({
        value: whole('The priority', -2_147_483_648, 1_000_000_000),
        preemptionPolicy: z
          .enum(['PreemptLowerPriority', 'Never'], expecting('expected PreemptLowerPriority or Never'))
          .default('PreemptLowerPriority')
          .describe('Whether pods of the class may evict pods of lower priority'),
        globalDefault: flag('Taken by pods that name no class').default(false),
      }),
    ],
    expecting('expected a priority (a whole number) or a mapping with value, preemptionPolicy, globalDefault'),
  )
  .describe('A priority, or a mapping with value, preemptionPolicy and globalDefault');

/** Paths, or Kubernetes objects themselves. */
const pathsOrObjects = (help: string) => {
  const object = z.looseObject({}).describe('A Kubernetes object, with apiVersion and kind');
  const item = z.union([z.string(), object], expecting('expected a path or a Kubernetes object'));
  return z
    .union([z.string(), z.array(item)], expecting('expected a path, or a list of paths and Kubernetes objects'))
    .describe(help);
};

const CONDITION = 'expected a condition such as "queueWait.p99 < 30s"';
const condition = z.string(expecting(CONDITION)).describe('Metric, < <= > >= or ==, and a duration, share or number');
const bound = z.string(expecting('expected a bound such as "< 30s"')).describe('Bound such as < 30s');

const thresholds = z
  .union(
    [z.array(condition), z.record(z.string(), z.union([bound, z.array(bound)]))],
    expecting('expected a list of conditions such as "queueWait.p99 < 30s", or a mapping of metrics to bounds'),
  )
  .describe('Conditions that the numbers of a run must meet; run and compare exit with 99 when one is broken');

export const scenarioSchema = z
  .strictObject({
    $schema: text('JSON Schema of this file, for editors').optional(),
    name: text('Name in reports. Default: the name of the file').optional(),
    description: text('What the scenario is for').default(''),
    seed: z
      .union([z.string(), z.number()], expecting('expected a text or a number'))
      .default('podyard')
      .describe('Root of all chance: equal seeds give equal runs. Any text'),
    kubernetes: z
      .union([z.enum(KUBERNETES_VERSIONS), z.literal(KUBERNETES_VERSIONS.map(Number))], expecting(KUBERNETES))
      .default(DEFAULT_KUBERNETES_VERSION)
      .describe(`Version of Kubernetes whose scheduler and controllers the cluster has. Default: ${DEFAULT_KUBERNETES_VERSION}`),
    duration: duration('Simulated time of the run. Default: until all work is done and no pod that waits can ever get a node').optional(),
    nodePools: list(nodePoolSchema, 'Groups of like nodes').default([]),
    nodes: pathsOrObjects(
      'Files or folders with Node objects: manifests, or kubectl get nodes -o yaml|json; or the objects themselves',
    ).optional(),
    manifests: pathsOrObjects(
      'Files or folders with every other object: manifests, or kubectl get dumps; or the objects themselves',
    ).optional(),
    priorityClasses: z.record(z.string(), priorityClass, expecting('expected a mapping of names to priorities')).default({}).describe('Priority classes besides system-node-critical and system-cluster-critical'),
    workloads: list(workloadSchema, 'Classes of generated work').default([]),
    applications: list(
      applicationSchema,
      'What runs in pods of manifests, dumps and traces; the first that matches a pod counts',
    ).default([]),
    machines: machinesSchema.optional().describe('The machines of a trace as nodes'),
    trace: traceSchema.optional().describe('A recorded stream of pods'),
    scheduler: schedulerSchema.prefault({}).describe('kube-scheduler'),
    schedulers: list(
      schedulerProcessSchema,
      'Further scheduler processes, each with a cache and a queue of its own; profiles that none of them names are served by the first',
    ).default([]),
    ...BLOCK_FIELDS,
    thresholds: thresholds.optional(),
  })
  .describe('A Podyard scenario');

/** The scenario after defaults: durations and quantities are still texts. */
export type ScenarioInput = z.output<typeof scenarioSchema>;
/** The same as it is written, where defaults may be left out. */
export type ScenarioDocument = z.input<typeof scenarioSchema>;

/** The JSON Schema of a scenario file (draft 7, what YAML editors understand). */
export function scenarioJsonSchema(): Record<string, unknown> {
  return publishedSchema(scenarioSchema);
}

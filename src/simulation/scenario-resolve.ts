/**
 * Second step of reading a scenario: every field of the decoded input becomes its resolved form, with units as
 * numbers and nothing optional.
 */
import { assert } from '../base/assert.ts';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { Micros } from '../base/time.ts';
import { isKubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import { lateOrNull } from '../control-plane/settings.ts';
import type { Threshold } from '../metrics/thresholds.ts';
import { readThreshold } from '../metrics/thresholds.ts';
import { resolveApplication } from '../scenario/application.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { resolveWorkload } from '../workload/settings.ts';
import { resolvePool } from './pool-settings.ts';
import type { BlockSettings } from './parts.ts';
import { resolveBlocks } from './parts.ts';
import type { ScenarioInput } from './scenario-schema.ts';
import type { Scenario } from './scenario.ts';

/** Everything of a scenario that does not come from other files. */
export interface OwnSettings
  extends
    BlockSettings,
    Pick<
      Scenario,
      | 'seed' | 'kubernetes' | 'durationMicros' | 'nodePools' | 'workloads' | 'schedulers' | 'applications'
      | 'priorityClasses'
    > {
  readonly cycleMicros: Micros;
  readonly bindMicros: Micros;
}

export function resolveSettings(input: ScenarioInput, numbers: ScenarioNumbers): OwnSettings {
  const each = <In, Out>(items: readonly In[], key: string, resolve: (item: In, path: Path) => Out): Out[] =>
    items.map((item, index) => resolve(item, below(below(null, key), index)));
  const nodePools = each(input.nodePools, 'nodePools', (pool, path) => resolvePool(pool, path, numbers));
  const isAutoscaled = nodePools.some((pool) => pool.autoscaling !== null);
  const blocks = resolveBlocks(input, numbers, { isAutoscaled });
  return {
    ...blocks,
    seed: String(input.seed),
    kubernetes: versionOf(input.kubernetes),
    durationMicros: input.duration === undefined ? null : numbers.microsAbove0(input.duration, below(null, 'duration')),
    nodePools,
    workloads: each(input.workloads, 'workloads', (workload, path) => resolveWorkload(workload, path, numbers)),
    schedulers: each(input.schedulers, 'schedulers', ({ profiles, watchDelay }, path) => ({
      profiles,
      watchDelaySeconds:
        watchDelay === undefined
          ? blocks.controlPlane.watchDelaySeconds.scheduler
          : lateOrNull(numbers.distribution(watchDelay, below(path, 'watchDelay'))),
    })),
    applications: each(input.applications, 'applications', (given, path) => resolveApplication(given, path, numbers)),
    priorityClasses: resolvePriorityClasses(input.priorityClasses),
    cycleMicros: numbers.micros(input.scheduler.cycleTime, below(below(null, 'scheduler'), 'cycleTime')),
    bindMicros: numbers.micros(input.scheduler.bindTime, below(below(null, 'scheduler'), 'bindTime')),
  };
}

/** A number is as good as the text that spells it: the schema has seen to that. */
function versionOf(written: string | number): KubernetesVersion {
  const text = String(written);
  assert(isKubernetesVersion(text), `${text} is no version`);
  return text;
}

function resolvePriorityClasses(input: ScenarioInput['priorityClasses']): Scenario['priorityClasses'] {
  const classes = Object.entries(input).map(([name, entry]) => {
    if (typeof entry === 'number')
      return [name, { value: entry, preemptionPolicy: 'PreemptLowerPriority', globalDefault: false }] as const;
    return [
      name,
      { value: entry.value, preemptionPolicy: entry.preemptionPolicy, globalDefault: entry.globalDefault },
    ] as const;
  });
  return Object.fromEntries(classes);
}

/**
 * `thresholds` of a scenario: a list of conditions (`queueWait.p99 < 30s`), or, as in k6, a mapping of metrics to what
 * is asked of each (`queueWait.p99: ["< 30s"]`).
 */
export function resolveThresholds({ thresholds }: ScenarioInput, findings: Findings): Threshold[] {
  const at = below(null, 'thresholds');
  if (thresholds === undefined) return [];
  if (Array.isArray(thresholds)) return thresholds.flatMap((text, i) => thresholdOf('', text, below(at, i), findings));
  const byMetric = thresholds as Readonly<Record<string, string | readonly string[]>>;
  return Object.entries(byMetric).flatMap(([metric, asked]) => {
    const place = below(at, metric);
    if (typeof asked === 'string') return thresholdOf(`${metric} `, asked, place, findings);
    return asked.flatMap((text, i) => thresholdOf(`${metric} `, text, below(place, i), findings));
  });
}

/** `before`: what stands elsewhere of the expression. */
function thresholdOf(before: string, text: string, place: Path, findings: Findings): Threshold[] {
  const read = readThreshold(`${before}${text}`);
  if ('threshold' in read) return [read.threshold];
  const { message, column, suggestion } = read.mistake;
  const isBefore = before !== '' && column <= before.length;
  const where = isBefore ? '' : `character ${column - before.length} of "${text}": `;
  findings.error(place, `${where}${message}`, suggestion, isBefore ? 'key' : 'value');
  return [];
}

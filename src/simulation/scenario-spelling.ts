/**
 * A resolved scenario in the user's own spelling, as plain data: what results hold, and what `podyard validate` prints.
 * It is a scenario again and resolves to the same values.
 *
 * Objects from files stand in it themselves, so that it runs anywhere; a dump beyond a mebibyte is named by its files
 * instead. Traces and plugins are always named. Names of files are those that a scenario in the same folder would use.
 */
import { formatDuration } from '../base/duration.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { spellApplication } from '../scenario/application.ts';
import { spellSchedulerProcess } from '../scheduler/settings.ts';
import { spellWorkload } from '../workload/settings.ts';
import { spellTrace } from '../workload/trace-settings.ts';
import { spellPool } from './pool-settings.ts';
import { spellBlocks } from './parts.ts';
import type { Scenario } from './scenario.ts';

/** Objects of more than so many characters of JSON are not repeated in every result. */
const MOST_INLINE_CHARACTERS = 1 << 20;

export function spellScenario(scenario: Scenario): Record<string, unknown> {
  const fromFiles = new Set(
    scenario.objects.filter(({ kind }) => kind === 'PriorityClass').map(({ metadata }) => metadata?.name),
  );
  const classes = Object.entries(scenario.priorityClasses).filter(
    ([name]) => !name.startsWith('system-') && !fromFiles.has(name),
  );
  const { scheduler, trace, machines } = scenario;
  const nameOf = (path: string): string => scenario.fileNames[path] ?? path;
  return {
    name: scenario.name,
    description: scenario.description,
    seed: scenario.seed,
    kubernetes: scenario.kubernetes,
    ...(scenario.durationMicros === null ? {} : { duration: formatDuration(scenario.durationMicros) }),
    ...spellObjects(scenario),
    nodePools: scenario.nodePools.map(spellPool),
    priorityClasses: Object.fromEntries(classes),
    workloads: scenario.workloads.map(spellWorkload),
    ...(scenario.applications.length === 0
      ? {}
      : {
          applications: scenario.applications.map(({ name, namespace, selector, ...runs }) => (
            { name, namespace, selector, ...spellApplication(runs) }
          )),
        }),
    ...(machines === null ? {} : { machines: { ...machines, file: nameOf(machines.file) } }),
    ...(trace === null ? {} : { trace: spellTrace(trace, nameOf) }),
    scheduler: {
      ...(scheduler.configuration === null ? {} : { config: scheduler.configuration }),
      cycleTime: formatDuration(scheduler.cycleMicros),
      bindTime: formatDuration(scheduler.bindMicros),
      tieBreak: scheduler.tieBreak,
      sampling: scheduler.sampling,
      ...(scheduler.pluginFiles.length === 0 ? {} : { plugins: scheduler.pluginFiles.map(nameOf) }),
    },
    ...(scenario.schedulers.length === 0 ? {} : { schedulers: scenario.schedulers.map(spellSchedulerProcess) }),
    ...spellBlocks(scenario, { isAutoscaled: scenario.nodePools.some((pool) => pool.autoscaling !== null) }),
    ...(scenario.thresholds.length === 0 ? {} : { thresholds: scenario.thresholds.map(({ text }) => text) }),
  };
}

/** The scenario as it is written into results. How often totals are checked changes nothing in a run. */
export function resultScenario(scenario: Scenario): unknown {
  const { metrics, ...rest } = spellScenario(scenario) as Readonly<Record<string, unknown>> & {
    readonly metrics: Readonly<Record<string, unknown>>;
  };
  const { checkEvery: _checks, ...reported } = metrics;
  return { ...rest, metrics: reported };
}

/** `nodes` and `manifests`, in the order in which the objects were read. */
function spellObjects({ nodes, objects, manifestFiles }: Scenario): Record<string, unknown> {
  if (manifestFiles !== null && isBeyond([...nodes, ...objects], MOST_INLINE_CHARACTERS)) {
    return Object.fromEntries(Object.entries(manifestFiles).filter(([, files]) => files.length > 0));
  }
  return { ...(nodes.length === 0 ? {} : { nodes }), ...(objects.length === 0 ? {} : { manifests: objects }) };
}

function isBeyond(objects: readonly KubernetesObject[], most: number): boolean {
  let characters = 0;
  return objects.some((object) => (characters += JSON.stringify(object).length) > most);
}

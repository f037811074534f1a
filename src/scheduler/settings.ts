/** `scheduler` and `schedulers` of a scenario. */
import { z } from 'zod';
import type { Micros } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { duration, durationDistribution, expecting, flag, list, paths, text } from '../scenario/fields.ts';
import { spellSeconds } from '../scenario/spelling.ts';

export interface SchedulerSettings {
  /**
   * KubeSchedulerConfiguration as decoded YAML (null: upstream's defaults), with the file it came from for messages.
   */
  readonly configuration: unknown;
  readonly configurationFile: string | null;
  /** Simulated time of one scheduling cycle. */
  readonly cycleMicros: Micros;
  /** Simulated time from the decision until the binding is written. */
  readonly bindMicros: Micros;
  /**
   * How the best of equals is taken. `upstream`: kube-scheduler's heap order; `first`: node order; `random`: a named
   * stream.
   */
  readonly tieBreak: 'upstream' | 'first' | 'random';
  /** false: every node is looked at, whatever percentageOfNodesToScore says. */
  readonly sampling: boolean;
  /** User plugin files (`--plugin`), absolute or relative to the working directory. */
  readonly pluginFiles: readonly string[];
}

/** A scheduler process with a cache and a queue of its own. */
export interface SchedulerProcess {
  /** schedulerNames of the configuration's profiles that it serves. */
  readonly profiles: readonly string[];
  /** Seconds; null: on time. */
  readonly watchDelaySeconds: Distribution | null;
}

export const schedulerSchema = z.strictObject({
  config: z
    .union([z.string(), z.looseObject({})], expecting('expected a path or a KubeSchedulerConfiguration'))
    .optional()
    .describe(
      "KubeSchedulerConfiguration: a file relative to the scenario, or written inline. Default: upstream's default " +
        "profile",
    ),
  cycleTime: duration(
    "Simulated time of one scheduling cycle. Default 1.3ms: kube-scheduler's algorithm alone, scheduler_perf " +
      "SchedulingBasic 5000Nodes_10000Pods, measured 615 to 948 decisions/s, middle about 780/s",
  ).default('1.3ms'),
  bindTime: duration(
    'Simulated time from the decision until the binding is written. Default 5ms: API server write 2 to 5 ms and the ' +
      'etcd commit',
  ).default('5ms'),
  tieBreak: z
    .enum(['upstream', 'first', 'random'], expecting('expected upstream, first or random'))
    .default('upstream')
    .describe(
      "Which of equally good nodes wins: upstream (kube-scheduler's heap order), first (node order), random (a named " +
        "random stream)",
    ),
  sampling: flag('false: look at every node, whatever percentageOfNodesToScore says').default(true),
  plugins: paths('Files with plugins of your own (.ts or .js), relative to the scenario').optional(),
});

export const schedulerProcessSchema = z.strictObject({
  profiles: list(text('schedulerName of a profile'), 'Profiles of the configuration that this process serves'),
  watchDelay: durationDistribution("How late its watch is. Default: as the first scheduler's").optional(),
});

export function spellSchedulerProcess({ profiles, watchDelaySeconds }: SchedulerProcess): Record<string, unknown> {
  return { profiles, watchDelay: watchDelaySeconds === null ? '0s' : spellSeconds(watchDelaySeconds) };
}

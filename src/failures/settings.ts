/** `failures` of a scenario: sources of failures by chance. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { Micros } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { duration, durationDistribution, expecting, list, name, number, text } from '../scenario/fields.ts';
import type { Block } from '../scenario/block.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';

/**
 * What a failure does to a node: its machine stops (`crash`), its kubelet is slow, it is cut off from the API server
 * (`partition`), the provider takes the machine back (`reclaim`), pulls fail (`registry`), it is cordoned, its
 * container runtime hangs (`hang`), its disk is filled (`diskFull`).
 */
export type FailureKind = (typeof FAILURE_KINDS)[number];

const FAILURE_KINDS = ['crash', 'slow', 'partition', 'reclaim', 'registry', 'cordon', 'hang', 'diskFull'] as const;

/** A source of failures: of single nodes, or of whole groups of them at once. */
export interface FailureProcess {
  readonly name: string;
  readonly kind: FailureKind;
  /** What fails at once. */
  readonly scope: 'node' | 'zone' | 'rack' | 'cluster';
  /** Label whose value tells racks or zones apart; '': zones by their region and zone labels. */
  readonly label: string;
  /** Of the nodes of a zone, rack or cluster that are struck, drawn anew each time; above 0, at most 1. */
  readonly share: number;
  /** Of `slow`: how many times as long everything takes. */
  readonly factor: number;
  /** Of `reclaim`: from the notice until the machine goes. */
  readonly noticeMicros: Micros;
  /** Of `diskFull`: the share of the root file system that others than pods and images take. */
  readonly fill: number;
  /** Pools it strikes; empty: all. */
  readonly pools: readonly string[];
  /** Seconds of up time between failures of one node (or zone). */
  readonly uptimeSeconds: Distribution;
  /** Seconds until repaired. */
  readonly repairSeconds: Distribution;
}

const schema = z.strictObject({
  name: name('Name of the process; unique'),
  kind: z
    .enum(FAILURE_KINDS, expecting('expected crash, slow, partition, reclaim, registry, cordon, hang or diskFull'))
    .default('crash')
    .describe(
      'What happens to the nodes: their machines stop, their kubelets are slow, they are cut off from the API ' +
        'server, the provider takes them back with a notice, the image registry is out of their reach, they are ' +
        'cordoned, their container runtimes hang, their disks are filled',
    ),
  scope: z
    .enum(['node', 'zone', 'rack', 'cluster'], expecting('expected node, zone, rack or cluster'))
    .default('node')
    .describe('What fails at once: one node, or all nodes of a zone, of a rack, of the cluster'),
  label: text(
    'With scope zone or rack: the label whose value tells them apart. Default: the region and zone labels; ' +
      'topology.kubernetes.io/rack',
  ).optional(),
  share: number(
    'With scope zone, rack or cluster: share of its nodes that is struck, drawn anew each time. Default 1',
    0,
    1,
  ).default(1),
  factor: number(
    'Of kind slow: everything its kubelet does, heartbeats too, takes so many times as long. Default 4',
    1,
    1000,
  ).optional(),
  notice: duration(
    'Of kind reclaim: from the notice until the machine goes. Default 2m (spot instances of AWS; 30s on GCP and Azure)',
  ).optional(),
  fill: number(
    'Of kind diskFull: share of the root file system that something else than pods and images takes. Default 1', 0, 1,
  ).optional(),
  pools: list(text('Pool'), 'Names of the pools it strikes. Default: all').default([]),
  uptime: durationDistribution('Time between repair and the next failure of one node (or one group)'),
  repair: durationDistribution('Time from failure to repair; of kind reclaim until a new machine of the name comes'),
});

export type FailureInput = z.output<typeof schema>;

/** Kubernetes has no label for racks. */
export const DEFAULT_RACK_LABEL = 'topology.kubernetes.io/rack';

/** Nobody has measured how slow a slow kubelet is; with 4 its heartbeats still come in time. */
const DEFAULT_SLOW_FACTOR = 4;

/** Of AWS spot instances. */
const DEFAULT_NOTICE = '2m';

function resolveFailure(failure: FailureInput, path: Path, numbers: ScenarioNumbers): FailureProcess {
  const uptimeSeconds = numbers.distribution(failure.uptime, below(path, 'uptime'));
  if (uptimeSeconds.kind === 'fixed' && uptimeSeconds.value === 0)
    numbers.findings.error(below(path, 'uptime'), 'expected a duration above 0: nodes would fail without end');
  const { name, kind, scope, pools, share, factor = DEFAULT_SLOW_FACTOR, fill = 1 } = failure;
  const { label = scope === 'rack' ? DEFAULT_RACK_LABEL : '' } = failure;
  if (share === 0) numbers.findings.error(below(path, 'share'), 'expected a number above 0: no node would ever fail');
  if (fill === 0) numbers.findings.error(below(path, 'fill'), 'expected a number above 0: nothing would be filled');
  return {
    name, kind, scope, label, share, factor, fill, pools, uptimeSeconds,
    noticeMicros: numbers.micros(failure.notice ?? DEFAULT_NOTICE, below(path, 'notice')),
    repairSeconds: numbers.distribution(failure.repair, below(path, 'repair')),
  };
}

function spellFailure(failure: FailureProcess): Record<string, unknown> {
  return {
    name: failure.name,
    ...(failure.kind === 'crash' ? {} : { kind: failure.kind }),
    scope: failure.scope,
    ...(failure.label === '' ? {} : { label: failure.label }),
    ...(failure.share === 1 ? {} : { share: failure.share }),
    ...(failure.kind === 'slow' ? { factor: failure.factor } : {}),
    ...(failure.kind === 'diskFull' ? { fill: failure.fill } : {}),
    ...(failure.kind === 'reclaim' ? { notice: formatDuration(failure.noticeMicros) } : {}),
    pools: failure.pools,
    uptime: spellSeconds(failure.uptimeSeconds),
    repair: spellSeconds(failure.repairSeconds),
  };
}

const field = list(schema, 'Failures by chance, of nodes, zones and racks').default([]);

export const failuresBlock: Block<typeof field, readonly FailureProcess[]> = {
  field,
  resolve: (inputs, numbers) =>
    inputs.map((input, index) => resolveFailure(input, below(below(null, 'failures'), index), numbers)),
  spell: (failures) => failures.map(spellFailure),
};

/** The recorded suite pod-ranking: orders in which pods are given up, by the comparisons that the controllers use. */
import { MICROS_PER_SECOND } from '../base/time.ts';
import { deletionCostOf } from '../cluster/drain-marks.ts';
import { comparePlain, compareRanked } from '../controllers/pod-ranking.ts';
import type { RankedPod } from '../controllers/pod-ranking.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const POD_RANKING_SUITE: SuiteReplay = {
  suite: 'pod-ranking',
  kinds: {
    compare: { got: replayRanking },
    sorted: { got: replayRanking },
    victims: { got: replayRanking },
    plain: { got: replayPlainRanking },
  },
};

interface RecordedPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly phase: string;
  readonly ready: boolean;
  /** Seconds before now. */
  readonly readyAgo: number | null;
  readonly createdAgo: number;
  readonly cost?: string;
  readonly restarts?: readonly { readonly n: number; readonly sidecar?: boolean }[];
}
interface RelatedPod {
  readonly node: string;
  readonly phase: string;
  readonly deleting?: boolean;
}
type Ranked = RankedPod & { readonly name: string; readonly uid: string };

/** Any instant will do: recorded times are ages. */
const NOW = 1e9 * MICROS_PER_SECOND;

function replayRanking(input: Fields, out: Fields): Fields {
  const pods = input.pods as readonly RecordedPod[];
  const related = (input.related ?? []) as readonly RelatedPod[];
  const ranks = ranksOf(pods, related);
  const ranked = pods.map((pod, i) => rankedOf(pod, ranks[i]));
  const withRanks = 'ranks' in out ? { ranks } : {};
  if ('less' in out) return { less: Math.sign(compareRanked(ranked[0], ranked[1], NOW)), ...withRanks };
  const order = (ranked).sort((a, b) => compareRanked(a, b, NOW)).map(({ name }) => name);
  return { order: typeof input.count === 'number' ? order.slice(0, input.count) : order, ...withRanks };
}

function replayPlainRanking(input: Fields): Fields {
  const pods = (input.pods as readonly RecordedPod[]).map((pod) => rankedOf(pod, 0));
  return { order: pods.sort(comparePlain).map(({ name }) => name) };
}

/** For each pod how many active ones share its node; those without a node share one, too. */
function ranksOf(pods: readonly RecordedPod[], related: readonly RelatedPod[]): number[] {
  const counts = new Map<string, number>();
  for (const { node, phase, deleting } of [...pods, ...related] as readonly RelatedPod[])
    if (phase !== 'Succeeded' && phase !== 'Failed' && deleting !== true) counts.set(node, (counts.get(node) ?? 0) + 1);
  return pods.map(({ node }) => counts.get(node) ?? 0);
}

function rankedOf(pod: RecordedPod, rank: number): Ranked {
  const { name, uid, restarts = [] } = pod;
  const mostRestarts = (ofSidecars: boolean): number =>
    restarts.reduce((most, { n, sidecar = false }) => (sidecar === ofSidecars ? Math.max(most, n) : most), 0);
  return {
    name,
    uid,
    isAssigned: pod.node !== '',
    phase: pod.phase as RankedPod['phase'],
    isReady: pod.ready,
    readyAt: pod.readyAgo === null ? NaN : NOW - pod.readyAgo * MICROS_PER_SECOND,
    deletionCost: deletionCostOf(pod.cost),
    rank,
    restarts: mostRestarts(false),
    sidecarRestarts: mostRestarts(true),
    createdAt: NOW - pod.createdAgo * MICROS_PER_SECOND,
    compareUid: (other) => (uid < (other as Ranked).uid ? -1 : 1),
  };
}

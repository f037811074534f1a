/** How many pods were on each node over time: from when pods were bound and ended. Pure; one walk over the pods. */

/** A pod on a node, in seconds; `to` is the end of the run where it was still there. */
export interface PodStay {
  readonly node: string;
  readonly from: number;
  readonly to: number;
}

export interface NodeStay {
  readonly name: string;
  readonly pool: string;
  readonly from: number;
  readonly to: number;
}

export interface HeatNode {
  readonly name: string;
  /** Mean number of pods, one a cell of equal length; null: the node was not there. */
  readonly pods: readonly (number | null)[];
}

/** Of a day, a quarter of an hour each. */
const CELLS = 96;
/** Rows that can be told apart. */
const MOST_NODES = 60;

/** By pool, then as they came; of more nodes than can be shown evenly spread ones. */
export function nodeHeat(pods: readonly PodStay[], nodes: readonly NodeStay[], endSeconds: number): HeatNode[] {
  if (endSeconds <= 0) return [];
  const pools = [...new Set(nodes.map(({ pool }) => pool))];
  const ordered = pools.flatMap((pool) => nodes.filter((node) => node.pool === pool));
  const count = Math.min(MOST_NODES, ordered.length);
  const shown = Array.from({ length: count }, (_, i) => ordered[Math.floor((i * ordered.length) / count)]);
  const cell = endSeconds / CELLS;
  const sums = new Map(shown.map(({ name }) => [name, new Float64Array(CELLS)]));
  for (const { node, from, to } of pods) {
    const own = sums.get(node);
    if (own !== undefined) addStay(own, from, to, cell);
  }
  return shown.map(({ name, from, to }) => {
    const there = new Float64Array(CELLS);
    addStay(there, from, to, cell);
    const own = sums.get(name) ?? there;
    return { name, pods: Array.from(own, (sum, i) => (there[i] > 0 ? sum / there[i] : null)) };
  });
}

/** Seconds of the stay in each cell. */
function addStay(cells: Float64Array, from: number, to: number, cell: number): void {
  const first = Math.max(0, Math.floor(from / cell));
  for (let i = first; i < cells.length && i * cell < to; i++) {
    cells[i] += Math.max(0, Math.min(to, (i + 1) * cell) - Math.max(from, i * cell));
  }
}

/** Machine lists of traces as Node objects: what all of them share. */
import type { Node, ResourceList } from '../../../cluster/objects.ts';
import { detached, found, isDnsSubdomain } from '../cells.ts';
import { GPU_RESOURCE } from '../openb-columns.ts';
import type { RowCells } from '../row-cells.ts';
import { ENDS_OPEN, type RowTable } from '../row-jobs.ts';
import type { TraceSettings } from '../settings.ts';
import type { FormatFile } from '../trace-format.ts';
import { ProblemList } from '../trace-reader.ts';

export interface MachineList {
  /** In file order. */
  readonly nodes: readonly Node[];
  /** What was bent or left out, with its number. */
  readonly notes: readonly string[];
}

export interface MachineListFormat {
  /** Throws InputError with all mistakes of the list. */
  read(file: FormatFile, settings: TraceSettings): MachineList;
}

/** The kubelet's default; no list tells it. */
export const PODS_PER_NODE = '110';
const LABEL_VALUE = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** `nodeOf` a row at a time: null for a row that gives no node. */
export function readMachineRows(table: RowTable, nodeOfRow: (cells: RowCells) => Node | null): MachineList {
  const { rows, cells, width, file } = table;
  const problems = new ProblemList();
  const nodes: Node[] = [];
  const names = new Set<string>();
  let rowCount = 0;
  while (rows.nextInto(cells)) {
    rowCount++;
    cells.startRow(rows.line, problems);
    if (cells.fieldCount !== width) {
      cells.complain(-1, `expected ${String(width)} fields, found ${String(cells.fieldCount)}`);
      continue;
    }
    const node = nodeOfRow(cells);
    const name = node?.metadata?.name;
    if (node === null || name === undefined || !cells.isRight) continue;
    if (names.has(name)) cells.complain(-1, `expected every machine once, and "${name}" stands twice`);
    names.add(name);
    nodes.push(node);
  }
  if (rowCount === 0)
    problems.add({ file, line: rows.line + 1, message: 'the table has no rows: expected one for each machine' });
  problems.throwIfAny(file);
  return { nodes, notes: rows.endsOpen ? [`${ENDS_OPEN}: 1`] : [] };
}

export interface MachineFacts {
  readonly name: string;
  readonly nameColumn: number;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly gpus: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** null when a cell is wrong. */
export function nodeOf(
  { name, nameColumn, cpuMilli, memoryBytes, gpus, labels }: MachineFacts,
  cells: RowCells,
): Node | null {
  if (!isDnsSubdomain(name))
    cells.complain(nameColumn, `expected the name of a machine, ${found(cells.text(nameColumn))}`);
  for (const value of Object.values(labels))
    if (!LABEL_VALUE.test(value)) cells.complain(-1, `expected a name that a label can hold, ${found(value)}`);
  if (cpuMilli === 0 || memoryBytes === 0) cells.complain(-1, 'expected CPU and memory above 0');
  if (!cells.isRight) return null;
  const gpuCount: ResourceList = gpus > 0 ? { [GPU_RESOURCE]: String(gpus) } : {};
  const resources: ResourceList = {
    cpu: `${String(cpuMilli)}m`,
    memory: String(memoryBytes),
    pods: PODS_PER_NODE,
    ...gpuCount,
  };
  const own = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, detached(value)]));
  const metadata = { name: detached(name), labels: { 'kubernetes.io/hostname': detached(name), ...own } };
  return { apiVersion: 'v1', kind: 'Node', metadata, status: { capacity: resources, allocatable: resources } };
}

/** So many copies of every node; copies are called `c1-<name>`, `c2-<name>`. */
export function clonedNodes(nodes: readonly Node[], clones: number): readonly Node[] {
  const copies = Array.from({ length: clones - 1 }, (_, i) => nodes.map((node) => cloneOf(node, i + 1)));
  return [...nodes, ...copies.flat()];
}

function cloneOf(node: Node, clone: number): Node {
  const name = `c${String(clone)}-${node.metadata?.name ?? ''}`;
  return {
    ...node,
    metadata: { ...node.metadata, name, labels: { ...node.metadata?.labels, 'kubernetes.io/hostname': name } },
  };
}

/**
 * Machines of Google's cell of 2011: machine_events (headerless), or a table machine_id,cpu,memory made from it. The
 * cell is taken as it stood: every machine that was ever added, with the capacity that it had first.
 */
import type { Node } from '../../../cluster/objects.ts';
import { found } from '../cells.ts';
import type { RowCells } from '../row-cells.ts';
import { bytesOf, milliOf, type TraceSettings } from '../settings.ts';
import { csvRows, headerlessTable, headerTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatFile } from '../trace-format.ts';
import { nodeOf, readMachineRows, type MachineList, type MachineListFormat } from './machine-list.ts';

const EVENT_COLUMNS = ['time', 'machine ID', 'event type', 'platform ID', 'CPU', 'memory'] as const;

export const GOOGLE_2011_MACHINES: MachineListFormat = { read };

function read(file: FormatFile, settings: TraceSettings): MachineList {
  const rows = csvRows(file);
  const first = rows.peek()?.[0] ?? '';
  const sizes = new MachineSizes(settings);
  if (first === 'machine_id') {
    const tally = new Tally();
    const table = headerTable(rows, ['machine_id', 'cpu', 'memory'], [], tally, file.name);
    const { at } = table;
    const list = readMachineRows(table, (cells) => sizes.node(cells, at.machine_id, at.cpu, at.memory, tally));
    return { nodes: list.nodes, notes: [...tally.notes(), ...list.notes] };
  }
  if (first.startsWith('#')) rows.next();
  return readEvents(headerlessTable(rows, EVENT_COLUMNS, file.name), sizes);
}

function readEvents(table: ReturnType<typeof headerlessTable>, sizes: MachineSizes): MachineList {
  const tally = new Tally();
  const seen = new Set<string>();
  const platforms = new Map<string, string>();
  const list = readMachineRows(table, (cells): Node | null => {
    const micros = cells.wholeMicros(0);
    const type = cells.whole(2);
    if (type > 2) cells.complain(2, `expected 0 (ADD), 1 (REMOVE) or 2 (UPDATE), ${found(cells.text(2))}`);
    if (!cells.isRight) return null;
    if (type === 1) tally.count('Removals of machines, not followed: they stay');
    if (type === 2) tally.count('Changes of machines (UPDATE), not followed: they keep their first capacity');
    if (type !== 0) return null;
    if (seen.has(cells.text(1))) {
      tally.count('Machines added again after a removal, taken once');
      return null;
    }
    seen.add(cells.text(1));
    if (micros > 0) tally.count('Machines added while the recording ran, and here present from the beginning');
    const platform = platforms.get(cells.text(3)) ?? `p${String(platforms.size + 1)}`;
    platforms.set(cells.text(3), platform);
    return sizes.node(cells, 1, 4, 5, tally, { platform });
  });
  return { nodes: list.nodes, notes: [...tally.notes(), ...list.notes] };
}

class MachineSizes {
  private readonly cpuUnitMilli: number;
  private readonly memoryUnitBytes: number;

  constructor(settings: TraceSettings) {
    this.cpuUnitMilli = milliOf(settings, 'cpuUnit');
    this.memoryUnitBytes = bytesOf(settings, 'memoryUnit');
  }

  node(
    cells: RowCells,
    id: number,
    cpu: number,
    memory: number,
    tally: Tally,
    labels: Readonly<Record<string, string>> = {},
  ): Node | null {
    cells.whole(id);
    if (cells.isRight && (cells.isEmpty(cpu) || cells.isEmpty(memory))) {
      tally.count('Machines without a capacity, left out');
      return null;
    }
    const cpuMilli = cells.amount(cpu, this.cpuUnitMilli);
    const memoryBytes = cells.amount(memory, this.memoryUnitBytes);
    return nodeOf({ name: `machine-${cells.text(id)}`, nameColumn: id, cpuMilli, memoryBytes, gpus: 0, labels }, cells);
  }
}

/** Machines of Alibaba's GPU cluster of 2026 with spot jobs: node_info_df.csv. It does not tell their memory. */
import type { Node } from '../../../cluster/objects.ts';
import { GPU_CARD_MODEL_LABEL } from '../openb-columns.ts';
import { bytesOf, type TraceSettings } from '../settings.ts';
import { csvRows, headerTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatFile } from '../trace-format.ts';
import { nodeOf, readMachineRows, type MachineList, type MachineListFormat } from './machine-list.ts';

const COLUMNS = ['gpu_model', 'gpu_capacity_num', 'cpu_num', 'node_name'] as const;

export const ALIBABA_2026_MACHINES: MachineListFormat = { read };

function read(file: FormatFile, settings: TraceSettings): MachineList {
  const tally = new Tally();
  const table = headerTable(csvRows(file), COLUMNS, [], tally, file.name);
  const { at } = table;
  const memoryPerCpu = bytesOf(settings, 'memoryPerCpu');
  const list = readMachineRows(table, (cells): Node | null => {
    const cpus = cells.whole(at.cpu_num);
    const gpus = cells.whole(at.gpu_capacity_num);
    const labels: Record<string, string> = gpus > 0 ? { [GPU_CARD_MODEL_LABEL]: cells.text(at.gpu_model) } : {};
    tally.count(
      `Machines whose memory is not recorded, and here have ${String(settings['memoryPerCpu'])} for each CPU`,
    );
    const facts = {
      name: `node-${cells.text(at.node_name)}`,
      nameColumn: at.node_name,
      cpuMilli: cpus * 1000,
      memoryBytes: cpus * memoryPerCpu,
      gpus,
      labels,
    };
    return nodeOf(facts, cells);
  });
  return { nodes: list.nodes, notes: [...tally.notes(), ...list.notes] };
}

/** Machines of Alibaba's GPU cluster of 2020 (PAI): pai_machine_spec, without a header. */
import type { Node } from '../../../cluster/objects.ts';
import { GPU_CARD_MODEL_LABEL } from '../openb-columns.ts';
import { csvRows, headerlessTable } from '../table-source.ts';
import type { FormatFile } from '../trace-format.ts';
import { nodeOf, readMachineRows, type MachineList, type MachineListFormat } from './machine-list.ts';

const COLUMNS = ['machine', 'gpu_type', 'cap_cpu', 'cap_mem', 'cap_gpu'] as const;
const GIBIBYTE = 1_073_741_824;

export const ALIBABA_2020_MACHINES: MachineListFormat = { read };

function read(file: FormatFile): MachineList {
  const rows = csvRows(file);
  if (rows.peek()?.[0] === 'machine') rows.next();
  return readMachineRows(headerlessTable(rows, COLUMNS, file.name), (cells): Node | null => {
    const cpuMilli = cells.amount(2, 1000);
    const memoryBytes = cells.amount(3, GIBIBYTE);
    const gpus = cells.whole(4);
    const model = cells.text(1);
    if (gpus > 0 && model === 'CPU') cells.complain(4, 'expected 0 GPUs of a machine of type CPU');
    const labels: Record<string, string> = gpus > 0 ? { [GPU_CARD_MODEL_LABEL]: model } : {};
    return nodeOf({ name: cells.text(0), nameColumn: 0, cpuMilli, memoryBytes, gpus, labels }, cells);
  });
}

/** The machine lists by name: what a scenario's `machines.format` may say. */
import type { MachineInput } from '../../trace-settings.ts';
import { wordOf } from '../settings.ts';
import type { FormatFile } from '../trace-format.ts';
import { ALIBABA_2020_MACHINES } from './alibaba-2020.ts';
import { ALIBABA_2026_MACHINES } from './alibaba-2026.ts';
import { GOOGLE_2011_MACHINES } from './google-2011.ts';
import { clonedNodes, type MachineList, type MachineListFormat } from './machine-list.ts';
import { readOpenbNodes } from './openb.ts';

const FORMATS: Readonly<Record<MachineInput['format'], MachineListFormat>> = {
  openb: {
    read: ({ bytes, name }, settings) => ({
      nodes: readOpenbNodes(bytes, name, wordOf(settings, 'gpus') === 'shared'),
      notes: [],
    }),
  },
  'alibaba-2020': ALIBABA_2020_MACHINES,
  'alibaba-2026': ALIBABA_2026_MACHINES,
  'google-2011': GOOGLE_2011_MACHINES,
};

/** The cluster of a machine list. Throws InputError with all mistakes of the list. */
export function readMachines({ format, settings, clones }: MachineInput, file: FormatFile): MachineList {
  const { nodes, notes } = FORMATS[format].read(file, settings);
  return { nodes: clonedNodes(nodes, clones), notes };
}

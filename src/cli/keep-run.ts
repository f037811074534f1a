/**
 * `run --keep`: writes down what the scheduler sees and decides while the run goes on, for the file beside the report.
 */
import { KeptRecorder } from '../experiment/kept-recorder.ts';
import { KEPT_FILE, PackedLog } from '../io/kept-file.ts';
import type { OutputFile } from '../io/output-folder.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { SimulationOptions } from '../simulation/simulation.ts';

export interface KeptOutput {
  readonly watch: NonNullable<SimulationOptions['watch']>;
  /** To be called once, behind the end of the run. */
  file(result: Pick<RunResult, 'digest' | 'version'>): OutputFile;
  /** Of the file, in words. */
  size(): string;
}

export function keepRun(): KeptOutput {
  const log = new PackedLog();
  const made: { recorder: KeptRecorder | null; bytes: number; decisions: number } = {
    recorder: null, bytes: 0, decisions: 0,
  };
  return {
    watch: ({ cluster, scheduler }) => {
      made.recorder = new KeptRecorder(cluster, scheduler, (bytes) => { log.add(bytes); });
    },
    file: ({ digest, version }) => {
      const counts = made.recorder?.end() ?? { decisions: 0, pods: 0, gap: 'nothing was played' };
      const chunks = log.file({ version, digest, ...counts });
      made.bytes = chunks.reduce((sum, { length }) => sum + length, 0);
      made.decisions = counts.decisions;
      return { name: KEPT_FILE, chunks };
    },
    size: () => sizeText(made.bytes, made.decisions),
  };
}

function sizeText(bytes: number, decisions: number): string {
  const size = bytes < 1 << 20 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / (1 << 20)).toFixed(1)} MiB`;
  return decisions === 0 ? size : `${size}, ${(bytes / decisions).toFixed(1)} bytes a decision`;
}

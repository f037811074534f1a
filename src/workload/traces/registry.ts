/** The trace formats by name: the one place that knows all their readers. */
import type { TraceFormatName } from './catalog.ts';
import { TRACE_FORMAT_NAMES } from './catalog.ts';
import { ALIBABA_2017 } from './formats/alibaba-2017.ts';
import { ALIBABA_2025 } from './formats/alibaba-2025.ts';
import { AZURE_VM_V1 } from './formats/azure-vm-v1.ts';
import { CSV } from './formats/csv.ts';
import { GENTD26 } from './formats/gentd26.ts';
import { GOOGLE_2011 } from './formats/google-2011.ts';
import { GOOGLE_2019 } from './formats/google-2019.ts';
import { ITP } from './formats/itp.ts';
import { OPENB } from './formats/openb.ts';
import { OPENDC } from './formats/opendc.ts';
import { PHILLY } from './formats/philly.ts';
import { SERVEGEN } from './formats/servegen.ts';
import { SIMKUBE } from './formats/simkube.ts';
import { SWF } from './formats/swf.ts';
import type { TraceFormat } from './trace-format.ts';

const FORMATS: Readonly<Record<TraceFormatName, TraceFormat>> = {
  csv: CSV,
  openb: OPENB,
  swf: SWF,
  'alibaba-2017': ALIBABA_2017,
  'alibaba-2025': ALIBABA_2025,
  itp: ITP,
  philly: PHILLY,
  'google-2011': GOOGLE_2011,
  'google-2019': GOOGLE_2019,
  'azure-vm-v1': AZURE_VM_V1,
  simkube: SIMKUBE,
  opendc: OPENDC,
  gentd26: GENTD26,
  servegen: SERVEGEN,
};

export function traceFormat(name: TraceFormatName): TraceFormat {
  return FORMATS[name];
}

/** Formats that a file may be of, by its first bytes (Latin-1). */
export function recognisedFormats(head: string): readonly TraceFormatName[] {
  return TRACE_FORMAT_NAMES.filter((name) => FORMATS[name].recognises(head));
}

/** The pod that answers one request of a load trace. */
import { GPU_RESOURCE } from './openb-columns.ts';
import { numberOf, wordOf, type TraceSettings } from './settings.ts';
import { plainShape } from './shape-table.ts';
import type { JobShape } from './trace-format.ts';

export function requestShape(settings: TraceSettings, podClass = 'request'): JobShape {
  const gpus = numberOf(settings, 'gpu');
  return plainShape('request', {
    class: podClass,
    requests: {
      cpu: wordOf(settings, 'cpu'),
      memory: wordOf(settings, 'memory'),
      ...(gpus > 0 ? { [GPU_RESOURCE]: String(gpus) } : {}),
    },
  });
}

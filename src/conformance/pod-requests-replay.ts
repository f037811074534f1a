/** The recorded suite pod-requests, answered by the sums that pods are admitted and scheduled with. */
import { parseQuantity } from '../base/quantity.ts';
import type { Pod, ResourceList } from '../cluster/objects.ts';
import { containerRequests, podLimits, podRequests, qosClass, quantitiesOf } from '../cluster/pod-requests.ts';
import type { ContainerDefaults, PodRequestsOptions, ReadonlyQuantities } from '../cluster/pod-requests.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const POD_REQUESTS_SUITE: SuiteReplay = {
  suite: 'pod-requests',
  kinds: { podRequests: { expected: comparableRequests, got: replayPodRequests } },
};

/** Quantities are compared by value: printed forms are brought to one format. */
function comparableRequests(out: Fields): Fields {
  const parts: Record<string, unknown> = { qos: out.qos };
  for (const part of ['requests', 'limits', 'containers']) {
    const recorded = out[part] as Readonly<Record<string, { readonly q: string; readonly milli: string }>>;
    parts[part] = Object.fromEntries(
      Object.entries(recorded).map(([name, { q, milli }]) => [name, { nanos: String(parseQuantity(q).nanos), milli }]),
    );
  }
  return parts;
}

function replayPodRequests(input: Fields): Fields {
  const pod = input.pod as Pod;
  const options: PodRequestsOptions = {
    useStatusResources: input.useStatus === true,
    podLevel: input.skipPodLevel !== true,
    containerDefaults: recordedDefaults(input.nonMissing as ResourceList | null),
    includeOverhead: input.excludeOverhead !== true,
    podLevelResize: false,
  };
  return {
    requests: recordedForm(podRequests(pod, options)),
    limits: recordedForm(podLimits(pod, options)),
    containers: recordedForm(containerRequests(pod, options)),
    qos: qosClass(pod),
  };
}

function recordedDefaults(list: ResourceList | null): ContainerDefaults | null {
  if (list === null) return null;
  const quantities = quantitiesOf(list);
  const cpu = quantities.get('cpu');
  const memory = quantities.get('memory');
  return {
    ...(cpu === undefined ? {} : { cpuMilli: Number(cpu.milliValue()) }),
    ...(memory === undefined ? {} : { memoryBytes: Number(memory.value()) }),
  };
}

function recordedForm(quantities: ReadonlyQuantities): Fields {
  return Object.fromEntries(
    [...quantities].map(([name, quantity]) => [
      name,
      { nanos: String(quantity.nanos), milli: String(quantity.milliValue()) },
    ]),
  );
}

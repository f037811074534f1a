/** Small made-up lists in the shape of the openb trace, and runs of the GPU-sharing experiment on them. */
import { inflationInputs, runInflationCell } from '../../src/experiment/inflation-cells.ts';
import type { GivenOrder, InflationInputs } from '../../src/experiment/inflation-cells.ts';
import { PAPER_POLICIES } from '../../src/experiment/gpu-sharing.ts';
import type { InflationPlan } from '../../src/experiment/inflation-plan.ts';
import type { InflationResult } from '../../src/experiment/inflation.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { readOpenbPodList } from '../../src/workload/traces/openb-list.ts';
import { readOpenbNodes } from '../../src/workload/traces/machines/openb.ts';

/** Forty nodes of five kinds. */
export const NODES = `sn,cpu_milli,memory_mib,gpu,model\n${Array.from({ length: 40 }, (_, i) => {
  const [cpu, memory, gpu, model] = [
    [96_000, 393_216, 8, 'G2'],
    [64_000, 262_144, 2, 'T4'],
    [32_000, 131_072, 1, 'P100'],
    [96_000, 786_432, 8, 'V100'],
    [128_000, 786_432, 4, 'T4'],
  ][i % 5];
  return `node-${String(i)},${String(cpu)},${String(memory)},${String(gpu)},${String(model)}\n`;
}).join('')}`;

/** Three hundred pods: without GPU, shares, one GPU, several, some that want a model. */
export const PODS = `name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec\n${Array.from({ length: 300 }, (_, i) => {
  const cpu = [1000, 4000, 8000, 12_000][i % 4];
  const [count, milli] = [
    [0, 0],
    [1, 250],
    [1, 500],
    [1, 730],
    [1, 1000],
    [1, 1000],
    [2, 1000],
    [1, 460],
    [8, 1000],
    [1, 100],
  ][i % 10];
  const spec = count > 0 && i % 7 === 0 ? 'T4|P100' : '';
  return `pod-${String(i)},${String(cpu)},${String(cpu * 2)},${String(count)},${String(milli)},${spec}\n`;
}).join('')}`;

export function smallInputs(nodes = NODES, pods = PODS): InflationInputs {
  return inflationInputs(readOpenbNodes(nodes), readOpenbPodList(byteSourceOf(pods), 'pods.csv'), 1001);
}

export function planOf(more: Partial<InflationPlan> = {}): InflationPlan {
  const policies = PAPER_POLICIES.map((name) => ({ name, configuration: null }));
  return {
    name: 'small',
    description: '',
    seed: 's',
    nodesFile: '',
    podsFile: '',
    orderPaths: [],
    policies,
    runs: 2,
    demand: 1.3,
    podsPerNode: 1001,
    pluginFiles: [],
    ...more,
  };
}

export function runPolicy(
  name: string,
  {
    inputs = smallInputs(),
    order = null,
    plain = false,
    seed = 's',
  }: {
    readonly inputs?: InflationInputs;
    readonly order?: GivenOrder | null;
    readonly plain?: boolean;
    readonly seed?: string;
  } = {},
): InflationResult {
  const plan = planOf({ seed, policies: [{ name, configuration: null }] });
  return runInflationCell(plan, { policy: 0, order: 0, label: '1' }, inputs, order, {
    registry: pluginRegistry(),
    plain,
  });
}

/** `podyard conformance` on a folder of orders and expected curves: our GPU-sharing runs against the published ones. */
import { readFileSync, existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import { compareCurves, curveKey, readPublishedCurves, skippedSuite } from '../conformance/published-curves.ts';
import type { CurveSuite } from '../conformance/published-curves.ts';
import type { SuiteResult } from '../conformance/suite-tally.ts';
import { PAPER_POLICIES } from '../experiment/gpu-sharing.ts';
import type { InflationPlan } from '../experiment/inflation-plan.ts';
import { orderFilesOf, orderNameOf } from '../io/inflation-files.ts';
import { inflateOnThreads } from '../io/inflation-pool.ts';
import type { InflationTask } from '../io/inflation-pool.ts';

const NODE_LIST = 'openb_node_list_gpu_node.csv';

/** Whether a folder holds orders and curves. */
export function isPublishedFgd(path: string): boolean {
  return existsSync(join(path, 'orders')) && existsSync(join(path, 'expected'));
}

export interface PublishedOptions {
  /** Folder of the node and pod lists; null: not given. */
  readonly traces: string | null;
  readonly plain: boolean;
  readonly kept: number;
  readonly onSuite: (done: number, all: number) => void;
}

interface Planned {
  readonly suite: CurveSuite;
  readonly task: InflationTask;
}

export async function comparePublishedFgd(folder: string, options: PublishedOptions): Promise<SuiteResult[]> {
  const { traces, plain, kept, onSuite } = options;
  if (traces === null)
    throw new InputError({ message: `${folder} needs --traces: the folder with ${NODE_LIST} and the pod lists` });
  if (!existsSync(join(traces, NODE_LIST)))
    throw new InputError({
      file: join(traces, NODE_LIST),
      message: 'no such file: expected the node list of the openb trace',
    });
  const read = (name: string): ReturnType<typeof readPublishedCurves> => {
    const file = join(folder, 'expected', name);
    if (!existsSync(file)) throw new InputError({ file, message: 'no such file: expected the published curves' });
    return readPublishedCurves(readFileSync(file, 'utf8'), file);
  };
  const allocation = read('analysis_allo_discrete.csv');
  const fragmentation = read('analysis_frag_discrete.csv');
  const planned: (Planned | SuiteResult)[] = orderFilesOf([join(folder, 'orders')]).flatMap((orderFile) => {
    const [, trace = '', seed = ''] = /^(.*)-([^-]*)$/.exec(orderNameOf(orderFile)) ?? [];
    const list = `openb_pod_list_${trace}`;
    const podsFile = join(traces, `${list}.csv`);
    return PAPER_POLICIES.map((policy, index) => {
      const name = `fgd ${trace}-${seed} ${policy}`;
      const key = curveKey(list, policy, seed);
      const curves = { allocation: allocation.get(key), fragmentation: fragmentation.get(key) };
      if (!existsSync(podsFile)) return skippedSuite(name, orderFile, `there is no ${podsFile}`);
      if (curves.allocation === undefined || curves.fragmentation === undefined)
        return skippedSuite(name, orderFile, 'there is no published curve of it');
      const plan = planOf(join(traces, NODE_LIST), podsFile, seed);
      return {
        suite: {
          name,
          file: orderFile,
          policy,
          seed,
          allocation: curves.allocation,
          fragmentation: curves.fragmentation,
        },
        task: { plan, cell: { policy: index, order: 0, label: orderNameOf(orderFile) }, orderFile, plain },
      };
    });
  });
  const runs = planned.filter((entry) => 'task' in entry);
  let done = 0;
  const results = await inflateOnThreads(
    runs.map(({ task }) => task),
    {
      jobs: availableParallelism(),
      onResult: () => {
        onSuite(++done, runs.length);
      },
      isStopped: () => false,
    },
  );
  let next = 0;
  return planned.map((entry) => ('task' in entry ? compareCurves(entry.suite, (results ?? [])[next++], kept) : entry));
}

function planOf(nodesFile: string, podsFile: string, seed: string): InflationPlan {
  const policies = PAPER_POLICIES.map((name) => ({ name, configuration: null }));
  return {
    name: 'fgd',
    description: '',
    seed,
    nodesFile,
    podsFile,
    orderPaths: [],
    policies,
    runs: 1,
    demand: 1.3,
    podsPerNode: 1001,
    pluginFiles: [],
  };
}

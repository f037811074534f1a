/** The openb trace: how its columns are read, and the real files where they are at hand. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import type { TracePod } from '../../src/workload/traces/trace-pod.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { readOpenbNodes } from '../../src/workload/traces/machines/openb.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';
import type { TraceReader } from '../../src/workload/traces/trace-reader.ts';

const FOLDER = new URL('../../../shared/traces/openb/', import.meta.url);
const HEADER = 'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time';

function drain(reader: TraceReader): TracePod[] {
  const pods: TracePod[] = [];
  for (let pod = reader.next(); pod !== null; pod = reader.next()) pods.push(pod);
  return pods;
}

function open(rows: string, compress = 1): TraceReader {
  return openTrace('openb', byteSourceOf(`${HEADER}\n${rows}`), 'pods.csv', { compress });
}

describe('an openb pod list', () => {
  it('gives requests, whole GPUs, card models, class and priority', () => {
    expect(drain(open('p-0,12000,16384,2,1000,V100M16|V100M32|V100M32,LS,Running,10,100,15\n'))).toEqual([
      {
        name: 'p-0',
        namespace: 'default',
        arrivalMicros: 10_000_000,
        durationMicros: 85_000_000,
        priority: 300,
        class: 'LS',
        labels: {},
        nodeSelector: {},
        nodeAffinityAnyOf: [{ key: 'alibabacloud.com/gpu-card-model', values: ['V100M16', 'V100M32'] }],
        requests: { cpu: '12000m', memory: '16384Mi', 'nvidia.com/gpu': '2' },
      },
    ]);
    const priorities = drain(open(['LS', 'Guaranteed', 'Burstable', 'BE'].map((qos) => `p,1,1,0,0,,${qos},Failed,0,1,0\n`).join('')));
    expect(priorities.map((pod) => pod.priority)).toEqual([300, 200, 100, 0]);
  });

  it('says what it bent: pods that never ran, shares of a GPU, pods cut off by the end of the recording', () => {
    const reader = open('a,1,1,1,460,,BE,Pending,10,70,\nb,1,1,0,0,,LS,Running,20,90,21\nc,1,1,0,0,,LS,Failed,20,80,21\n');
    const pods = drain(reader);
    expect(pods.map((pod) => pod.durationMicros)).toEqual([60_000_000, 69_000_000, 59_000_000]);
    expect(pods[0].requests['nvidia.com/gpu']).toBe('1');
    expect(reader.notes()).toEqual([
      'Pods that never ran in the recording (Pending), and here run for the time from creation to deletion: 1',
      'Pods that ask for a share of a GPU, and here take a whole one: 1',
      'Pods that still ran when the recording ended, and here end then: 1',
    ]);
  });

  it('out of order is put in order; rows of one second keep their order', () => {
    const rows = 'a,1,1,0,0,,BE,Failed,5,9,5\nb,1,1,0,0,,BE,Failed,3,9,5\nc,1,1,0,0,,BE,Failed,5,9,5\nd,1,1,0,0,,BE,Failed,3,9,5\n';
    expect(drain(open(rows)).map((pod) => pod.name)).toEqual(['b', 'd', 'a', 'c']);
  });

  it('divides arrivals by the compression and keeps run times', () => {
    const [pod] = drain(open('a,1,1,0,0,,BE,Failed,400,1000,600\n', 400));
    expect([pod.arrivalMicros, pod.durationMicros]).toEqual([1_000_000, 400_000_000]);
  });
});

describe('an openb node list', () => {
  it('gives nodes with labels, whole GPUs and room for 110 pods', () => {
    const [plain, gpu] = readOpenbNodes('sn,cpu_milli,memory_mib,gpu,model\nn-0,32000,262144,0,\nn-1,96000,393216,8,G2\n');
    const resources = { cpu: '96000m', memory: '393216Mi', pods: '110', 'nvidia.com/gpu': '8' };
    expect(plain.metadata?.labels).toEqual({ 'kubernetes.io/hostname': 'n-0' });
    expect(plain.status?.allocatable).toEqual({ cpu: '32000m', memory: '262144Mi', pods: '110' });
    expect(gpu).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'n-1', labels: { 'kubernetes.io/hostname': 'n-1', 'alibabacloud.com/gpu-card-model': 'G2' } },
      status: { capacity: resources, allocatable: resources },
    });
  });
});

describe('the published openb lists', () => {
  it('hold 1,523 nodes and 8,152 pods, all of which are read', (context) => {
    if (!existsSync(FOLDER)) context.skip('the openb trace is not at hand (expected beside the checkout): its 1,523 nodes and 8,152 pods were not read');
    const nodes = readOpenbNodes(readFileSync(new URL('openb_node_list_all_node.csv', FOLDER), 'utf8'));
    expect(nodes).toHaveLength(1523);
    expect(nodes.reduce((sum, node) => sum + Number(node.status?.allocatable?.['nvidia.com/gpu'] ?? 0), 0)).toBe(6212);
    const path = new URL('openb_pod_list_default.csv', FOLDER).pathname;
    const reader = openTrace('openb', openTraceFile(path), path, { compress: 400 });
    const pods = drain(reader);
    expect(pods).toHaveLength(8152);
    expect(pods.every((pod, i) => i === 0 || pod.arrivalMicros >= pods[i - 1].arrivalMicros)).toBe(true);
    expect(pods.filter((pod) => pod.class === 'LS')).toHaveLength(4647);
    expect(reader.notes().map((note) => note.split(': ')[1])).toEqual(['897', '3078', '34']);
  });

  it('that are not in order of time are put in order; those without times are refused', (context) => {
    if (!existsSync(FOLDER)) context.skip('the openb trace is not at hand (expected beside the checkout): its variants were not read');
    const variant = new URL('openb_pod_list_cpu300.csv', FOLDER).pathname;
    const pods = drain(openTrace('openb', openTraceFile(variant), variant));
    expect(pods).toHaveLength(10_094);
    expect(pods.every((pod, i) => i === 0 || pod.arrivalMicros >= pods[i - 1].arrivalMicros)).toBe(true);
    const timeless = new URL('openb_pod_list_multigpu20.csv', FOLDER).pathname;
    expect(() => openTrace('openb', openTraceFile(timeless), timeless)).toThrow('this list has no times');
  });
});

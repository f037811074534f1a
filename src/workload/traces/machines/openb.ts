/** The node lists of Alibaba's GPU cluster trace v2023 ("openb") as Node objects. See docs/formats/openb.md. */
import { DEVICE_MILLI } from '../../../cluster/gpu-devices.ts';
import type { Node, ResourceList } from '../../../cluster/objects.ts';
import { byteSourceOf, type ByteSource } from '../byte-source.ts';
import { detached, found, isDnsSubdomain, readWholeNumber } from '../cells.ts';
import { CsvRecordReader } from '../csv-records.ts';
import { GPU_CARD_MODEL_LABEL, gpuAmount, readOpenbHeader } from '../openb-columns.ts';
import { ProblemList } from '../trace-reader.ts';
import { PODS_PER_NODE } from './machine-list.ts';

const NODE_COLUMNS = ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model'] as const;
type NodeColumn = (typeof NODE_COLUMNS)[number];

/** The nodes in file order; `shared`: GPUs are offered by the thousandth. Throws InputError with all mistakes. */
export function readOpenbNodes(content: string | ByteSource, file = 'node list', shared = false): readonly Node[] {
  const records = new CsvRecordReader(typeof content === 'string' ? byteSourceOf(content) : content, file);
  const header = records.next();
  const columns = readOpenbHeader(header, NODE_COLUMNS, file, records.line);
  const problems = new ProblemList();
  const nodes: Node[] = [];
  const names = new Set<string>();
  for (let fields = records.next(); fields !== null && !problems.isOverfull; fields = records.next()) {
    const node = readNode(fields, columns, shared, (path, message) => {
      problems.add({ file, line: records.line, message, path });
    });
    if (node?.metadata?.name === undefined) continue;
    const { name } = node.metadata;
    if (names.has(name))
      problems.add({
        file,
        line: records.line,
        message: `expected every node once, and "${name}" stands twice`,
        path: 'sn',
      });
    names.add(name);
    nodes.push(node);
  }
  if (nodes.length === 0 && problems.count === 0) {
    problems.add({ file, line: records.line + 1, message: 'no rows below the header: expected one for each node' });
  }
  problems.throwIfAny(file);
  return nodes;
}

function readNode(
  fields: readonly string[],
  columns: Readonly<Record<NodeColumn, number>>,
  shared: boolean,
  complain: (path: NodeColumn | undefined, message: string) => void,
): Node | null {
  if (fields.length !== NODE_COLUMNS.length) {
    complain(
      undefined,
      `expected ${String(NODE_COLUMNS.length)} fields as in the header, found ${String(fields.length)}`,
    );
    return null;
  }
  const number = (column: NodeColumn): number => {
    const text = fields[columns[column]];
    const value = readWholeNumber(text);
    if (Number.isNaN(value)) complain(column, `expected a whole number from 0, ${found(text)}`);
    return value;
  };
  const name = detached(fields[columns.sn]);
  if (!isDnsSubdomain(name)) complain('sn', `expected a node name, ${found(name)}`);
  const cpuMilli = number('cpu_milli');
  const memoryMib = number('memory_mib');
  const gpuCount = number('gpu');
  const model = detached(fields[columns.model]);
  if (model === '' && gpuCount > 0) complain('model', 'expected the model of the GPUs, found nothing');
  const gpus = gpuAmount(shared, gpuCount, DEVICE_MILLI);
  const resources: ResourceList = {
    cpu: `${String(cpuMilli)}m`,
    memory: `${String(memoryMib)}Mi`,
    pods: PODS_PER_NODE,
    ...gpus,
  };
  const labels = { 'kubernetes.io/hostname': name, ...(model === '' ? {} : { [GPU_CARD_MODEL_LABEL]: model }) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels },
    status: { capacity: resources, allocatable: resources },
  };
}

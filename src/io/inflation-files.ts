/** Opens what an inflation experiment names: node and pod lists, orders of arrivals. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../base/input-error.ts';
import type { GivenOrder, InflationInputs } from '../experiment/inflation-cells.ts';
import { inflationInputs } from '../experiment/inflation-cells.ts';
import type { InflationPlan } from '../experiment/inflation-plan.ts';
import type { ByteSource } from '../workload/traces/byte-source.ts';
import { readOpenbPodList } from '../workload/traces/openb-list.ts';
import { readOpenbNodes } from '../workload/traces/machines/openb.ts';
import { openTraceFile } from './trace-stream.ts';

const ORDER_FILE = /\.json(\.gz)?$/;

/** Throws InputError with the mistakes of both lists. */
export function readInflationInputs({ nodesFile, podsFile, podsPerNode }: InflationPlan): InflationInputs {
  const nodes = reading(nodesFile, readOpenbNodes);
  const list = reading(podsFile, readOpenbPodList);
  return inflationInputs(nodes, list, podsPerNode);
}

/** Files as they are given, of folders those with orders in order of their names. */
export function orderFilesOf(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => ORDER_FILE.test(name));
    if (names.length === 0)
      throw new InputError({ file: path, message: 'the folder holds no orders (.json, .json.gz)' });
    return names.sort((a, b) => (a < b ? -1 : 1)).map((name) => join(path, name));
  });
}

/** `default-42` of `orders/default-42.json.gz`. */
export function orderNameOf(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1).replace(ORDER_FILE, '');
}

/** `{"arrivals": [pod, ...], "nodeOrder": [node, ...]}`, gzip or plain. Throws InputError. */
export function readOrder(file: string): GivenOrder {
  const text = reading(file, readAll);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError({ file, message: `expected JSON: ${error instanceof Error ? error.message : 'not JSON'}` });
  }
  const { arrivals, nodeOrder } = (typeof value === 'object' && value !== null ? value : {}) as Partial<GivenOrder>;
  if (!isTexts(arrivals)) throw new InputError({ file, path: 'arrivals', message: 'expected a list of names of pods' });
  if (!isTexts(nodeOrder))
    throw new InputError({ file, path: 'nodeOrder', message: 'expected a list of names of nodes' });
  return { name: orderNameOf(file), arrivals, nodeOrder };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function reading<T>(file: string, read: (bytes: ByteSource, file: string) => T): T {
  const source = openTraceFile(file);
  try {
    return read(source, file);
  } finally {
    source.close();
  }
}

/** Orders are read whole. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

function readAll(bytes: ByteSource, file: string): string {
  const decoder = new TextDecoder('utf-8');
  let text = '';
  for (let piece = bytes.read(); piece !== null; piece = bytes.read()) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MOST_CHARACTERS)
      throw new InputError({ file, message: 'the file is too large for an order of arrivals' });
  }
  return text + decoder.decode();
}

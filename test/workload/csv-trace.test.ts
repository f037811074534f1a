/** Podyard's own trace format: what each column means, and that reading is a stream. */
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openTraceFile, unpacked } from '../../src/io/trace-stream.ts';
import type { TracePod } from '../../src/workload/traces/trace-pod.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { checkTrace, openTrace } from '../../src/workload/traces/open-trace.ts';
import { TraceSource } from '../../src/workload/traces/trace-source.ts';
import type { TraceReader } from '../../src/workload/traces/trace-reader.ts';

function drain(reader: TraceReader): TracePod[] {
  const pods: TracePod[] = [];
  for (let pod = reader.next(); pod !== null; pod = reader.next()) pods.push(pod);
  return pods;
}

function read(text: string, compress = 1): TracePod[] {
  return drain(openTrace('csv', byteSourceOf(text), 'trace.csv', { compress }));
}

describe('a trace in Podyard\'s own format', () => {
  it('gives every column its meaning', () => {
    const header = 'labels,nvidia.com/gpu,name,arrival,duration,cpu,memory,priority,class,namespace,nodeSelector,ephemeral-storage';
    expect(read(`${header}\napp=web;tier=,2,web-1,1.5,60.25,500m,1Gi,-7,service,shop,disk=ssd,10G\n`)).toEqual([
      {
        name: 'web-1',
        namespace: 'shop',
        arrivalMicros: 1_500_000,
        durationMicros: 60_250_000,
        priority: -7,
        class: 'service',
        labels: { app: 'web', tier: '' },
        nodeSelector: { disk: 'ssd' },
        nodeAffinityAnyOf: [],
        requests: { cpu: '500m', memory: '1Gi', 'nvidia.com/gpu': '2', 'ephemeral-storage': '10G' },
      },
    ]);
  });

  it('fills empty cells and missing columns with the defaults', () => {
    const bare = { namespace: 'default', durationMicros: null, priority: 0, class: 'trace', labels: {}, nodeSelector: {}, nodeAffinityAnyOf: [], requests: {} };
    expect(read('arrival\n0\n2\n')).toEqual([{ ...bare, name: 'pod-1', arrivalMicros: 0 }, { ...bare, name: 'pod-2', arrivalMicros: 2_000_000 }]);
    expect(read('name,arrival,duration,cpu,priority,class,namespace,labels,nodeSelector\n,0,,,,,,,\n')).toEqual([{ ...bare, name: 'pod-1', arrivalMicros: 0 }]);
  });

  it('divides arrivals by the compression and keeps run times, to the nearest microsecond', () => {
    const [pod] = read('arrival,duration\n12902960,1000\n', 400);
    expect([pod.arrivalMicros, pod.durationMicros]).toEqual([32_257_400_000, 1_000_000_000]);
    expect(read('arrival\n0.000001\n', 3)[0].arrivalMicros).toBe(0);
  });

  it('shares the requests and labels of equal rows', () => {
    const [first, second] = read('arrival,cpu,memory,labels\n0,1,1Gi,a=b\n1,1,1Gi,a=b\n');
    expect(second.requests).toBe(first.requests);
    expect(second.labels).toBe(first.labels);
  });

  it('says how many pods never end', () => {
    const reader = openTrace('csv', byteSourceOf('arrival,duration\n0,5\n1,\n2,\n'), 'trace.csv');
    expect(drain(reader)).toHaveLength(3);
    expect(reader.podCount).toBe(3);
    expect(reader.notes()).toEqual(['Pods without a duration, which run for ever: 2']);
  });

  it('gives the pods before a wrong row, then its mistakes', () => {
    const reader = openTrace('csv', byteSourceOf('arrival,cpu\n0,1\n1,x\n'), 'trace.csv');
    expect(reader.next()?.name).toBe('pod-1');
    expect(() => reader.next()).toThrow('trace.csv:3: expected a quantity such as 500m or 2, found "x" [cpu]');
  });

  it('as a source stands one arrival ahead', () => {
    const source = new TraceSource(openTrace('csv', byteSourceOf('arrival\n1\n1\n3\n'), 'trace.csv'));
    const seen: [number, string | undefined][] = [];
    for (let due = source.peekTime(); source.advance(); due = source.peekTime()) seen.push([due, source.pod?.name]);
    expect(seen).toEqual([[1_000_000, 'pod-1'], [1_000_000, 'pod-2'], [3_000_000, 'pod-3']]);
    expect([source.peekTime(), source.pod]).toEqual([Infinity, null]);
  });

  it('reads the sample that ships with Podyard', () => {
    const path = new URL('../../workloads/sample-trace.csv', import.meta.url).pathname;
    expect(checkTrace('csv', openTraceFile(path), path)).toEqual([]);
    const pods = drain(openTrace('csv', openTraceFile(path), path));
    expect(pods).toHaveLength(72);
    expect(new Set(pods.map((pod) => pod.class))).toEqual(new Set(['service', 'batch', 'training']));
  });
});

describe('laws of the trace reader', () => {
  const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
  const row = fc.record({
    name,
    gap: fc.integer({ min: 0, max: 5_000_000 }),
    duration: fc.option(fc.integer({ min: 0, max: 1e12 })),
    cpu: fc.constantFrom('1', '250m', '0.5', '2'),
    memory: fc.constantFrom('1Gi', '512Mi', '1e9', '123456'),
    priority: fc.integer({ min: -1000, max: 1_000_000_000 }),
    class: fc.constantFrom('service', 'batch, nightly', 'the "best"', 'line\nbreak'),
    labels: fc.dictionary(name, name, { maxKeys: 3 }),
  });

  function decimal(micros: number): string {
    return `${String(Math.floor(micros / 1e6))}.${String(micros % 1e6).padStart(6, '0')}`;
  }

  it('what was written is read, however the bytes are cut and packed', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 60 }), fc.boolean(), (rows, chunkBytes, isPacked) => {
        let arrivalMicros = 0;
        const pods = rows.map(({ gap, duration, labels, cpu, memory, ...rest }): TracePod => {
          arrivalMicros += gap;
          return { ...rest, namespace: 'default', arrivalMicros, durationMicros: duration, labels, nodeSelector: {}, nodeAffinityAnyOf: [], requests: { cpu, memory } };
        });
        const lines = pods.map((pod) => {
          const labels = Object.entries(pod.labels).map(([key, value]) => `${key}=${value}`).join(';');
          const duration = pod.durationMicros === null ? '' : decimal(pod.durationMicros);
          const quoted = /[",\n]/.test(pod.class) ? `"${pod.class.replaceAll('"', '""')}"` : pod.class;
          return `${pod.name},${decimal(pod.arrivalMicros)},${duration},${String(pod.requests['cpu'])},${String(pod.requests['memory'])},${String(pod.priority)},${quoted},${labels}\n`;
        });
        const text = new TextEncoder().encode(`name,arrival,duration,cpu,memory,priority,class,labels\n${lines.join('')}`);
        const bytes = isPacked ? new Uint8Array(gzipSync(text)) : text;
        expect(drain(openTrace('csv', unpacked(byteSourceOf(bytes, chunkBytes), 'x'), 'x'))).toEqual(pods);
      }),
      { numRuns: 300 },
    );
  });
});

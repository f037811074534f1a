/**
 * Requests that wait for a token, played on the kernel: a plain bucket of any size, and the node-lifecycle controller's
 * own.
 */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { ZoneQueue } from '../../src/controllers/zone-queues.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { sample } from '../../src/kernel/sampling.ts';

export interface TokenRequests {
  readonly seed: string;
  readonly ratePerSecond: number;
  readonly gaps: Distribution;
  readonly requests: number;
}

/** Seconds, by request. */
export interface TokenTimes {
  readonly arrived: readonly number[];
  readonly passed: readonly number[];
}

interface Bucket {
  /** A request has arrived. */
  add(request: number): void;
  /** The first that waits, if there is a token for it, else -1. */
  take(now: number): number;
  /** When there is a token next; read while somebody waits. */
  nextToken(): number;
}

/** A full bucket of `size` tokens, filled evenly. */
export function playTokenBucket(requests: TokenRequests, size: number): TokenTimes {
  const period = Math.round(MICROS_PER_SECOND / requests.ratePerSecond);
  const waiting: number[] = [];
  // When the bucket was, or will be, empty: it holds (now - emptyAt) / period tokens, at most `size`.
  let emptyAt = -size * period;
  return play(requests, {
    add: (request) => void waiting.push(request),
    nextToken: () => emptyAt + period,
    take: (now) => {
      if (waiting.length === 0 || now < emptyAt + period) return -1;
      emptyAt = Math.max(emptyAt, now - size * period) + period;
      return waiting.shift() as number;
    },
  });
}

/** The bucket of one token by which a zone's nodes are tainted. */
export function playZoneQueue(requests: TokenRequests): TokenTimes {
  const queue = new ZoneQueue(requests.ratePerSecond);
  return play(requests, {
    add: (request) => void queue.nodes.push(request),
    nextToken: () => queue.tokenAt,
    take: (now) => queue.take(now),
  });
}

function play({ seed, gaps, requests }: TokenRequests, bucket: Bucket): TokenTimes {
  const kernel = new Kernel({ seed, phaseCount: 1 });
  const stream = kernel.random.stream('gaps');
  const gap = (): number => Math.round(sample(gaps, stream) * MICROS_PER_SECOND);
  const arrived: number[] = [];
  const passed: number[] = [];
  let waiting = 0;
  const passAll = (): void => {
    for (let request = bucket.take(kernel.now); request >= 0; request = bucket.take(kernel.now)) {
      passed[request] = kernel.now / MICROS_PER_SECOND;
      waiting--;
    }
    if (waiting > 0) kernel.at(Math.max(kernel.now, bucket.nextToken()), token);
  };
  const token = kernel.defineEvent('token', 0, passAll);
  const arrival = kernel.defineEvent('arrival', 0, () => {
    bucket.add(arrived.length);
    arrived.push(kernel.now / MICROS_PER_SECOND);
    waiting++;
    // Who waits already has a token event under way.
    if (waiting === 1) passAll();
    if (arrived.length < requests) kernel.after(gap(), arrival);
  });
  kernel.after(gap(), arrival);
  kernel.run();
  return { arrived, passed };
}

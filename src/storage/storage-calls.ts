/**
 * Calls to storage drivers: how long each takes, whether it fails, how long until it is tried again. Times and failures
 * come from streams of their own for each volume, so that failures shift no times. Loaded with attach-detach.ts.
 * Source: pkg/util/goroutinemap/exponentialbackoff (v1.36) for attach, detach and mount; kubernetes-csi/
 * external-provisioner cmd/csi-provisioner (retry-interval-start, retry-interval-max).
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, doubledBackoff, type Micros } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { sampleMicros } from '../kernel/sampling.ts';
import type { StorageCall, StorageSettings } from './settings.ts';

const FIRST_PAUSE_MICROS: Micros = MICROS_PER_SECOND / 2;
const MOST_PAUSE_MICROS: Micros = 2 * MICROS_PER_MINUTE + 2 * MICROS_PER_SECOND;
const FIRST_PROVISION_PAUSE_MICROS: Micros = MICROS_PER_SECOND;
const MOST_PROVISION_PAUSE_MICROS: Micros = 5 * MICROS_PER_MINUTE;

export class StorageCalls {
  private readonly kernel: Kernel;
  private readonly settings: StorageSettings;

  constructor(kernel: Kernel, settings: StorageSettings) {
    this.kernel = kernel;
    this.settings = settings;
  }

  micros(call: StorageCall, volume: string): Micros {
    return sampleMicros(this.secondsOf(call), this.kernel.random.stream(call, volume));
  }

  fails(call: StorageCall, volume: string): boolean {
    const chance = this.settings.failures[call];
    return chance > 0 && this.kernel.random.stream(`${call}-failure`, volume).next() < chance;
  }

  /** After so many failures in a row, the last one among them. */
  pauseMicros(call: StorageCall, failures: number): Micros {
    return call === 'provision'
      ? doubledBackoff(failures, FIRST_PROVISION_PAUSE_MICROS, MOST_PROVISION_PAUSE_MICROS)
      : doubledBackoff(failures, FIRST_PAUSE_MICROS, MOST_PAUSE_MICROS);
  }

  private secondsOf(call: StorageCall): Distribution {
    const { provisionSeconds, attachSeconds, detachSeconds, mountSeconds } = this.settings;
    switch (call) {
      case 'provision':
        return provisionSeconds;
      case 'attach':
        return attachSeconds;
      case 'detach':
        return detachSeconds;
      default:
        return mountSeconds;
    }
  }
}

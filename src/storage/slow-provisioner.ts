/**
 * An external provisioner whose driver takes its time and may fail: one call a claim at a time, tried again with an
 * exponential back-off until there is a volume. Loaded only where a scenario has `storage`.
 * Source: kubernetes-csi/external-provisioner, sig-storage-lib-external-provisioner controller/controller.go. Not
 * modelled: a driver that sends the pod to another node (it takes the selected node back from the claim).
 */
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { StorageCalls } from './storage-calls.ts';
import type { ProvisionHost, Provisioner } from './volume-controller.ts';

interface Call {
  readonly key: string;
  failures: number;
  readonly host: ProvisionHost;
}

export class SlowProvisioner implements Provisioner {
  private readonly kernel: Kernel;
  private readonly calls: StorageCalls;
  private readonly answeredEvent: EventKind;
  private readonly againEvent: EventKind;
  /** By claim. */
  private readonly underWay = new Map<string, number>();
  private readonly all: (Call | null)[] = [];

  constructor(kernel: Kernel, calls: StorageCalls, phase: number) {
    this.kernel = kernel;
    this.calls = calls;
    this.answeredEvent = kernel.defineEvent('volume made', phase, (id) => this.answered(id));
    this.againEvent = kernel.defineEvent('volume asked for again', phase, (id) => this.ask(id));
  }

  provision(key: string, host: ProvisionHost): void {
    if (this.underWay.has(key)) return;
    const id = this.all.push({ key, failures: 0, host }) - 1;
    this.underWay.set(key, id);
    this.ask(id);
  }

  private ask(id: number): void {
    const call = this.all[id];
    if (call === null) return;
    if (!call.host.isWanted(call.key)) return this.forget(id, call);
    const micros = this.calls.micros('provision', call.key);
    if (micros === 0) this.answered(id);
    else this.kernel.after(micros, this.answeredEvent, id);
  }

  private answered(id: number): void {
    const call = this.all[id];
    if (call === null) return;
    if (this.calls.fails('provision', call.key)) {
      this.kernel.after(this.calls.pauseMicros('provision', ++call.failures), this.againEvent, id);
      return;
    }
    this.forget(id, call);
    call.host.provisioned(call.key);
  }

  private forget(id: number, call: Call): void {
    this.underWay.delete(call.key);
    this.all[id] = null;
  }
}

/** What those who make pods ask of the API server beforehand. */
import type { Micros } from '../base/time.ts';

/** Whether new pods are let in. */
export interface CreationGate {
  /** Whether another pod of the template is refused; each question is a request. */
  isRefused(template: number): boolean;
  /** When a refusal may last have become out of date; -1: never. */
  roomAt(): Micros;
}

export const OPEN_GATE: CreationGate = { isRefused: () => false, roomAt: () => -1 };

/**
 * Which start of a CronJob is due, and when to look again. Pure; times are microseconds since 1970.
 * Source: pkg/controller/cronjob/utils.go mostRecentScheduleTime, nextScheduleTimeDuration (v1.36). More than 100
 * missed starts do not always mean that one is due: with irregular schedules the estimate may jump past the last one.
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';
import type { CronSchedule } from './utc-schedule.ts';

/** What upstream adds, so that the next look does not come a moment too early. */
const LOOK_AFTER_MICROS: Micros = 100_000;
const MANY = 100;

export interface DueStart {
  readonly earliest: Micros;
  /** null: none. */
  readonly mostRecent: Micros | null;
  readonly missed: 'none' | 'few' | 'many';
  /** Two starts less than a second apart. */
  readonly error: boolean;
}

/** `since`: the last start, or the creation. `deadlineSeconds`: how late a start may be, null: any. */
export function dueStart(schedule: CronSchedule, since: Micros, now: Micros, deadlineSeconds: number | null): DueStart {
  const earliest = deadlineSeconds === null ? since : Math.max(since, now - deadlineSeconds * MICROS_PER_SECOND);
  const nothing = { earliest, mostRecent: null, missed: 'none', error: false } as const;
  const first = schedule.next(earliest);
  // Upstream's library answers with the year 1 when it finds none, which is before any time.
  const second = first === null ? null : schedule.next(first);
  if (first !== null && now < first) return nothing;
  if (first !== null && second !== null && now < second) return { ...nothing, mostRecent: first };
  if (first === null || second === null) return { ...nothing, error: true };
  const gap = Math.round((second - first) / MICROS_PER_SECOND);
  if (gap < 1) return { ...nothing, error: true };
  const count = Math.floor(Math.floor((now - first) / MICROS_PER_SECOND) / gap) + 1;
  let mostRecent: Micros | null = null;
  let start = schedule.next(first + (count - 2) * gap * MICROS_PER_SECOND);
  while (start !== null && start <= now) {
    mostRecent = start;
    start = schedule.next(start);
  }
  return { earliest, mostRecent, missed: count > MANY ? 'many' : 'few', error: false };
}

/** How long until the next look; the deadline does not matter for it. */
export function nextLookMicros(schedule: CronSchedule, since: Micros, now: Micros): Micros {
  const { earliest, mostRecent, missed, error } = dueStart(schedule, since, now, null);
  const from = error ? now : (mostRecent ?? (missed === 'none' ? earliest : now));
  const next = schedule.next(from);
  return next === null ? 0 : next + LOOK_AFTER_MICROS - now;
}

// Cron schedules in time zones: what becomes of times that a clock change skips or repeats, zones by name, and texts
// that are no schedules. The dates of clock changes are those of the zones' laws.
import { describe, expect, test } from 'vitest';
import { parseSchedule } from '../../src/controllers/utc-schedule.ts';
import { ONLY_UTC, UTC_RULES, localTime, unixOf } from '../../src/controllers/zoned-time.ts';
import { timeZones } from '../../src/io/time-zones.ts';

const unix = (text: string): number => Date.parse(text) / 1000;

function times(schedule: string, timeZone: string | undefined, from: string, count: number): string[] {
  const parsed = parseSchedule(schedule, timeZone, timeZones);
  const found: string[] = [];
  let at = unix(from) * 1e6;
  while (parsed !== null && found.length < count) {
    const next = parsed.next(at);
    if (next === null) break;
    found.push(new Date(next / 1000).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

describe('a schedule', () => {
  test('of a time that the clock skips waits for the next day', () => {
    // New York goes from 02:00 to 03:00 on 8 March 2026.
    expect(times('30 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z', 2)).toEqual([
      '2026-03-09T06:30',
      '2026-03-10T06:30',
    ]);
  });

  test('of a time that comes twice runs twice when it names no hour, once or twice as its hour matches', () => {
    // Berlin goes from 03:00 back to 02:00 on 25 October 2026.
    expect(times('30 * * * *', 'Europe/Berlin', '2026-10-24T23:31:00Z', 3)).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T01:30',
      '2026-10-25T02:30',
    ]);
    expect(times('0 4 * * *', 'Europe/Berlin', '2026-10-24T00:00:00Z', 2)).toEqual([
      '2026-10-24T02:00',
      '2026-10-25T03:00',
    ]);
  });

  test('names its zone itself, and then that one counts', () => {
    expect(times('TZ=Asia/Kolkata 0 0 * * *', 'Europe/Berlin', '2026-01-01T00:00:00Z', 1)).toEqual([
      '2026-01-01T18:30',
    ]);
    expect(times('CRON_TZ=UTC 0 0 * * *', undefined, '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-02T00:00']);
  });

  test('of a day that never comes finds nothing, and the search ends', () => {
    expect(times('0 0 30 2 *', 'Pacific/Apia', '2011-12-01T00:00:00Z', 1)).toEqual([]);
    expect(times('0 0 * * SUN', 'Pacific/Apia', '2011-12-29T00:00:00Z', 2)).toEqual([]);
  });

  test.each(['* * * *', '60 * * * *', '* * * * 8', '@reboot', '@every soon', '5-1 * * * *', '1,,2 * * * *'])(
    '%s is none',
    (text) => {
      expect(parseSchedule(text, undefined, timeZones)).toBeNull();
    },
  );

  test('in a zone that is not there is none; without tables only UTC is there', () => {
    expect(parseSchedule('0 0 * * *', 'Mars/Olympus', timeZones)).toBeNull();
    expect(parseSchedule('0 0 * * *', 'Europe/Berlin', ONLY_UTC)).toBeNull();
    expect(parseSchedule('0 0 * * *', 'UTC', ONLY_UTC)).not.toBeNull();
  });
});

describe('local time', () => {
  // Winter and summer of the north, half hours, an ended practice, a link to another name.
  test.each([
    ['Europe/Berlin', '2026-01-15T12:00:00Z', '13:00'],
    ['Europe/Berlin', '2026-07-15T12:00:00Z', '14:00'],
    ['US/Eastern', '2026-07-15T12:00:00Z', '08:00'],
    ['Asia/Kolkata', '2026-07-15T12:00:00Z', '17:30'],
    ['Australia/Lord_Howe', '2026-01-15T12:00:00Z', '23:00'],
    ['Australia/Lord_Howe', '2026-07-15T12:00:00Z', '22:30'],
    ['America/Sao_Paulo', '2018-01-15T12:00:00Z', '10:00'],
    ['America/Sao_Paulo', '2026-01-15T12:00:00Z', '09:00'],
    ['Asia/Tehran', '2022-07-15T12:00:00Z', '16:30'],
    ['Asia/Tehran', '2026-07-15T12:00:00Z', '15:30'],
    ['Pacific/Chatham', '2026-07-15T12:00:00Z', '00:45'],
  ])('%s at %s: %s', (zone, instant, expected) => {
    const { hour, minute } = localTime(timeZones(zone) ?? UTC_RULES, unix(instant));
    expect(`${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`).toBe(expected);
  });

  test('and back: every instant that is no repeated one', () => {
    const zone = timeZones('Europe/Berlin') ?? UTC_RULES;
    for (let instant = unix('2026-01-01T00:00:00Z'); instant < unix('2027-01-01T00:00:00Z'); instant += 1800) {
      const again = unixOf(zone, localTime(zone, instant));
      if (again !== instant)
        expect([again - instant, new Date(instant * 1000).toISOString().slice(0, 10)]).toEqual([
          expect.any(Number),
          '2026-10-25',
        ]);
    }
  });

  test('months and days beyond their range carry over', () => {
    const at = (month: number, day: number): string =>
      new Date(unixOf(UTC_RULES, { year: 2026, month, day, hour: 0, minute: 0, second: 0 }) * 1000)
        .toISOString()
        .slice(0, 10);
    expect([at(13, 1), at(1, 32), at(0, 31), at(2, 29)]).toEqual([
      '2027-01-01',
      '2026-02-01',
      '2025-12-31',
      '2026-03-01',
    ]);
  });
});

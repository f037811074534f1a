// kubectl's ages and column layout: values of upstream's own tables.
import { describe, expect, test } from 'vitest';
import { humanDuration } from '../../src/report/kubectl/age.ts';
import { kindOf } from '../../src/report/kubectl/kinds.ts';
import { DESCRIBE_LAYOUT, layOut, tableText } from '../../src/report/kubectl/tabbed.ts';

const [S, M, H, D] = [1, 60, 3_600, 86_400];

describe('ages', () => {
  test.each([
    [-2, '<invalid>'], [0, '0s'], [S, '1s'], [119, '119s'], [2 * M, '2m'], [2 * M + 1, '2m1s'],
    [5 * M + 10, '5m10s'], [10 * M - 1, '9m59s'], [10 * M + 10, '10m'], [2 * H, '120m'], [3 * H - 1, '179m'],
    [3 * H, '3h'], [3 * H + 20 * M, '3h20m'], [8 * H - 1, '7h59m'], [8 * H + 30 * M, '8h'], [2 * D - 1, '47h'],
    [2 * D, '2d'], [2 * D + 3 * H, '2d3h'], [8 * D - 1, '7d23h'], [8 * D + 5 * H, '8d'], [729 * D, '729d'],
    [730 * D, '2y'], [750 * D, '2y20d'], [8 * 365 * D + 9 * D, '8y'],
  ])('%s seconds are %s', (seconds, text) => {
    expect(humanDuration(seconds * 1_000_000)).toBe(text);
  });
});

describe('columns', () => {
  test('a table leaves three spaces, and six at least', () => {
    expect(tableText(['A', 'LONGER'], [['x', 'y'], ['abcdef', 'z']])).toBe('A        LONGER\nx        y\nabcdef   z\n');
    expect(tableText(['A', 'B'], [['x', 'y']])).toBe('A     B\nx     y\n');
  });

  test('a column ends where a line has no tab for it', () => {
    const lines = ['Name:\tweb', 'Status:\tRunning', 'Conditions:', '  Type\tStatus', '  Ready \tTrue '];
    expect(layOut(lines, DESCRIBE_LAYOUT)).toBe(
      'Name:    web\nStatus:  Running\nConditions:\n  Type    Status\n  Ready   True \n',
    );
  });
});

test('kinds by every name that kubectl takes', () => {
  const words = ['pods', 'Pod', 'po', 'deployments.apps', 'deploy', 'sts', 'pdb', 'sc', 'events'];
  expect(words.map((word) => kindOf(word)?.kind)).toEqual([
    'Pod', 'Pod', 'Pod', 'Deployment', 'Deployment', 'StatefulSet', 'PodDisruptionBudget', 'StorageClass', 'Event',
  ]);
  expect(kindOf('podz')).toBeUndefined();
});

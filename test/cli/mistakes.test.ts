// A wrong command line is told in one line, with exit code 2 and nothing on standard output.
import { beforeAll, expect, test } from 'vitest';
import { MACHINE_FORMAT_NAMES, TRACE_CATALOG, TRACE_FORMAT_NAMES } from '../../src/workload/traces/catalog.ts';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
beforeAll(() => {
  cli.write('small.yaml', SMALL);
});

test.each([
  ['run small.yaml --sed 3', 'there is no option --sed — did you mean "--seed"?'],
  ['run small.yaml -x', 'there is no option -x'],
  ['rnu small.yaml', 'there is no command rnu — did you mean "run"?'],
  ['run', 'an argument is missing: podyard run <scenario>'],
  ['run small.yaml other.yaml', 'unexpected argument other.yaml: podyard run <scenario>'],
  ['run small.yaml --seed 1 --seed 2', '--seed is given 2 times, expected once'],
  ['run small.yaml --quiet --quiet', '--quiet is given 2 times, expected once'],
  ['run small.yaml --seed', '--seed has no value'],
  ['run small.yaml --check 12abc', '--check: expected a whole number from 1, found "12abc"'],
  ['run small.yaml --check -3', '--check: expected a whole number from 1, found "-3"'],
  ['run small.yaml -o tabel', '--output: expected table, wide, json, yaml, csv, openmetrics, found "tabel" — did you mean "table"?'],
  ['run small.yaml --set duration', '--set duration: expected path=value, such as duration=2h or nodePools[general].count=50'],
  ['run small.yaml --force', '--force needs --out: there is no folder to replace'],
  ['run missing.yaml', 'missing.yaml: no such file or folder'],
  ['run small.yaml --plugin missing.js', 'missing.js: no such file'],
  ['replay', `expected one of: ${TRACE_CATALOG.map(({ name }) => name).join(', ')}`],
  ['replay swf nothing.swf --overrun stay', '--overrun: expected keep, cut, found "stay"'],
  ['replay itp small.yaml --node-pool count=1,cpu=1,memory=1Gi --gpus-per-node 0', '--gpus-per-node: expected a whole number from 1, found "0"'],
  ['replay itp small.yaml --node-pool count=1,cpu=1,memory=1Gi --sample 2', '--sample: expected a number from 0.000001 to 1, found the number 2'],
  ['replay itp small.yaml --node-pool count=1,cpu=1,memory=1Gi --from 2h --to 1h', '--to: expected a time after "from" (2h), found 1h'],
  ['replay itp small.yaml --node-pool count=1,cpu=1,memory=1Gi --scale cpu', '--scale cpu: expected name=value such as cpu=0.5'],
  ['replay itp small.yaml --machines openb', `--machines openb: expected FORMAT=FILE, FORMAT being one of ${MACHINE_FORMAT_NAMES.join(', ')}`],
  ['replay itp small.yaml --machines google-2011=small.yaml --machine-set cpu=1', '--machine-set: the format google-2011 has no setting "cpu": expected cpuUnit, memoryUnit'],
  ['trace info missing.csv', 'missing.csv: cannot open the file: there is no such file'],
  ['trace info small.yaml', `small.yaml: looks like no known format: expected --format, one of ${TRACE_FORMAT_NAMES.join(', ')}`],
  ['replay openb --nodes small.yaml', '--pods is missing'],
  ['replay csv small.yaml', 'the cluster has no nodes: expected --nodes FILE or --node-pool count=100,cpu=16,memory=64Gi'],
  ['replay csv small.yaml --node-pool 7', '--node-pool 7: expected count=100,cpu=16,memory=64Gi, found "7"'],
  ['replay csv small.yaml --node-pool count=1,cpu=1,memory=1Gi --compress 0', '--compress: expected a number above 0, found "0"'],
  ['replay csv missing.csv --node-pool count=1,cpu=1,memory=1Gi', 'no such file: missing.csv'],
  ['replay csv small.yaml --node-pool count=1,cpu=1,memory=1Gi --node-pool name=b,count=2,cpu=1', '--node-pool name=b,count=2,cpu=1: "memory" is missing: expected what one node offers'],
  ['replay csv small.yaml --node-pool count=1,cpu=1,memory=1Gi --compress 1e-9', '--compress: expected a number from 0.000001 to 1000000, found the number 1e-9'],
  ['replay csv small.yaml --nodes missing.yaml', '--nodes: no such file or folder: missing.yaml'],
  ['replay csv small.yaml --node-pool count=1,cpu=1,memory=1Gi --scheduler missing.yaml', '--scheduler: no such file: missing.yaml'],
  ['compare small.yaml --a x', '--b is missing'],
  ['compare small.yaml --a x --b y --seeds 1', '--seeds: expected a whole number from 2, found "1"'],
  ['run small.yaml --scheduler missing.yaml', '--scheduler: no such file: missing.yaml'],
  ['run small.yaml --scheduler .', '--scheduler: expected a file, found a folder: .'],
  ['run small.yaml -qx', 'there is no option -x'],
  ['run small.yaml -qotabel', '--output: expected table, wide, json, yaml, csv, openmetrics, found "tabel" — did you mean "table"?'],
  ['run small.yaml --no-colour', 'there is no option --no-colour — did you mean "--no-color"?'],
  ['completion fish', 'completion: expected bash or zsh, found "fish"'],
  ['help rnu', 'there is no command rnu — did you mean "run"?'],
  ['rnu --help', 'there is no command rnu — did you mean "run"?'],
  ['hlep', 'there is no command hlep — did you mean "help"?'],
  ['compare --a x --b y', 'an argument is missing: podyard compare <scenario>'],
  ['compare --a x --b y --replay csv', 'an argument is missing: podyard compare <trace> --replay csv'],
  ['compare small.yaml --a x --b y --nodes n.csv', '--nodes needs --replay FORMAT'],
  ['compare t.csv --a x --b y --replay csv --pods p.csv', '--pods needs --replay openb'],
  ['compare --a x --b y --replay openb --pods p.csv', '--replay openb needs --nodes'],
  [
    'compare t.csv --a x --b y --replay openb --nodes n.csv --pods p.csv',
    'unexpected argument t.csv: --replay openb takes its files by --nodes and --pods',
  ],
  ['compare t.csv --a x --b y --replay cvs', `--replay: expected ${TRACE_FORMAT_NAMES.join(', ')}, found "cvs" — did you mean "csv"?`],
  [
    'compare t.csv --a x --b y --replay csv',
    'the cluster has no nodes: expected --nodes FILE or --node-pool count=100,cpu=16,memory=64Gi',
  ],
  [
    'compare small.yaml --replay csv --node-pool count=1,cpu=1 --a x --b y',
    '--node-pool count=1,cpu=1: "memory" is missing: expected what one node offers',
  ],
  ['conformance nowhere', 'nowhere: no such file or folder'],
  ['init small.yaml', 'small.yaml: the file exists: choose another name, or replace it with --force'],
])('podyard %s', async (line, message) => {
  const { code, out, err } = await cli.here(...line.split(' '));
  expect(err).toBe(`error: ${message}\n`);
  expect(out).toBe('');
  expect(code).toBe(2);
});

test('a program of its own says the same and ends with exit code 2', () => {
  expect(cli.run('run', 'small.yaml', '--sed', '3')).toEqual({ code: 2, out: '', err: 'error: there is no option --sed — did you mean "--seed"?\n' });
});

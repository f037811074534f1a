/** What `podyard versions` prints: one row a difference. */
import { stringify as csv } from 'csv-stringify/sync';
import { stringify } from 'yaml';
import { InputError } from '../base/input-error.ts';
import { KUBERNETES_VERSIONS, differencesBetween, isKubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import { formatPlural } from '../report/format.ts';
import { writeJson } from '../report/json.ts';
import { paintFor, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Paint } from '../report/table.ts';
import type { GivenOptions } from './options.ts';

interface ListedDifference {
  readonly part: string;
  readonly gate: string;
  readonly from: string;
  readonly to: string;
  readonly files: string;
  readonly here: string;
}

interface Listed {
  readonly from: KubernetesVersion;
  readonly to: KubernetesVersion;
  readonly differences: readonly ListedDifference[];
}

export function versionsText(given: GivenOptions, color: boolean): string {
  const listed = listBetween(
    versionOf(given, 'from', KUBERNETES_VERSIONS[0]),
    versionOf(given, 'to', KUBERNETES_VERSIONS[KUBERNETES_VERSIONS.length - 1]),
  );
  switch (given.text('output')) {
    case 'json':
      return `${writeJson(listed, '')}\n`;
    case 'yaml':
      return stringify(listed, { lineWidth: 0 });
    case 'csv':
      return csv([
        ['part', 'gate', listed.from, listed.to, 'files', 'here'],
        ...listed.differences.map(({ part, gate, from, to, files, here }) => [part, gate, from, to, files, here]),
      ]);
    default:
      return tableOf(listed, paintFor(color));
  }
}

function versionOf(given: GivenOptions, name: string, fallback: KubernetesVersion): KubernetesVersion {
  const text = given.positional(name);
  if (text === '') return fallback;
  if (isKubernetesVersion(text)) return text;
  throw new InputError({
    message: `expected a version of Kubernetes (${KUBERNETES_VERSIONS.join(', ')}), found ${text}`,
  });
}

function listBetween(from: KubernetesVersion, to: KubernetesVersion): Listed {
  const [a, b] = [KUBERNETES_VERSIONS.indexOf(from), KUBERNETES_VERSIONS.indexOf(to)];
  const differences = differencesBetween(from, to).map(({ on, part, gate, whenOff, whenOn, files, here }) => {
    const [before, after] = [on[a] ? whenOn : whenOff, on[b] ? whenOn : whenOff];
    return { part, gate, from: before, to: after, files, here };
  });
  return { from, to, differences };
}

/** Characters a line of each column. */
const WIDTHS = { part: 20, gate: 22, text: 36, files: 36 } as const;

function tableOf({ from, to, differences }: Listed, paint: Paint): string {
  if (differences.length === 0) return `No difference between Kubernetes ${from} and ${to} is modelled.\n`;
  const columns = [
    textColumn('PLUGIN OR PART'),
    textColumn('GATE'),
    textColumn(`IN ${from}`),
    textColumn(`IN ${to}`),
    textColumn('UPSTREAM FILES'),
  ];
  const rows = differences.flatMap((difference) => {
    const text =
      difference.here === 'simulated'
        ? difference.to
        : `${difference.to} (${difference.here === 'no effect' ? 'no effect here' : 'not simulated yet'})`;
    const cells = [
      wrapped(difference.part, WIDTHS.part),
      wrapped(difference.gate, WIDTHS.gate),
      wrapped(difference.from, WIDTHS.text),
      wrapped(text, WIDTHS.text),
      difference.files.split(BETWEEN_FILES).flatMap((file) => wrapped(file, WIDTHS.files)),
    ];
    const height = Math.max(...cells.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) =>
      cells.map((lines, column) =>
        column === 0 ? paint.strong(plainText(lines[line] ?? '')) : plainText(lines[line] ?? ''),
      ),
    );
  });
  const simulated = differences.filter(({ here }) => here === 'simulated').length;
  return `${renderTable(columns, rows, paint)}\n\n${formatPlural(differences.length, 'difference')}, ${String(simulated)} simulated. Files are below pkg/scheduler unless they begin with pkg or staging.\n`;
}

/** A comma that is not in braces. */
const BETWEEN_FILES = /, (?![^{]*\})/;

/** Lines of at most so many characters where the text can be broken: behind spaces, commas and slashes. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const piece of text.match(/[^ ,/]*[ ,/]*/g) ?? []) {
    if (line !== '' && (line + piece).trimEnd().length > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += piece;
  }
  return [...lines, line.trimEnd()];
}

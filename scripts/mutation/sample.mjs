// Three plugins of StrykerJS for `npm run mutate`: a checker that lets only a seeded random sample of the mutants
// through, in random order, so that what is measured when time is up is a random sample, too; and a reporter that
// appends each judged mutant to a file at once, so that a stop loses nothing; and what leaves assertions alone.
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import {
  PluginKind,
  commonTokens,
  declareClassPlugin,
  declareFactoryPlugin,
  declareValuePlugin,
  tokens,
} from '@stryker-mutator/api/plugin';

class Sampler {
  static inject = tokens(commonTokens.options);
  #wish;
  #chosen = new Set();

  constructor(options) {
    this.#wish = options.podyard;
  }

  async init() {}

  /** Gets all mutants at once; the sample comes first, one by one, so that judging begins at once. */
  async group(mutants) {
    const { seed, sample, only, drawn } = this.#wish;
    const asked = only === null ? mutants : mutants.filter((mutant) => only.includes(placeOf(mutant)));
    const rank = new Map(asked.map((mutant) => [mutant.id, hash(`${seed}/${placeOf(mutant)}`)]));
    const shuffled = asked.map(({ id }) => id).sort((a, b) => (rank.get(a) < rank.get(b) ? -1 : 1));
    const sampled = shuffled.slice(0, sample ?? shuffled.length);
    this.#chosen = new Set(sampled);
    writeFileSync(drawn, JSON.stringify({ population: asked.length, sampled: sampled.length }));
    const rest = mutants.map(({ id }) => id).filter((id) => !this.#chosen.has(id));
    return [...sampled.map((id) => [id]), ...(rest.length > 0 ? [rest] : [])];
  }

  /** Stryker has no status for "not drawn"; what fails the check is left out of its score and of ours. */
  async check(mutants) {
    return Object.fromEntries(mutants.map(({ id }) => [id, this.#chosen.has(id) ? { status: 'passed' } : NOT_DRAWN]));
  }
}

const NOT_DRAWN = { status: 'compileError', reason: 'not drawn' };

function createSampler(injector) {
  return injector.injectClass(Sampler);
}
createSampler.inject = tokens(commonTokens.injector);

class Ledger {
  static inject = tokens(commonTokens.options);
  #file;

  constructor(options) {
    this.#file = options.podyard.ledger;
  }

  onMutantTested(mutant) {
    const { status, fileName, location, mutatorName, replacement = '', statusReason } = mutant;
    if (status === 'CompileError' || status === 'Ignored') return;
    const place = placeOf({ ...mutant, location: fromZero(location) });
    const entry = { place, status, fileName, location, mutatorName, replacement, statusReason };
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

/**
 * What no test can notice: an assertion that asks for less, in code that is right; and whether a listener has the
 * notice that it is told, as lists of observers hold only those that have.
 */
const ASSERTIONS = {
  shouldIgnore(path) {
    const isAssert = path.isCallExpression() && path.node.callee.name === 'assert';
    if (isAssert) return 'an assertion never fires in code that is right';
    const isNotice = path.isOptionalCallExpression() && path.node.callee.object?.name === 'observer';
    return isNotice ? 'a list of observers holds only those that have the notice' : undefined;
  },
};

/** Lines and columns are told to reporters from one on, to checkers from zero on. */
function fromZero({ start, end }) {
  const less = ({ line, column }) => ({ line: line - 1, column: column - 1 });
  return { start: less(start), end: less(end) };
}

/** Names a mutant across runs of the same sources; its number does not. */
function placeOf({ fileName, location: { start, end }, mutatorName, replacement = '' }) {
  const file = fileName.replaceAll('\\', '/').replace(/^.*?(?=src\/)/, '');
  return [file, start.line, start.column, end.line, end.column, mutatorName, hash(replacement).slice(0, 8)].join(':');
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex');
}

export const strykerPlugins = [
  declareFactoryPlugin(PluginKind.Checker, 'sample', createSampler),
  declareValuePlugin(PluginKind.Ignore, 'assertions', ASSERTIONS),
  declareClassPlugin(PluginKind.Reporter, 'ledger', Ledger),
];

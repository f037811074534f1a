// The house rules that a linter can hold (CONTRIBUTING.md tells them in words; test/laws holds the others).
// Typed rules run on src, test and bench; scripts and configuration files are plain JavaScript and get the untyped ones.
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';

const BELOW_IO = ['src/**/*.ts'];
const IO_AND_CLI = ['src/io/**', 'src/cli/**'];
const BANNED_FILE_NAMES = ['utils', 'util', 'helpers', 'helper', 'common', 'manager', 'types', 'misc'];

/** Everywhere in TypeScript. */
const shapeRules = [
  { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
  { selector: 'TSEnumDeclaration', message: 'No enums: a union of string literals, or a frozen object of numbers.' },
  { selector: 'TSModuleDeclaration[kind!="global"]', message: 'No namespaces: a file is the module.' },
  {
    selector: ':matches(ClassDeclaration, ClassExpression)[superClass]:not([superClass.name="Error"])',
    message: 'No inheritance but `extends Error`.',
  },
];

/** Below io: what would make a run depend on the machine, the clock, the locale or the Node version. */
const determinismRules = [
  { selector: 'BinaryExpression[operator="**"]', message: '`**` differs between Node versions: multiply, or Math.exp(y * Math.log(x)).' },
  { selector: 'AssignmentExpression[operator="**="]', message: '`**=` differs between Node versions: multiply.' },
  { selector: ':function[async=true]', message: 'No promises below io: effects are data.' },
  { selector: 'AwaitExpression', message: 'No promises below io.' },
  { selector: 'ForOfStatement[await=true]', message: 'No promises below io.' },
  { selector: 'TSTypeReference[typeName.name=/^(Promise|PromiseLike)$/]', message: 'No promises below io.' },
  { selector: 'MemberExpression[property.name=/^(toLocale\\w*|localeCompare)$/]', message: 'No locale functions below io: compare with < and >.' },
  { selector: 'ImportExpression', message: 'No dynamic imports below io.' },
  { selector: 'MetaProperty[meta.name="import"]', message: 'No import.meta below io.' },
];

const BANNED_GLOBALS = [
  'Date', 'performance', 'Intl', 'process', 'console', 'Promise', 'Buffer', 'crypto', 'fetch', 'globalThis', 'global', 'require',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask',
  'WeakRef', 'FinalizationRegistry', 'Worker', 'MessageChannel', 'BroadcastChannel', 'Temporal',
];

export default tseslint.config(
  { ignores: ['dist/', '.dist-next/', 'coverage/', 'out/', 'node_modules/', 'results/', 'docs/'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: { parserOptions: { project: ['tsconfig.json'], tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always'],
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true, IIFEs: true }],
      'no-eval': 'error',
      'no-implied-eval': 'off',
      'no-new-func': 'error',
      'no-param-reassign': 'off',
      'no-restricted-syntax': ['error', ...shapeRules],
      'no-var': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }],
      '@typescript-eslint/require-array-sort-compare': ['error', { ignoreStringArrays: false }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Interfaces of plugins and observers are kept by methods that need not use all they are given.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: BELOW_IO,
    ignores: IO_AND_CLI,
    rules: {
      'no-restricted-syntax': ['error', ...shapeRules, ...determinismRules],
      'no-restricted-globals': ['error', ...BANNED_GLOBALS.map((name) => ({ name, message: 'Not below io: clocks, files, promises and the machine stay outside the simulator.' }))],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Draw from a named stream (kernel/random.ts).' },
        { object: 'Math', property: 'pow', message: 'Math.pow differs between Node versions: multiply, or Math.exp(y * Math.log(x)).' },
      ],
      'no-restricted-imports': ['error', { patterns: [{ regex: `^(node:.*|${builtinModules.join('|')})$`, message: 'Only io and cli import node: modules.' }] }],
    },
  },
  // What a package without types of its own exports, in its own form.
  { files: ['**/*.d.ts'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      '@typescript-eslint/no-base-to-string': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: [`**/{${BANNED_FILE_NAMES.join(',')}}.ts`],
    rules: { 'no-restricted-syntax': ['error', { selector: 'Program', message: 'Name the file after what it owns.' }] },
  },
  {
    files: ['vitest.config.ts', '*.config.ts', '**/examples/**/*.ts'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { parserOptions: { project: null } },
    rules: {
      'no-restricted-syntax': 'off',
      '@typescript-eslint/require-array-sort-compare': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': 'off',
      '@typescript-eslint/no-floating-promises': 'off',
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.recommended],
    rules: { eqeqeq: ['error', 'always'], 'no-var': 'error', 'prefer-const': 'error', 'max-lines': ['error', 600] },
  },
);

import { defineConfig, globalIgnores } from 'eslint/config'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

const tests = ['**/*.test.ts', '**/*.spec.ts']

/**
 * Rules of the code itself that need no types; those that do stand in .oxlintrc.json, and which folder may import which in
 * .dependency-cruiser.js.
 */
export default defineConfig(
  globalIgnores(['node_modules/', 'out/', '.data/', 'test-results/', 'playwright-report/']),
  tseslint.configs.strict,
  vue.configs['flat/recommended'],
  {
    languageOptions: { parserOptions: { parser: tseslint.parser } },
    linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: 'error' },
    rules: {
      'max-lines': ['error', { max: 400 }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      // How templates are laid out is the formatter's business; what is left are mistakes.
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      // It takes a schema's `.catch(…)` for a promise's.
      'vue/no-async-in-computed-properties': 'off',
      // Text of devices and people is drawn as text, never as markup.
      'vue/no-v-html': 'error',
    },
  },
  {
    // A test that finds nothing where it expects something fails either way.
    files: tests,
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    // What another process answers has no end of its own.
    files: ['main/**/*.ts', 'service/**/*.ts', 'agent-sim/**/*.ts'],
    ignores: [...tests, '**/testing/**/*.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'AwaitExpression > CallExpression[arguments.length=0][callee.property.name=/^(json|text|arrayBuffer|blob|bytes|formData)$/]',
          message: 'Read up to a limit: contract/answer.ts.',
        },
      ],
    },
  },
  {
    // Chance is seeded, and nothing waits "long enough": what a test needs is waited for.
    files: [...tests, '**/testing/**/*.ts', 'renderer/fixtures/**', 'e2e/**'],
    ignores: ['contract/testing/wait.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Use chance() of contract/testing/chance.ts.' },
        // They give up after a second, which a busy machine may need.
        { object: 'vi', property: 'waitFor', message: 'Use untilPasses() of contract/testing/wait.ts.' },
        { object: 'vi', property: 'waitUntil', message: 'Use until() of contract/testing/wait.ts.' },
      ],
      'no-restricted-imports': [
        'error',
        { name: 'node:crypto', importNames: ['randomBytes', 'randomInt', 'randomUUID'], message: 'Use contract/testing/chance.ts.' },
        { name: 'node:timers/promises', message: 'Use contract/testing/wait.ts.' },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Promise'] CallExpression[callee.name=/^(setTimeout|setImmediate)$/]",
          message: 'Use contract/testing/wait.ts.',
        },
        { selector: "CallExpression[callee.property.name='waitForTimeout']", message: 'Wait for a condition.' },
        {
          selector: "ForStatement AwaitExpression[argument.callee.object.name='Promise'][argument.callee.property.name='resolve']",
          message: 'Turns are not counted: settle() of contract/testing/wait.ts.',
        },
      ],
    },
  },
  {
    // These run in a terminal, and standard output is what they are for.
    files: ['build/**', 'bench/**'],
    rules: { 'no-console': 'off' },
  },
)

import vue from 'eslint-plugin-vue'
import { defineConfig, globalIgnores } from 'eslint/config'
import tseslint from 'typescript-eslint'

/** Rules of templates. Those of the code stand in .oxlintrc.json, and which folder may import which in .dependency-cruiser.js. */
export default defineConfig(globalIgnores(['node_modules/', 'out/', '.data/']), vue.configs['flat/recommended'], {
  files: ['**/*.vue'],
  languageOptions: { parserOptions: { parser: tseslint.parser } },
  linterOptions: { noInlineConfig: true },
  rules: {
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
})

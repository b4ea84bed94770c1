import { builtinRules } from 'eslint/use-at-your-own-risk'

/** ESLint's rule for what no other rule forbids, for oxlint, which has none of its own. */
const rule = builtinRules.get('no-restricted-syntax')
if (!rule) throw new Error('ESLint has no rule no-restricted-syntax any more.')

export default { meta: { name: 'syntax' }, rules: { restricted: rule } }

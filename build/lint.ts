import { builtinRules } from 'eslint/use-at-your-own-risk'

/**
 * ESLint's rule for what no other rule forbids, for oxlint, which has none of its own. Under three names, since a file that several parts
 * of the configuration speak of has the list of the last one: `restricted`; `handed` for what is taken from outside; `transactions` for
 * what is awaited inside one.
 */
const rule = builtinRules.get('no-restricted-syntax')
if (!rule) throw new Error('ESLint has no rule no-restricted-syntax any more.')

export default { meta: { name: 'syntax' }, rules: { restricted: rule, handed: rule, transactions: rule } }

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../contract/errors.ts'
import { SignalId, signals } from '../contract/signals.ts'
import { permissionsPage } from './docs/permissions.ts'
import { made, table } from './docs/table.ts'
import { root } from './paths.ts'

/**
 * The pages of `docs/` that say what the code says. `node build/docs.ts` writes them again; a test fails when one of
 * them is not what this makes.
 */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/errors.md': errorsPage,
  'docs/permissions.md': permissionsPage,
  'docs/signals.md': signalsPage,
}

function errorsPage(): string {
  const rows = Object.entries(errors).map(([code, [status, says]]) => [`\`${code}\``, String(status), says])
  return `# Errors
${made}

Every error that leaves a process has a code. Over HTTP it is a problem document (\`application/problem+json\`) with
\`code\`, the status below, and, where it helps, \`field\`, \`detail\` and \`params\`. Screens translate the code; the audit
log stores it.

${table(['code', 'status', 'what it says'], rows)}
`
}

function signalsPage(): string {
  const rows = SignalId.options.map((id) => {
    const { category, severity, values, enabledByDefault, derived } = signals[id]
    const note = derived ? 'made by the service from missed heartbeats' : enabledByDefault ? '' : 'raises no incident by default'
    return [`\`${id}\``, category, severity, values.join(', '), note]
  })
  return `# Signals
${made}

What a room reports. \`unhealthy\` and \`misconfigured\` are bad, \`healthy\`, \`notPresent\` and \`notApplicable\` are good, \`unknown\`
is no evidence: whatever was known before goes on.

${table(['signal', 'category', 'severity', 'values', ''], rows)}
`
}

if (import.meta.main) for (const [path, page] of Object.entries(pages)) writeFileSync(join(root, path), await page())

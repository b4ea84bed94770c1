import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../contract/errors.ts'
import { builtInRoles, BuiltInRole, globalAdministratorPermissions, Permission } from '../contract/permissions.ts'
import { SignalId, signals } from '../contract/signals.ts'
import { root } from './paths.ts'

/**
 * The pages of `docs/` that say what the code says. `node build/docs.ts` writes them again; a test fails when one of
 * them is not what this makes.
 */
export const pages: Readonly<Record<string, () => string>> = {
  'docs/errors.md': errorsPage,
  'docs/permissions.md': permissionsPage,
  'docs/signals.md': signalsPage,
}

const made = '<!-- Made by "node build/docs.ts" from the code. -->'

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
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

function permissionsPage(): string {
  const mark = (held: readonly Permission[], permission: Permission) => (held.includes(permission) ? 'yes' : '')
  const rows = Permission.options.map((permission) => [
    `\`${permission}\``,
    ...BuiltInRole.options.map((role) => mark(builtInRoles[role].permissions, permission)),
    mark(globalAdministratorPermissions, permission),
  ])
  const names = BuiltInRole.options.map((role) => builtInRoles[role].en)
  return `# Permissions
${made}

What the built-in roles hold, as the service enforces it. A person may do on a room what any of their assignments
grants there. A Global Administrator of the directory needs no assignment in their own tenant.

${table(['permission', ...names, 'Global Administrator'], rows)}
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

if (import.meta.main) for (const [path, page] of Object.entries(pages)) writeFileSync(join(root, path), page())

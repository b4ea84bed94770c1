import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { errors } from '../contract/errors.ts'
import { SignalId, signals } from '../contract/signals.ts'
import { figuresTable } from './docs/figures.ts'
import { changeControlTable, permissionsPage } from './docs/permissions.ts'
import { retentionPage } from './docs/retention.ts'
import { rulesPage } from './docs/rules.ts'
import { made, table } from './docs/table.ts'
import { root } from './paths.ts'

/**
 * The pages of `docs/` that say what the code says. `node build/docs.ts` writes them again; a test fails when one of
 * them is not what this makes.
 */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'README.md': () => withPart('README.md', 'figures', figuresTable()),
  'docs/errors.md': errorsPage,
  'docs/partners.md': () => withPart('docs/partners.md', 'change control', changeControlTable()),
  'docs/permissions.md': permissionsPage,
  'docs/rules.md': rulesPage,
  'docs/retention.md': retentionPage,
  'docs/signals.md': signalsPage,
}

/** A page that people write, with a part between marks that is made here. */
function withPart(path: string, name: string, part: string): string {
  const begin = `<!-- Made by "node build/docs.ts": ${name}. -->`
  const end = '<!-- End of what is made. -->'
  const [before, rest] = readFileSync(join(root, path), 'utf8').split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${path} has no place for ${name}.`)
  return `${before}${begin}\n${part}\n${end}${after}`
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

/** What the service makes of its own. */
const madeFrom: Readonly<Partial<Record<SignalId, string>>> = {
  'connectivity.agent': 'missed heartbeats',
  'connectivity.identity': "two machines that have one device's key",
  'software.timeDrift': "the device's clock beside its own",
  'customerReported.issue': 'what people report by hand; only they close it',
  'connectivity.incompleteSignals': 'signals that stay unknown while the agent is connected',
}

function signalsPage(): string {
  const rows = SignalId.options.map((id) => {
    const { category, severity, devices, watchMinutes, values, enabledByDefault, derived, immediate } = signals[id]
    const note = derived
      ? `made by the service from ${madeFrom[id] ?? 'what it sees'}`
      : enabledByDefault
        ? ''
        : 'raises no incident by default'
    const hold = immediate ? '' : `${watchMinutes} min`
    return [`\`${id}\``, category, severity, devices.join(', '), hold, values.join(', '), note]
  })
  return `# Signals
${made}

What a room reports. \`unhealthy\` and \`misconfigured\` are bad, \`healthy\`, \`notPresent\` and \`notApplicable\` are good, \`unknown\`
is no evidence: whatever was known before goes on. Critical and important ones make a room unhealthy; a warning that stays unattended
becomes important; a recommendation never does, and raises no notification.

How long a signal must be bad before its incident needs action is a preset of Settings → Signals: one time for all; "fast", 1 minute
for what is critical or important and 5 for the rest; "like Pro Management", as below. Each signal can have a time of its own, and can be
switched off for a kind of device.

${table(['signal', 'category', 'severity', 'devices', 'like Pro Management', 'values', ''], rows)}
`
}

if (import.meta.main) for (const [path, page] of Object.entries(pages)) writeFileSync(join(root, path), await page())

import { DeviceProfile } from '../../contract/entities.ts'
import { microsoftAllowlist } from '../agent/allowlist.ts'
import { enrolmentErrors, otherErrorRemedy, type Language } from '../agent/enrolment-errors.ts'
import { blocksEnrolment, checkHosts, type HostResult } from '../agent/hosts.ts'
import { wayTo } from '../agent/network.ts'
import { checkPrerequisites, type PrerequisiteResult } from '../agent/prerequisites.ts'
import { hostAnswers } from '../devices/host-answers.ts'
import { allowlistFrom, parse, print, UsageError, wayFrom, wayHelp, wayOptions, type Command } from './command.ts'

const words = {
  en: { passed: 'passed', notApplicable: 'not applicable', failed: 'FAILED' },
  fr: { passed: 'réussi', notApplicable: 'sans objet', failed: 'ÉCHEC' },
} as const

export const checkCommand: Command = {
  help: `Usage: npm run agent -- check [options]

Looks at elevated rights, the TPM, the local accounts 'Admin' and 'Skype', and at every host that the device must
reach. Ends with 1 if something stands in the way of an enrolment; hosts of remote access alone never do.

  --profile windows-mtr|generic  which checks apply (default windows-mtr)
  --allowlist FILE           hosts of your deployment (default: those of the Microsoft-hosted service)
  --no-hosts                 leave the hosts out
${wayHelp}
  --lang en|fr               language of the messages (default en)
  --json                     the results as JSON`,
  async run(args, { clock }) {
    const { values } = parse(args, {
      profile: { type: 'string', default: 'windows-mtr' },
      allowlist: { type: 'string' },
      'no-hosts': { type: 'boolean' },
      ...wayOptions,
      lang: { type: 'string', default: 'en' },
      json: { type: 'boolean' },
    })
    const profile = DeviceProfile.safeParse(values.profile).data
    if (!profile) throw new UsageError(`--profile must be one of ${DeviceProfile.options.join(', ')}.`)
    if (values.lang !== 'en' && values.lang !== 'fr') throw new UsageError('--lang must be en or fr.')
    const list = allowlistFrom(values.allowlist) ?? microsoftAllowlist
    const out = wayTo(wayFrom(values), clock)
    const prerequisites = await checkPrerequisites(profile, hostAnswers())
    const hosts = values['no-hosts'] ? [] : await checkHosts(list, { ...out, strictly: true })
    const ready = prerequisites.every(({ outcome }) => outcome !== 'failed') && !hosts.some(blocksEnrolment)
    print(values.json ? JSON.stringify({ ready, prerequisites, hosts }) : report(prerequisites, hosts, values.lang))
    return ready ? 0 : 1
  },
}

/** The results as lines for a person. */
export function report(prerequisites: readonly PrerequisiteResult[], hosts: readonly HostResult[], language: Language): string {
  const say = words[language]
  const lines = prerequisites.flatMap((result) => {
    const line = `${result.id.padEnd(10)} ${say[result.outcome]}`
    if (result.outcome !== 'failed') return [line]
    const { message, remedy } = enrolmentErrors[result.error]
    return [line, `  ${message[language]}`, `  ${remedy[language]}`]
  })
  for (const { host, port, step, detail, for: uses } of hosts) {
    const outcome = step === 'passed' ? say.passed : `${say.failed}: ${step}`
    lines.push(`${`${host}:${port}`.padEnd(48)} ${outcome}${detail === undefined ? '' : ` (${detail})`}  [${uses.join(', ')}]`)
  }
  if (hosts.some(blocksEnrolment)) lines.push(`  ${otherErrorRemedy[language]}`)
  return lines.join('\n')
}

import { v7 } from 'uuid'
import type { PolicyCommand } from '../../../contract/commands.ts'
import { LinkId } from '../../../contract/ids.ts'
import { limits } from '../../../contract/limits.ts'
import type { ChangeControl } from '../../../contract/policy.ts'
import { type NamedScope, noScope, scopeToSend } from '../../parts/pickers/scope.ts'

/** What "Add partner" asks for, as it is typed (PAR-1). */
export interface PartnerDraft {
  link: LinkId
  /** The step that is shown. */
  at: string
  domain: string
  days: string
  changeControl: ChangeControl
  remoteAccess: boolean
  multiFactor: boolean
  scope: NamedScope
  agreed: boolean
}

const automatic = (): ChangeControl => ({ rooms: 'automatic', rings: 'automatic', incidents: 'automatic', roles: 'automatic' })

export const newPartner = (): PartnerDraft => ({
  link: LinkId.parse(v7()),
  at: 'invitation',
  domain: '',
  days: String(limits.invitationDaysAtMost),
  changeControl: automatic(),
  remoteAccess: false,
  multiFactor: false,
  scope: noScope(),
  agreed: false,
})

/** The whole number of days that was typed; null: it is none, or out of its range. */
export function daysOf(typed: string): number | null {
  const text = typed.trim()
  const days = /^\d{1,3}$/u.test(text) ? Number(text) : 0
  return days >= 1 && days <= limits.invitationDaysAtMost ? days : null
}

/** Whether this can be a domain name at all; the service knows the rest. */
export const isDomain = (typed: string): boolean => /^[^\s@/:.]+(\.[^\s@/:.]+)+\.?$/u.test(typed.trim())

/** The command; null while something is missing. */
export function inviteOf({
  link,
  domain,
  days,
  changeControl,
  remoteAccess,
  multiFactor,
  scope,
  agreed,
}: PartnerDraft): PolicyCommand | null {
  const whole = daysOf(days)
  if (whole === null || !isDomain(domain) || !agreed) return null
  return {
    type: 'partner.invite',
    link,
    domain: domain.trim(),
    days: whole,
    changeControl: { ...changeControl },
    scope: scopeToSend(scope),
    remoteAccess,
    multiFactor,
    agreed,
  }
}

import { RoomkeeperError } from '../../contract/errors.ts'
import { limits } from '../../contract/limits.ts'
import type { Link } from '../../contract/policy.ts'
import { addInvitation, linkHere, linkRow } from '../access/links.ts'
import { type AskDeps, asksDirectory, domainsAsked } from '../access/membership/asked.ts'
import type { Asked } from '../access/membership/members.ts'
import { changePolicy } from '../access/policies.ts'
import { checkSomeRoom } from '../access/policies.ts'
import { domainOf } from '../directory/domains.ts'
import { type AskingHandler, checkPermitted } from '../ground/commands/handler.ts'
import { scopeTouched } from '../ground/commands/touched.ts'
import { endLink } from './ending.ts'
import { markPartner } from './marks.ts'
import { checkNamed, checkRemoteAccess } from './rooms.ts'

const dayMs = 24 * 3_600_000

/** Invites an organisation by its domain to manage rooms (PAR-1). An invitation of that domain that expired is replaced. */
export const invite = (deps: AskDeps): AskingHandler<'partner.invite', Asked> => ({
  ...asksDirectory(deps, async (_, asker) => ({
    // Nobody could accept an invitation of their own organisation: who cannot be asked need not be waited for.
    domains: await domainsAsked(deps, asker).catch(() => []),
  })),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id, domain: typed, days, changeControl, scope, remoteAccess, multiFactor }, { tx, caller, asked }) {
    const domain = domainOf(typed)
    if (asked.domains.includes(domain)) throw new RoomkeeperError('partner.ownDomain', { field: 'domain' })
    await checkNamed(tx, scope)
    if (remoteAccess) checkRemoteAccess(caller.access)
    const link: Link = {
      id,
      tenant: tx.tenant,
      domain,
      status: 'invited',
      partner: null,
      partnerName: domain.slice(0, limits.nameChars),
      invitedAt: tx.at,
      expiresAt: tx.at + days * dayMs,
      acceptedAt: null,
      changeControl,
      scope,
      remoteAccess,
      multiFactor,
    }
    const { after, result: kept } = await changePolicy(tx, caller.access, () => addInvitation(tx, link))
    checkSomeRoom(after, kept)
    const detail = {
      action: type,
      link: kept,
      expiresAt: link.expiresAt,
      changeControl,
      scope: await scopeTouched(tx, scope),
      remoteAccess,
      multiFactor,
    }
    return { category: 'PartnerInvitation', objectName: domain, operation: 'Create', detail }
  },
})

/** Other terms for a partner or an invitation. Its rooms are changed at the scope of Assigned admins. */
export const change = (deps: AskDeps): AskingHandler<'partner.change', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id, changeControl, remoteAccess, multiFactor }, { tx, caller }) {
    const before = await linkHere(tx, id)
    const termsBefore = termsOf(before)
    const terms = termsOf({ changeControl, remoteAccess, multiFactor })
    if (JSON.stringify(termsBefore) === JSON.stringify(terms)) return null
    if (remoteAccess && !before.remoteAccess) checkRemoteAccess(caller.access)
    const link: Link = { ...before, changeControl, remoteAccess, multiFactor }
    await changePolicy(tx, caller.access, async () => {
      await tx.update.link().where('id', '=', id).set(linkRow(link)).execute()
    })
    markPartner(tx, link)
    return {
      category: 'PartnerInvitation',
      objectName: link.partnerName,
      operation: 'Update',
      detail: { action: type, link: id, domain: link.domain, ...terms, before: termsBefore },
    }
  },
})

/** Ends a partner's access at once, or takes an invitation back (PAR-6). */
export const remove = (deps: AskDeps): AskingHandler<'partner.remove', Asked> => ({
  ...asksDirectory(deps),
  check: async (command, context) => checkPermitted(command.type, context),
  async apply({ type, link: id }, { tx }) {
    const link = await linkHere(tx, id)
    await endLink(tx, link)
    return {
      category: 'PartnerInvitation',
      objectName: link.partnerName,
      operation: 'Delete',
      detail: { action: type, link: id, domain: link.domain, was: link.status, scope: await scopeTouched(tx, link.scope) },
    }
  },
})

type Terms = Pick<Link, 'changeControl' | 'remoteAccess' | 'multiFactor'>

/** In one order, whoever said them. */
const termsOf = ({ changeControl: { rooms, rings, incidents, roles }, remoteAccess, multiFactor }: Terms): Terms => ({
  changeControl: { rooms, rings, incidents, roles },
  remoteAccess,
  multiFactor,
})

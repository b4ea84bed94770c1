import { RoomkeeperError } from '../../contract/errors.ts'
import { LinkId, type TenantId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { AssignmentScope, ChangeControl, Link } from '../../contract/policy.ts'
import type { LinkTable } from '../ground/store/tables.ts'
import type { TenantTransaction } from '../ground/store/transaction.ts'

/** Links of customers with their partners, as they are stored in the customer's tenant (PAR-1, PAR-2). */

export function linkOf({ remoteAccess, multiFactor, ...row }: LinkTable): Link {
  const changeControl: ChangeControl = JSON.parse(row.changeControl)
  const scope: AssignmentScope = JSON.parse(row.scope)
  return { ...row, changeControl, scope, remoteAccess: remoteAccess === 1, multiFactor: multiFactor === 1 }
}

export const linkRow = ({ changeControl, scope, remoteAccess, multiFactor, ...link }: Link): LinkTable => ({
  ...link,
  changeControl: JSON.stringify(changeControl),
  scope: JSON.stringify(scope),
  remoteAccess: Number(remoteAccess),
  multiFactor: Number(multiFactor),
})

/** An invitation that waited too long: it can no longer be accepted, and a new one may take its place. */
export const isExpired = ({ status, expiresAt }: Pick<Link, 'status' | 'expiresAt'>, now: number): boolean =>
  status === 'invited' && now >= expiresAt

/** @throws RoomkeeperError partner.notFound where this tenant has no such partner or invitation. */
export async function linkHere(tx: TenantTransaction, id: LinkId): Promise<Link> {
  const row = await tx.tables.link().selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new RoomkeeperError('partner.notFound')
  return linkOf(row)
}

/**
 * Takes an invitation of this domain up among the tenant's links, in place of one that expired; returns the id that it is kept under.
 * @throws RoomkeeperError partner.linked, policy.tooMany; request.conflict where the id is taken.
 */
export async function addInvitation(tx: TenantTransaction, link: Link): Promise<LinkId> {
  const rows = await tx.tables.link().select(['id', 'domain', 'status', 'expiresAt']).execute()
  const same = rows.filter(({ domain }) => domain === link.domain)
  if (same.some((row) => !isExpired(row, tx.at))) throw new RoomkeeperError('partner.linked')
  if (rows.length - same.length >= limits.linksPerTenant) throw new RoomkeeperError('policy.tooMany')
  if (same.length > 0)
    await tx.delete
      .link()
      .where(
        'id',
        'in',
        same.map(({ id }) => id),
      )
      .execute()
  const there = await tx.linkById(link.id)
  if (there?.tenant === tx.tenant) throw new RoomkeeperError('request.conflict', { detail: 'This id is in use.' })
  const { tenant: _, ...row } = linkRow(link)
  // Another tenant's id is not told of: the invitation is kept under one of its own.
  const id = there ? LinkId.parse(tx.ids()) : link.id
  await tx.insert.link({ ...row, id }).execute()
  return id
}

/** @throws RoomkeeperError partner.linked where this organisation is the tenant's partner already, under another domain. */
export async function checkNotLinked(tx: TenantTransaction, partner: TenantId): Promise<void> {
  const known = await tx.tables.link().select('id').where('partner', '=', partner).executeTakeFirst()
  if (known) throw new RoomkeeperError('partner.linked')
}

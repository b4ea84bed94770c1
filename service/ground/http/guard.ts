import { timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { type Access, may, mayAudit, mayEverywhere, mayManageCustomers } from '../../../contract/access.ts'
import { mayCommand } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { RoomId } from '../../../contract/ids.ts'
import type { Permission } from '../../../contract/permissions.ts'
import { NotLetIn } from '../caller.ts'
import type { Caller } from '../caller.ts'
import type { App, GroundDeps } from '../deps.ts'
import { requireAccessDeclared, type RouteAccess } from './routeAccess.ts'
import { tenantNamed } from './tenantNamed.ts'

/**
 * Puts the check in front of every route: its declared access is enforced before its body is even read.
 * `adminSecret` is what the running service wrote for this machine's user.
 */
export function addGuard(app: App, deps: GroundDeps, adminSecret: string): void {
  app.decorateRequest('caller', null)
  app.decorateRequest('notLetIn', null)
  app.addHook('onRoute', requireAccessDeclared)
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config.access
    if (access === undefined || access === 'public' || access === 'device') return
    if (access === 'admin') return checkAdmin(request, adminSecret)
    const commands = access === 'byCommand' || access === 'byKey'
    try {
      const caller = await deps.access.authenticate(bearerOf(request), tenantNamed(request.headers), access === 'byKey')
      request.caller = caller
      if (commands) deps.budgets.command(caller)
      checkPermission(access, caller, request.params)
    } catch (error) {
      if (!commands || !(error instanceof NotLetIn)) throw error
      // Refused once its body is read, so that the audit can say which command it was.
      request.notLetIn = error
    }
  })
  app.addHook('preHandler', async ({ notLetIn }) => {
    if (notLetIn) throw notLetIn
  })
}

/** @throws RoomkeeperError auth.missing */
export function bearerOf(request: FastifyRequest): string {
  const match = /^Bearer ([\w.~+/=-]{1,16384})$/i.exec(request.headers.authorization ?? '')
  if (!match?.[1]) throw new RoomkeeperError('auth.missing')
  return match[1]
}

/** The named kinds of access that ask more than being signed in. */
const rules: Partial<Record<Extract<RouteAccess, string>, (access: Access) => boolean>> = {
  auditor: mayAudit,
  directory: (access) => may(access, 'roles.modify') || mayCommand(access, 'tenantManagers.set') || mayManageCustomers(access),
}

/**
 * @throws RoomkeeperError access.denied without the permission anywhere (or everywhere, where the route asks that), access.outOfScope
 * without it on that room:
 * the same answer as for a room that does not exist.
 */
export function checkPermission(access: RouteAccess, caller: Pick<Caller, 'access'>, params: unknown): void {
  if (typeof access === 'string') {
    if (!(rules[access]?.(caller.access) ?? true)) throw new RoomkeeperError('access.denied')
    return
  }
  const wanted: readonly Permission[] = typeof access.permission === 'string' ? [access.permission] : access.permission
  const held = wanted.filter((permission) => (access.everywhere ? mayEverywhere : may)(caller.access, permission))
  if (held.length === 0) throw new RoomkeeperError('access.denied')
  if (access.room === undefined) return
  const named = typeof params === 'object' && params !== null ? Object.entries(params).find(([name]) => name === access.room) : undefined
  const room = RoomId.safeParse(named?.[1])
  if (!room.success || !held.some((permission) => may(caller.access, permission, room.data))) {
    throw new RoomkeeperError('access.outOfScope')
  }
}

function checkAdmin(request: FastifyRequest, secret: string): void {
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Admin ${secret}`)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) throw new RoomkeeperError('auth.missing')
}

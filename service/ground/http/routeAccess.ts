import type { FastifyRequest, RouteOptions } from 'fastify'
import { RoomkeeperError } from '../../../contract/errors.ts'
import type { Permission } from '../../../contract/permissions.ts'
import type { NotLetIn } from '../caller.ts'
import type { Caller } from '../caller.ts'

/**
 * Who may use a route; every route says it as `config: { access: … }`.
 * - `public`: anybody who can reach the service
 * - `device`: the route checks the credential of a device itself
 * - `anyone`: any signed-in person of a tenant; what they see is cut to them by the reads
 * - `byCommand`: a signed-in person; each command names its own permission
 * - `byKey`: the same; also somebody who had something in that customer's tenant once, who is told of their own command
 *   what they were told before, and nothing else
 * - `auditor`: who may read the audit log: a Pro Manager or Global Administrator of their own tenant (AUD-1)
 * - `directory`: who names people and security groups: with roles.modify, naming tenant managers, or managing customers
 * - `admin`: this machine's user, who can read the running service's secret; loopback only
 * - a permission, or one of several: on any room, where the answer is cut to the caller's; with `room`, the path parameter
 *   that names the room it is needed on; with `everywhere`, over all rooms of one's own tenant, where the route is about that
 */
export type RouteAccess =
  | 'public'
  | 'device'
  | 'anyone'
  | 'byCommand'
  | 'byKey'
  | 'auditor'
  | 'directory'
  | 'admin'
  | { readonly permission: Permission | readonly Permission[]; readonly room?: string; readonly everywhere?: true }

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess
  }
  interface FastifyRequest {
    /** Who asks; null on routes that ask nobody. Read it by `callerOf`. */
    caller: Caller | null
    /** Whose command is read for the audit alone. */
    notLetIn: NotLetIn | null
  }
}

/** A registered route, as it declares itself. */
export interface DeclaredRoute {
  readonly method: string
  readonly path: string
  readonly access: RouteAccess
}

/** Registering a route that does not say who may use it is a mistake of the program, found at its start. */
export function requireAccessDeclared(route: RouteOptions): void {
  declaredOf(route)
}

/** @throws where the route does not declare its access. */
export function declaredOf({ method, url: path, config }: RouteOptions): DeclaredRoute[] {
  const access = config?.access
  if (access === undefined) throw new Error(`The route ${String(method)} ${path} does not declare its access.`)
  return [method].flat().map((one) => ({ method: one, path, access }))
}

/** @throws RoomkeeperError auth.missing on a route that nobody had to sign in for. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new RoomkeeperError('auth.missing')
  return request.caller
}

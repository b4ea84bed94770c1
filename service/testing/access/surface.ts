import { createServer } from 'node:http'
import { tenantHeader } from '../../../contract/policyApi.ts'
import { directoryRoutes } from '../../access/directoryRoutes.ts'
import { explainRoutes } from '../../access/explainRoutes.ts'
import { peopleRoutes } from '../../access/peopleRoutes.ts'
import { roleRoutes } from '../../access/roleRoutes.ts'
import { auditRoutes } from '../../audit/routes.ts'
import { enrolmentRoutes } from '../../enrolment/routes.ts'
import { feed } from '../../feed/plugin.ts'
import type { App, Plugin } from '../../ground/deps.ts'
import { buildApp } from '../../ground/http/app.ts'
import type { DeclaredRoute } from '../../ground/http/routeAccess.ts'
import { partnerRoutes } from '../../partners/routes.ts'
import { policyFileRoutes } from '../../policyFile/routes.ts'
import { sessionLogRoutes } from '../../remote/logRoutes.ts'
import { roomRoutes } from '../../rooms/routes.ts'
import type { ServiceDeps } from '../../server.ts'

/** The service's HTTP interface as people read by it, asked without a network. */

const plugins: readonly Plugin<ServiceDeps>[] = [
  peopleRoutes,
  roleRoutes,
  roomRoutes,
  partnerRoutes,
  auditRoutes,
  explainRoutes,
  policyFileRoutes,
  directoryRoutes,
  enrolmentRoutes,
  sessionLogRoutes,
  feed,
]

export interface Question {
  readonly token: string
  /** The customer whose data it is about. */
  readonly tenant: string | undefined
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: object
}

export interface Answer {
  readonly status: number
  readonly text: string
}

export class Surface {
  readonly routes: readonly DeclaredRoute[]
  readonly #app: App

  private constructor(app: App, routes: readonly DeclaredRoute[]) {
    this.#app = app
    this.routes = routes
  }

  static async start(deps: ServiceDeps): Promise<Surface> {
    const routes: DeclaredRoute[] = []
    const app = await buildApp(deps, {
      version: '0',
      server: createServer(),
      adminSecret: '',
      onRoute: (route) => routes.push(route),
      plugins,
    })
    return new Surface(app, routes)
  }

  async ask({ token, tenant, method, path, body }: Question): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, host: 'localhost', ...(tenant === undefined ? {} : { [tenantHeader]: tenant }) }
    const { statusCode, body: text } = await this.#app.inject({
      method,
      url: path,
      headers,
      ...(body === undefined ? {} : { payload: body }),
    })
    return { status: statusCode, text }
  }

  close(): Promise<void> {
    return this.#app.close()
  }
}

import { createServer } from 'node:http'
import { tenantHeader } from '../../../contract/policyApi.ts'
import type { App, Plugin, ServiceDeps } from '../../deps.ts'
import { feed } from '../../feed/plugin.ts'
import { buildApp } from '../../http/app.ts'
import type { DeclaredRoute } from '../../http/routeAccess.ts'
import { auditRoutes } from '../../http/routes/audit.ts'
import { directoryRoutes } from '../../http/routes/directory.ts'
import { enrolmentRoutes } from '../../http/routes/enrolment.ts'
import { explainRoutes } from '../../http/routes/explain.ts'
import { partnerRoutes } from '../../http/routes/partners.ts'
import { peopleRoutes } from '../../http/routes/people.ts'
import { policyFileRoutes } from '../../http/routes/policyFile.ts'
import { roleRoutes } from '../../http/routes/roles.ts'
import { roomRoutes } from '../../http/routes/rooms.ts'
import { sessionLogRoutes } from '../../http/routes/sessionLog.ts'

/** The service's HTTP interface as people read by it, asked without a network. */

const plugins: readonly Plugin[] = [
  peopleRoutes,
  roleRoutes,
  roomRoutes,
  partnerRoutes,
  auditRoutes,
  explainRoutes,
  policyFileRoutes,
  directoryRoutes,
  enrolmentRoutes('http://localhost'),
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

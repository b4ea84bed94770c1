import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** For tests: a server on loopback that answers as Microsoft Graph and its issuer document it. */

export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface Answered {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body?: unknown
}

export interface GraphServer {
  /** `http://127.0.0.1:…` */
  readonly origin: string
  /** Requests to Graph (not to the issuer), in order. */
  readonly asked: Asked[]
  /** Bodies sent to the issuer's token endpoint, with their paths. */
  readonly tokens: { readonly path: string; readonly form: URLSearchParams }[]
  close(): Promise<void>
}

/** Graph's form of an error. */
export const graphError = (status: number, code: string, headers: Record<string, string> = {}): Answered => ({
  status,
  headers: { 'request-id': '6d0b0a54-0000-4000-8000-000000000000', ...headers },
  body: { error: { code, message: 'Someone asked for Ada.', innerError: { date: '2026-01-01T00:00:00' } } },
})

/** Answers tokens itself, everything below `/v1.0` by `answer`; what that leaves undefined is not found. */
export async function startGraphServer(
  answer: (asked: Asked, origin: string) => Answered | undefined | Promise<Answered | undefined>,
): Promise<GraphServer> {
  const asked: Asked[] = []
  const tokens: GraphServer['tokens'] = []
  let origin = ''
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const url = new URL(request.url ?? '/', origin)
    const say = ({ status = 200, headers = {}, body: content }: Answered): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers })
      response.end(typeof content === 'string' ? content : JSON.stringify(content))
    }
    if (url.pathname.endsWith('/oauth2/v2.0/token')) {
      const form = new URLSearchParams(body)
      tokens.push({ path: url.pathname, form })
      if (form.get('client_secret') !== 'right')
        return say({ status: 401, body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' } })
      return say({ body: { token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599, access_token: `token-${tokens.length}` } })
    }
    const one: Asked = {
      method: request.method ?? '',
      path: url.pathname.replace('/v1.0', ''),
      query: url.searchParams,
      headers: request.headers,
      body,
    }
    asked.push(one)
    say((await answer(one, origin)) ?? graphError(404, 'Request_ResourceNotFound'))
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens nowhere.')
  origin = `http://127.0.0.1:${address.port}`
  return {
    origin,
    asked,
    tokens,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

import { pino } from 'pino'
import { afterEach, describe, expect, it } from 'vitest'
import { RoomkeeperError } from '../../contract/errors.ts'
import { systemAt, realSystem } from '../../contract/testing/system.ts'
import { type Answered, type Asked, graphError, type GraphServer, startGraphServer } from '../testing/directory/graphServer.ts'
import { GraphDirectory } from './graph.ts'
import { GraphRequests, retryAfterMs } from './graphRequests.ts'
import { graphTokens } from './graphToken.ts'

const tenant = '0f1e2d3c-0000-4000-8000-00000000aaaa'
const group = '0f1e2d3c-0000-4000-8000-00000000bbbb'
const person = '0f1e2d3c-0000-4000-8000-00000000cccc'
const context = 'https://graph.microsoft.com/v1.0/$metadata#'

const user = (n: number) => ({
  id: `0f1e2d3c-0000-4000-8000-${String(n).padStart(12, '0')}`,
  displayName: `Person ${n}`,
  mail: `p${n}@contoso.example`,
  userPrincipalName: `p${n}@contoso.onmicrosoft.com`,
  accountEnabled: true,
})

const running: GraphServer[] = []
const logged: string[] = []
afterEach(async () => {
  for (const server of running.splice(0)) await server.close()
  logged.length = 0
})

interface Options {
  readonly secret?: string
  readonly requestMs?: number
  readonly readMs?: number
  readonly now?: () => number
  readonly wait?: (ms: number) => Promise<void>
}

async function start(
  answer: (asked: Asked, origin: string) => Answered | undefined | Promise<Answered | undefined>,
  { secret = 'right', ...others }: Options = {},
) {
  const server = await startGraphServer(answer)
  running.push(server)
  const url = `${server.origin}/v1.0`
  const token = graphTokens({ clientId: 'app', secret, authority: server.origin, graphUrl: url }, realSystem.clock)
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  return { server, directory: new GraphDirectory(new GraphRequests({ url, token, log, ...realSystem, ...others })) }
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'answered'
  } catch (error) {
    return error instanceof RoomkeeperError ? error.code : String(error)
  }
}

describe('Microsoft Graph', () => {
  it('finds people and security groups by the beginnings of their words', async () => {
    const { server, directory } = await start(({ path }) => {
      if (path === '/users') return { body: { '@odata.context': `${context}users(id)`, '@odata.count': 1, value: [user(1)] } }
      if (path === '/groups')
        return {
          body: {
            '@odata.context': `${context}groups(id)`,
            value: [{ id: group, displayName: 'Operations', mail: null, securityEnabled: true }],
          },
        }
    })
    expect(await directory.search(tenant, 'per"s\\', undefined, 10)).toEqual({
      items: [
        { kind: 'group', id: group, name: 'Operations', email: '' },
        { kind: 'person', id: user(1).id, name: 'Person 1', email: 'p1@contoso.example' },
      ],
      more: false,
    })
    const [people, groups] = ['/users', '/groups'].map((path) => server.asked.find((asked) => asked.path === path))
    expect(people?.headers['consistencylevel']).toBe('eventual')
    expect(people?.headers['authorization']).toBe('Bearer token-1')
    expect(people?.query.get('$search')).toBe('"displayName:per\\"s\\\\" OR "mail:per\\"s\\\\" OR "userPrincipalName:per\\"s\\\\"')
    expect(people?.query.get('$select')).toBe('id,displayName,mail,userPrincipalName,accountEnabled')
    expect(groups?.query.get('$filter')).toBe('securityEnabled eq true')
  })

  it('asks for no search where there is no text, and for one kind only where one is wanted', async () => {
    const { server, directory } = await start(() => ({ body: { value: [user(1), user(2), user(3)] } }))
    expect(await directory.search(tenant, '', 'person', 2)).toMatchObject({
      items: [{ name: 'Person 1' }, { name: 'Person 2' }],
      more: true,
    })
    expect(server.asked.map(({ path, query }) => [path, query.has('$search')])).toEqual([['/users', false]])
  })

  it('gets its token from the tenant of the directory, by the secret, once', async () => {
    const { server, directory } = await start(() => ({
      body: { value: [{ verifiedDomains: [{ name: 'Contoso.example', isDefault: true }] }] },
    }))
    expect(await directory.domainsOf(tenant)).toEqual(['contoso.example'])
    await directory.domainsOf(tenant)
    expect(
      server.tokens.map(({ path, form }) => [path, form.get('grant_type'), form.get('scope')?.split(' ')[0], form.get('client_id')]),
    ).toEqual([[`/${tenant}/oauth2/v2.0/token`, 'client_credentials', `${server.origin}/.default`, 'app']])
  })

  it('reads members page by page', async () => {
    const { server, directory } = await start(({ path, query }, origin) => {
      if (path !== `/groups/${group}/transitiveMembers/microsoft.graph.user`) return undefined
      const page = Number(query.get('$skiptoken') ?? 0)
      return { body: { value: [user(page)], ...(page < 4 ? { '@odata.nextLink': `${origin}/v1.0${path}?$skiptoken=${page + 1}` } : {}) } }
    })
    const { people, more } = await directory.membersOf(tenant, group)
    expect(people.map(({ name }) => name)).toEqual(['Person 0', 'Person 1', 'Person 2', 'Person 3', 'Person 4'])
    expect(more).toBe(false)
    expect(server.asked).toHaveLength(5)
    expect(server.asked.every(({ headers }) => headers['consistencylevel'] === 'eventual')).toBe(true)
  })

  it('reads the security groups of a person at any depth', async () => {
    const { server, directory } = await start(({ path }) =>
      path === `/users/${person}/transitiveMemberOf/microsoft.graph.group`
        ? {
            body: {
              value: [
                { id: 'g2', securityEnabled: true },
                { id: 'g1', securityEnabled: true },
              ],
            },
          }
        : undefined,
    )
    expect(await directory.groupsOf(tenant, person)).toEqual(['g1', 'g2'])
    expect(server.asked[0]?.query.get('$filter')).toBe('securityEnabled eq true')
  })

  it('names people and groups by id; what is neither, or unknown, is absent', async () => {
    const { server, directory } = await start(({ path, method }) =>
      path === '/directoryObjects/getByIds' && method === 'POST'
        ? {
            body: {
              value: [
                { '@odata.type': '#microsoft.graph.user', ...user(1), jobTitle: null },
                { '@odata.type': '#microsoft.graph.group', id: group, displayName: 'Operations', securityEnabled: true, mail: null },
                { '@odata.type': '#microsoft.graph.device', id: person, displayName: 'Laptop' },
              ],
            },
          }
        : undefined,
    )
    expect(await directory.principals(tenant, [user(1).id, group, person, 'not-an-id'])).toEqual([
      { kind: 'person', id: user(1).id, name: 'Person 1', email: 'p1@contoso.example' },
      { kind: 'group', id: group, name: 'Operations', email: '' },
    ])
    expect(JSON.parse(server.asked[0]?.body ?? '')).toEqual({ ids: [user(1).id, group, person], types: ['user', 'group'] })
  })

  it('[ACC-6] has no people whose account is disabled, wherever it is asked, and asks again where it was not told', async () => {
    const off = { ...user(2), accountEnabled: false }
    const { accountEnabled: _, ...untold } = user(3)
    const { server, directory } = await start(({ path, query }) => {
      if (path === '/directoryObjects/getByIds')
        return {
          body: {
            value: [user(1), off, untold, { ...user(4), accountEnabled: null }].map((one) => ({
              '@odata.type': '#microsoft.graph.user',
              ...one,
            })),
          },
        }
      if (path === '/users' && query.has('$filter')) return { body: { value: [{ id: untold.id, accountEnabled: false }] } }
      return { body: { value: [user(1), off] } }
    })
    const ids = [user(1), off, untold, user(4)].map(({ id }) => id)
    // Null: it may not be read.
    expect((await directory.principals(tenant, ids)).map(({ id }) => id)).toEqual([user(1).id, user(4).id])
    expect(server.asked[1]?.query.get('$filter')).toBe(`id in ('${untold.id}')`)
    expect((await directory.membersOf(tenant, group)).people.map(({ id }) => id)).toEqual([user(1).id])
    expect((await directory.search(tenant, 'p', 'person', 10)).items.map(({ id }) => id)).toEqual([user(1).id])
  })

  it('waits as long as it is told to when throttled, and asks again', async () => {
    let time = Date.now()
    const waits: number[] = []
    const wait = async (ms: number): Promise<void> => {
      waits.push(ms)
      time += ms
    }
    let tries = 0
    const { server, directory } = await start(
      () => {
        tries += 1
        return tries < 3
          ? graphError(tries === 1 ? 429 : 503, 'TooManyRequests', { 'retry-after': tries === 1 ? '7' : '0' })
          : { body: { value: [user(1)] } }
      },
      { ...systemAt(() => time), wait },
    )
    expect((await directory.membersOf(tenant, group)).people).toHaveLength(1)
    expect(waits).toEqual([7_000])
    expect(server.asked).toHaveLength(3)
  })

  it('fails at once where it is told to wait longer than a reading may take, and does not ask in between', async () => {
    const { server, directory } = await start(() => graphError(429, 'TooManyRequests', { 'retry-after': '3600' }))
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
    expect(await codeOf(directory.domainsOf(tenant))).toBe('directory.unavailable')
    expect(server.asked).toHaveLength(1)
  })

  it('gives up after a few tries', async () => {
    const { server, directory } = await start(() => graphError(503, 'ServiceUnavailable', { 'retry-after': '0' }))
    expect(await codeOf(directory.groupsOf(tenant, person))).toBe('directory.unavailable')
    expect(server.asked).toHaveLength(4)
  })

  it('says what is not there, and asks nothing for what cannot be an id', async () => {
    const { server, directory } = await start(() => undefined)
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.notFound')
    expect(await codeOf(directory.membersOf(tenant, '../users'))).toBe('directory.notFound')
    expect(await codeOf(directory.groupsOf(tenant, `${person}/../x`))).toBe('directory.notFound')
    expect(server.asked).toHaveLength(1)
    expect(await codeOf(directory.domainsOf('../other'))).toBe('directory.notFound')
  })

  it('takes nothing for gone because something else than Graph says so', async () => {
    const { directory } = await start(() => ({ status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Not found</h1>' }))
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
  })

  it('asks once with a new token when the old one is not taken, and not for ever', async () => {
    const { server, directory } = await start(({ headers }) =>
      headers['authorization'] === 'Bearer token-1' ? graphError(401, 'InvalidAuthenticationToken') : { body: { value: [] } },
    )
    expect((await directory.membersOf(tenant, group)).people).toEqual([])
    expect(server.tokens).toHaveLength(2)

    const refusing = await start(() => graphError(403, 'Authorization_RequestDenied'))
    await expect(refusing.directory.membersOf(tenant, group)).rejects.toMatchObject({
      code: 'directory.unavailable',
      details: { params: { status: 403 } },
    })
    expect(refusing.server.asked).toHaveLength(1)
  })

  it.each([
    ['another host', 'http://evil.example/v1.0/users'],
    ['another port', 'http://127.0.0.1:1/v1.0/users'],
    ['another scheme', 'file:///etc/passwd'],
    ['no address', 'users?page=2'],
  ])('does not follow the next page to %s', async (_, link) => {
    const { server, directory } = await start(() => ({ body: { value: [user(1)], '@odata.nextLink': link } }))
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
    expect(server.asked).toHaveLength(1)
  })

  it('does not follow a redirect, which would take the token along', async () => {
    const other = await startGraphServer(() => ({ body: { value: [] } }))
    running.push(other)
    const { directory } = await start(() => ({ status: 302, headers: { location: `${other.origin}/v1.0/groups` } }))
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
    expect(other.asked).toEqual([])
  })

  it('ends pages that go in a circle', async () => {
    const { directory } = await start(({ path }, origin) => ({ body: { value: [], '@odata.nextLink': `${origin}/v1.0${path}` } }))
    expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
  })

  it('takes no answer of another form', async () => {
    for (const body of ['not json', { value: [{ displayName: 'without id' }] }, { items: [] }]) {
      const { directory } = await start(() => ({ body }))
      expect(await codeOf(directory.membersOf(tenant, group))).toBe('directory.unavailable')
    }
  })

  it('does not wait for an answer that does not come, nor for a server that is gone', async () => {
    const silent = await start(() => new Promise<undefined>(() => undefined), { requestMs: 200, readMs: 200 })
    expect(await codeOf(silent.directory.membersOf(tenant, group))).toBe('directory.unavailable')
    await silent.server.close()
    running.pop()
    expect(await codeOf(silent.directory.membersOf(tenant, group))).toBe('directory.unavailable')
  })

  it('cannot be read with a wrong secret, which is written nowhere', async () => {
    const { server, directory } = await start(() => ({ body: { value: [] } }), { secret: 'very-secret' })
    const error = await directory.domainsOf(tenant).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'directory.unavailable', message: "The directory's issuer gave no token: invalid_client." })
    expect(server.asked).toEqual([])
    expect(JSON.stringify(error) + logged.join('')).not.toContain('very-secret')
  })

  it('logs refusals without tokens and without what Graph says of people', async () => {
    const { directory } = await start(() => graphError(403, 'Authorization_RequestDenied'))
    await codeOf(directory.membersOf(tenant, group))
    expect(logged.join('')).toContain('Authorization_RequestDenied')
    expect(logged.join('')).not.toMatch(/token-1|Ada/u)
  })
})

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    const now = Date.UTC(2026, 0, 1)
    expect(retryAfterMs('2', now)).toBe(2_000)
    expect(retryAfterMs('Thu, 01 Jan 2026 00:00:05 GMT', now)).toBe(5_000)
    expect(retryAfterMs('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(0)
    expect(retryAfterMs('soon', now)).toBeUndefined()
    expect(retryAfterMs(null, now)).toBeUndefined()
  })
})

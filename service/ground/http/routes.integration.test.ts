import { createConfig, lintFromString } from '@redocly/openapi-core'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Problem } from '../../../contract/errors.ts'
import { DemoService, people, type Who } from '../../testing/demo.ts'
import { codeOf, type TestService } from '../../testing/process.ts'

/** The routes, as the service describes them, and who of the demo's people may call each. */

let running: DemoService
let service: TestService
const roomOf = (index: number): string => running.roomOf(index)

beforeAll(async () => {
  running = await DemoService.start()
  service = running.service
})
afterAll(async () => running.close())

describe('[API-1] the description of the interface', () => {
  const Operation = z.object({
    operationId: z.string(),
    summary: z.string().min(5),
    responses: z.record(z.string(), z.object({ content: z.record(z.string(), z.unknown()).optional() })),
  })
  const Description = z.object({ paths: z.record(z.string(), z.record(z.string(), Operation)) })

  it('is clean by the rules that Redocly recommends', async () => {
    const source = (await service.ask('/v1/openapi.json')).text
    const config = await createConfig({ extends: ['recommended'] })
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config })
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer ?? ''}`)).toEqual([])
  })

  it('names every operation once, and says what it answers and how it refuses', async () => {
    const { paths } = Description.parse((await service.ask('/v1/openapi.json')).json)
    const operations = Object.values(paths).flatMap((methods) => Object.values(methods))
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length)
    for (const { operationId, responses } of operations) {
      expect(Object.keys(responses), operationId).toEqual([expect.stringMatching(/^20[01]$/), '4XX', '5XX'])
      expect(Object.keys(responses['4XX']?.content ?? {}), operationId).toEqual(['application/problem+json'])
    }
    expect(Object.keys(paths['/v1/audit.csv']?.['get']?.responses['200']?.content ?? {})).toEqual(['text/csv'])
  })
})

const tried = {
  name: 'Mine',
  on: true,
  what: { events: ['opened'], severities: ['important'], groups: [], mine: false },
  when: { timeZone: 'UTC' },
  language: 'en',
  to: { kind: 'me', console: true, desktop: false, email: false },
}
const command = (body: object) => ({ key: v7(), issuedAt: Date.now(), command: body })

describe('every route, every role', () => {
  const unknown = v7()
  const role = () => ({ type: 'role.save', role: v7(), name: `Role ${v7()}`, description: '', permissions: ['rooms.view'] })
  const group = () => ({ type: 'group.save', group: v7(), name: `Group ${v7()}`, description: '', rooms: [roomOf(0)], rule: null })
  const session = (room: string) => ({ session: v7(), room, mode: 'modify', key: 'a'.repeat(43) })
  const rows: [method: string, path: string, body: (() => unknown) | null, allowed: Record<Who, number>][] = [
    ['GET', '/v1/me', null, { manager: 200, lead: 200, tech: 200, nobody: 200 }],
    ['GET', '/v1/rooms', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['GET', '/v1/rooms/ROOM0', null, { manager: 200, lead: 200, tech: 404, nobody: 403 }],
    ['GET', '/v1/rooms/ROOM1', null, { manager: 200, lead: 404, tech: 200, nobody: 403 }],
    ['GET', '/v1/rooms/UNKNOWN', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/rooms/ROOM0/transitions', null, { manager: 200, lead: 200, tech: 404, nobody: 403 }],
    ['GET', '/v1/rooms/ROOM1/transitions?limit=3', null, { manager: 200, lead: 404, tech: 200, nobody: 403 }],
    ['GET', '/v1/rooms/UNKNOWN/transitions', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/rooms/ROOM0/state?at=1', null, { manager: 200, lead: 200, tech: 404, nobody: 403 }],
    ['GET', '/v1/rooms/UNKNOWN/state?at=1', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/suppressions', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['GET', '/v1/suppressions/UNKNOWN/hidden', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/incidents', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['GET', '/v1/incidents/UNKNOWN', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/incidents/UNKNOWN/entries', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['GET', '/v1/roles', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/assignments', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/groups', null, { manager: 200, lead: 200, tech: 403, nobody: 403 }],
    ['POST', '/v1/groups/preview', () => ({ rooms: [roomOf(0)], rule: null }), { manager: 200, lead: 200, tech: 403, nobody: 403 }],
    ['POST', '/v1/commands', () => command(role()), { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['POST', '/v1/commands', () => command({ type: 'role.delete', role: unknown }), { manager: 404, lead: 403, tech: 403, nobody: 403 }],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'assignment.delete', assignment: unknown }),
      { manager: 404, lead: 403, tech: 403, nobody: 403 },
    ],
    ['POST', '/v1/commands', () => command(group()), { manager: 200, lead: 200, tech: 403, nobody: 403 }],
    ['POST', '/v1/commands', () => command({ type: 'group.delete', group: unknown }), { manager: 404, lead: 404, tech: 403, nobody: 403 }],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'rooms.ring', rooms: [roomOf(0)], ring: 'Staging' }),
      { manager: 200, lead: 200, tech: 403, nobody: 403 },
    ],
    ['POST', '/v1/commands/preview', () => ({ command: role() }), { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['POST', '/v1/commands/preview', () => ({ command: group() }), { manager: 200, lead: 200, tech: 403, nobody: 403 }],
    ['GET', '/v1/notifications/rules', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['GET', '/v1/notifications/endpoints', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/incidents/UNKNOWN/notifications', null, { manager: 404, lead: 404, tech: 404, nobody: 403 }],
    ['POST', '/v1/notifications/try', () => ({ rule: tried }), { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['POST', '/v1/notifications/read', () => ({ notices: [unknown] }), { manager: 200, lead: 200, tech: 200, nobody: 200 }],
    ['GET', '/v1/people', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['POST', '/v1/people/owners', () => ({ rooms: [roomOf(0)] }), { manager: 200, lead: 200, tech: 404, nobody: 403 }],
    ['GET', '/v1/enrolment/key', null, { manager: 200, lead: 200, tech: 200, nobody: 403 }],
    ['POST', '/v1/enrolment/key/reset', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/enrolment/installer', null, { manager: 200, lead: 200, tech: 403, nobody: 403 }],
    ['GET', '/v1/snapshot', null, { manager: 200, lead: 200, tech: 200, nobody: 200 }],
    ['POST', '/v1/commands', () => command({ type: 'settings.change', changes: {} }), { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['POST', '/v1/commands', () => command({ type: 'rooms.enrol', rooms: [unknown] }), { manager: 404, lead: 404, tech: 403, nobody: 403 }],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'rooms.enrol', rooms: [roomOf(1)] }),
      { manager: 200, lead: 404, tech: 403, nobody: 403 },
    ],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'rooms.unenrol', rooms: [unknown] }),
      { manager: 404, lead: 404, tech: 404, nobody: 403 },
    ],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'incident.acknowledge', incident: unknown }),
      { manager: 404, lead: 404, tech: 404, nobody: 403 },
    ],
    [
      'POST',
      '/v1/commands',
      () => command({ type: 'incident.comment', incident: unknown, text: 'x' }),
      { manager: 404, lead: 404, tech: 404, nobody: 403 },
    ],
    ['GET', '/v1/partners', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/customers', null, { manager: 200, lead: 200, tech: 200, nobody: 200 }],
    ['GET', '/v1/directory', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/explain?permission=rooms.view', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/explain/people/UNKNOWN', null, { manager: 404, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/audit', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/audit.csv?from=0&to=1', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/audit/check', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/policy', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['POST', '/v1/sessions', () => session(roomOf(0)), { manager: 403, lead: 403, tech: 404, nobody: 404 }],
    ['POST', '/v1/sessions', () => session(unknown), { manager: 404, lead: 404, tech: 404, nobody: 404 }],
    ['GET', '/v1/sessions', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/sessions.csv?from=0&to=1', null, { manager: 200, lead: 403, tech: 403, nobody: 403 }],
    ['GET', '/v1/sessions/UNKNOWN', null, { manager: 404, lead: 404, tech: 404, nobody: 404 }],
    ['POST', '/v1/sessions/UNKNOWN/ticket', null, { manager: 404, lead: 404, tech: 404, nobody: 404 }],
    ['POST', '/v1/sessions/UNKNOWN/end', null, { manager: 404, lead: 404, tech: 404, nobody: 404 }],
    ['GET', '/v1/local/users', null, { manager: 401, lead: 401, tech: 401, nobody: 401 }],
  ]

  it.each(rows)('%s %s', async (method, template, body, allowed) => {
    const path = template.replace('ROOM0', roomOf(0)).replace('ROOM1', roomOf(1)).replace('UNKNOWN', unknown)
    for (const who of people) {
      const status = allowed[who]
      const answer = await service.ask(path, { method, token: running.tokens[who], ...(body ? { body: body() } : {}) })
      expect({ who, status: answer.status }).toEqual({ who, status })
      if (status >= 400) {
        expect(answer.headers.get('content-type')).toContain('application/problem+json')
        expect(Problem.parse(answer.json).status).toBe(status)
      }
    }
    if (path.startsWith('/v1/local')) return
    const stranger = await service.ask(path, { method, ...(body ? { body: body() } : {}) })
    expect([stranger.status, codeOf(stranger)]).toEqual([401, 'auth.missing'])
  })

  it('is covered: the interface has no route that is not tried here or elsewhere', async () => {
    const { paths } = z
      .object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
      .parse((await service.ask('/v1/openapi.json')).json)
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{\w+\}/g, ':id')}`),
    )
    const tried = new Set(rows.map(([method, path]) => `${method} ${path.replace(/ROOM\d|UNKNOWN/, ':id').replace(/\?.*/, '')}`))
    const elsewhere = ['GET /.well-known/roomkeeper', 'GET /healthz', 'GET /v1/relay/key', 'POST /v1/setup', 'POST /v1/enrolments']
    expect(listed.filter((route) => !tried.has(route) && !elsewhere.includes(route) && !route.includes('/v1/recordings/'))).toEqual([])
  })
})

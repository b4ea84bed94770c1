import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { invitation, World } from '../../testing/partners/world.ts'

const boss = 'boss@contoso.example'
let world: World
beforeAll(async () => {
  world = await World.start()
})
afterAll(async () => world.close())

const Schema = z.looseObject({ properties: z.record(z.string(), z.unknown()).optional(), additionalProperties: z.unknown().optional() })
const Description = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({ requestBody: z.unknown().optional(), parameters: z.array(z.looseObject({ in: z.string() })).optional() }),
    ),
  ),
})

/** Every object in a schema that names its fields. */
function* objectsIn(schema: unknown): Generator<z.infer<typeof Schema>> {
  if (typeof schema !== 'object' || schema === null) return
  const parsed = Schema.safeParse(schema)
  if (parsed.success && parsed.data.properties !== undefined) yield parsed.data
  for (const part of Object.values(schema)) yield* objectsIn(part)
}

describe('a request with a field that nothing reads', () => {
  it('[CON-3] is refused by every route that takes a body, which its description says', async () => {
    const { paths } = Description.parse((await world.ask(boss, '/v1/openapi.json')).body)
    const bodies = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ requestBody }) => (requestBody === undefined ? [] : [{ path, requestBody }])),
    )
    expect(bodies.length).toBeGreaterThan(5)
    for (const { path, requestBody } of bodies)
      for (const { additionalProperties } of objectsIn(requestBody)) expect([path, additionalProperties]).not.toEqual([path, undefined])
    expect(JSON.stringify(bodies)).toContain('"additionalProperties":false')
  })

  it('[CON-3] is refused in every route that takes none', async () => {
    for (const path of [
      '/v1/me',
      '/v1/partners',
      '/v1/rooms',
      '/v1/incidents',
      '/v1/audit',
      '/v1/customers',
      '/v1/policy',
      '/v1/snapshot',
    ]) {
      expect(await world.ask(boss, `${path}?stat=bad`), path).toMatchObject({ code: 'request.invalid', body: { field: 'stat' } })
    }
    expect(await world.ask(boss, '/v1/enrolment/key/reset', { keepOld: true })).toMatchObject({
      code: 'request.invalid',
      body: { field: 'keepOld' },
    })
    expect(await world.ask(boss, '/healthz?probe=1')).toMatchObject({ status: 200 })
  })

  it.each([
    ['a command', { type: 'group.delete', group: v7(), force: true }, 'command.force'],
    ['its settings', { type: 'settings.change', changes: { flapCount: 3, flapsCount: 4 } }, 'command.changes.flapsCount'],
    ['a scope within', { ...invitation([]), scope: { rooms: [], groups: [], sites: [v7()] } }, 'command.scope.sites'],
    ['a member within', { type: 'tenantManagers.set', members: [{ kind: 'person', id: 'x', mfa: true }] }, 'command.members.0.mfa'],
    [
      'a rule within',
      {
        type: 'group.save',
        group: v7(),
        name: 'A',
        description: '',
        rooms: [],
        rule: { match: 'all', conditions: [{ field: 'name', is: 'equal', value: 'x', not: true }] },
      },
      'command.rule.conditions.0.not',
    ],
  ])('[CON-3] is refused in %s, with the field and without a record', async (_what, command, field) => {
    expect(await world.command(boss, command)).toMatchObject({ status: 400, code: 'request.invalid', body: { field } })
    expect(
      await world.ask(boss, '/v1/commands', {
        key: v7(),
        issuedAt: Date.now(),
        command: { type: 'group.delete', group: v7() },
        dryRun: true,
      }),
    ).toMatchObject({ code: 'request.invalid', body: { field: 'dryRun' } })
  })
})

import { join } from 'node:path'
import { z } from 'zod'
import { startPart } from '../build/part.ts'
import { run } from '../build/run.ts'
import { type Access, may } from '../contract/access.ts'
import { defaultSettings, type Room } from '../contract/entities.ts'
import { accessOf, resolvePolicy } from '../contract/evaluate.ts'
import { DeviceId } from '../contract/ids.ts'
import { machine } from '../contract/machine.ts'
import { Permission } from '../contract/permissions.ts'
import { WhatCan } from '../contract/policyApi.ts'
import { splitRoom } from '../contract/roomDocuments.ts'
import { programs } from '../contract/testing/programs.ts'
import { writeAssignment } from '../service/access/assignments.ts'
import { knowPeople } from '../service/access/people.ts'
import { changePolicy } from '../service/access/policies.ts'
import { makeTenant } from '../service/access/setup.ts'
import { Directory, embeddedIssuerName } from '../service/directory/accounts.ts'
import { inProcessBus } from '../service/ground/bus.ts'
import { filesOf } from '../service/ground/config.ts'
import { Store } from '../service/ground/store/store.ts'
import { system } from '../service/ground/store/transaction.ts'
import { schema } from '../service/schema.ts'
import { type Bench, percentile } from './bench.ts'
import { chance, makeOrganisation, type Organisation, size, uuid } from './organisation.ts'

const decisions = 2_000_000
const peopleShown = 60
const rowsTogether = 2_000
const directory = 'directory-bench'
const manager = 'manager@bench.example'

/** Decisions a second by the rule, and by a plain set that knows the answer: the least that any rule can cost. */
function decide({ policy, rooms, people }: Organisation): { resolveMs: number; ours: number; limit: number } {
  const start = performance.now()
  const resolved = resolvePolicy(policy, rooms)
  const resolveMs = performance.now() - start
  const access = people.map((subject) => accessOf(resolved, subject))
  const visible = access.map((one) => new Set(one.grants.flatMap(({ scope }) => (scope === 'all' ? [] : scope))))
  const ask = (answer: (person: number, permission: Permission, room: Room['id']) => boolean): number => {
    const pick = chance(3)
    const from = performance.now()
    let yes = 0
    for (let n = 0; n < decisions; n++) {
      const person = pick(people.length)
      const room = rooms[pick(rooms.length)]
      if (room && answer(person, Permission.options[pick(Permission.options.length)] ?? 'rooms.view', room.id)) yes++
    }
    if (yes === 0) throw new Error('nobody may do anything')
    return decisions / ((performance.now() - from) / 1000)
  }
  const ours = (person: number, permission: Permission, room: Room['id']): boolean => may(access[person] ?? noAccess, permission, room)
  const limit = (person: number, _: Permission, room: Room['id']): boolean => visible[person]?.has(room) === true
  // Once for the sets that are made at first use.
  ask(ours)
  ask(limit)
  return { resolveMs, ours: ask(ours), limit: ask(limit) }
}

const noAccess: Access = { globalAdministrator: false, grants: [] }

const healthy = {
  lifecycle: 'enrolled',
  health: 'healthy',
  healthSince: 0,
  connected: false,
  lastContactAt: 0,
  onboardedAt: 0,
  inCall: false,
  signals: {},
} as const
const device = {
  profile: 'generic',
  keyProtection: 'software',
  platform: '',
  os: '',
  manufacturer: '',
  model: '',
  serial: '',
  agentVersion: '',
  appVersion: '',
  address: '',
} as const

/** Writes the organisation into a service's data folder, with a Pro Manager who can sign in. */
async function fill(folder: string, { policy, rooms, people }: Organisation): Promise<void> {
  const store = await Store.open({
    schema,
    path: filesOf(folder).database,
    bus: inProcessBus(() => undefined),
    ...machine({ keepsAlive: true }),
  })
  try {
    await new Directory(store, machine({ keepsAlive: true }).random).replaceAll({
      tenants: [{ id: directory, name: 'Bench', domains: ['bench.example'] }],
      accounts: [{ id: 'manager', directory, kind: 'person', email: manager, name: 'Manager', globalAdministrator: true }],
    })
    const tenant = await makeTenant(store, {
      name: 'Bench',
      issuer: embeddedIssuerName,
      directory,
      settings: defaultSettings,
      proManager: 'manager',
    })
    for (let from = 0; from < rooms.length; from += rowsTogether) {
      await store.write(tenant, system, async (tx) => {
        for (const [n, { id, name, place }] of rooms.slice(from, from + rowsTogether).entries()) {
          const both = splitRoom({
            id,
            name,
            place: { ...place, timeZone: 'Europe/Paris' },
            ...healthy,
            incidents: { important: 0, warning: 0, investigating: 0 },
            device: { id: DeviceId.parse(uuid(8, from + n)), ...device },
          })
          tx.put('room', both.room)
          tx.put('device', both.device)
        }
      })
    }
    await store.write(tenant, system, async (tx) => {
      await changePolicy(tx, 'system', async () => {
        for (const { id, name, description, rooms: named, rule } of policy.groups) {
          await tx.insert.roomGroup({ id, name, description, rooms: JSON.stringify(named), rule: rule && JSON.stringify(rule) }).execute()
        }
        for (const assignment of policy.assignments.slice(1)) await writeAssignment(tx, assignment)
      })
    })
    for (let from = 0; from < people.length; from += rowsTogether) {
      await store.write(tenant, system, async (tx) => {
        const some = people.slice(from, from + rowsTogether)
        await knowPeople(
          tx,
          some.map(({ objectId, groups }, n) => ({
            issuer: embeddedIssuerName,
            directory,
            objectId,
            name: `Person ${from + n}`,
            email: '',
            link: null,
            groups: { ids: groups, at: 1 },
          })),
        )
      })
    }
  } finally {
    await store.close()
  }
}

const Ready = z.object({ ready: z.literal(true), service: z.url() })
const People = z.object({ items: z.array(z.object({ id: z.string() })) })

/** Milliseconds from asking to the whole answer about what one person can reach. */
async function showPeople(folder: string): Promise<number[]> {
  const part = await startPart({
    name: 'service',
    args: [programs.service, 'serve', '--port', '0', '--data', folder, '--log-level', 'warn'],
    ready: Ready,
    log: join(folder, 'service.log'),
  })
  try {
    const { code, output, answer } = await run(process.execPath, [programs.service, 'token', '--user', manager, '--data', folder])
    if (code !== 0) throw new Error(`no token: ${output}`)
    const ask = async (path: string): Promise<unknown> => {
      const response = await fetch(new URL(path, part.ready.service), { headers: { authorization: `Bearer ${answer.trim()}` } })
      if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`)
      return response.json()
    }
    const people = People.parse(await ask('/v1/people')).items
    const pick = chance(5)
    const times: number[] = []
    for (let n = 0; n < peopleShown; n++) {
      const person = people[pick(people.length)]
      if (!person) throw new Error('there are no people')
      const from = performance.now()
      WhatCan.parse(await ask(`/v1/explain/people/${person.id}`))
      times.push(performance.now() - from)
    }
    // The first one looks the policy up, as the first one after a change does.
    return times.slice(1)
  } finally {
    await part.stop()
  }
}

export const access: Bench = {
  name: 'access',
  what:
    `who may do what, with ${size.rooms.toLocaleString('en')} rooms, ${size.assignments.toLocaleString('en')} assignments ` +
    `and ${size.people.toLocaleString('en')} people`,
  peers: [],
  run: async ({ folder, say }) => {
    const organisation = makeOrganisation()
    const { resolveMs, ours, limit } = decide(organisation)
    say('writing the organisation …')
    await fill(folder, organisation)
    say('showing people …')
    const times = await showPeople(folder)
    return [
      { what: 'the whole policy looked up', value: resolveMs, unit: 'ms' },
      { name: 'access.decisionsPerSecond', what: 'decisions a second', value: ours, unit: '/s' },
      { what: 'a plain set of rooms per person, asked the same', value: limit, unit: '/s' },
      { what: 'ours as a share of that', value: ours / limit, unit: '' },
      { name: 'access.personMs', what: "one person's access over HTTP, p50", value: percentile(times, 0.5), unit: 'ms' },
      { what: "one person's access over HTTP, p99", value: percentile(times, 0.99), unit: 'ms' },
    ]
  },
}

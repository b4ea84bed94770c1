import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EnrolmentKey, IncidentList, MeAnswer, PeopleList, Person, RoomList } from '../../../contract/api.ts'
import { CommandOutcome } from '../../../contract/commands.ts'
import { Incident, Room } from '../../../contract/entities.ts'
import { Problem } from '../../../contract/errors.ts'
import {
  AssignmentList,
  AuditPage,
  CustomerList,
  Effect,
  GroupList,
  PartnerList,
  PrincipalList,
  Role,
  RoleList,
  WhatCan,
  WhoCan,
} from '../../../contract/policyApi.ts'
import { SessionPage, SessionRecord } from '../../../contract/remote.ts'

/**
 * The description of the HTTP interface (`/v1/openapi.json`). Each route says itself what its operation is called (`operationId`), what
 * it does (`summary`), and what it answers where that is no JSON (`produces`).
 */

/** Schemas with a name of their own; the others stand where they are used. */
const named = {
  Problem,
  Room,
  RoomList,
  Incident,
  IncidentList,
  Person,
  PeopleList,
  MeAnswer,
  Role,
  RoleList,
  AssignmentList,
  GroupList,
  PartnerList,
  CustomerList,
  PrincipalList,
  WhoCan,
  WhatCan,
  Effect,
  CommandOutcome,
  AuditPage,
  SessionPage,
  SessionRecord,
  EnrolmentKey,
}
const schemaRegistry = z.registry<{ id: string }>()
for (const [id, schema] of Object.entries(named)) schemaRegistry.add(schema, { id })

interface Described {
  properties?: unknown
  additionalProperties?: unknown
  propertyNames?: unknown
}
const Names = z.object({ enum: z.array(z.string()) })

/** What the description says of requests, as `exactValidator` takes them; and of a record whose keys are known, each by its name. */
function closeObjects({ jsonSchema }: { jsonSchema: Described }): void {
  const names = Names.safeParse(jsonSchema.propertyNames).data?.enum
  if (names && jsonSchema.properties === undefined) {
    const value = jsonSchema.additionalProperties
    jsonSchema.properties = Object.fromEntries(names.map((name) => [name, value]))
    delete jsonSchema.propertyNames
    jsonSchema.additionalProperties = false
  }
  if (jsonSchema.properties !== undefined) jsonSchema.additionalProperties ??= false
}

const options = { schemaRegistry, zodToJsonConfig: { override: closeObjects } }
const toJsonSchema = createJsonSchemaTransform(options)

/** Every operation may be refused, and every refusal is a problem (RFC 9457) with a code of docs/errors.md. */
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
})
const problems = { '4xx': problem('Refused; the code says why'), '5xx': problem('The service could not do it; sent again later it may') }

const bytes = (type: string) => ({
  description: 'What was asked for',
  content: { [type]: { schema: type.startsWith('text/') ? { type: 'string' } : { type: 'string', contentMediaType: type } } },
})
const nothing = { description: 'Done; there is nothing to say' }

/** What operations are about, in the order in which they are read. */
export const tags = [
  { name: 'service', description: 'The service itself' },
  { name: 'rooms', description: 'Rooms' },
  { name: 'incidents', description: 'Incidents' },
  { name: 'commands', description: 'Everything that changes something' },
  { name: 'access', description: 'People, roles, assignments and groups' },
  { name: 'partners', description: 'Partners and customers' },
  { name: 'remote', description: 'Remote sessions and their recordings' },
  { name: 'audit', description: 'The audit log' },
  { name: 'enrolment', description: 'What enrols a device' },
  { name: 'devices', description: 'For devices' },
  { name: 'feed', description: 'For consoles' },
]

type Transform = ReturnType<typeof createJsonSchemaTransform>

/** @throws where a visible operation does not say what it is called and what it does. */
export const describeOperation: Transform = (document) => {
  const { schema, url } = toJsonSchema(document)
  if (schema.hide === true || !('route' in document)) return { schema, url }
  const { produces, ...said } = schema
  const { operationId, summary } = said
  if (operationId === undefined || summary === undefined)
    throw new Error(`The route ${String(document.route.method)} ${url} does not say what it is called and what it does.`)
  const answers =
    typeof schema.response === 'object' && schema.response !== null
      ? schema.response
      : { 200: produces?.[0] === undefined ? nothing : bytes(produces[0]) }
  return { schema: { ...said, response: { ...answers, ...problems } }, url }
}

const withSchemas = createJsonSchemaTransformObject(options)

/** The whole description, with the named schemas that something refers to. */
export const describeSchemas: typeof withSchemas = (document) => {
  const whole = withSchemas(document)
  if (!('components' in whole)) return whole
  for (;;) {
    const text = JSON.stringify(whole)
    const unused = Object.keys(whole.components?.schemas ?? {}).filter((id) => !text.includes(`"#/components/schemas/${id}"`))
    if (unused.length === 0) return whole
    for (const id of unused) Reflect.deleteProperty(whole.components?.schemas ?? {}, id)
  }
}

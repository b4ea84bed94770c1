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

/** The description of the HTTP interface (`/v1/openapi.json`): what each operation is called, what it does, and what it may answer. */

interface Words {
  readonly operationId: string
  readonly summary: string
  /** What it answers, where that is no JSON. */
  readonly produces?: string
}

const words: Readonly<Record<string, Words>> = {
  'GET /.well-known/roomkeeper': { operationId: 'discover', summary: 'Where the parts of the service are, and who issues its tokens' },
  'GET /healthz': { operationId: 'health', summary: 'Whether the service is well' },
  'GET /v1/relay/key': { operationId: 'getRelayKey', summary: 'The public key that signs grants of remote sessions' },
  'POST /v1/setup': { operationId: 'setUp', summary: 'Make the first organisation and its administrator' },
  'GET /v1/me': { operationId: 'getMe', summary: 'Who asks, with their permissions and where they hold them' },
  'GET /v1/people': { operationId: 'listPeople', summary: 'People whom the caller may be told of' },
  'POST /v1/people/owners': { operationId: 'listOwners', summary: 'People who can be given incidents of all these rooms' },
  'GET /v1/directory': { operationId: 'searchDirectory', summary: 'Search people and security groups of one’s own organisation' },
  'GET /v1/explain': { operationId: 'explainWho', summary: 'Who has a permission on a room, and why' },
  'GET /v1/explain/people/:person': { operationId: 'explainWhat', summary: 'What a person can do, and why' },
  'GET /v1/roles': { operationId: 'listRoles', summary: 'Roles, built-in and custom' },
  'GET /v1/assignments': { operationId: 'listAssignments', summary: 'Assignments of roles' },
  'GET /v1/groups': { operationId: 'listGroups', summary: 'Groups of rooms' },
  'POST /v1/groups/preview': { operationId: 'previewGroup', summary: 'Which rooms a group would hold' },
  'GET /v1/policy': { operationId: 'exportPolicy', summary: 'Roles, assignments, groups and partners as a file', produces: 'text/yaml' },
  'GET /v1/partners': { operationId: 'listPartners', summary: 'Partners of this customer' },
  'GET /v1/customers': { operationId: 'listCustomers', summary: 'Tenants in which the caller has something' },
  'GET /v1/rooms': { operationId: 'listRooms', summary: 'Rooms, a page at a time' },
  'GET /v1/rooms/:room': { operationId: 'getRoom', summary: 'A room with its signals' },
  'GET /v1/incidents': { operationId: 'listIncidents', summary: 'Incidents, a page at a time' },
  'GET /v1/incidents/:incident': { operationId: 'getIncident', summary: 'An incident' },
  'POST /v1/commands': { operationId: 'sendCommand', summary: 'Send a command; sent again with its key, it is answered as before' },
  'POST /v1/commands/preview': { operationId: 'previewCommand', summary: 'What a command would change for whom' },
  'GET /v1/audit': { operationId: 'listAudit', summary: 'The audit log, a page at a time' },
  'GET /v1/audit.csv': { operationId: 'exportAudit', summary: 'The audit log as CSV', produces: 'text/csv' },
  'GET /v1/audit/check': { operationId: 'checkAudit', summary: 'Whether the chain of the audit log is whole' },
  'GET /v1/enrolment/key': { operationId: 'getEnrolmentKey', summary: 'The self-enrolment key' },
  'POST /v1/enrolment/key/reset': { operationId: 'resetEnrolmentKey', summary: 'Replace the self-enrolment key' },
  'GET /v1/enrolment/installer': { operationId: 'getInstaller', summary: 'The installer of the agent', produces: 'application/zip' },
  'POST /v1/enrolments': {
    operationId: 'enrol',
    summary: 'A device enrols, with a key or a room’s account, or comes back with its own key',
  },
  'GET /v1/snapshot': { operationId: 'getSnapshot', summary: 'What a console’s copy starts from, a page at a time' },
  'GET /v1/sessions': { operationId: 'listSessions', summary: 'The log of remote sessions' },
  'POST /v1/sessions': { operationId: 'startSession', summary: 'Begin a remote session with a room' },
  'GET /v1/sessions.csv': { operationId: 'exportSessions', summary: 'The log of remote sessions as CSV', produces: 'text/csv' },
  'GET /v1/sessions/:session': { operationId: 'getSession', summary: 'A remote session of one’s own' },
  'POST /v1/sessions/:session/ticket': { operationId: 'renewTicket', summary: 'Another ticket for the relay of a session' },
  'POST /v1/sessions/:session/end': { operationId: 'endSession', summary: 'End a remote session' },
  'GET /v1/recordings/:session': { operationId: 'getRecording', summary: 'What a recording consists of' },
  'GET /v1/recordings/:session/chunks/:number': {
    operationId: 'getChunk',
    summary: 'A chunk of a recording',
    produces: 'application/gzip',
  },
  'PUT /v1/recordings/:session/chunks/:number': { operationId: 'putChunk', summary: 'A device sends a chunk of a recording' },
  'GET /v1/recordings/:session/terminal': {
    operationId: 'getTerminal',
    summary: 'What terminals of a session wrote',
    produces: 'application/gzip',
  },
}

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

/** @throws where a visible operation has no words here. */
export const describeOperation: Transform = (document) => {
  const { schema, url } = toJsonSchema(document)
  if (schema.hide === true || !('route' in document)) return { schema, url }
  const name = `${[document.route.method].flat()[0] ?? ''} ${url}`
  const said = words[name]
  if (!said) throw new Error(`service/ground/http/description.ts has no words for ${name}.`)
  const { operationId, summary, produces } = said
  const answers =
    typeof schema.response === 'object' && schema.response !== null
      ? schema.response
      : { 200: produces === undefined ? nothing : bytes(produces) }
  return { schema: { ...schema, operationId, summary, response: { ...answers, ...problems } }, url }
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

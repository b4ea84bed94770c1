import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { agentProtocolVersions, AgentToService, EnrolmentRequest, Report, ServiceToAgent } from './agent.ts'
import { kinds } from './entities.ts'
import { ConsoleToFeed, feedProtocolVersions, FeedToConsole, SnapshotPage } from './feed.ts'
import { ChunkHead, RecordingEvent, RecordingTicket } from './recording.ts'
import { relayPath, RelayTicket, RelayToSide, SideToRelay } from './relay.ts'
import { ConsoleToDevice, DeviceHalf, DeviceToConsole, SessionGrant, sessionGrantType, sessionProof } from './remote.ts'

/**
 * What agents and consoles of another age speak must not change by accident. When this test fails: either the change
 * is compatible (only optional fields were added) and the hash here is renewed, or the protocol needs a new version.
 */
const shapeOf = (...schemas: z.ZodType[]) =>
  createHash('sha256')
    .update(schemas.map((schema) => JSON.stringify(z.toJSONSchema(schema, { io: 'input' }))).join('\n'))
    .digest('hex')
    .slice(0, 16)

describe('wire shapes', () => {
  it('agent protocol', () => {
    expect([agentProtocolVersions.at(-1), shapeOf(EnrolmentRequest, AgentToService, Report, ServiceToAgent)]).toEqual([
      1,
      '0fff8997ed8d2d67',
    ])
  })

  it('feed protocol and documents', () => {
    const documents = Object.values(kinds).map((kind) => kind.schema)
    expect([feedProtocolVersions.at(-1), shapeOf(ConsoleToFeed, FeedToConsole, SnapshotPage, ...documents)]).toEqual([
      3,
      'ed5ad2e57d7bdafa',
    ])
  })
  it('relay: tickets and control', () => {
    expect([relayPath, shapeOf(RelayTicket, RelayToSide, SideToRelay)]).toEqual(['/v1/relay', 'c72d45fdc5b2a6de'])
  })

  it('remote sessions: grants, what both ends say inside, recordings', () => {
    expect([
      sessionGrantType,
      sessionProof('S', 'G', 'K'),
      shapeOf(SessionGrant, DeviceHalf, ConsoleToDevice, DeviceToConsole),
      shapeOf(ChunkHead, RecordingEvent, RecordingTicket),
    ]).toEqual(['roomkeeper-grant+jwt', 'roomkeeper session 1\nS\nG\nK', '90e08f990016ab43', 'bb8abf600245e9ae'])
  })
})

import { agentProtocolVersions, type AgentToService, challengeProof } from '../../contract/agent.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { isSignedBy, storedKey } from '../enrolment/proofs.ts'
import type { DeviceTable } from '../ground/store/tables.ts'
import type { AgentDeps } from './deps.ts'
import type { AgentSession } from './session.ts'

export type Hello = Extract<AgentToService, { type: 'hello' }>

/**
 * The device that says hello, which has signed what its session was asked to sign (ENR-3). Once that is so, `session.proved` says
 * which it is, whatever is then said to it.
 * @throws RoomkeeperError device.unknown, also for a revoked one; device.signature, device.version
 */
export async function provedDevice(
  { store, serviceName }: Pick<AgentDeps, 'store' | 'serviceName'>,
  session: AgentSession,
  nonce: string,
  hello: Hello,
): Promise<DeviceTable> {
  const device = await store.deviceById(hello.device)
  if (!device) throw new RoomkeeperError('device.unknown')
  const text = challengeProof(nonce, serviceName, hello.device)
  if (!isSignedBy(storedKey(device.publicKey), text, hello.signature)) throw new RoomkeeperError('device.signature')
  session.proved = { device: device.id, nonce: hello.nonce }
  if (device.state === 'revoked') throw new RoomkeeperError('device.unknown')
  if (!agentProtocolVersions.some((version) => hello.versions.includes(version))) throw new RoomkeeperError('device.version')
  return device
}

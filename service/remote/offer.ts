import type { AgentDeps } from '../agents/deps.ts'
import type { Signer } from './grants.ts'
import type { LiveSession } from './live.ts'

/** What a device is asked with (REM-3): the grant, its ticket of the relay, and that of its recording where sessions are recorded. */
export async function offerOf({ store, clock }: Pick<AgentDeps, 'store' | 'clock'>, signer: Signer, session: LiveSession) {
  const { id, tenant, device, request, caller, mode, room, expiresAt, seen } = session
  const record = (await store.read(tenant, 'wholeTenant').get('settings', tenant))?.recordSessions === true
  const offered = seen?.device.remote ?? { displays: [], terminal: false }
  const grant = await signer.grant({
    sid: id,
    tenant,
    room,
    device,
    operator: {
      id: caller.person,
      name: caller.name,
      ...(caller.organisation === undefined ? {} : { organisation: caller.organisation }),
    },
    mode,
    displays: offered.displays,
    terminal: mode === 'modify' && offered.terminal,
    record,
    key: request.key,
    iat: Math.floor(clock.now() / 1000),
    exp: Math.floor(expiresAt / 1000),
  })
  const upload = record ? { upload: await signer.upload(session) } : {}
  const offer = { type: 'session' as const, session: id, grant, ...(await signer.ticket(session, 'device')), ...upload }
  return { offer, record }
}

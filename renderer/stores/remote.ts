import { defineStore } from 'pinia'
import { computed, onScopeDispose, ref, shallowReactive, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { RoomId, SessionId, TenantId } from '../../contract/ids.ts'
import type { RemoteMode } from '../../contract/remoteFacts.ts'
import type { RemoteSessionView } from '../../contract/views.ts'
import { useBridge } from '../bridge/index.ts'
import { createDesk, type Desk } from '../remote/desk.ts'
import { lookEveryMs } from '../remote/quality.ts'
import { useConsole } from './console.ts'
import { useTenants } from './tenants.ts'
import { useToasts } from './toasts.ts'

/** The remote sessions of this console (REM-3), and what is drawn of them: it goes on while one works elsewhere. */
export const useRemote = defineStore('remote', () => {
  const bridge = useBridge()
  const core = useConsole()
  const tenants = useTenants()
  const toasts = useToasts()
  const router = useRouter()
  const { t } = useI18n({ useScope: 'global' })

  /** Oldest first; ended ones too, until they are closed. */
  const sessions = shallowRef<readonly RemoteSessionView[]>([])
  const desks = shallowReactive(new Map<SessionId, Desk>())
  /** What refused the last attempt with a room; while it is asked its session is on the screen, so it is kept here. */
  const refusals = shallowReactive(new Map<RoomId, unknown>())
  /** The one that is on the screen. */
  const looking = ref<SessionId | null>(null)
  const running = computed(() => sessions.value.filter(({ state }) => state.state !== 'ended'))

  bridge.listen('remote.sessions', {}, ({ sessions: now }) => {
    const before = sessions.value
    sessions.value = now
    for (const [id, desk] of desks) {
      if (now.some((one) => one.id === id)) continue
      desk.dispose()
      desks.delete(id)
    }
    for (const session of now) {
      let desk = desks.get(session.id)
      if (!desk) {
        const { roomName } = session
        desk = createDesk(bridge, session, {
          screen: (display) => t('remote.pictureOf', { display: t(`remote.display.${display}`), room: roomName }),
          terminal: (n) => t('remote.terminalOf', { n, room: roomName }),
        })
        desks.set(session.id, desk)
      }
      desk.update(session)
      const was = before.find((one) => one.id === session.id)
      if (was && was.state.state !== 'ended' && session.state.state === 'ended' && looking.value !== session.id) {
        toasts.say(t('remote.endedElsewhere', { room: session.roomName, reason: why(session) }))
      }
    }
  })

  const timer = setInterval(() => {
    for (const desk of desks.values()) desk.look()
  }, lookEveryMs)
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  const retheme = (): void => {
    for (const desk of desks.values()) desk.retheme()
  }
  watch(() => core.preferences.theme, retheme, { flush: 'post' })
  scheme.addEventListener('change', retheme)
  onScopeDispose(() => {
    clearInterval(timer)
    scheme.removeEventListener('change', retheme)
  })

  /** Why a session is over, in words. */
  function why({ state }: RemoteSessionView): string {
    if (state.state !== 'ended') return ''
    if (state.reason !== null) return t(`sessionEnd.${state.reason}`)
    return t(state.code === null ? 'sessionEnd.unknown' : `error.${state.code}`)
  }

  /** The session of a room: the one that runs, else the newest. */
  const of = (room: RoomId): RemoteSessionView | undefined => {
    const all = sessions.value.filter((one) => one.room === room)
    return all.find(({ state }) => state.state !== 'ended') ?? all.at(-1)
  }

  /** Asks for a session; throws what refuses it. Ended ones of the same room are closed with it. */
  async function start(tenant: TenantId, room: RoomId, mode: RemoteMode): Promise<void> {
    const old = sessions.value.filter((one) => one.room === room && one.state.state === 'ended')
    refusals.delete(room)
    try {
      await bridge.call('remote.start', { tenant, room, mode })
    } catch (error) {
      refusals.set(room, error)
      throw error
    }
    for (const { id } of old) forget(id)
  }

  const said = (asked: Promise<unknown>, failed: string): void => {
    asked.catch((error: unknown) => toasts.problem(failed, error))
  }
  const end = (session: SessionId): void => said(bridge.call('remote.end', { session }), t('remote.endFailed'))
  const forget = (session: SessionId): void => said(bridge.call('remote.forget', { session }), t('remote.closeFailed'))
  const restart = (session: SessionId): void => said(bridge.call('remote.restart', { session }), t('remote.restartFailed'))
  const restartAtEnd = (session: SessionId, on: boolean): void =>
    said(bridge.call('remote.restartAtEnd', { session, on }), t('remote.restartAtEndFailed'))

  /** Ends it where it runs, and closes its tab. */
  async function close(session: RemoteSessionView): Promise<void> {
    try {
      if (session.state.state !== 'ended') await bridge.call('remote.end', { session: session.id })
      await bridge.call('remote.forget', { session: session.id })
    } catch (error) {
      toasts.problem(t('remote.closeFailed'), error)
    }
  }

  /** Shows it, in its own customer. */
  async function go(session: RemoteSessionView): Promise<void> {
    const { id } = session.tenant
    if (core.entered !== 'all' && core.entered !== id && core.tenants.some((one) => one.id === id)) await tenants.enter(id)
    await router.push(`/rooms/${session.room}/remote`)
  }

  return { sessions, running, desks, refusals, looking, of, why, start, end, forget, restart, restartAtEnd, close, go }
})

import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import { RoomId } from '../../../contract/ids.ts'
import { useBridge } from '../../bridge/index.ts'
import type { IconName } from '../../parts/icons.ts'
import { useConsole } from '../../stores/console.ts'
import { useRemote } from '../../stores/remote.ts'
import { guides, useShell } from '../../stores/shell.ts'
import { useTenants } from '../../stores/tenants.ts'
import { useToasts } from '../../stores/toasts.ts'
import { useSettingsPages } from '../settings/pages.ts'
import { useMayTenants } from '../tenants/may.ts'

export interface PaletteAction {
  readonly group: 'sessions' | 'screens' | 'tenants' | 'actions' | 'help'
  readonly id: string
  readonly name: string
  readonly icon: IconName
  readonly keys: string | undefined
  readonly run: () => void
}

/** Screens and actions that the palette offers; only what the operator may do. */
export function usePaletteActions(): ComputedRef<PaletteAction[]> & { go(path: string): void } {
  const router = useRouter()
  const route = useRoute()
  const core = useConsole()
  const pages = useSettingsPages()
  const shell = useShell()
  const tenants = useTenants()
  const remote = useRemote()
  const mayTenants = useMayTenants()
  const toasts = useToasts()
  const bridge = useBridge()
  const { t } = useI18n()

  const go = (path: string): void => void router.push(path)
  const call = (asked: Promise<unknown>): void => {
    asked.catch((error: unknown) => toasts.problem(t('palette.failed'), error))
  }

  const actions = computed<PaletteAction[]>(() => {
    const made: PaletteAction[] = []
    const add = (group: PaletteAction['group'], id: string, icon: IconName, run: () => void, keys?: string, name?: string) =>
      made.push({ group, id, name: name ?? t(`palette.do.${id}`), icon, keys, run })
    for (const session of remote.sessions) {
      add(
        'sessions',
        `session-${session.id}`,
        'screen',
        () => void remote.go(session),
        undefined,
        t('palette.session', { room: session.roomName }),
      )
    }
    add('screens', 'overview', 'overview', () => go('/overview'), 'g o')
    add('screens', 'incidents', 'incidents', () => go('/incidents'), 'g i')
    add('screens', 'handover', 'list', () => go('/handover'), 'g h')
    add('screens', 'rooms', 'rooms', () => go('/rooms'), 'g r')
    if (core.may('rooms.view')) add('screens', 'suppressed', 'suppressed', () => go('/suppressed'), 'g u')
    if (pages.value.length > 0) add('screens', 'settings', 'settings', () => go('/settings'), 'g s')
    for (const page of pages.value) {
      add(
        'screens',
        `settings-${page}`,
        'settings',
        () => go(`/settings/${page}`),
        undefined,
        t('palette.settingsPage', { page: t(`settings.page.${page}`) }),
      )
    }
    if (mayTenants()) add('screens', 'tenants', 'tenants', () => go('/tenants'), 'g t')
    add('screens', 'about', 'info', () => go('/about'))

    for (const { id, name, locked } of tenants.choices) {
      if (id === core.entered) continue
      add('tenants', `enter-${id}`, locked ? 'lock' : 'tenants', () => void tenants.enter(id), undefined, t('tenants.switchTo', { name }))
    }

    if (core.maySend('issue.report')) add('actions', 'report', 'alert', () => (shell.report = []))
    const offline = core.sync.state === 'offline' && core.sync.why === 'workOffline'
    if (offline) add('actions', 'goOnline', 'refresh', () => call(bridge.call('sync.workOffline', { on: false })))
    else add('actions', 'workOffline', 'cloudOff', () => call(bridge.call('sync.workOffline', { on: true })))
    if (!offline) add('actions', 'syncNow', 'refresh', () => call(bridge.call('sync.now', {})))
    const room = RoomId.safeParse(route.name === 'room' && route.params['tab'] !== 'remote' ? route.params['room'] : undefined)
    if (room.success && core.may('rooms.modify', room.data)) add('actions', 'suppressRoom', 'suppressed', () => (shell.suppress = true))
    add('actions', 'outbox', 'outbox', () => (shell.outbox = true))
    add('actions', 'light', 'settings', () => call(bridge.call('preferences.set', { theme: 'light' })))
    add('actions', 'dark', 'settings', () => call(bridge.call('preferences.set', { theme: 'dark' })))
    add('actions', 'english', 'settings', () => call(bridge.call('preferences.set', { language: 'en' })))
    add('actions', 'french', 'settings', () => call(bridge.call('preferences.set', { language: 'fr' })))
    add('actions', 'signOut', 'signOut', () => (shell.signOut = true))

    add('help', 'shortcuts', 'keyboard', () => (shell.shortcuts = true), '?')
    for (const guide of guides) {
      add('help', `guide-${guide}`, 'book', () => (shell.guide = guide), undefined, t(`guide.${guide}.title`))
    }
    return made
  })
  return Object.assign(actions, { go })
}

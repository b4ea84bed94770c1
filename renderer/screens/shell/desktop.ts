import { onBeforeUnmount } from 'vue'
import { useBridge } from '../../bridge/index.ts'
import { useConsole } from '../../stores/console.ts'
import { useNotices, type NoticeView } from '../../stores/notices.ts'
import { useNoticeWords } from '../../words/notices.ts'

/** Whether this window may show notices by the system: the host does it, the browser was allowed to, was not asked yet, or refuses. */
export function desktopState(host: 'electron' | 'browser' | undefined): 'host' | 'granted' | 'default' | 'denied' {
  if (host === 'electron') return 'host'
  return 'Notification' in window ? Notification.permission : 'denied'
}

/** Shows what arrives by the system (INC-6): by the host where it can, else by the browser, which was asked in the settings. */
export function useDesktop(open: (notice: NoticeView) => void): void {
  const bridge = useBridge()
  const core = useConsole()
  const notices = useNotices()
  const { titleOf, bodyOf } = useNoticeWords()

  const undo = notices.onArrival((notice) => {
    const [title, body] = [titleOf(notice).slice(0, 400), bodyOf(notice).slice(0, 400)]
    const state = desktopState(core.app?.host)
    if (state === 'host') bridge.call('notices.show', { notice: notice.id, title, body }).catch(() => undefined)
    if (state !== 'granted') return
    // Several tabs show it once: by its tag.
    const shown = new Notification(title, { body, tag: notice.id })
    shown.addEventListener('click', () => {
      window.focus()
      open(notice)
    })
  })
  let last: string | null | undefined
  const deaf = bridge.listen('noticeOpened', {}, (id) => {
    const chosen = last === undefined || id === last ? undefined : notices.rows.find((notice) => notice.id === id)
    last = id
    if (chosen) open(chosen)
  })
  onBeforeUnmount(() => {
    undo()
    deaf()
  })
}

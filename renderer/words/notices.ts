import { useI18n } from 'vue-i18n'
import type { Notice } from '../../contract/notifications.ts'

/** What a notice says, in two lines. */
export function useNoticeWords() {
  const { t } = useI18n()
  function titleOf({ what, incident, by, text }: Notice): string {
    if (what === 'suppressionAsks') return t('notices.suppressionAsks')
    if (what === 'endpointOff') return t('notices.endpointOff', { name: text ?? '' })
    return t(`notices.${what}`, { n: incident?.number ?? '', by: by ?? t('entry.system') })
  }
  function bodyOf({ incident, text, what }: Notice): string {
    if (what === 'endpointOff') return t('notices.endpointOffText')
    if (what === 'suppressionAsks') return text ?? ''
    const place = incident ? t('notices.place', { room: incident.roomName, signal: t(`signal.${incident.signal}`) }) : ''
    return (what === 'mentioned' || what === 'closed') && text !== undefined ? text : place
  }
  return { titleOf, bodyOf }
}

import { useI18n } from 'vue-i18n'
import type { RoomSuppression } from '../../contract/entities.ts'
import { useFormat } from './format.ts'

/** What suppresses a room as one line: until when the last of it ends, and why. Times by the clock of `zone`; left out: the reader's. */
export function useSuppressedWords(): (all: readonly RoomSuppression[], zone?: string) => string {
  const { t } = useI18n()
  const { moment } = useFormat()
  return (all, zone) => {
    const last = all.reduce((latest, one) => ((one.until ?? Infinity) > (latest.until ?? Infinity) ? one : latest))
    const { until, reason } = last
    return until === undefined ? t('suppress.line', { reason }) : t('suppress.lineUntil', { time: moment(until, zone), reason })
  }
}

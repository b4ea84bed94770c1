import { useI18n } from 'vue-i18n'
import type { RoomSuppression } from '../../contract/entities.ts'
import { useFormat } from './format.ts'

/**
 * What suppresses a room as one line: until when the last of it ends, and why; `short`: beside a mark that says what it is. Times by the
 * clock of `zone`; left out: the reader's.
 */
export function useSuppressedWords(short = false): (all: readonly RoomSuppression[], zone?: string) => string {
  const { t } = useI18n()
  const { moment } = useFormat()
  return (all, zone) => {
    const last = all.reduce((latest, one) => ((one.until ?? Infinity) > (latest.until ?? Infinity) ? one : latest))
    const { until, reason } = last
    if (until === undefined) return short ? reason : t('suppress.line', { reason })
    return t(short ? 'suppress.rowUntil' : 'suppress.lineUntil', { time: moment(until, zone), reason })
  }
}
